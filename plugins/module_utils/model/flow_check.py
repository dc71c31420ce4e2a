# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Open vSwitch takes from a flow's text without a word and then does not do, or does otherwise.

Its parser drops a field whose protocol is not given (``nw_src`` without ``ip`` is a rule for everybody), cuts a number
to the bits of its field (``dl_vlan=4096`` is VLAN 0), and lets the last of two contradicting words win. So the parts of
a text are held against the normal form that Open vSwitch made of it (model/flow_text.py). This is no parser: a part
that is not known here is Open vSwitch's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_parsed import KEPT_THOUGH_WRONG, REQUESTS
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import HIGHEST

_ITEM = re.compile(r"([^:=(,\s]+)(?:[:=]((?:[^,\s()]|\([^()]*\))*)|\(([^()]*)\))?")
_NUMBER = re.compile(r"(0x[0-9a-f]+|0|[1-9][0-9]*)(?:/(0x[0-9a-f]+|0|[1-9][0-9]*))?", re.IGNORECASE)
_ANYTHING = re.compile(r"\*|[^/]*/[0x:.]+")
_FLAG = re.compile(r"[+-]\w+")
_LEADING_ZERO = re.compile(r"(?:^|\.)0[0-9]")

# Ethertypes and IP protocols by the words that stand for them.
_ETHERTYPES = {
    "ip": 0x800,
    "ipv6": 0x86DD,
    "ip6": 0x86DD,
    "arp": 0x806,
    "rarp": 0x8035,
    "mpls": 0x8847,
    "mplsm": 0x8848,
}
_TRANSPORTS = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132}
_STANDS_FOR: Mapping[str, tuple[int | None, int | None]] = {
    **{word: (ethertype, None) for word, ethertype in _ETHERTYPES.items()},
    **{word: (0x800, protocol) for word, protocol in _TRANSPORTS.items()},
    **{f"{word}6": (0x86DD, protocol) for word, protocol in _TRANSPORTS.items()},
    "icmp6": (0x86DD, 58),
    "icmpv6": (0x86DD, 58),
    **{f"{word}_{end}": (None, _TRANSPORTS[word]) for word in ("tcp", "udp", "sctp") for end in ("src", "dst")},
}
# The names under which Open vSwitch prints a field, where they are not the one it was given by (ovs-fields(7)).
_PRINTED: Mapping[str, tuple[str, ...]] = {
    "eth_src": ("dl_src",),
    "eth_dst": ("dl_dst",),
    **dict.fromkeys(("ip_src", "nw_src"), ("nw_src", "arp_spa")),
    **dict.fromkeys(("ip_dst", "nw_dst"), ("nw_dst", "arp_tpa")),
    **dict.fromkeys(
        ("ip_proto", "nw_proto"), ("nw_proto", "arp_op", *_TRANSPORTS, *(f"{word}6" for word in _TRANSPORTS))
    ),
    "ip_ecn": ("nw_ecn",),
    "ip_dscp": ("nw_tos",),
    "ip_frag": ("nw_frag",),
    "tp_src": ("tp_src", "icmp_type"),
    "tp_dst": ("tp_dst", "icmp_code"),
    **dict.fromkeys(("tcp_src", "udp_src", "sctp_src"), ("tp_src",)),
    **dict.fromkeys(("tcp_dst", "udp_dst", "sctp_dst"), ("tp_dst",)),
    **dict.fromkeys(("icmpv4_type", "icmpv6_type"), ("icmp_type",)),
    **dict.fromkeys(("icmpv4_code", "icmpv6_code"), ("icmp_code",)),
    "in_port_oxm": ("in_port",),
    "tunnel_id": ("tun_id",),
    "nsp": ("nsh_spi",),
    "nsi": ("nsh_si",),
    **{f"nshc{number}": (f"nsh_c{number}",) for number in range(1, 5)},
    **dict.fromkeys(("dl_vlan", "vlan_vid", "vlan_tci"), ("dl_vlan", "vlan_tci")),
    **dict.fromkeys(("dl_vlan_pcp", "vlan_pcp"), ("dl_vlan_pcp", "vlan_tci")),
    **{f"xreg{number}": (f"reg{2 * number}", f"reg{2 * number + 1}") for number in range(8)},
    **{f"xxreg{number}": tuple(f"reg{4 * number + part}" for part in range(4)) for number in range(4)},
}
_UNIT = {"ip_dscp": 4}  # its printed field, nw_tos, has it in the upper six of eight bits
_DEFAULTS = {"table": 0, "priority": 32768, "idle_timeout": 0, "hard_timeout": 0, "importance": 0}
_GO_WITHOUT_SAYING = frozenset({"", "table=0", "priority=32768"})
_HIGHEST_GROUP = HIGHEST["group"]
_HIGHEST_TABLE = 253  # 254 is the switch's own, 255 means all
_NEVER_PLAIN = frozenset({"table=254", *REQUESTS})
_COUNTERS = frozenset({"duration", "n_packets", "n_bytes", "idle_age", "hard_age"})
_NOT_COMPARED = frozenset(
    {
        *("cookie", "send_flow_rem", "dl_type", "eth_type", "packet_type", "eth"),
        *(word for word in _STANDS_FOR if "_" not in word),
    }
)


# Numbers in the actions that Open vSwitch cuts to their bits: what stands before, the number; the largest that fits.
_LIMITS = tuple(
    (re.compile(pattern), most)
    for pattern, most in (
        (r"\b(group[:=(])(-?\w+)", _HIGHEST_GROUP),
        (r"\b(set_queue[:=(])(-?\w+)", 2**32 - 1),
        (r"\b(enqueue[:=(][^,:]*[:,])(-?\w+)", 2**32 - 1),
        (r"\b(goto_table[:=(])(-?\w+)", 254),
        (r"\b(conjunction\()(-?\w+)", 2**32 - 1),
        (r"\b(multipath\(\w+,)(-?\w+)", 2**16 - 1),
        (r"\b((?:priority|(?:fin_)?(?:idle|hard)_timeout)=)(-?\w+)", 2**16 - 1),  # of learn()
        (r"\b((?:limit|collector_set_id|obs_domain_id|obs_point_id)=)(-?\w+)", 2**32 - 1),
        (r"\b(cookie=)(-?\w+)", 2**64 - 1),
        (r"\b((?:src|dst)=[^,():-]+(?:-[^,():]+)?:(?:\d+-)?)(\d+)", 2**16 - 1),  # of nat()
    )
)
_WORDS = "drop|normal|flood|all|table|local|in_port|exit|pop_vlan|strip_vlan|pop_queue|clear_actions|ct_clear"
_WITHOUT_VALUE = re.compile(rf"(?:^|[,\s])({_WORDS})[:=]", re.IGNORECASE)
_SUSPICIOUS = re.compile(rf"[0-9]{{5}}|0x[0-9a-f]{{5}}|[:=(,]-|255|(?:^|[,\s])(?:{_WORDS})[:=]", re.IGNORECASE)
_INNERMOST = re.compile(r"\([^()]*\)")


def parts_of(head: str) -> list[tuple[str, str]]:
    """Return the parts of a flow before its actions, as Open vSwitch takes them apart: (name, value or empty)."""
    return [(name, value or argument) for name, value, argument in _ITEM.findall(head)]


def faults_of(flow: str, normal: str) -> Iterator[str]:
    """Yield what became of a flow's text on the way to its normal form, and may not; both start with the cookie."""
    start = flow.find("action")
    head, actions = flow[:start], flow[start:].partition("=")[2].strip()
    end = normal.find("actions=")
    kept, done = normal[:end], normal[end + len("actions=") :]
    if not _plainly_kept(head, kept):
        given = parts_of(head)
        repeated = list(_repeated(given))
        yield from repeated or _lost(given, dict(parts_of(kept)))
        yield from _contradicting(given)
    if not actions:
        yield "actions: are empty, which drops; write actions=drop"
    if actions != done:
        suspicious = _SUSPICIOUS.search(actions) or actions.count("(") != actions.count(")")
    else:
        suspicious = any(word in actions for word in KEPT_THOUGH_WRONG)
    if suspicious:
        yield from _cut(actions)


def group_faults_of(group: str, normal: str) -> Iterator[str]:
    """As ``faults_of``, for a group, which has no cookie."""
    given = parts_of(group.partition("bucket")[0])
    kept = dict(parts_of(normal.partition("bucket")[0]))
    repeated = list(_repeated(given))
    yield from repeated
    for name, value in given if not repeated else ():
        if name not in kept:
            yield f"{name}={value}: is not kept; leave it out, or set protocol to OpenFlow15"
        elif name == "group_id" and _integers(value) != _integers(kept[name]):
            yield f"group_id={value}: would become {kept[name]}; write a number from 0 to {_HIGHEST_GROUP}"
    yield from _cut(group)


def _plainly_kept(head: str, kept: str) -> bool:
    """Say whether each part is there as it was written or as the same number: most are, and that is seen at once."""
    became = set(kept.split(","))
    if not became.isdisjoint(_NEVER_PLAIN):
        return False
    others = [part for part in head.split(",") if part not in became and part not in _GO_WITHOUT_SAYING]
    if not others:
        return True
    fields = dict([part.partition("=")[::2] for part in became])
    return all(_same(*part.partition("=")[::2], fields) for part in others)


def _same(name: str, value: str, fields: Mapping[str, str]) -> bool:
    became = fields.get(name, "")
    if name == "vlan_tci":
        return value == "0x0000" and became == "0x0000/0x1fff"  # no tag; OpenFlow 1.2 has no other word for it
    if value[:1] in ("+", "-"):
        return sorted(_FLAG.findall(value)) == sorted(_FLAG.findall(became))
    number = _integers(value)
    return number[0] is not None and number == _integers(became)


def _repeated(given: Iterable[tuple[str, str]]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, dummy in given:
        printed = name if name.startswith("x") else _PRINTED.get(name, (name,))[0]
        if printed in seen:
            other = "" if seen[printed] == name else f", as {seen[printed]} too"
            yield f"{name}: is written twice{other}; write it once"
        seen[printed] = name


def _contradicting(given: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a fault if two parts want packets of two kinds: to Open vSwitch, the last would be it."""
    ethertypes: dict[int, str] = {}
    protocols: dict[int, str] = {}
    for name, value in given:
        ethertype, protocol = _STANDS_FOR.get(name, (None, None))
        if name in ("dl_type", "eth_type"):
            ethertype = _integers(value)[0]
        elif name in ("nw_proto", "ip_proto"):
            protocol = _integers(value)[0]
        for kind, kinds in ((ethertype, ethertypes), (protocol, protocols)):
            if kind is not None:
                kinds.setdefault(kind, f"{name}={value}" if value else name)
    if _ETHERTYPES["arp"] in ethertypes:
        protocols.clear()  # of ARP, nw_proto is the opcode
    for kinds in (ethertypes, protocols):
        first, *others = kinds.values() or [""]
        yield from (f"{other}: no packet is that and {first}; write one of them" for other in others)


def _lost(given: Iterable[tuple[str, str]], kept: Mapping[str, str]) -> Iterator[str]:
    for name, value in given:
        if ":" not in value and _LEADING_ZERO.search(value):
            yield f"{name}={value}: has a leading zero, which some read as octal; leave it out"
        elif name in REQUESTS:
            yield f"{name}: is about how a flow is added, not what it is; leave it out"
        elif name in _COUNTERS:
            yield f"{name}: is what the switch counts; leave it out"
        elif name == "table" and (_integers(value)[0] or 0) > _HIGHEST_TABLE:
            yield f"table={value}: is none of the switch; write a number from 0 to {_HIGHEST_TABLE}"
        elif name in _DEFAULTS:
            if name not in kept and _integers(value)[0] != _DEFAULTS[name]:
                yield f"{name}={value}: is not kept; leave it out, or set protocol to OpenFlow15"
        elif name not in _NOT_COMPARED:
            yield from _field_lost(name, value, kept)


def _field_lost(name: str, value: str, kept: Mapping[str, str]) -> Iterator[str]:
    printed = [other for other in _PRINTED.get(name, (name,)) if other in kept]
    if not printed:
        if not _ANYTHING.fullmatch(value):
            yield f"{name}={value}: would not be matched; write what it needs to be there too, as ip or tcp"
    elif name == "vlan_vid":
        if (_integers(value)[0] or 0) > 0x1FFF:
            yield f"{name}={value}: has more than 13 bits; write dl_vlan and the VLAN"
    elif not name.startswith("x") and name != "vlan_tci" and printed[0] != "vlan_tci":
        (wanted, mask), (became, kept_mask) = _integers(value), _integers(kept[printed[0]])
        if wanted is None or became is None:
            return  # an address, flags or a word, which are not cut
        if wanted * _UNIT.get(name, 1) != became or kept_mask not in (None, mask):  # a mask of all bits is not printed
            yield f"{name}={value}: would become {printed[0]}={kept[printed[0]]}; write what fits field and mask"


def _integers(value: str) -> tuple[int | None, int | None]:
    """Return the number and the mask that a value is, None for what is not there."""
    match = _NUMBER.fullmatch(value)
    if not match:
        return None, None
    return int(match[1], 0), None if match[2] is None else int(match[2], 0)


def _cut(actions: str) -> Iterator[str]:
    """Yield what Open vSwitch reads otherwise than it is written in the actions."""
    for pattern, most in _LIMITS:
        for name, number in pattern.findall(actions):
            value = _integers(number)[0]
            if number.startswith("-") or (value is not None and value > most):
                yield f"{name}{number}: is out of range, and would be another number; write one from 0 to {most}"
    flat, outer = actions, ""
    while flat != outer:
        flat, outer = _INNERMOST.sub("", flat), flat
    if "(" in flat or ")" in flat:
        yield "actions: a parenthesis is not closed, or not opened; write them in pairs"
    for word in _WITHOUT_VALUE.findall(flat):
        yield f"actions: {word} takes no value; write {word} alone"
