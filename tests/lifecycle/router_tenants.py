# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants with routers: red and blue have the same addresses, red's router stands on both hypervisors.

Green has two networks: of one hv1 itself is the gateway, of the other a device on the wire, beside a router that has
addresses and names alone.
"""

from __future__ import annotations

from typing import Any

from members import PORT

OUTSIDE, GATEWAY = "underlay", "203.0.113.1"  # the twin's core, and its address there
PUBLIC = {"red": "203.0.113.10", "blue": "203.0.113.20"}
STATIC = "203.0.113.11"
BALANCED = (PUBLIC["red"], 8888)
GATEWAY6, EDGE6, WEB_1, WEB_2 = "2001:db8:113::1", "2001:db8:113::10", "fd00:1::11", "fd00:1::12"  # of red alone
HOST = "10.7.1.1"  # of hv1, to guests of green
OPEN, CLOSED = 8080, 8081  # ports of hv1
DEVICE, NAMES_AT, VLAN = "10.7.2.111", "10.7.2.2", 120  # on the wire, and the router of its network, of green
INTERNET = {
    "type": "flat",
    "physical_network": "physnet1",
    "subnet": ["203.0.113.0/24", "2001:db8:113::/64"],
}
GREEN = {
    "networks": {
        "lan": {
            "type": "vxlan",
            "subnet": "10.7.1.0/24",
            "gateway": {"hypervisor": "hv1", "services": [{"protocol": "tcp", "port": OPEN}]},
        },
        "dmz": {
            "type": "vlan",
            "segmentation_id": VLAN,
            "physical_network": "physnet2",
            "subnet": ["10.7.2.0/24", "fd00:72::/64"],
            "gateway": [DEVICE, "fd00:72::111"],
            "dhcp": {},
            "dns": {"forwarders": GATEWAY},
        },
    },
    "routers": {
        "names": {
            "hypervisors": "hv2",
            "networks": {"dmz": {"ip": [NAMES_AT, "fd00:72::2"]}},
            "static_routes": {f"{GATEWAY}/32": DEVICE},
        }
    },
    "ports": {
        **{f"lan-{at}": {"hypervisor": f"hv{at}", "network": "lan", "ip": f"10.7.1.1{at}"} for at in (1, 2)},
        "dmz-1": {"hypervisor": "hv1", "network": "dmz", "ip": ["10.7.2.11", "fd00:72::11"]},
    },
}


def tenant(name: str, *hypervisors: str) -> dict[str, Any]:
    return {
        "networks": {
            "web": {
                "type": "gre",
                "subnet": ["10.1.1.0/24", "fd00:1::/64"],
                "dhcp": {"lease_time": 1800, "options": {42: "10.1.1.9"}},
                "dns": {"records": {"www": "10.1.1.12"}},
            },
            "db": {"type": "vxlan", "subnet": "10.1.2.0/24", "dhcp": {"range": "10.1.2.100-10.1.2.101"}},
        },
        "routers": {
            "edge": {
                "hypervisors": list(hypervisors),
                "networks": {"web": {}, "db": {"ip": "10.1.2.254"}},
                "external": {"network": "internet", "ip": PUBLIC[name]},
                "port_forwards": {
                    "ssh": {"protocol": "tcp", "port": 2222, "to": "db-1", "to_port": 22},
                    "web": {"protocol": "tcp", "port": 8080, "to": "web-2", "to_port": 80},
                    "dns": {"protocol": "udp", "port": 53, "to": "db-1", "to_port": 5353},
                    "range": {"protocol": "tcp", "port": "9000-9002", "to": "db-1"},
                },
            }
        },
        "ports": {
            "web-1": {"hypervisor": "hv1", "network": "web", "ip": ["10.1.1.11", "fd00:1::11"]},
            "web-2": {"hypervisor": "hv2", "network": "web", "ip": ["10.1.1.12", "fd00:1::12"]},
            "db-1": {"hypervisor": "hv2", "network": "db", "ip": "10.1.2.11"},
        },
    }


def tenants() -> dict[str, Any]:
    red = tenant("red", "hv1", "hv2")
    edge = red["routers"]["edge"]
    edge["static_nat"] = {"web-2": STATIC}
    edge["firewall"] = [{"to": "web-2", "protocol": "tcp", "port": 80}]
    edge["external"]["ip"] = [PUBLIC["red"], EDGE6]
    red["networks"]["web"]["dns"]["forwarders"] = GATEWAY
    slow = {"interval": 1, "rise": 4}  # that a member is up is found out later than another hypervisor takes over
    balanced = {"port": BALANCED[1], "members": ["web-1", "web-2"], "to_port": PORT, "check": slow}
    edge["load_balancers"] = {"site": balanced}
    return {"red": red, "blue": tenant("blue", "hv1"), "green": GREEN}
