# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds an IP set, and what lists may hold: found when a task plans, so that check mode says it too.

The kernel destroys no set that a list or a rule refers to, and puts no set of another type in its place. It counts who
refers to a set but does not say who: lists are read, rules are searched for, and there may be others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ipset import rules_that_use
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import LIST, exchangeable
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_change import Change
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import Current, Listing
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_MOST_NAMED = 3  # rules that a message quotes


def refuse_strange_members(
    faults: Faults, changes: Sequence[Change], listed: Mapping[str, Listing], paths: Mapping[str, str]
) -> None:
    """Record lists that would get a set which is not there, is to go, or is a list."""
    types = {name: listing.type for name, listing in listed.items()}
    for change in changes:
        types.pop(change.name, None)
        if change.header:
            types[change.name] = change.header.type
    for change in changes:
        if not change.header or change.header.type != LIST:
            continue
        for element in change.added:
            if types.get(element, LIST) == LIST:
                what = "is a list itself, and lists hold no lists" if element in types else "is no set of this host"
                faults.add(f"{paths[change.name]}members", f"{element} {what}; write sets that are there or listed")


def refuse_held(changes: Sequence[Change], sets: Mapping[str, Current], listed: Mapping[str, Listing]) -> None:
    """Raise OwnershipError for sets that are to go, or to get another type, while somebody refers to them."""
    faults = []
    for change in changes:
        reason = _reason(change)
        if not reason:
            continue
        lists = sorted(name for name, current in sets.items() if _is_list(current) and change.name in current.members)
        releasing = {
            one.name for one in changes if _is_list(one.old) and (not one.header or change.name in one.removed)
        }
        holding = [name for name in lists if name not in releasing]
        if listed[change.name].references > len(lists) - len(holding):
            unknown = listed[change.name].references - len(lists)
            holders = "; ".join(_holders(change.name, holding, unknown))
            remedy = "remove that first"
            if change.header:
                remedy += ", or make a set of another name, and let that refer to it"
            faults.append(f"set {change.name}: {reason} while it is referred to by {holders}; {remedy}")
    if faults:
        raise OwnershipError(faults)


def _is_list(current: Current | None) -> bool:
    return current is not None and current.header.type == LIST


def _reason(change: Change) -> str:
    """Return what the kernel does not do to a set that somebody refers to; nothing if it does all that is planned."""
    if not change.old:
        return ""
    if not change.header:
        return "it cannot be removed"
    old, new = change.old.header, change.header
    if exchangeable(old, new):
        return ""
    return f"it cannot become {new.type} {new.family or ''}".rstrip()


def _holders(name: str, lists: Iterable[str], others: int) -> Iterator[str]:
    yield from (f"the list {holder}" for holder in lists)
    if others > 0:
        rules = rules_that_use(name)
        yield from (f"the rule '{rule}'" for rule in rules[:_MOST_NAMED])
        left = others - len(rules[:_MOST_NAMED])
        if left > 0:
            yield f"{left} more" if rules else f"{left} of which iptables knows nothing, as rules of nftables or tc"
