# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The marks by which we recognise what is ours, and names that most tasks need; others: device_names.py."""

from __future__ import annotations

import hashlib
import re

INTERFACE_NAME_BYTES = 15  # IFNAMSIZ in linux/if.h, less the NUL
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
RUN_HOLDS = "/run/tenantry.run."  # and the name of a run: that it changes the host, and has not ended

_TUNNEL_PREFIX = {"gre": "gr", "vxlan": "vx", "geneve": "gn"}
PLUG_CHAIN = "forward"  # what of an owner's chains judges at plugs, behind its mark
ROUTED_CHAIN = "routed"  # and what at routed ports
_SHORT_OWNER = r"[a-z0-9][a-z0-9-]{0,10}"
_TUNNEL_NAME = r"(gr|vx|gn)-([0-9a-f]{12}|flow)"
PLUG_BRIDGE = "qb-"
PLUG_PORT, PLUG_OWNER = "tenantry-port=", " tenantry-owner="  # in an alias


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


def is_plug_link(name: str) -> bool:
    """Say whether ``plug_links`` may have built ``name``."""
    return re.fullmatch(r"q[bvo]-[0-9a-f]{12}", name) is not None


def is_plug_bridge(name: str) -> bool:
    """Say whether ``name`` may be the Linux bridge of a plug."""
    return is_plug_link(name) and name.startswith(PLUG_BRIDGE)


def plug_owner(alias: str) -> str | None:
    """Return the owner that an alias names."""
    return alias.partition(PLUG_OWNER)[2] or None if alias.startswith(PLUG_PORT) else None


def router_folder(router: str) -> str:
    """Return the folder of a router's files on its hypervisor."""
    return f"{ROUTERS}/{router}"


def set_mark(owner: str) -> str:
    """Return what the names of an owner's IP sets and chains begin with: the kernel keeps no other mark of them.

    No mark begins with another's: an owner who is named in it has no dot, and a digest is longer than such an owner.
    """
    return f"{owner if re.fullmatch(_SHORT_OWNER, owner) else digest(owner, 12)}."
