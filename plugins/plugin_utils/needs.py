# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hypervisor needs of its distribution and of its user for what its state has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

OPEN_VSWITCH = ("ovs-vsctl", "ovs-ofctl", "ovs-vswitchd", "ovsdb-server", "ip")
PYTHON_MODULES = ("ovs",)
FIREWALL = ("ipset", "iptables-restore")
PLUGS = ("nft",)
ROUTER = ("dnsmasq", "ethtool", "ip", "nft", "ping", "sysctl")
READERS = {  # programs that read the file of that name of a router
    "conntrackd.conf": ("conntrackd",),
    "haproxy.cfg": ("haproxy",),
    "keepalived.conf": ("keepalived",),
}
WIREGUARD = ("wg", "wireguard-go")
IPSEC = ("charon-systemd", "swanctl")

Router = Mapping[str, Any]


def programs(state: Mapping[str, Any]) -> list[str]:
    """Return the programs of Open vSwitch, of iptables for gateways and judged guests, of nftables for plugs."""
    chains = any(part["rules"]["chains"] for part in (state["firewall"], state["gateways"]))
    plugs = PLUGS if state["firewall"]["plugs"] else ()
    return [*OPEN_VSWITCH, *(FIREWALL if chains else ()), *plugs]


def router_programs(routers: Iterable[Router]) -> list[str]:
    """Return the programs of these routers, each once."""
    found: dict[str, None] = {}
    for router in routers:
        read = [READERS[name] for name in router["files"] if name in READERS]
        tunnels = [of for key, of in (("wireguard", WIREGUARD), ("ipsec", IPSEC)) if key in router]
        found |= dict.fromkeys(name for listed in (ROUTER, *read, *tunnels) for name in listed)
    return list(found)


def named_secrets(routers: Iterable[Router]) -> set[str]:
    """Return the names of the secrets that the VPNs of these routers need; a host is given no others."""
    found: set[str | None] = set()
    for router in routers:
        tunnel, sites = router.get("wireguard"), router.get("ipsec", {}).get("sites", ())
        found |= {site["psk"] for site in sites}
        if tunnel:
            found |= {tunnel.get("private_key"), *(peer.get("preshared_key") for peer in tunnel["peers"])}
    return {name for name in found if name}
