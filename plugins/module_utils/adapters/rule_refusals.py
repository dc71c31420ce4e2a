# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a change of rules, found when a task plans, so that check mode says it too."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iptables import Iptables
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import Wanted, in_family
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_change import Change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_references import (
    refuse_held,
    refuse_strange_targets,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import (
    Listing,
    jump_text,
    rule_text,
    target_of,
    without_sets,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import is_chain_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults


def refuse(
    programs: Mapping[str, Iptables],
    wanted: Wanted,
    listings: Mapping[str, Listing],
    changes: Mapping[str, Change],
) -> None:
    """Raise InvalidInput or OwnershipError for what cannot be done in one of the families, before it is in another."""
    faults = Faults()
    for family, change in changes.items():
        refuse_strange_targets(faults, wanted, listings[family], change)
    faults.raise_any()
    for family, change in changes.items():
        refuse_held(wanted.table, listings[family], change, programs[family].program)
    for family, change in changes.items():
        if change.lines:
            _refuse_what_the_kernel_does(faults, programs[family], wanted, family)
    faults.raise_any()


def _refuse_what_the_kernel_does(faults: Faults, program: Iptables, wanted: Wanted, family: str) -> None:
    """Record the first rule that it does not take, of those that the task says; those that stay it has taken."""
    places = _places(wanted, family)
    targets = {target for target in map(target_of, places) if is_chain_name(target)}
    refusal = program.refused(sorted({chain.name for chain in wanted.chains} | targets), list(places))
    if refusal:
        line, said = refusal
        what = f"the kernel does not take '{line}': {said}; change it, or load the module it lacks"
        faults.add(places.get(line, "table"), what)


def _places(wanted: Wanted, family: str) -> dict[str, str]:
    """Return the lines that make the rules of the task, and where in it each is from."""
    lines = [(chain.name, rule, rule_text) for chain in wanted.chains for rule in chain.rules or ()]
    lines += [(jump.chain, jump.rule, jump_text) for jump in wanted.jumps or ()]
    return {
        f"-A {chain} {without_sets(text_of(rule, family))}": rule.path.rstrip(".")
        for chain, rule, text_of in lines
        if in_family(rule, family)
    }
