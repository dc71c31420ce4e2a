# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of a group let pass, as rules of iptables.

A packet is permitted as its connection is: by protocol, addresses and port of the first packet, which conntrack keeps,
and by nothing that was allowed before. So a rule that goes takes the answers with it, and errors, which belong to the
connection that they are about. The other end is looked up by the packet's own address.

The connection was opened by the guest, or to it. What comes from the guest and goes as the first packet went is of a
connection that it opened, of which rules for egress speak, and so is what comes back to it.

Of a port whose groups are stateless conntrack knows nothing. Each packet is permitted by what it is itself, and rules
for egress speak of what the guest sends, rules for ingress of what it gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.names import FROM, TO, Names, Place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import (
    EGRESS,
    ICMPV6,
    INGRESS,
    PROTOCOLS,
    TRACKED,
    Rule,
)

FAMILIES = {4: "ipv4", 6: "ipv6"}
_AHEAD = {INGRESS: TO, EGRESS: FROM}  # the way of a first packet that the rule speaks of
_OTHER_END = {FROM: "dst", TO: "src"}
_ORIGIN = {INGRESS: "ctorigsrc", EGRESS: "ctorigdst"}  # where conntrack has the other end
_SOURCE = {INGRESS: "source", EGRESS: "destination"}
_MULTICAST_LISTENERS = (130, 131, 132, 143)  # types of ICMPv6 that conntrack in Linux leaves alone (RFC 2710, RFC 3810)

_NAMES = {number: name for name, number in PROTOCOLS.items()}

Values = dict[str, Any]


def permits(rule: Rule, way: str, place: Place, names: Names) -> Iterator[Values]:
    """Yield what a rule lets pass on one way."""
    for who, strangers in _others(rule, way, place, names):
        if rule.protocol is None or rule.protocol in TRACKED:
            yield {"ctdir": "ORIGINAL" if _AHEAD[rule.direction] == way else "REPLY", **_connection(rule), **who}
        if _AHEAD[rule.direction] == way:
            yield from ({"ctstate": ["UNTRACKED"], **packet, **strangers} for packet in _untracked(rule))


def permits_packets(rule: Rule, way: str, place: Place, names: Names) -> Iterator[Values]:
    """Yield what a rule of a stateless group lets pass on one way."""
    if _AHEAD[rule.direction] == way:
        yield from ({**_packet(rule), **strangers} for _who, strangers in _others(rule, way, place, names))


def _others(rule: Rule, way: str, place: Place, names: Names) -> Iterator[tuple[Values, Values]]:
    """Yield whom a rule is about: as conntrack says it, and where that knows nothing, as the packet does."""
    if rule.remote_set:
        for version in rule.families:
            one = [{"set": names.members(place, rule.remote_set, version), "direction": _OTHER_END[way]}]
            yield ({"sets": one},) * 2
        return
    for cidr in rule.remote_cidrs:
        if family(cidr) in rule.families:
            only = {"family": FAMILIES[family(cidr)]}
            yield {**only, _ORIGIN[rule.direction]: cidr}, {**only, _SOURCE[rule.direction]: cidr}
    if not rule.remote_cidrs:
        only = {"family": FAMILIES[rule.families[0]]} if len(rule.families) == 1 else {}
        yield only, only


def _connection(rule: Rule) -> Values:
    values: Values = {} if rule.protocol is None else {"ctproto": str(rule.protocol)}
    if rule.icmp:
        kind, code = rule.icmp
        first, last = (kind << 8, kind << 8 | 255) if code is None else (kind << 8 | code,) * 2
        values["ctorigdstport"] = f"{first}-{last}"
    elif rule.ports:
        values["ctorigdstport"] = f"{rule.ports.first}-{rule.ports.last}"
    return values


def _untracked(rule: Rule) -> Iterator[Values]:
    """Yield the packets without a connection that a rule speaks of; each is judged by itself."""
    if rule.protocol == ICMPV6:
        kinds = [kind for kind in _MULTICAST_LISTENERS if rule.icmp is None or rule.icmp[0] == kind]
        yield from (_packet(replace(rule, icmp=(kind, rule.icmp[1] if rule.icmp else None))) for kind in kinds)
    elif rule.protocol not in TRACKED:
        yield _packet(rule)


def _packet(rule: Rule) -> Values:
    """Return what a rule says of a packet, whatever it belongs to."""
    values: Values = {}
    if rule.protocol is not None:
        values["protocol"] = _NAMES.get(rule.protocol, str(rule.protocol))
    if rule.icmp:
        kind, code = rule.icmp
        values.update({"icmp_type": kind}, **({} if code is None else {"icmp_code": code}))
    elif rule.ports:
        values["destination_ports"] = [f"{rule.ports.first}-{rule.ports.last}"]
    return values
