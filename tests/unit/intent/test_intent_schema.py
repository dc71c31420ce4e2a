# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a right intent becomes, and what is right though it looks odd."""

from __future__ import annotations

import pytest
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import overhead
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_interface, default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import interface_name, mac_address

RIGHT = [
    "tenants: {}",
    "tenants: {new: {}}",
    "tenants: {new: {networks: {}, ports: {}}}",
    # two tenants may use the same subnet, and the same port and network names
    "tenants: {globex: {networks: {web: {type: gre, subnet: 10.1.2.0/24}}, ports: {web-1: "
    "{hypervisor: hv2, network: web, ip: 10.1.2.20}}}}",
    # the same interface name on another hypervisor, the same MAC in another network
    "tenants: {acme: {ports: {web-1: {mac: '52:54:00:00:00:01'}}}, "
    "globex: {ports: {app-1: {mac: '52:54:00:00:00:01'}}}}",
    # numbers as Jinja makes them
    "{fabric: {mtu: '9000'}, tenants: {acme: {networks: {web: {segmentation_id: '5002'}}}}}",
    # point-to-point subnets have no network and broadcast address
    "tenants: {acme: {networks: {web: {subnet: 10.1.1.20/31}}}}",
    "tenants: {acme: {networks: {web: {subnet: [10.1.1.0/24, 'fd00::/127']}}, ports: {web-1: {ip: 'fd00::'}}}}",
    # several ranges
    "fabric: {segments: {vlan: '100-119,120,3000-3099', tunnel: [5000-5999, 7000]}}",
    # a flat network on a wire of its own
    "{fabric: {hypervisors: {hv1: {uplinks: {physnet2: eth2}}}}, "
    "tenants: {acme: {networks: {old: {type: flat, physical_network: physnet2, subnet: 10.1.9.0/24}}}}}",
    # a host that is plugged into nothing may have tunnels
    "fabric: {hypervisors: {hv3: {vtep: 192.168.1.153}}}",
    # no ids of a kind that nobody uses
    "{fabric: {segments: {vlan: <removed>}}, tenants: {acme: {networks: {dmz: <removed>}, ports: {dmz-1: <removed>}}}}",
]


@pytest.mark.parametrize("change", RIGHT)
def test_a_right_intent_is_accepted(change: str) -> None:
    assert parse(raw(change)).fabric.name == "dc1"


def test_values_are_canonical_and_complete() -> None:
    change = """
    fabric: {hypervisors: {hv1: {vtep: 192.168.1.151, zone: z1}, hv2: {zone: z1}}}
    tenants:
      acme:
        networks: {web: {subnet: [10.1.1.0/24, "FD00:1::/64"]}}
        ports: {web-1: {ip: [10.1.1.20, "FD00:1:0::20"], mac: "52:54:00:AB:CD:EF"}, web-2: {interface: <removed>}}
    """
    intent = parse(raw(change))
    web_1, web_2 = (intent.tenants["acme"].ports[name] for name in ("web-1", "web-2"))
    assert intent.fabric.hypervisors["hv1"] == Hypervisor("hv1", "192.168.1.151", "z1", None, {"physnet1": "eth1"})
    assert intent.fabric.mtu == 1500
    assert intent.fabric.forwarding == "learning"
    assert web_1 == Port(
        name="acme.web-1",
        tenant="acme",
        hypervisor="hv1",
        network="acme.web",
        interface="tap0",
        mac="52:54:00:ab:cd:ef",
        addresses=("10.1.1.20/24", "fd00:1::20/64"),
        ofport=None,
        secured=True,
    )
    assert (web_2.interface, web_2.mac) == ("tap-356de45c44c", "02:35:6d:e4:5c:44")


def test_defaults_come_from_names_alone_and_fit_the_kernel() -> None:
    names = [f"tenant-{number}.port-{number % 7}" for number in range(2000)]
    assert len({default_interface(name) for name in names}) == len({default_mac(name) for name in names}) == len(names)
    for name in names:
        assert interface_name(default_interface(name)).startswith("tap-")
        assert int(mac_address(default_mac(name))[:2], 16) & 0b11 == 0b10, "unicast, locally administered"


def test_the_order_of_keys_means_nothing() -> None:
    intent = raw()
    intent["tenants"] = dict(reversed(intent["tenants"].items()))
    acme = intent["tenants"]["acme"]
    acme["ports"], acme["networks"] = (dict(reversed(acme[key].items())) for key in ("ports", "networks"))
    assert parse(intent).networks == parse(raw()).networks
    assert parse(intent).ports == parse(raw()).ports


@pytest.mark.parametrize(
    ("kind", "ipv4", "ipv6"), [("gre", 42, 62), ("vxlan", 50, 70), ("geneve", 50, 70), ("vlan", 0, 0), ("flat", 0, 0)]
)
def test_the_overhead_of_an_encapsulation(kind: str, ipv4: int, ipv6: int) -> None:
    assert (overhead(kind, 4), overhead(kind, 6)) == (ipv4, ipv6)


def test_the_mtu_of_an_ipv6_underlay_is_smaller() -> None:
    change = "fabric: {mtu: 9000, hypervisors: {hv1: {vtep: 'fd00::151'}, hv2: {vtep: 'fd00::152'}}}"
    fabric = parse(raw(change)).fabric
    assert [fabric.mtu_of(kind) for kind in ("gre", "vxlan", "vlan")] == [8938, 8930, 9000]
