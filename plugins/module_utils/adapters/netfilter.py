# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains and jumps of iptables on a host, as reconcile sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ipset import Ipset
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iptables import Iptables
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, ConflictError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import Listing as SetListing
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import Wanted
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_change import Change, Texts, change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import Listing
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

RulesPlan = Plan[tuple[str, str, str], Texts]  # by (family, "chain" or "jumps", name)


class Rules:
    """Backend of a table's chains, in each family by the program of that family.

    ``coming`` are sets that are not there yet, and will be when this is done in earnest.
    """

    def __init__(
        self, programs: Mapping[str, Iptables], wanted: Wanted, coming: Mapping[str, SetListing] | None = None
    ) -> None:
        self._programs = programs
        self._wanted = wanted
        self._coming = coming or {}
        self._listings: Mapping[str, Listing] = {}
        self.changes: Mapping[str, Change] = {}  # by family

    def plan(self) -> RulesPlan:
        self._listings = {family: program.listing() for family, program in self._programs.items()}
        self._refuse_doubles()
        wanted = self._with_sets()
        self.changes = {family: change(wanted, family, self._listings[family]) for family in wanted.families}
        if any(one.lines for one in self.changes.values()):
            # Imported when there is something to do: a host compiles what a module imports anew in each run.
            from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import rule_refusals

            rule_refusals.refuse(self._programs, wanted, self._listings, self.changes)
        return RulesPlan.between(
            {(family, *key): value for family, one in self.changes.items() for key, value in one.actual.items()},
            {(family, *key): value for family, one in self.changes.items() for key, value in one.desired.items()},
        )

    def apply(self, plan: RulesPlan) -> None:
        """Make the changes that were last planned, in one call for each family, once all of them have been tested."""
        changing = {family: one.lines for family, one in self.changes.items() if one.lines}
        for only_test in (True, False):
            for family, lines in changing.items():
                try:
                    self._programs[family].change(lines, only_test)
                except BackendError as error:
                    if self._programs[family].listing() != self._listings[family]:
                        raise ConflictError(error.message) from None
                    raise

    def counts(self) -> dict[str, dict[str, int]]:
        """Return for each family how many rules each wanted chain has, or would have."""
        return {
            family: {name: len(texts) for (kind, name), texts in sorted(one.desired.items()) if kind == "chain"}
            for family, one in self.changes.items()
        }

    def _refuse_doubles(self) -> None:
        """Refuse chains that the other backend has as well: packets would pass through both."""
        faults = []
        names = {chain.name for chain in self._wanted.chains}
        for program in self._programs.values():
            for name in program.elsewhere().chains:
                if name in names or self._is_marked(name):
                    what = f"is there by {program.other}, and this task is of {program.program}"
                    faults.append(f"chain {name}: {what}; remove it there, or set backend to the one that has it")
        if faults:
            raise OwnershipError(faults)

    def _is_marked(self, name: str) -> bool:
        return self._wanted.mark is not None and name.startswith(self._wanted.mark)

    def _with_sets(self) -> Wanted:
        if not any(rule.sets for rule in self._wanted.rules()):
            return self._wanted
        from ansible_collections.tenantry.sdn.plugins.module_utils.model import netfilter_sets

        faults = Faults()
        wanted = netfilter_sets.with_families(faults, self._wanted, {**Ipset().listing(), **self._coming})
        faults.raise_any()
        return wanted


def diff(plan: RulesPlan) -> dict[str, Any]:
    """Return Ansible's diff: of each family the chains and jumps that differ, as iptables-save prints them."""
    sides: dict[str, dict[str, Any]] = {"before": {}, "after": {}}
    for side, values in (("before", plan.before), ("after", plan.after)):
        for (family, kind, name), texts in sorted(values.items()):
            where = sides[side].setdefault(family, {}).setdefault("chains" if kind == "chain" else kind, {})
            where[name] = list(texts)
    return sides
