# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who shall reach whom, and whether the measurements agree.

Nothing counts as isolated for want of evidence: an endpoint without a measurement, or whose sniffer missed frames or
did not see its own flood leave, leaves its pairs unmeasured, and that is as wrong as a leak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import (
    DUPLICATE,
    UNMEASURED,
    WRONG,
    Evidence,
    Fault,
    checks_of,
    faults,
    loop,
    said,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import FLOOD, Measurement

REACHES = "ok-reach"
PARTLY = "ok-partly"  # as far as security groups allow
ISOLATED = "ok-isolated"

Permitted = Mapping[str, Mapping[str, Collection[str]]]  # sender, receiver: what shall pass, if not everything


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
    attacks: Mapping[str, int] = field(default_factory=dict)  # endpoint: frames that it sent and nobody may hear
    unseen: Mapping[str, Sequence[str]] = field(default_factory=dict)  # load balancer: members that nobody measures

    @property
    def wrong(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state in WRONG]

    def counts(self) -> dict[str, int]:
        """Return how many pairs are in each state that occurs."""
        counted = Counter(cell.state for cell in self.cells)
        return {state: counted[state] for state in (REACHES, PARTLY, ISOLATED, *WRONG) if counted[state]}


def expected(sender: Endpoint, receiver: Endpoint, permitted: Collection[str] | None) -> str:
    """Return how a pair shall be."""
    if sender.domain != receiver.domain and permitted is None:
        return ISOLATED
    asked = {said(check, address) for address in sender.common_addresses(receiver) for check in checks_of(receiver)}
    if permitted is None or asked.issubset(permitted):
        return REACHES
    return ISOLATED if asked.isdisjoint(permitted) else PARTLY


def judge(
    endpoints: Sequence[Endpoint], measurements: Mapping[str, Measurement], permitted: Permitted | None = None
) -> Verdict:
    """Compare what was measured with what shall be, for every ordered pair."""
    ailments = {item.name: ailment for item in endpoints if (ailment := _ailment(measurements.get(item.name)))}
    evidence = Evidence(measurements)
    cells = []
    for sender, receiver in _pairs(endpoints):
        names = sender.name, receiver.name
        passing = (permitted or {}).get(sender.name, {}).get(receiver.name)
        good = expected(sender, receiver, passing)
        missing = not measurements.keys() >= {*names}
        found = () if missing else tuple(faults(evidence, sender, receiver, passing))
        if missing or (good != REACHES and not found and not ailments.keys().isdisjoint(names)):
            cells.append(Cell(*names, UNMEASURED))
        else:
            cells.append(Cell(*names, _worst(found) or good, found))
    for item in endpoints:
        returned = evidence.kinds(item.name, item.name)
        if returned:
            cells.append(Cell(item.name, item.name, DUPLICATE, (loop(item.name, returned),)))
    attacks = {item.name: evidence.attacks(item) for item in endpoints}
    return Verdict(tuple(cells), ailments, {name: count for name, count in attacks.items() if count})


def _pairs(endpoints: Sequence[Endpoint]) -> Iterator[tuple[Endpoint, Endpoint]]:
    return ((sender, receiver) for sender in endpoints for receiver in endpoints if sender is not receiver)


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


def _worst(found: Iterable[Fault]) -> str:
    return min((fault.kind for fault in found), key=WRONG.index, default="")
