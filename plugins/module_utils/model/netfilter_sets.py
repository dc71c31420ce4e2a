# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IP sets that rules look packets up in: they must be there, of the rule's family, and asked for all parts."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import Listing
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import SET_FAMILY, Rule, Wanted, in_family
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of, shown

_OF_IPV4 = ("bitmap:ip", "bitmap:ip,mac")  # of these ipset prints no family


def with_families(faults: Faults, wanted: Wanted, sets: Mapping[str, Listing]) -> Wanted:
    """Return what is wanted with each rule in the families of its sets; record sets that it cannot look up."""

    def narrowed(rule: Rule) -> Rule:
        families = [family for family in wanted.families if in_family(rule, family)]
        for index, one in enumerate(rule.sets):
            path = f"{rule.path}{path_of('sets', index)}."
            if one.name not in sets:
                faults.add(f"{path}set", f"{shown(one.name)} is no set of this host; make it first, as by sg_ipset")
                continue
            listing = sets[one.name]
            parts = listing.type.count(",") + 1
            if len(one.directions) < parts:
                what = f"set {one.name} is of type {listing.type}, which needs {parts} directions to match"
                faults.add(f"{path}direction", f"{what}; write one for each part, as '{','.join(['src'] * parts)}'")
            family = "inet" if listing.type in _OF_IPV4 else listing.family
            left = [one for one in families if family in (None, SET_FAMILY[one])]
            if not left:
                what = f"set {one.name} is of family {family}, and the rule of {' and '.join(families)}"
                faults.add(f"{path}set", f"{what}; write another set")
            families = left or families
        return rule._replace(family=families[0]) if rule.sets and len(families) < len(wanted.families) else rule

    chains = [chain._replace(rules=chain.rules and tuple(map(narrowed, chain.rules))) for chain in wanted.chains]
    jumps = wanted.jumps and [jump._replace(rule=narrowed(jump.rule)) for jump in wanted.jumps]
    return wanted._replace(chains=chains, jumps=jumps)
