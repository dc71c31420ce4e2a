# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge knows of ports, addresses and rules.

Groups and sets of addresses are bits in two registers, and a rule asks for one of each: so the flows are as many as
ports, addresses and rules together, and a port that joins or leaves a group costs one. The registers are filled anew
for each judgement, and no packet waits between the two, so a bit may change its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import Firewall, covered
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.segment import Guest, Segment
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import (
    ALLOWED,
    BITS,
    CALLED,
    GROUPS,
    NETWORK,
    OTHERS,
    PORT,
    TENANT,
    Flow,
    Priority,
    Table,
    bit,
    number,
    through,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import (
    EGRESS,
    ICMP,
    ICMPV6,
    INGRESS,
    SCTP,
    TCP,
    TRACKED,
    UDP,
    Ports,
    Rule,
)

_WORDS = {4: "ip", 6: "ipv6"}
_PROTOCOL_WORDS = {
    TCP: {4: "tcp", 6: "tcp6"},
    UDP: {4: "udp", 6: "udp6"},
    SCTP: {4: "sctp", 6: "sctp6"},
    ICMP: {4: "icmp"},
    ICMPV6: {6: "icmp6"},
}
_ADDRESS = {4: "nw", 6: "ipv6"}
_FOUND, _UNTRACKED, _ANY = "ct_state=-inv+trk", "ct_state=-trk", ""
_CALLED = {INGRESS: CALLED.match(CALLED.bits), EGRESS: CALLED.match(0)}
_OTHER_END = {INGRESS: "src", EGRESS: "dst"}  # of the connection's first packet
_POOL = Pool([BITS])
_TENANTS = Pool([range(1, 2**32)])


def permissions(segments: Sequence[Segment], firewalls: Mapping[str, Firewall]) -> Iterator[Flow]:
    """Yield the flows of JUDGE_MEMBER, JUDGE_REMOTE and JUDGE_RULE."""
    for word in _WORDS.values():  # it has no ports, and does not leave conntrack without the first, which is judged
        match = f"{_FOUND},{word},nw_frag=later"
        yield Flow(Table.JUDGE_RULE, Priority.LATER_FRAGMENT, match, ALLOWED.set(ALLOWED.bits))
    yield Flow(Table.JUDGE_REMOTE, Priority.MISS, "", through(Table.JUDGE_RULE))
    tenants = allocate(firewalls, _TENANTS, {})
    for name, firewall in firewalls.items():
        here = [segment for segment in segments if segment.name in firewall.ports]
        yield from _tenant(tenants[name], here, firewall)


def _tenant(tenant_id: int, segments: Sequence[Segment], firewall: Firewall) -> Iterator[Flow]:
    groups, sets = allocate(firewall.groups, _POOL, {}), allocate(firewall.set_names, _POOL, {})
    for segment in segments:
        for guest in segment.guests:
            if guest.groups is not None and (guest.tenant, guest.stateless) == firewall[:2]:
                yield _member(guest, tenant_id, (groups[name] for name in guest.groups))
        for direction in _CALLED:
            asked = [
                rule for rule in firewall.rules_in(segment.name) if rule.remote_set and rule.direction == direction
            ]
            for state in (_ANY,) if firewall.stateless else (_FOUND, _UNTRACKED):
                names = {str(rule.remote_set) for rule in asked if state != _UNTRACKED or rule.protocol not in TRACKED}
                members = {name: (sets[name], firewall.sets[segment.name][name]) for name in names}
                yield from _remotes(segment, tenant_id, direction, state, members)
    for name, rules in firewall.groups.items():
        whose = f"{TENANT.match(tenant_id)},{bit(GROUPS, groups[name])}"
        about = f"group {firewall.tenant}.{name}"
        for match in dict.fromkeys(
            match for rule in rules for match in _matches(rule, whose, sets, firewall.stateless)
        ):
            yield Flow(Table.JUDGE_RULE, Priority.KNOWN, match, ALLOWED.set(ALLOWED.bits), about)


def _member(guest: Guest, tenant: int, groups: Iterable[int]) -> Flow:
    fill = f"{TENANT.set(tenant)},{_fill(GROUPS, groups)},{_fill(OTHERS, ())},{through(Table.JUDGE_REMOTE)}"
    return Flow(Table.JUDGE_MEMBER, Priority.KNOWN, PORT.match(guest.ofport), fill, f"port {guest.name}")


def _fill(register: str, positions: Iterable[int]) -> str:
    return f"set_field:{number(sum(1 << position for position in set(positions)))}->{register}"


def _remotes(
    segment: Segment, tenant: int, direction: str, state: str, members: Mapping[str, tuple[int, Sequence[str]]]
) -> Iterator[Flow]:
    """Yield in which sets the address of the other end is; of nested networks the longest prefix counts."""
    found: dict[str, set[int]] = {}
    for position, addresses in members.values():
        for address in addresses:
            found.setdefault(address, set()).add(position)
    for prefix, positions in covered(found).items():
        where = f"{_CALLED[direction]},{NETWORK.match(segment.network)},{TENANT.match(tenant)}"
        match = _match(state, _WORDS[family(prefix)], where, address=_address(direction, prefix))
        actions = f"{_fill(OTHERS, positions)},{through(Table.JUDGE_RULE)}"
        priority = Priority.KNOWN + int(prefix.partition("/")[2])
        yield Flow(Table.JUDGE_REMOTE, priority, match, actions, segment.about)


def _matches(rule: Rule, whose: str, sets: Mapping[str, int], stateless: bool) -> Iterator[str]:
    """Yield what a rule allows."""
    who = f"{_CALLED[rule.direction]},{whose}{f',{bit(OTHERS, sets[rule.remote_set])}' if rule.remote_set else ''}"
    for version in rule.families:
        cidrs = [cidr for cidr in rule.remote_cidrs if family(cidr) == version]
        if rule.remote_cidrs and not cidrs:
            continue
        for address in [_address(rule.direction, cidr) for cidr in cidrs] or [""]:
            if stateless:
                yield from _of_packet(rule, version, who, address, _ANY)
                yield from _of_fragment(rule, version, who, address)
            else:
                yield from _of_family(rule, version, who, address)


def _of_family(rule: Rule, version: int, who: str, address: str) -> Iterator[str]:
    word = _WORDS[version]
    if rule.protocol is None and not address:
        yield f"{word},{who}"
    elif rule.protocol is None:
        yield from (_match(state, word, who, address) for state in (_FOUND, _UNTRACKED))
    elif rule.protocol in TRACKED:
        for transport in _transports(rule, "ct_tp_src", "ct_tp_dst"):
            yield _match(_FOUND, word, who, address, f"ct_nw_proto={rule.protocol}{transport}")
    else:
        yield from _of_packet(rule, version, who, address, _UNTRACKED)


def _of_packet(rule: Rule, version: int, who: str, address: str, state: str) -> Iterator[str]:
    """Yield what a rule allows of packets, whatever they belong to."""
    if rule.protocol is None:
        yield _match(state, _WORDS[version], who, address)
    elif rule.protocol in _PROTOCOL_WORDS:
        parts = ("icmp_type", "icmp_code") if rule.icmp else ("", "tp_dst")
        for transport in _transports(rule, *parts):
            yield _match(state, _PROTOCOL_WORDS[rule.protocol][version], who, address, transport[1:])
    else:
        yield _match(state, _WORDS[version], who, address, f"nw_proto={rule.protocol}")


def _of_fragment(rule: Rule, version: int, who: str, address: str) -> Iterator[str]:
    """Yield what a rule allows of first fragments, of which only conntrack tells the ports: those of the connection."""
    if rule.ports and rule.protocol in TRACKED:
        for state, part in (("ct_state=-rpl-inv+trk", "ct_tp_dst"), ("ct_state=+rpl-inv+trk", "ct_tp_src")):
            for transport in _transports(rule, "", part):
                found = f"{state},ct_nw_proto={rule.protocol}{transport}"
                yield _match(_ANY, f"{found},{_WORDS[version]}", who, address, "nw_frag=first")


def _match(state: str, word: str, who: str, address: str = "", transport: str = "") -> str:
    """Return the parts in the order in which Open vSwitch prints them: all of a connection before all of a packet."""
    of_connection = state == _FOUND
    address = f"ct_{address}" if of_connection and address else address
    parts = [state, address, transport, word, who] if of_connection else [state, word, who, address, transport]
    return ",".join(part for part in parts if part)


def _address(direction: str, prefix: str) -> str:
    """Return the match of the other end's address, or network; nothing if it is any."""
    if prefix.endswith("/0"):
        return ""
    return f"{_ADDRESS[family(prefix)]}_{_OTHER_END[direction]}={plain_address(prefix)}"


def _transports(rule: Rule, source: str, target: str) -> Iterator[str]:
    """Yield the ports, or type and code, of a connection's first packet; conntrack has the latter for ports."""
    if rule.icmp:
        kind, code = rule.icmp
        yield f",{source}={kind}" + ("" if code is None else f",{target}={code}")
    elif rule.ports:
        yield from (f",{target}={part}" for part in _masked(rule.ports))
    else:
        yield ""


def _masked(ports: Ports) -> Iterator[str]:
    """Yield a range of ports as numbers and masks of 16 bits, the fewest."""
    first = ports.first
    while first <= ports.last:
        size = first & -first
        while first + size - 1 > ports.last:
            size //= 2
        yield str(first) if size == 1 else f"{first:#x}/{0x10000 - size:#x}"
        first += size
