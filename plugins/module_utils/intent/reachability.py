# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who shall reach whom, and whether the measurements agree.

Nothing counts as isolated for want of evidence: an endpoint without a measurement, or whose sniffer missed frames or
did not see its own flood leave, leaves its pairs unmeasured, and that is as wrong as a leak. Identity decides, never
an address: an echo was delivered if the endpoint that was meant saw the request and the sender got the reply.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    BROADCAST,
    FLOOD,
    FULL_MTU,
    ICMP,
    OVER_MTU,
    TCP,
    Measurement,
    Reply,
    Sighting,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of

REACHES = "ok-reach"
ISOLATED = "ok-isolated"
LEAK = "leak"
DUPLICATE = "duplicate"
OVERSIZE = "oversize"
UNREACHABLE = "unreachable"
UNMEASURED = "unmeasured"
WRONG = (LEAK, DUPLICATE, OVERSIZE, UNREACHABLE, UNMEASURED)  # the worst first

CHECKS = {ICMP: (ICMP, FULL_MTU), TCP: (TCP,)}  # what proves that a protocol passes
_OK = "ok"
_TELLING = {kind: rank for rank, kind in enumerate((ICMP, TCP, *FLOOD))}  # kinds of frames, the most telling first
_KINDS_SHOWN = 4

Pair = tuple[str, str]  # sender, receiver


@dataclass(frozen=True)
class Endpoint:
    """A port of a tenant, as the intent's compiler lists it."""

    name: str  # tenant.port
    network: str  # tenant.network
    hypervisor: str
    mac: str
    addresses: tuple[str, ...]  # with prefix length
    mtu: int  # bytes

    def common_addresses(self, receiver: Endpoint) -> list[str]:
        """Return the receiver's addresses of families that this endpoint has too."""
        versions = {":" in address for address in self.addresses}
        return [address.partition("/")[0] for address in receiver.addresses if (":" in address) in versions]


@dataclass(frozen=True)
class Fault:
    kind: str  # one of WRONG
    words: str


@dataclass(frozen=True)
class Cell:
    """An ordered pair: a sender, a receiver, and what is wrong between them."""

    sender: str
    receiver: str
    state: str
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Verdict:
    cells: tuple[Cell, ...]
    ailments: Mapping[str, str]  # endpoint: why its measurement proves little

    @property
    def wrong(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state in WRONG]

    def counts(self) -> dict[str, int]:
        """Return how many pairs are in each state that occurs."""
        counted = Counter(cell.state for cell in self.cells)
        return {state: counted[state] for state in (REACHES, ISOLATED, *WRONG) if counted[state]}


def parse_endpoints(values: Sequence[Mapping[str, Any]]) -> tuple[Endpoint, ...]:
    """Take what is needed here from the endpoints that the intent action returned; InvalidInput if it is not there."""
    faults = Faults()
    for index, value in enumerate(values):
        for key in {"name", "network", "hypervisor", "mac", "addresses", "mtu"} - value.keys():
            faults.add(path_of("endpoints", index, key), "missing; pass what tenantry.sdn.intent returned")
    faults.raise_any()
    return tuple(
        Endpoint(
            name=str(value["name"]),
            network=str(value["network"]),
            hypervisor=str(value["hypervisor"]),
            mac=str(value["mac"]),
            addresses=tuple(map(str, value["addresses"])),
            mtu=int(value["mtu"]),
        )
        for value in values
    )


def expected(endpoints: Sequence[Endpoint]) -> dict[Pair, frozenset[str]]:
    """Return the protocols by which each endpoint shall reach each other one; none means isolated."""
    return {
        (sender.name, receiver.name): frozenset(CHECKS) if sender.network == receiver.network else frozenset()
        for sender in endpoints
        for receiver in endpoints
        if sender is not receiver
    }


def judge(endpoints: Sequence[Endpoint], measurements: Mapping[str, Measurement]) -> Verdict:
    """Compare what was measured with what shall be, for every ordered pair."""
    named = {endpoint.name: endpoint for endpoint in endpoints}
    ailments = {name: ailment for name in named if (ailment := _ailment(measurements.get(name)))}
    evidence = _Evidence(measurements)
    cells = []
    for (sender, receiver), protocols in expected(endpoints).items():
        good = REACHES if protocols else ISOLATED
        missing = not measurements.keys() >= {sender, receiver}
        faults = () if missing else tuple(_faults(evidence, named[sender], named[receiver], protocols))
        if missing or (good == ISOLATED and not faults and not ailments.keys().isdisjoint((sender, receiver))):
            cells.append(Cell(sender, receiver, UNMEASURED))
        else:
            cells.append(Cell(sender, receiver, _worst(faults) or good, faults))
    cells += [_came_back(name, kinds) for name in named if (kinds := evidence.kinds(name, name))]
    return Verdict(tuple(cells), ailments)


def _ailment(measurement: Measurement | None) -> str:
    if measurement is None:
        return "nothing was measured here; see its failed task above, or whether the host is reachable"
    if measurement.lost:
        return f"its sniffer missed {measurement.lost} frames because too many came at once; verify again"
    for kind in {**dict.fromkeys(FLOOD, 0), **measurement.sent}:
        sent, departed = measurement.sent.get(kind, 0), measurement.departed.get(kind, 0)
        if not sent or departed < sent:
            return f"only {departed} of its {sent} '{kind}' frames were seen to leave {measurement.interface}"
    return ""


def _worst(faults: Iterable[Fault]) -> str:
    return min((fault.kind for fault in faults), key=WRONG.index, default="")


class _Evidence:
    """The measurements, by the pair that each piece is about."""

    def __init__(self, measurements: Mapping[str, Measurement]) -> None:
        self._replies: dict[tuple[str, str, str, str], Reply] = {}
        self._sightings: dict[Pair, list[Sighting]] = defaultdict(list)
        self._observers: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
        for name, measurement in sorted(measurements.items()):
            for reply in measurement.replies:
                self._replies[name, reply.receiver, reply.address, reply.check] = reply
            for seen in measurement.sightings:
                self._sightings[seen.sender, name].append(seen)
                self._observers[seen.sender, seen.receiver, seen.address, seen.kind].append(name)

    def reply(self, sender: str, receiver: str, address: str, check: str) -> Reply | None:
        return self._replies.get((sender, receiver, address, check))

    def sightings(self, sender: str, observer: str) -> list[Sighting]:
        return self._sightings.get((sender, observer), [])

    def kinds(self, sender: str, observer: str) -> list[str]:
        """Return the kinds of frames of ``sender`` that arrived at ``observer``."""
        return list(dict.fromkeys(sighting.kind for sighting in self.sightings(sender, observer)))

    def observers(self, sender: str, receiver: str, address: str, check: str) -> list[str]:
        """Return who saw the request of ``sender`` to ``receiver``: in a switched network, also bystanders."""
        return self._observers.get((sender, receiver, address, check), [])


def _faults(evidence: _Evidence, sender: Endpoint, receiver: Endpoint, protocols: frozenset[str]) -> Iterator[Fault]:
    if sender.network == receiver.network:
        yield from _loops_and_losses(evidence, sender.name, receiver.name)
        for address in sender.common_addresses(receiver):
            yield from _oversize(evidence, sender, receiver, address)
            for check in (check for protocol in CHECKS if protocol in protocols for check in CHECKS[protocol]):
                yield from _lost_check(evidence, sender.name, receiver.name, address, check)
        return
    arrived = set(evidence.kinds(sender.name, receiver.name))
    for address in sender.common_addresses(receiver):
        reply = evidence.reply(sender.name, receiver.name, address, TCP)
        if reply is None:
            yield _fault(UNMEASURED, sender.name, receiver.name, f"{TCP} to {address}", "isolated", "nothing")
        elif reply.answerer == receiver.name:
            arrived.add(TCP)
    if arrived:
        yield _fault(LEAK, sender.name, receiver.name, _listed(arrived), "isolated", "reachable")


def _loops_and_losses(evidence: _Evidence, sender: str, receiver: str) -> Iterator[Fault]:
    sightings = evidence.sightings(sender, receiver)
    if all(seen.kind != BROADCAST for seen in sightings):
        yield _fault(UNREACHABLE, sender, receiver, BROADCAST, "once", "never")
    repeated = {seen.kind: seen.copies for seen in sightings if seen.copies > 1}
    if repeated:
        measured = f"{max(repeated.values())} times: a loop or a second path"
        yield _fault(DUPLICATE, sender, receiver, _listed(repeated), "once", measured)


def _oversize(evidence: _Evidence, sender: Endpoint, receiver: Endpoint, address: str) -> Iterator[Fault]:
    if receiver.name in evidence.observers(sender.name, receiver.name, address, OVER_MTU):
        what = f"icmp of {sender.mtu + 1} bytes to {address}"
        yield _fault(OVERSIZE, sender.name, receiver.name, what, f"refused beyond the MTU of {sender.mtu}", "delivered")


def _lost_check(evidence: _Evidence, sender: str, receiver: str, address: str, check: str) -> Iterator[Fault]:
    what = f"{check} to {address}"
    reply = evidence.reply(sender, receiver, address, check)
    if reply is None:
        yield _fault(UNMEASURED, sender, receiver, what, "reachable", "nothing")
        return
    reason = (_misdelivered_tcp if check == TCP else _misdelivered_echo)(evidence, sender, reply)
    if reason != _OK:
        yield _fault(UNREACHABLE, sender, receiver, what, "reachable", f"unreachable ({reason})")


def _misdelivered_tcp(_evidence: _Evidence, _sender: str, reply: Reply) -> str:
    if not reply.answered:
        return reply.note
    return _OK if reply.answerer == reply.receiver else f"answered by {reply.answerer}"


def _misdelivered_echo(evidence: _Evidence, sender: str, reply: Reply) -> str:
    observers = evidence.observers(sender, reply.receiver, reply.address, reply.check)
    if reply.receiver in observers:
        return _OK if reply.answered else "the request arrived, its reply did not"
    if reply.answered:
        seen = f"; {', '.join(observers)} did" if observers else ""
        return f"answered, but {reply.receiver} never saw the request{seen}"
    return reply.note


def _came_back(name: str, kinds: Sequence[str]) -> Cell:
    fault = _fault(DUPLICATE, name, name, _listed(kinds), "never to come back", "its own frames again: a loop")
    return Cell(name, name, DUPLICATE, (fault,))


def _fault(kind: str, sender: str, receiver: str, what: str, wanted: str, measured: str) -> Fault:
    return Fault(kind, f"{sender} -> {receiver} {what}: expected {wanted}, measured {measured}")


def _listed(kinds: Iterable[str]) -> str:
    """Return some kinds of frames in words, and how many more there are."""
    ranked = sorted(kinds, key=lambda kind: (_TELLING.get(kind, len(_TELLING)), kind))
    more = len(ranked) - _KINDS_SHOWN
    return ", ".join(ranked[:_KINDS_SHOWN]) + (f" and {more} other kinds of frames" if more > 0 else "")
