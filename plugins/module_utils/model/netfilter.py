# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What chains and rules of iptables are: values in canonical form, and never text of somebody's (iptables(8))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

TABLES: Mapping[str, tuple[str, ...]] = {  # with the kernel's own chains
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
}
FAMILIES = ("ipv4", "ipv6")
SET_FAMILY = {"ipv4": "inet", "ipv6": "inet6"}  # as ipset calls them
POSITIONS = ("first", "last")
DIRECTIONS = ("src", "dst")
# Values of a rule that can be inverted
NEGATABLE = (
    *("source", "destination", "protocol", "in_interface", "out_interface", "physdev_in", "physdev_out"),
    *("tcp_flags", "ctstate", "ctstatus", "mac_source", "mark"),
)


class SetMatch(NamedTuple):
    """An IP set that a packet is looked up in, by these of its addresses and ports."""

    name: str
    directions: tuple[str, ...]
    negate: bool = False


class Rule(NamedTuple):
    """What a packet must be, and what becomes of it. Empty values say nothing."""

    target: str  # a verdict, an extension, or a chain
    goto: bool = False
    family: str | None = None  # of the two, if it is for one alone
    negate: frozenset[str] = frozenset()  # some of NEGATABLE
    protocol: str | None = None  # its name, or its number if it has none
    source: str | None = None
    destination: str | None = None
    source_ports: tuple[str, ...] = ()  # ``80`` or ``8000:8080``, in order, none beside or in another
    destination_ports: tuple[str, ...] = ()
    tcp_flags: tuple[str, str] | None = None  # those that are looked at, and those of them that are set
    icmp_type: int | None = None
    icmp_code: int | None = None
    nd_target: str | None = None  # whom a message of neighbour discovery is about
    sets: tuple[SetMatch, ...] = ()
    in_interface: str | None = None  # a name, or what it begins with and a plus
    out_interface: str | None = None
    physdev_in: str | None = None
    physdev_out: str | None = None
    physdev_is_bridged: bool | None = None
    ctstate: str | None = None
    ctproto: int | None = None  # of the connection, as what follows, by its first packet
    ctorigsrc: str | None = None
    ctorigdst: str | None = None
    ctorigdstport: str | None = None  # ``80`` or ``8000:8080``
    ctstatus: str | None = None
    ctdir: str | None = None
    mac_source: str | None = None
    fragment: bool | None = None  # a second or further one
    limit: tuple[str, int] | None = None  # rate and burst
    mark: str | None = None
    comment: str | None = None
    reject_with: str | None = None
    log_prefix: str | None = None
    log_level: int | None = None
    zone: int | None = None
    notrack: bool = False
    set_mark: str | None = None
    path: str = ""  # of its options in the task


class Chain(NamedTuple):
    """A chain as a task wants it; None where it has no opinion on its rules."""

    path: str
    name: str
    present: bool = True
    rules: tuple[Rule, ...] | None = None


class Jump(NamedTuple):
    """A rule of one of the kernel's own chains that leads to one of ours."""

    chain: str
    rule: Rule
    position: str = "first"


class Wanted(NamedTuple):
    """What a task wants of a table. ``mark``: chains that begin with it, and are not wanted, are to go."""

    table: str
    families: tuple[str, ...]
    chains: Sequence[Chain]
    jumps: Sequence[Jump] | None = None  # None where it has no opinion
    mark: str | None = None

    def rules(self) -> Iterator[Rule]:
        for chain in self.chains:
            yield from chain.rules or ()
        yield from (jump.rule for jump in self.jumps or ())


def in_family(rule: Rule, family: str) -> bool:
    return rule.family in (None, family)


def is_chain(target: str) -> bool:
    return bool(target) and not is_verdict(target)


def is_verdict(target: str) -> bool:
    """Say whether a target is none of the chains: the kernel's own word, or an extension."""
    return target in ("ACCEPT", "DROP", "RETURN", "REJECT", "LOG", "CT", "MARK")
