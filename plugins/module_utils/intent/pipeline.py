# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipeline of ``learning`` and ``static`` forwarding: its tables, registers, port numbers and cookies, each once.

A packet gets its network where it enters the bridge, passes the guard if a guest sent it, is switched within that
network, and leaves by ``OUTPUT``. Every table drops what no flow of it matches. Numbers are written here alone; the
builders in ``flows/`` speak names.

Where a tenant has security groups a packet is judged on the way: JUDGE_OUT asks for the port that sent it, JUDGE_IN for
each port that is to get it, and both call the same judge, JUDGE_MEMBER to JUDGE_RULE. What it finds is a verdict on the
connection that the packet is of, by the rules of today. So it holds for all of its packets, and takes effect at once.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest


class Table(IntEnum):
    INPUT = 0  # where it came from: a guest, a tunnel, an uplink
    TUNNEL = 5  # tunnel key to network
    GUARD = 10  # what a guest may send: its own MAC, ARP, ND; no VLAN tag
    GUARD_SOURCE = 15  # its own IPv6 addresses
    GUARD_L4 = 20  # no answers of a DHCP server
    RESPOND = 30  # static: ARP is answered here, ND sent to the one whom it asks for
    TRACK = 40  # which connection it is of
    JUDGE_OUT = 50  # for the port that sent it
    JUDGE_MEMBER = 60  # groups of the port
    JUDGE_REMOTE = 61  # sets that the other end's address is in
    JUDGE_RULE = 62  # a rule of the groups about these sets
    VERDICT_OUT = 65
    SWITCH = 70  # network and destination to port, host or all of them
    COPY = 75  # one copy for each guest of the network that is here
    JUDGE_IN = 80  # for the port that is to get it
    VERDICT_IN = 85
    COMMIT = 90  # a connection that all have allowed is remembered
    OUTPUT = 91


class Priority(IntEnum):
    """Within its table; of two flows that match the higher one counts."""

    MISS = 0  # of any table: what no other flow of it matches
    KNOWN = 100  # of any table: matches that exclude each other

    FOR_BRIDGES = 110  # INPUT

    TAG_IN_DISGUISE = 130  # GUARD
    UNGUARDED = 120
    ND_PROBE = 115  # of the own address
    ND_OWN = 110
    ND_OTHER = 105  # what the two above leave, before all IPv6 is handed on
    IP_OWN = 90

    OWN_ADDRESS = 110  # RESPOND

    ELSEWHERE = 90  # SWITCH
    TO_ALL = 80
    TO_NOBODY_KNOWN = 70

    NEVER_JUDGED = 130  # JUDGE_OUT, JUDGE_IN: a port without a guard; ARP and ND, which have one
    STATELESS = 125
    FROM_OUTSIDE = 122
    INVALID = 120
    OPENED_HALFWAY = 110
    ANSWER = 105

    NOT_TRACKED = 110  # TRACK
    TO_MANY = 105
    WITHOUT_CONNECTIONS = 90

    LATER_FRAGMENT = 110  # JUDGE_RULE
    FRAGMENT = 110  # COMMIT

    BY_PORT = 90  # OUTPUT


def number(value: int) -> str:
    """Return a number as ovs-ofctl prints those of registers and tunnels."""
    return f"{value:#x}" if value else "0"


class Field(NamedTuple):
    """Bits of a register, or a whole one."""

    register: str
    bits: int = 0xFFFFFFFF

    def match(self, value: int) -> str:
        return f"{self.register}={self._text(value)}"

    def set(self, value: int) -> str:
        return f"set_field:{self._text(value)}->{self.register}"

    def _text(self, value: int) -> str:
        return number(value) if self.bits == 0xFFFFFFFF else f"{number(value)}/{number(self.bits)}"


OUTSIDE = Field("reg0", 0x1)  # 1: it came from a tunnel or an uplink
NETWORK = Field("reg1")  # network_id
SOURCE = Field("reg2")  # OpenFlow port of the guest that sent it; 0: none of this host
TARGET = Field("reg3")  # OpenFlow port that it leaves by; 0: NORMAL decides
# of the judge
MANY = Field("reg0", 0x2)  # 1: it is for many, and makes no connection
CALLED = Field("reg0", 0x4)  # 1: the connection was opened to the port under judgement; 0: by it
ALLOWED = Field("reg0", 0x8)  # the verdict
JUDGED = Field("reg0", 0x10)  # 1: its network is
KEPT = Field("reg0", 0x20)  # 1: a port under judgement remembers connections
KEPT_CALLED = Field("reg0", KEPT.bits | CALLED.bits)
ZONE = Field("reg0", 0xFFFF0010)  # conntrack zone of its network, and JUDGED
PORT = Field("reg4")  # OpenFlow port under judgement
TENANT = Field("reg5")
GROUPS, OTHERS = "xxreg2", "xxreg3"  # bits: groups of the port under judgement; sets that the other address is in
BITS = range(128)  # of an xxreg
_XXREG_PARTS = {GROUPS: 11, OTHERS: 15}  # the register with the lowest bits
_ZONES = 0x4000  # those below are for others on the host


def zone(local_vlan: int) -> int:
    """Return the value of ZONE for a network: its conntrack zone is as unique on each host as its local VLAN."""
    return (_ZONES | local_vlan) << 16 | JUDGED.bits


def bit(register: str, position: int) -> str:
    """Return the match of a bit of GROUPS or OTHERS."""
    mask = 1 << position % 32
    return Field(f"reg{_XXREG_PARTS[register] - position // 32}", mask).match(mask)


MULTICAST = "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00"  # broadcast too

# OpenFlow port numbers that are asked for. Open vSwitch gives others the lower half (ofproto/ofproto.c), so that no
# port without a request ever gets one of these; 0xff00 and above are reserved (OFPP_MAX).
GUEST_OFPORTS = range(0x8000, 0xFE00)
UPLINK_OFPORTS = range(0xFE00, 0xFE80)
TUNNEL_OFPORTS = {"gre": 0xFE80, "vxlan": 0xFE81, "geneve": 0xFE82}

COOKIE_OWNER, COOKIE_MASK = 0x7E4A << 48, 0xFFFF << 48
COOKIE = f"{COOKIE_OWNER:#x}/{COOKIE_MASK:#x}"
_ABOUT_BITS = 40
_UNTUNNELED = 1 << 24  # network ids of vlan and flat networks are above all tunnel keys


def network_id(kind: str, segmentation_id: int | None, local_vlan: int) -> int:
    """Return the number by which registers know a network: its tunnel key or, without tunnels, its local VLAN."""
    return segmentation_id or 0 if kind in TUNNEL_OFPORTS else _UNTUNNELED | local_vlan


class Flow(NamedTuple):
    """One flow, in the words and the order that ovs-ofctl prints; ``about`` as ``port acme.web-1``, for its cookie."""

    table: Table
    priority: int  # of Priority, or above KNOWN
    match: str
    actions: str
    about: str = ""


def cookie(table: Table, about: str) -> int:
    """Return 16 bits of owner, 8 of table, and 40 of what the flow is about: those of a hash, or 0 for all alike."""
    return COOKIE_OWNER | table << _ABOUT_BITS | (_hash(about) if about else 0)


@functools.cache  # each host of a network has flows about it
def _hash(about: str) -> int:
    return int(digest(about, _ABOUT_BITS // 4), 16)


def about_bits(cookie: int) -> int | None:
    """Return the bits of a cookie that say what the flow is about; None if it is not ours."""
    return cookie & (1 << _ABOUT_BITS) - 1 if cookie & COOKIE_MASK == COOKIE_OWNER else None


def texts(flows: Sequence[Flow]) -> list[str]:
    """Return flows as ovs-flows(7) texts, sorted by table, the highest priority first.

    They are as the switch prints them, so that whoever compares need not have Open vSwitch read them first.
    """
    marks = {(flow.table, flow.about): "" for flow in flows}
    for table, about in marks:
        marks[table, about] = f"cookie={cookie(table, about):#x}{f',table={table:d}' if table else ''}"
    return [
        f"{marks[table, about]},priority={priority:d},{match}{',' if match else ''}actions={actions}"
        for table, priority, match, actions, about in sorted(flows, key=lambda flow: (flow[0], -flow[1], flow[2:]))
    ]


def to(table: Table) -> str:
    """Return the action that hands the packet on for good."""
    return f"goto_table:{table:d}"


def nxm(register: str) -> str:
    """Return a whole register as the source or target of an action."""
    return f"NXM_NX_{register.upper()}[]"


def through(table: Table) -> str:
    """Return the action that sends the packet through a table and comes back: what follows it is done too."""
    return f"resubmit(,{table:d})"
