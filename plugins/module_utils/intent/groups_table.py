# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups as text for a person: what was measured between the members of which, and whether it agrees.

A row is all pairs of a domain whose ends are in the same groups; a column is what they were asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import WRONG, checks_of, said
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.matrix import WRONG_CELL, Style
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import (
    ISOLATED,
    PARTLY,
    REACHES,
    Permitted,
    Verdict,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import FULL_MTU, ICMP, TCP

ROWS = 40  # of all networks together
_HEADINGS = {ICMP: "ping", TCP: "other tcp"}
_GAP = "  "


class _Row(NamedTuple):
    domain: str
    checks: tuple[str, ...]  # what each of its receivers was asked for
    label: str  # of the groups
    pairs: list[tuple[Endpoint, Endpoint]]


def groups_table(endpoints: Sequence[Endpoint], verdict: Verdict, permitted: Permitted, style: Style) -> Iterator[str]:
    """Yield the lines; none if nothing was judged."""
    rows = _rows(endpoints, permitted)
    width = max((len(row.label) for row in rows), default=0)
    wrong = {
        (cell.sender, cell.receiver): {fault.check or cell.state for fault in cell.faults} or {cell.state}
        for cell in verdict.wrong
    }
    for (domain, checks), alike in groupby(rows[:ROWS], lambda row: (row.domain, row.checks)):
        heads = [_HEADINGS.get(check, check) for check in checks]
        yield ""
        yield style.paint(f"{domain}, by security groups", "heading")
        yield f"  {'':{width}}{_GAP}{_GAP.join(heads)}"
        for row in alike:
            states = [_state(row, check, permitted, wrong) for check in checks]
            cells = [style.paint(style.symbol(state).center(len(head)), state) for state, head in zip(states, heads)]
            yield f"  {style.arrow(row.label.ljust(width))}{_GAP}{_GAP.join(cells)}"
    if len(rows) > ROWS:
        yield f"... and {len(rows) - ROWS:,} more"


def _rows(endpoints: Sequence[Endpoint], permitted: Permitted) -> list[_Row]:
    found: dict[tuple[str, tuple[str, ...], str], list[tuple[Endpoint, Endpoint]]] = defaultdict(list)
    for sender in endpoints:
        for receiver in endpoints:
            if (sender.judged or receiver.judged) and receiver.name in permitted.get(sender.name, ()):
                checks = tuple(check for check in checks_of(receiver) if check != FULL_MTU)
                found[sender.domain, checks, f"{_groups(sender)} -> {_groups(receiver)}"].append((sender, receiver))
    return [_Row(*key, pairs) for key, pairs in sorted(found.items())]


def _groups(endpoint: Endpoint) -> str:
    if endpoint.groups is None:
        return "(no port security)"
    names = "+".join(endpoint.groups) or "(no group)"
    return (
        names if endpoint.domain.startswith(f"{endpoint.tenant}.") else f"{endpoint.tenant}.{names}"
    )  # among other tenants' ones


def _state(row: _Row, check: str, permitted: Permitted, wrong: Mapping[tuple[str, str], Collection[str]]) -> str:
    """Return how the pairs of a row are to what they were asked for."""
    passing = set()
    for sender, receiver in row.pairs:
        faults = wrong.get((sender.name, receiver.name), ())
        if not {check, *WRONG}.isdisjoint(faults):
            return WRONG_CELL
        allowed = permitted[sender.name][receiver.name]
        passing |= {said(check, address) in allowed for address in sender.common_addresses(receiver)}
    return PARTLY if len(passing) > 1 else REACHES if passing == {True} else ISOLATED
