# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measurements say of one pair of endpoints, held against what shall pass between them.

Identity decides, never an address: an echo was delivered if the endpoint that was meant saw the request and the sender
got the reply.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    BROADCAST,
    ECHO_FRAME,
    ELSEWHERE,
    FLOOD,
    FLOODED_TO,
    FORGED,
    FULL_MTU,
    HALFWAY,
    HIDDEN,
    ICMP,
    OVER_MTU,
    TAG,
    TCP,
    Measurement,
    Reply,
    Sighting,
)

LEAK = "leak"
DUPLICATE = "duplicate"
OVERSIZE = "oversize"
UNREACHABLE = "unreachable"
UNMEASURED = "unmeasured"
WRONG = (LEAK, DUPLICATE, OVERSIZE, UNREACHABLE, UNMEASURED)  # the worst first

CHECKS = (ICMP, FULL_MTU, TCP)  # of each address, to prove that everything passes
_DENIED = "denied by security groups"
_GUARDED = "stopped by port security"
_OK = "ok"
_TELLING = {kind: rank for rank, kind in enumerate((ICMP, TCP, *FLOOD))}  # kinds of frames, the most telling first
_KINDS_SHOWN = 4


@dataclass(frozen=True)
class Fault:
    kind: str  # one of WRONG
    words: str
    check: str = ""  # which was asked of an address, if that is what it is about


def said(check: str, address: str) -> str:
    """Return how a check of an address is called in what is permitted."""
    return f"{ICMP if check == FULL_MTU else check} to {address}"


def unanswered(check: str, address: str) -> str:
    """Return how it is called in what is permitted if the check arrives, and its answer may not come back."""
    return f"{said(check, address)}, without an answer"


def checks_of(receiver: Endpoint) -> tuple[str, ...]:
    """Return what is asked of each of its addresses."""
    return (*CHECKS, *receiver.services)


def wanted_of(sender: Endpoint, kind: str) -> str:
    """Return what shall become of frames of a kind that nobody may hear, of others nothing."""
    if kind in HALFWAY:
        return _DENIED
    return _GUARDED if sender.guarded and kind.startswith((FORGED, TAG)) else ""


class Evidence:
    """The measurements, by the pair that each piece is about."""

    def __init__(self, measurements: Mapping[str, Measurement]) -> None:
        self._replies: dict[tuple[str, str, str, str], Reply] = {}
        self._sightings: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
        self._observers: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
        self._busy = {name: measurement.busy for name, measurement in measurements.items()}
        self._sent = {name: measurement.sent for name, measurement in measurements.items()}
        for name, measurement in sorted(measurements.items()):
            for reply in measurement.replies:
                self._replies[name, reply.receiver, reply.address, reply.check] = reply
            for seen in measurement.sightings:
                self._sightings[seen.sender, name].append(seen)
                self._observers[seen.sender, seen.receiver, seen.address, seen.kind].append(name)

    def reply(self, sender: str, receiver: str, address: str, check: str) -> Reply | None:
        return self._replies.get((sender, receiver, address, check))

    def busy(self, receiver: str, check: str) -> bool:
        """Say whether something else than the probe has the port of a service there."""
        return check in self._busy.get(receiver, ())

    def attacks(self, sender: Endpoint) -> int:
        """Return how many frames an endpoint sent that something is to stop."""
        return sum(count for kind, count in self._sent.get(sender.name, {}).items() if wanted_of(sender, kind))

    def sightings(self, sender: str, observer: str) -> list[Sighting]:
        return self._sightings.get((sender, observer), [])

    def kinds(self, sender: str, observer: str) -> list[str]:
        """Return the kinds of frames of ``sender`` that arrived at ``observer``."""
        return list(dict.fromkeys(sighting.kind for sighting in self.sightings(sender, observer)))

    def thinned(self, sender: str, observer: str) -> Iterator[tuple[str, int, int]]:
        """Yield the kinds of floods of which a part arrived: how many frames were sent, and how many heard."""
        for seen in self.sightings(sender, observer):
            sent = self._sent.get(sender, {}).get(seen.kind, 0)
            if seen.kind in FLOOD and seen.frames < sent:
                yield seen.kind, sent, seen.frames

    def observers(self, sender: str, receiver: str, address: str, check: str) -> list[str]:
        """Return who saw the request of ``sender`` to ``receiver``: in a switched network, also bystanders."""
        return self._observers.get((sender, receiver, address, check), [])


def faults(
    evidence: Evidence, sender: Endpoint, receiver: Endpoint, permitted: Collection[str] | None
) -> Iterator[Fault]:
    """Yield what is not as it shall be. ``permitted`` is all that shall pass; None: everything within a domain, nothing
    from one to another.
    """
    if sender.domain != receiver.domain and permitted is None:
        yield from _leaks(evidence, sender, receiver)
        return
    yield from _attacks(evidence, sender, receiver, permitted or ())
    if sender.link == receiver.link:
        yield from _losses(evidence, sender.name, receiver.name, permitted)
    yield from _loops_and_strays(evidence, sender, receiver, permitted)
    for address in sender.common_addresses(receiver):
        yield from _oversize(evidence, sender, receiver, address)
        for check in checks_of(receiver):
            if check == FULL_MTU and sender.domain != receiver.domain:
                continue  # a tunnel may be between, which is narrower
            if permitted is not None and unanswered(check, address) in permitted:
                continue
            wanted = permitted is None or said(check, address) in permitted
            yield from (_lost_check if wanted else _passed_check)(evidence, sender.name, receiver.name, address, check)


def _leaks(evidence: Evidence, sender: Endpoint, receiver: Endpoint) -> Iterator[Fault]:
    arrived = set(evidence.kinds(sender.name, receiver.name))
    for address in sender.common_addresses(receiver):
        for check in (TCP, *receiver.services):
            reply = evidence.reply(sender.name, receiver.name, address, check)
            if reply is None:
                yield _fault(UNMEASURED, sender.name, receiver.name, said(check, address), "isolated", "nothing")
            elif reply.answerer == receiver.name:
                arrived.add(check)
    if arrived:
        yield _fault(LEAK, sender.name, receiver.name, _listed(arrived), "isolated", "reachable")


def _attacks(evidence: Evidence, sender: Endpoint, receiver: Endpoint, permitted: Collection[str]) -> Iterator[Fault]:
    kinds = [kind for kind in evidence.kinds(sender.name, receiver.name) if kind not in permitted]
    for wanted in (_GUARDED, _DENIED):
        found = [kind for kind in kinds if wanted_of(sender, kind) == wanted]
        if found:
            yield _fault(LEAK, sender.name, receiver.name, _listed(found), wanted, "delivered")


def _losses(evidence: Evidence, sender: str, receiver: str, permitted: Collection[str] | None) -> Iterator[Fault]:
    proof = {BROADCAST} if permitted is None or BROADCAST in permitted else {*FLOOD} - FLOODED_TO.keys()
    if proof.isdisjoint(evidence.kinds(sender, receiver)):
        yield _fault(UNREACHABLE, sender, receiver, " or ".join(sorted(proof)), "once", "never")
    for kind, sent, heard in evidence.thinned(sender, receiver):
        yield _fault(UNREACHABLE, sender, receiver, kind, f"{sent} times", f"{heard} times: packets get lost")


def _loops_and_strays(
    evidence: Evidence, sending: Endpoint, receiving: Endpoint, permitted: Collection[str] | None
) -> Iterator[Fault]:
    sender, receiver = sending.name, receiving.name
    sightings = evidence.sightings(sender, receiver)
    repeated = {sighting.kind: sighting.copies for sighting in sightings if sighting.copies > 1}
    if repeated:
        measured = f"{max(repeated.values())} times: a loop or a second path"
        yield _fault(DUPLICATE, sender, receiver, _listed(repeated), "once", measured)
    if permitted is None:
        return
    flooded = FLOODED_TO if sending.link == receiving.link else FLOOD  # of which no router passes on any
    strays = {sighting.kind for sighting in sightings if sighting.kind in flooded} - {*permitted}
    addressed = [(one.kind, one.address) for one in sightings if one.kind == ECHO_FRAME or one.kind in HIDDEN]
    strays |= {said(*one) for one in addressed if not _may_hear(receiving, *one, permitted)}
    if strays:
        yield _fault(LEAK, sender, receiver, _listed(strays), _DENIED, "delivered")


def _may_hear(receiving: Endpoint, kind: str, target: str, permitted: Collection[str]) -> bool:
    """Say whether groups let a frame in; one to a neighbour that a switch has not learned yet, it floods."""
    own = receiving.plain_addresses
    heard_as = [target] if target in own else [address for address in own if family(address) == family(target)]
    return any(said(kind, address) in permitted for address in heard_as)


def _passed_check(evidence: Evidence, sender: str, receiver: str, address: str, check: str) -> Iterator[Fault]:
    """Yield what passed and shall not."""
    if check in (ICMP, FULL_MTU):
        delivered = receiver in evidence.observers(sender, receiver, address, check)
    else:
        reply = evidence.reply(sender, receiver, address, check)
        if reply is None:
            yield _check_fault(UNMEASURED, sender, receiver, check, address, _DENIED, "nothing")
            return
        delivered = reply.answerer == receiver or (evidence.busy(receiver, check) and reply.note == ELSEWHERE)
    if delivered:
        yield _check_fault(LEAK, sender, receiver, check, address, _DENIED, "delivered")


def _oversize(evidence: Evidence, sender: Endpoint, receiver: Endpoint, address: str) -> Iterator[Fault]:
    if receiver.name in evidence.observers(sender.name, receiver.name, address, OVER_MTU):
        what = f"icmp of {sender.mtu + 1} bytes to {address}"
        yield _fault(OVERSIZE, sender.name, receiver.name, what, f"refused beyond the MTU of {sender.mtu}", "delivered")


def _lost_check(evidence: Evidence, sender: str, receiver: str, address: str, check: str) -> Iterator[Fault]:
    reply = evidence.reply(sender, receiver, address, check)
    if reply is None:
        yield _check_fault(UNMEASURED, sender, receiver, check, address, "reachable", "nothing")
        return
    reason = (_misdelivered_echo if check in (ICMP, FULL_MTU) else _misdelivered_service)(evidence, sender, reply)
    if reason != _OK:
        yield _check_fault(UNREACHABLE, sender, receiver, check, address, "reachable", f"unreachable ({reason})")


def _misdelivered_service(evidence: Evidence, _sender: str, reply: Reply) -> str:
    if evidence.busy(reply.receiver, reply.check):
        return _OK if reply.note == ELSEWHERE or reply.check.startswith("udp") else reply.note
    if not reply.answered:
        return reply.note
    return _OK if reply.answerer == reply.receiver else f"answered by {reply.answerer}"


def _misdelivered_echo(evidence: Evidence, sender: str, reply: Reply) -> str:
    observers = evidence.observers(sender, reply.receiver, reply.address, reply.check)
    if reply.receiver in observers:
        return _OK if reply.answered else "the request arrived, its reply did not"
    if reply.answered:
        seen = f"; {', '.join(observers)} did" if observers else ""
        return f"answered, but {reply.receiver} never saw the request{seen}"
    return reply.note


def loop(name: str, kinds: Sequence[str]) -> Fault:
    """Return the fault of an endpoint that hears what it sent."""
    return _fault(DUPLICATE, name, name, _listed(kinds), "never to come back", "its own frames again: a loop")


def _check_fault(kind: str, sender: str, receiver: str, check: str, address: str, wanted: str, measured: str) -> Fault:
    return replace(_fault(kind, sender, receiver, f"{check} to {address}", wanted, measured), check=check)


def _fault(kind: str, sender: str, receiver: str, what: str, wanted: str, measured: str) -> Fault:
    return Fault(kind, f"{sender} -> {receiver} {what}: expected {wanted}, measured {measured}")


def _listed(kinds: Iterable[str]) -> str:
    """Return some kinds of frames in words, and how many more there are."""
    ranked = sorted(kinds, key=lambda kind: (_TELLING.get(kind, len(_TELLING)), kind))
    more = len(ranked) - _KINDS_SHOWN
    return ", ".join(ranked[:_KINDS_SHOWN]) + (f" and {more} other kinds of frames" if more > 0 else "")
