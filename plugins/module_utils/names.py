# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that the kernel bounds, and the marks by which we recognise what is ours.

A Linux interface name has at most 15 bytes (``IFNAMSIZ`` in linux/if.h, less the NUL). Open vSwitch does not
refuse a longer one: the kernel cuts it, and the next name with the same 15 bytes fails with EBUSY.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

INTERFACE_NAME_BYTES = 15
SET_NAME_BYTES = 31  # IPSET_MAXNAMELEN in linux/netfilter/ipset/ip_set.h, less the NUL
CHAIN_NAME_BYTES = 28  # XT_EXTENSION_MAXNAMELEN in linux/netfilter/x_tables.h, less the NUL
OWNER_KEY = "tenantry-owner"  # external_ids of every row that a task with an owner made
MESH_KEY = "tenantry-mesh"  # external_ids of tunnel ports: the mesh that they belong to
QOS_KEY = "tenantry-qos"  # external_ids of QoS and Queue rows: the port that they were made for
POLICING_KEY = "tenantry-policing"  # external_ids of interfaces: the owner that polices what they receive
SECRETS = frozenset({"psk"})  # keys of maps that never leave the host
# versions of OpenFlow as Open vSwitch calls them (ovs-vswitchd.conf.db(5), Bridge, protocols)
PROTOCOLS = ("OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15")
MARKS = (OWNER_KEY, MESH_KEY, QOS_KEY, POLICING_KEY)

ROUTERS = "/etc/tenantry/routers"
ROUTER_OWNER = "owner"  # file in the folder of a router
ROUTER_NOTES = "/run/tenantry-routers"  # of what the program ``router`` and services have loaded
RUN_HOLDS = "/run/tenantry.run."  # and the name of a run: that it changes the host, and has not ended

_TUNNEL_PREFIX = {"gre": "gr", "vxlan": "vx", "geneve": "gn"}
_UNFINISHED_SET = "tenantry-tmp-"
_SET_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.:-]*"
_CHAIN_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
# What iptables takes for a target or a chain of the kernel (iptables(8), iptables-extensions(8))
_NO_CHAIN = (
    r"ACCEPT|DROP|QUEUE|RETURN|ERROR|standard|(PRE|POST)ROUTING|INPUT|FORWARD|OUTPUT|AUDIT|CHECKSUM|CLASSIFY|CLUSTERIP|"
    r"CONN(SEC)?MARK|CT|[DS]NAT|[DS]NPT|DSCP|ECN|HL|HMARK|IDLETIMER|LED|LOG|MARK|MASQUERADE|NETMAP|NFLOG|NFQUEUE|"
    r"NOTRACK|RATEEST|REDIRECT|REJECT|SECMARK|SET|SYNPROXY|TCPMSS|TCPOPTSTRIP|TEE|TOS|TPROXY|TRACE|TTL|ULOG"
)
PLUG_CHAIN = "forward"  # what of an owner's chains judges at plugs, behind its mark
ROUTED_CHAIN = "routed"  # and what at routed ports
_SHORT_OWNER = r"[a-z0-9][a-z0-9-]{0,10}"
_TUNNEL_NAME = r"(gr|vx|gn)-([0-9a-f]{12}|flow)"
_PLUG_BRIDGE, _PLUG_INNER, _PLUG_OUTER = "qb-", "qv-", "qo-"
_ROUTER_OUTER, _ROUTER_INNER, _ROUTER_NAMESPACE = "rt-", "rn-", "tenantry-"
_ROUTER_TUNNEL = "wg-"
ROUTED_GATEWAYS = {4: "169.254.1.1", 6: "fe80::1"}  # what guests at routed ports have (RFC 3927, RFC 4291)
_TABLES = 0x74000000  # of routes; the kernel keeps 0 to 255 for itself
_GATEWAY = "gw-"
_PLUG_PORT, _PLUG_OWNER = "tenantry-port=", " tenantry-owner="
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


def digest(text: str, hex_digits: int) -> str:
    """Return the first hex digits of a hash of ``text``: the same on every machine and for ever."""
    return hashlib.sha256(text.encode()).hexdigest()[:hex_digits]


def tunnel_name(kind: str, *identity: object) -> str:
    """Return the interface name of a tunnel, 15 bytes, from all that tells it from others: mesh, addresses, key.

    A tunnel that is to differ in one of them is another interface: if Open vSwitch cannot add it, it says so, while
    an edit that collides with another tunnel for a moment fails without a word.
    """
    return f"{_TUNNEL_PREFIX[kind]}-{digest(' '.join(map(str, identity)), 12)}"


def flow_tunnel_name(kind: str) -> str:
    """Return the interface name of the tunnel whose other ends are set by flows; a host has one of a type."""
    return f"{_TUNNEL_PREFIX[kind]}-flow"


def is_tunnel_name(name: str) -> bool:
    """Say whether ``tunnel_name`` or ``flow_tunnel_name`` may have built ``name``."""
    return re.fullmatch(_TUNNEL_NAME, name) is not None


def plug_links(port: str) -> PlugLinks:
    """Return the names of a port's plug, 15 bytes each; those of Neutron have no dash in the third place."""
    own = digest(port, 12)
    return PlugLinks(_PLUG_BRIDGE + own, _PLUG_INNER + own, _PLUG_OUTER + own)


def plug_chain(link: str) -> str:
    """Return the chain of ebtables with what a guest may say by ARP, from the name of a link of its plug."""
    return f"tenantry-{link[len(_PLUG_INNER) :]}"


def is_plug_link(name: str) -> bool:
    """Say whether ``plug_links`` may have built ``name``."""
    return re.fullmatch(r"q[bvo]-[0-9a-f]{12}", name) is not None


def is_plug_bridge(name: str) -> bool:
    """Say whether ``name`` may be the Linux bridge of a plug."""
    return is_plug_link(name) and name.startswith(_PLUG_BRIDGE)


def plug_alias(port: str, owner: str | None) -> str:
    """Return the alias of a plug's bridge, by which it is known whose it is, and what for."""
    return f"{_PLUG_PORT}{port}{f'{_PLUG_OWNER}{owner}' if owner else ''}"


def plug_owner(alias: str) -> str | None:
    """Return the owner that an alias names."""
    return alias.partition(_PLUG_OWNER)[2] or None if alias.startswith(_PLUG_PORT) else None


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


def router_folder(router: str) -> str:
    """Return the folder of a router's files on its hypervisor."""
    return f"{ROUTERS}/{router}"


def is_set_name(name: str) -> bool:
    """Say whether ``name`` fits the kernel, is one word of ipset's input, and does not look like an option."""
    return len(name.encode()) <= SET_NAME_BYTES and re.fullmatch(_SET_NAME, name) is not None


def is_chain_name(name: str) -> bool:
    """Say whether ``name`` fits the kernel, is one word of iptables' input, and nothing else to iptables."""
    fits = len(name.encode()) <= CHAIN_NAME_BYTES and re.fullmatch(_CHAIN_NAME, name)
    return bool(fits) and not re.fullmatch(_NO_CHAIN, name)


def set_mark(owner: str) -> str:
    """Return what the names of an owner's IP sets and chains begin with: the kernel keeps no other mark of them.

    No mark begins with another's: an owner who is named in it has no dot, and a digest is longer than such an owner.
    """
    return f"{owner if re.fullmatch(_SHORT_OWNER, owner) else digest(owner, 12)}."


def unfinished_set(name: str) -> str:
    """Return the name under which a set is built before it takes the place of ``name``."""
    return f"{_UNFINISHED_SET}{digest(name, 16)}"


def is_unfinished_set(name: str) -> bool:
    """Say whether ``unfinished_set`` built ``name``: when no task is running, one that was killed left it."""
    return re.fullmatch(rf"{_UNFINISHED_SET}[0-9a-f]{{16}}", name) is not None
