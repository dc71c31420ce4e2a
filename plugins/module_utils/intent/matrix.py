# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of a verdict as text for a person: who reaches whom, at a glance.

Rows send, columns receive. Where the endpoints do not fit the line, each network is a row and a column, and shows
the worst of its pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import UNMEASURED, WRONG
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import (
    ISOLATED,
    PARTLY,
    REACHES,
    Cell,
    Verdict,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import listed

COLUMNS = 100
WORDS = 20  # wrong cells that are put into words
_MEMBERS = 10  # of load balancers that are named
WRONG_CELL = "wrong"
_NONE = "none"  # no such pair: an endpoint and itself
_COLOURS = {  # ANSI: ECMA-48, SGR
    **{REACHES: "32", PARTLY: "36", ISOLATED: "90"},
    **{WRONG_CELL: "1;31", UNMEASURED: "33", "heading": "1"},
}
_MEANINGS = {
    REACHES: "reaches",
    PARTLY: "as far as groups allow",
    ISOLATED: "isolated, as wanted",
    WRONG_CELL: "WRONG",
    UNMEASURED: "not measured",
}
_ALWAYS = (REACHES, ISOLATED, WRONG_CELL, UNMEASURED)  # are in the legend, whether they occur or not


@dataclass(frozen=True)
class Style:
    colour: bool
    unicode: bool

    def paint(self, text: str, what: str) -> str:
        return f"\033[{_COLOURS[what]}m{text}\033[0m" if self.colour and what in _COLOURS else text

    def symbol(self, state: str) -> str:
        symbols = ("●", "◐", "·", "✗", "?", " ") if self.unicode else ("o", "%", ".", "X", "?", " ")
        return symbols[(REACHES, PARTLY, ISOLATED, WRONG_CELL, UNMEASURED, _NONE).index(state)]

    @property
    def border(self) -> str:
        return "│" if self.unicode else "|"

    def arrow(self, words: str) -> str:
        return words.replace("->", "→") if self.unicode else words


@dataclass(frozen=True)
class _Table:
    """Rows and columns alike: labels in groups, and what is known of each pair of them."""

    groups: Mapping[str, Sequence[str]]  # heading: labels
    notes: Mapping[str, str]  # label: what is written beside it
    states: Mapping[tuple[str, str], str]

    @property
    def labels(self) -> list[str]:
        return [label for labels in self.groups.values() for label in labels]

    @property
    def stub_width(self) -> int:
        widths = [len(label) + len(self.notes[label]) + 8 for label in self.labels]
        return max([*widths, *(len(heading) + 2 for heading in self.groups)])

    def cell_width(self) -> int:
        """Return the widest that a cell can be within the line; 0 if there is no room."""
        room = COLUMNS - self.stub_width - 3 * len(self.groups)
        return next((width for width in (5, 4, 3) if self.labels and width * len(self.labels) <= room), 0)


def render(
    endpoints: Sequence[Endpoint], verdict: Verdict, heading: str, style: Style, groups: Sequence[str] = ()
) -> str:
    """Return the whole report: heading, matrix, legend, the wrong cells in words, and a line that sums up."""
    fitting = [table for table in _tables(endpoints, verdict) if table.cell_width()]
    lines = [style.paint(heading, "heading"), ""]
    lines += _matrix(fitting[0], style) if fitting else ["The networks do not fit a matrix of this width."]
    lines += [
        *groups,
        "",
        _legend(style, verdict),
        *(style.arrow(line) for line in in_words(verdict, WORDS)),
        *_attacks(verdict),
        *_unseen(verdict),
        summary(verdict),
    ]
    lines[-1] = style.paint(lines[-1], WRONG_CELL if verdict.wrong or verdict.ailments else REACHES)
    return "\n".join(line.rstrip() for line in lines)


def in_words(verdict: Verdict, limit: int) -> list[str]:
    """Return a line for each thing that is wrong, the worst first, at most ``limit`` and one that counts the rest."""
    cells = sorted(verdict.wrong, key=lambda cell: WRONG.index(cell.state))
    lines = [fault.words for cell in cells for fault in cell.faults]
    lines = [f"{name}: {ailment}" for name, ailment in sorted(verdict.ailments.items())] + lines
    return lines[:limit] + [f"... and {len(lines) - limit:,} more"] * (len(lines) > limit)


def summary(verdict: Verdict) -> str:
    """Return one line: how many pairs are right, and how many are wrong in which way."""
    counts = verdict.counts()
    wrong = ", ".join(f"{counts[state]:,} {state}" for state in WRONG if state in counts)
    partly = f"{counts[PARTLY]:,} as far as groups allow, " if PARTLY in counts else ""
    good = f"{counts.get(REACHES, 0):,} reach, {partly}{counts.get(ISOLATED, 0):,} isolated"
    pairs = sum(cell.sender != cell.receiver for cell in verdict.cells)  # frames that came back are no pair
    return f"{pairs:,} pairs: {good}, {len(verdict.wrong):,} wrong{f' ({wrong})' if wrong else ''}."


def _attacks(verdict: Verdict) -> Iterator[str]:
    """Yield what is said of attacks, if there were any. What came of them is in the cells."""
    if verdict.attacks:
        frames, attackers = sum(verdict.attacks.values()), len(verdict.attacks)
        yield f"Attacks: {frames:,} frames from {attackers:,} endpoints, beside honest ones."


def _unseen(verdict: Verdict) -> Iterator[str]:
    """Yield what is said of members that nobody was led to, or that have no name to answer with."""
    if verdict.unseen:
        members = [f"{name} at {balancer}" for balancer, names in sorted(verdict.unseen.items()) for name in names]
        yield f"Not measured of load balancers, whether these answer: {listed(members, _MEMBERS)}."


def _tables(endpoints: Sequence[Endpoint], verdict: Verdict) -> Iterator[_Table]:
    """Yield the table of all endpoints, then that of all networks, then that of the networks with a wrong cell."""
    network_of = {endpoint.name: endpoint.network for endpoint in endpoints}
    ordered = sorted(endpoints, key=lambda endpoint: (endpoint.network, endpoint.name))
    members = {network: [item.name for item in its] for network, its in groupby(ordered, lambda item: item.network)}
    hypervisors = {endpoint.name: endpoint.hypervisor for endpoint in endpoints}
    yield _Table(members, hypervisors, {(cell.sender, cell.receiver): _shown(cell) for cell in verdict.cells})
    by_pair: dict[tuple[str, str], set[str]] = {}
    for cell in verdict.cells:
        by_pair.setdefault((network_of[cell.sender], network_of[cell.receiver]), set()).add(_shown(cell))
    states = {pair: _most_telling(shown) for pair, shown in by_pair.items()}
    sizes = {network: f"{len(names)} endpoints" for network, names in members.items()}
    yield _Table({"networks": list(members)}, sizes, states)
    wrong = {network for pair, state in states.items() if state in (WRONG_CELL, UNMEASURED) for network in pair}
    yield _Table({"networks with wrong pairs": sorted(wrong)}, sizes, states)


def _shown(cell: Cell) -> str:
    return WRONG_CELL if cell.state in WRONG and cell.state != UNMEASURED else cell.state


def _most_telling(states: Iterable[str]) -> str:
    return min(states, key=(WRONG_CELL, UNMEASURED, PARTLY, REACHES, ISOLATED).index)


def _matrix(table: _Table, style: Style) -> Iterator[str]:
    numbers = {label: number for number, label in enumerate(table.labels, 1)}
    stub, width = " " * table.stub_width, table.cell_width()
    if len(table.groups) > 1:
        yield stub + _row([[_cut(name, width * len(labels), style)] for name, labels in table.groups.items()], style)
    numbered = [[str(numbers[label]).center(width) for label in labels] for labels in table.groups.values()]
    yield stub + _row(numbered, style)
    for heading, senders in table.groups.items():
        yield style.paint(heading, "heading")
        for sender in senders:
            space = table.stub_width - len(sender) - len(table.notes[sender]) - 6
            label = f"{numbers[sender]:>4} {sender}{' ' * space}{style.paint(table.notes[sender], ISOLATED)} "
            yield label + _row(_cells(table, sender, style), style)


def _cells(table: _Table, sender: str, style: Style) -> list[list[str]]:
    def cell(receiver: str) -> str:
        state = table.states.get((sender, receiver), _NONE)
        return style.paint(style.symbol(state).center(table.cell_width()), state)

    return [[cell(receiver) for receiver in receivers] for receivers in table.groups.values()]


def _row(groups: Sequence[Sequence[str]], style: Style) -> str:
    return "".join(f"{style.border} {''.join(cells)} " for cells in groups)


def _cut(text: str, width: int, style: Style) -> str:
    mark = "…" if style.unicode else "~"
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}{mark}"


def _legend(style: Style, verdict: Verdict) -> str:
    shown = {*_ALWAYS, *map(_shown, verdict.cells)}
    meanings = [(state, meaning) for state, meaning in _MEANINGS.items() if state in shown]
    return (
        "   ".join(f"{style.paint(style.symbol(state), state)} {meaning}" for state, meaning in meanings)
        + "   (rows send, columns receive)"
    )
