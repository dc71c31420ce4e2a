# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table becomes, and the one text by which iptables-restore makes it so, all of it or nothing.

A chain that differs is replaced whole. A jump is a rule of one of the kernel's own chains that leads to one of ours;
where these differ, ours are taken out by what they are, never by their number, and put in anew. No rule of anybody else
is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import POSITIONS, TABLES, Wanted, in_family
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import (
    Listing,
    is_jump_of_a_task,
    jump_text,
    normal,
    rule_text,
    target_of,
)

Texts = tuple[str, ...]
State = Mapping[tuple[str, ...], Texts]  # by ("chain", name) or ("jumps", chain of the kernel)


class Change(NamedTuple):
    """One family's table as it is and as it shall be, as far as it is ours."""

    actual: State
    desired: State
    lines: Sequence[str]  # for iptables-restore; none if nothing differs
    gone: Collection[str]  # chains that are to go


def change(wanted: Wanted, family: str, listing: Listing) -> Change:
    """Return what a table is and shall be. The places of jumps are part of it."""
    rules = {chain.name: chain.rules for chain in wanted.chains if chain.present}
    ours = {chain.name for chain in wanted.chains}
    if wanted.mark is not None:
        ours |= {name for name in listing.chains if name.startswith(wanted.mark)}
    actual = {name: tuple(map(normal, listing.chains[name])) for name in sorted(ours) if name in listing.chains}
    desired = {
        name: actual.get(name, ())
        if given is None
        else tuple(rule_text(rule, family) for rule in given if in_family(rule, family))
        for name, given in rules.items()
    }
    gone = sorted(set(actual) - set(desired))
    lines = list(_chain_lines(actual, desired, gone))
    before: dict[tuple[str, ...], Texts] = {("chain", name): texts for name, texts in actual.items()}
    after: dict[tuple[str, ...], Texts] = {("chain", name): texts for name, texts in desired.items()}
    for builtin in TABLES[wanted.table]:
        there = listing.builtin.get(builtin, ())
        removed, first, last = _jumps(wanted, family, builtin, there, ours, gone)
        left = list(there)
        for rule in removed:
            left.remove(rule)
        lines += [f"-D {builtin} {rule}" for rule in removed]
        lines += [f"-I {builtin} {number} {rule}" for number, rule in enumerate(first, 1)]
        lines += [f"-A {builtin} {rule}" for rule in last]
        for state, rules_of_it in ((before, there), (after, [*first, *left, *last])):
            numbered = _numbered(rules_of_it, ours)
            if numbered:
                state["jumps", builtin] = numbered
    return Change(before, after, [*lines, *(f"-X {name}" for name in gone)], gone)


def _chain_lines(actual: Mapping[str, Texts], desired: Mapping[str, Texts], gone: Sequence[str]) -> Iterator[str]:
    """Empty what differs, making it where it is not there yet, and fill it; rules may refer to any of these chains."""
    differing = [name for name, texts in desired.items() if actual.get(name) != texts]
    yield from (f":{name} - [0:0]" for name in differing)
    yield from (f"-F {name}" for name in gone)
    yield from (f"-A {name} {text}" for name in differing for text in desired[name])


def _jumps(
    wanted: Wanted, family: str, builtin: str, there: Sequence[str], ours: Collection[str], gone: Collection[str]
) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Return which jumps are taken out of one of the kernel's chains, and which put in at its start and its end."""
    if wanted.jumps is None:
        return [rule for rule in there if target_of(rule) in gone], [], []
    come = [jump for jump in wanted.jumps if jump.chain == builtin and in_family(jump.rule, family)]
    first, last = (
        [jump_text(jump.rule, family) for jump in come if jump.position == position] for position in POSITIONS
    )
    if _are_in_place(there, first, last, ours):
        return [], [], []
    return [rule for rule in there if target_of(rule) in ours], first, last


def _are_in_place(there: Sequence[str], first: Sequence[str], last: Sequence[str], ours: Collection[str]) -> bool:
    """Say whether our jumps are there, and but jumps of other tasks nothing before the first or behind the last."""
    places = [number for number, rule in enumerate(there) if target_of(rule) in ours]
    if [normal(there[number]) for number in places] != [*first, *last]:
        return False
    before = places[len(first) - 1] if first else 0
    behind = places[len(first)] if last else len(there)
    return all(is_jump_of_a_task(rule) for number, rule in enumerate(there) if number < before or number > behind)


def _numbered(rules: Sequence[str], ours: Collection[str]) -> Texts:
    return tuple(f"{number}: {normal(rule)}" for number, rule in enumerate(rules, 1) if target_of(rule) in ours)
