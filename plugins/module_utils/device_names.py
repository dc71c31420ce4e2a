# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of the devices that we make, and of what goes with them.

A Linux interface name has at most 15 bytes. Open vSwitch does not refuse a longer one: the kernel cuts it, and the next
name with the same 15 bytes fails with EBUSY.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.names import PLUG_BRIDGE, PLUG_OWNER, PLUG_PORT, digest

ROUTER_NOTES = "/run/tenantry-routers"  # of what the program ``router`` and services have loaded
_ROUTER_OUTER, _ROUTER_INNER, _ROUTER_NAMESPACE = "rt-", "rn-", "tenantry-"
_ROUTER_TUNNEL = "wg-"
_PLUG_INNER, _PLUG_OUTER = "qv-", "qo-"
ROUTED_GATEWAYS = {4: "169.254.1.1", 6: "fe80::1"}  # what guests at routed ports have (RFC 3927, RFC 4291)
_TABLES = 0x74000000  # of routes; the kernel keeps 0 to 255 for itself
_GATEWAY = "gw-"
PLUG_BRIDGES, PLUG_INNERS, PLUG_OUTERS = "qb-+", "qv-+", "qo-+"  # all of them, as rules of iptables say it


class RouterLinks(NamedTuple):
    """A cable from Open vSwitch into the network namespace of a router."""

    outer: str  # end of the cable in Open vSwitch
    inner: str  # end of the cable in the namespace


class PlugLinks(NamedTuple):
    """Links that lead from a guest's interface to Open vSwitch: a Linux bridge, and a cable from it to a port."""

    bridge: str
    inner: str  # end of the cable in the Linux bridge
    outer: str  # end of the cable in Open vSwitch


def plug_links(port: str) -> PlugLinks:
    """Return the names of a port's plug, 15 bytes each; those of Neutron have no dash in the third place."""
    own = digest(port, 12)
    return PlugLinks(PLUG_BRIDGE + own, _PLUG_INNER + own, _PLUG_OUTER + own)


def plug_chain(link: str) -> str:
    """Return the chain of ebtables with what a guest may say by ARP, from the name of a link of its plug."""
    return f"tenantry-{link[len(_PLUG_INNER) :]}"


def plug_alias(port: str, owner: str | None) -> str:
    """Return the alias of a plug's bridge, by which it is known whose it is, and what for."""
    return f"{PLUG_PORT}{port}{f'{PLUG_OWNER}{owner}' if owner else ''}"


def routing_table(owner: str) -> int:
    """Return the number of the table that an owner's routes are in, by which the kernel tells whose they are."""
    return _TABLES + int(digest(owner, 6), 16)


def router_links(leg: str) -> RouterLinks:
    """Return the names of the cable of a router's leg, 15 bytes each."""
    own = digest(leg, 12)
    return RouterLinks(_ROUTER_OUTER + own, _ROUTER_INNER + own)


def is_router_link(name: str) -> bool:
    """Say whether ``router_links`` may have built ``name``."""
    return re.fullmatch(r"r[tn]-[0-9a-f]{12}", name) is not None


def router_tunnel(router: str) -> str:
    """Return the name of a router's WireGuard device, 15 bytes: wireguard-go has one folder for all namespaces."""
    return _ROUTER_TUNNEL + digest(router, 12)


def is_router_tunnel(name: str) -> bool:
    """Say whether ``router_tunnel`` may have built ``name``."""
    return re.fullmatch(rf"{_ROUTER_TUNNEL}[0-9a-f]{{12}}", name) is not None


def gateway_interface(network: str) -> str:
    """Return the name of the port by which a hypervisor is the gateway of a network, 15 bytes."""
    return _GATEWAY + digest(network, 12)


def is_gateway_interface(name: str) -> bool:
    """Say whether ``gateway_interface`` may have built ``name``."""
    return re.fullmatch(rf"{_GATEWAY}[0-9a-f]{{12}}", name) is not None


def router_namespace(router: str) -> str:
    """Return the name of a router's network namespace."""
    return f"{_ROUTER_NAMESPACE}{router}"
