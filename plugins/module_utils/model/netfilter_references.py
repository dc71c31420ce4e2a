# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains that rules lead to: they must be there, not lead in a circle, and not be led to by others when they go."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import Wanted, is_chain
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_change import Change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import Listing, target_of
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, shown

_MOST_NAMED = 3  # rules that a message quotes


def refuse_strange_targets(faults: Faults, wanted: Wanted, listing: Listing, change: Change) -> None:
    """Record rules that lead to a chain that is not there, or is to go, or in a circle."""
    there = (set(listing.chains) | {chain.name for chain in wanted.chains if chain.present}) - set(change.gone)
    for rule in wanted.rules():
        if is_chain(rule.target) and rule.target not in there:
            what = "is to go" if rule.target in change.gone else f"is no chain of table {wanted.table}"
            option = "goto" if rule.goto else "target"
            faults.add(f"{rule.path}{option}", f"{shown(rule.target)} {what}; write one that is there or listed")
    graph = {name: set(map(target_of, rules)) for name, rules in listing.chains.items()}
    graph.update({key[1]: set(map(target_of, rules)) for key, rules in change.desired.items() if key[0] == "chain"})
    for chain in wanted.chains:
        circle = chain.present and _circle(graph, chain.name)
        if circle:
            what = f"leads back to itself, by {' - '.join(circle)}, which the kernel refuses"
            faults.add(f"{chain.path}name", f"{what}; take one of these jumps out")


def _circle(graph: Mapping[str, Collection[str]], start: str) -> list[str]:
    """Return the way from a chain back to it."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop(0)
        for target in sorted(graph.get(way[-1], ())):
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


def refuse_held(table: str, listing: Listing, change: Change, program: str) -> None:
    """Raise OwnershipError for chains that are to go while rules that stay lead to them."""
    faults = []
    staying = {
        chain: change.desired.get(("chain", chain), rules)
        for chain, rules in listing.chains.items()
        if chain not in change.gone
    }
    for name in change.gone:
        holders = [
            f"'{program} -t {table} -A {chain} {rule}'"
            for chain, rules in staying.items()
            for rule in rules
            if target_of(rule) == name
        ]
        left = [f"{len(holders) - _MOST_NAMED} more"] if len(holders) > _MOST_NAMED else []
        if holders:
            named = "; ".join(holders[:_MOST_NAMED] + left)
            faults.append(f"chain {name}: it cannot be removed while rules lead to it: {named}; remove these first")
    if faults:
        raise OwnershipError(faults)
