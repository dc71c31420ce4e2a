# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: whether security groups allow a packet to pass.

conntrack only tells from which end a connection was opened. Each packet, answers too, is judged by the rules of today
on the connection's first packet, so that nothing has to be forgotten when a rule or a member goes. The port under
judgement opened the connection, or was called: the rules for egress or for ingress speak (permissions.py).

Of a port whose groups are stateless each packet is judged by what it is itself: what it sends by rules for egress, what
it gets by rules for ingress. conntrack puts fragments together for it, and is asked for nothing else.

TCP's first packet has SYN alone. Else a server that goes on sending would open the other way round what was forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import Firewall
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.permissions import permissions
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.segment import Guest, Segment
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import (
    ALLOWED,
    CALLED,
    JUDGED,
    KEPT,
    KEPT_CALLED,
    MANY,
    MULTICAST,
    OUTSIDE,
    PORT,
    SOURCE,
    TARGET,
    Field,
    Flow,
    Priority,
    Table,
    nxm,
    through,
    to,
)

_INTERNET = ("ip", "ipv6")
_TRACKED = ("tcp", "udp", "icmp", "tcp6", "udp6", "icmp6")
_NEIGHBOUR_DISCOVERY = range(133, 137)  # RFC 4861, without redirects, which the guard drops
_ZONE = "zone=NXM_NX_REG0[16..31]"
_JUDGED = JUDGED.match(JUDGED.bits)
_BY_IT, _TO_IT = KEPT_CALLED.set(KEPT.bits), KEPT_CALLED.set(KEPT_CALLED.bits)  # who opened a connection that is kept


def judge(segments: Sequence[Segment], firewalls: Mapping[str, Firewall]) -> Iterator[Flow]:
    """Yield the flows of TRACK to VERDICT_OUT and of JUDGE_IN to COMMIT; what is not judged passes them."""
    yield Flow(Table.TRACK, Priority.MISS, "", to(Table.SWITCH))
    yield Flow(Table.JUDGE_IN, Priority.MISS, "", to(Table.OUTPUT))
    judged = [segment for segment in segments if segment.zone]
    if judged:
        yield from _track()
        yield from _judge_out()
        yield from _judge_in()
        yield from _commit()
        for segment in judged:
            for guest in segment.guests:
                if guest.groups is None:
                    yield from _never_judged(guest)
                elif guest.stateless:
                    yield from _stateless(guest)
        yield from permissions(judged, firewalls)


def _track() -> Iterator[Flow]:
    track = f"ct(table={Table.JUDGE_OUT:d},{_ZONE})"
    for kind in _NEIGHBOUR_DISCOVERY:
        yield Flow(Table.TRACK, Priority.NOT_TRACKED, f"icmp6,{_JUDGED},icmp_type={kind}", to(Table.SWITCH))
    for word in _TRACKED:
        yield Flow(Table.TRACK, Priority.KNOWN, f"{word},{_JUDGED}", track)
        yield Flow(Table.TRACK, Priority.TO_MANY, f"{word},{_JUDGED},{MULTICAST}", f"{MANY.set(MANY.bits)},{track}")
    yield Flow(Table.TRACK, Priority.KNOWN, f"ipv6,{_JUDGED},nw_proto=44", track)  # a later fragment, of what it may be
    for word in _INTERNET:
        yield Flow(Table.TRACK, Priority.WITHOUT_CONNECTIONS, f"{word},{_JUDGED}", to(Table.JUDGE_OUT))


def _judge_out() -> Iterator[Flow]:
    yield from _refused(Table.JUDGE_OUT, "")
    yield Flow(Table.JUDGE_OUT, Priority.FROM_OUTSIDE, OUTSIDE.match(1), to(Table.SWITCH))
    call = _call(SOURCE, Table.VERDICT_OUT)
    yield Flow(Table.JUDGE_OUT, Priority.ANSWER, "ct_state=+rpl+trk", f"{_TO_IT},{call}")
    yield Flow(Table.JUDGE_OUT, Priority.KNOWN, "", f"{_BY_IT},{call}")
    yield _allowed(Table.VERDICT_OUT, Table.SWITCH)


def _judge_in() -> Iterator[Flow]:
    yield Flow(Table.JUDGE_IN, Priority.NEVER_JUDGED, f"arp,{_JUDGED}", to(Table.OUTPUT))
    for kind in _NEIGHBOUR_DISCOVERY:
        yield Flow(Table.JUDGE_IN, Priority.NEVER_JUDGED, f"icmp6,{_JUDGED},icmp_type={kind}", to(Table.OUTPUT))
    yield from _refused(Table.JUDGE_IN, f",{_JUDGED}")
    call = _call(TARGET, Table.VERDICT_IN)
    yield Flow(Table.JUDGE_IN, Priority.ANSWER, f"ct_state=+rpl+trk,{_JUDGED}", f"{_BY_IT},{call}")
    yield Flow(Table.JUDGE_IN, Priority.KNOWN, _JUDGED, f"{_TO_IT},{call}")
    yield _allowed(Table.VERDICT_IN, Table.COMMIT)


def _refused(table: Table, judged: str) -> Iterator[Flow]:
    """Yield what drops packets of no connection, and those that open one halfway."""
    yield Flow(table, Priority.INVALID, f"ct_state=+inv+trk{judged}", "drop")
    for word, flags in product(("tcp", "tcp6"), ("-syn", "+syn+ack")):
        match = f"ct_state=+new+trk,{word}{judged},tcp_flags={flags}"
        yield Flow(table, Priority.OPENED_HALFWAY, match, "drop")


def _call(whom: Field, verdict: Table) -> str:
    """Return actions that have a port judged, and heed the verdict."""
    return f"move:{nxm(whom.register)}->{nxm(PORT.register)},{through(Table.JUDGE_MEMBER)},{through(verdict)}"


def _allowed(table: Table, after: Table) -> Flow:
    return Flow(table, Priority.KNOWN, ALLOWED.match(ALLOWED.bits), f"{ALLOWED.set(0)},{through(after)}")


def _commit() -> Iterator[Flow]:
    """Yield what remembers a connection. All fragments go that way: conntrack holds them back until it has the rest."""
    remember = f"ct(commit,{_ZONE}),{through(Table.OUTPUT)}"
    yield Flow(Table.COMMIT, Priority.MISS, "", to(Table.OUTPUT))
    for word in _INTERNET:
        to_one = f"{word},{MANY.match(0)}"
        yield Flow(Table.COMMIT, Priority.FRAGMENT, f"ct_state=+trk,{to_one},nw_frag=yes", remember)
        kept = Field("reg0", MANY.bits | KEPT.bits).match(KEPT.bits)
        yield Flow(Table.COMMIT, Priority.KNOWN, f"ct_state=+new+trk,{word},{kept}", remember)


def _stateless(guest: Guest) -> Iterator[Flow]:
    about = f"port {guest.name}"
    out = f"{CALLED.set(0)},{_call(SOURCE, Table.VERDICT_OUT)}"
    yield Flow(Table.JUDGE_OUT, Priority.STATELESS, SOURCE.match(guest.ofport), out, about)
    into = f"{CALLED.set(CALLED.bits)},{_call(TARGET, Table.VERDICT_IN)}"
    match = f"{_JUDGED},{TARGET.match(guest.ofport)}"
    yield Flow(Table.JUDGE_IN, Priority.STATELESS, match, into, about)


def _never_judged(guest: Guest) -> Iterator[Flow]:
    about = f"port {guest.name}"
    yield Flow(Table.JUDGE_OUT, Priority.NEVER_JUDGED, SOURCE.match(guest.ofport), to(Table.SWITCH), about)
    match = f"{_JUDGED},{TARGET.match(guest.ofport)}"
    yield Flow(Table.JUDGE_IN, Priority.NEVER_JUDGED, match, to(Table.COMMIT), about)
