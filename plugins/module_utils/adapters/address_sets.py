# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP sets of a host, as reconcile sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ipset import Ipset
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import (
    LIST,
    Header,
    PlainMembers,
    Wanted,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_change import Change, change, removal
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_input import read
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import (
    Current,
    Listing,
    details_words,
    header_words,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import is_set_name, is_unfinished_set
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

SetPlan = Plan[tuple[str, str], Change]  # by ("set", name)


class AddressSets:
    """Backend of IP sets. ``mark``: those whose names begin with it, and are not wanted, are to go.

    If it ``holds_back``, that and what lets more pass is left for another task.
    """

    def __init__(self, ipset: Ipset, wanted: Sequence[Wanted], mark: str | None, holds_back: bool = False) -> None:
        self._ipset = ipset
        self._wanted = wanted
        self._paths = {one.name: one.path for one in wanted}
        self._mark = mark
        self._holds_back = holds_back
        self.has_held_back = False  # when it was last planned
        self._listed: Mapping[str, Listing] = {}
        self.states: list[Change] = []  # of all sets of the task, that do not change too
        self._changes: list[Change] = []
        self._left_behind: list[str] = []
        self._sizes: dict[str, int] = {}
        self._made: dict[str, PlainMembers] = {}  # sets that were made anew, of elements and nothing beside them

    def plan(self) -> SetPlan:
        self._listed = self._ipset.listing()
        self._left_behind = sorted(filter(is_unfinished_set, self._listed))
        sets = self._read([name for name, listing in self._listed.items() if self._concerns(name, listing)])
        changes = list(self._all_changes(sets))
        self.states = [one.held_back() for one in changes] if self._holds_back else changes
        self.has_held_back = self.states != changes
        self._changes = [one for one in self.states if one]
        self._sizes = {one.name: one.size for one in self.states}
        if self._changes:
            self._refuse_what_cannot_be_done(sets)
        return self._as_plan()

    def apply(self, plan: SetPlan) -> None:
        """Make the changes that were last planned, in one call."""
        # Imported when there is something to do: a host compiles what a module imports anew in each run.
        from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_script import script

        try:
            self._ipset.change(script(self._changes, self._left_behind))
        except BackendError:
            with suppress(BackendError):  # what went wrong is reported, not that it cannot be tidied up either
                self._ipset.change(f"destroy {name}" for name in self._ipset.listing() if is_unfinished_set(name))
            raise
        made = {one.name: one.members() for one in self._changes if one.header and (one.rebuilt or not one.old)}
        self._made = {name: members for name, members in made.items() if isinstance(members, PlainMembers)}

    def _read(self, names: Sequence[str]) -> dict[str, Current]:
        """Return these sets. One that was made anew has what the kernel took for it, if it has as many as that."""
        listed, made = self._listed, self._made
        counted = {
            name: Current(listed[name].header, made[name])
            for name in names
            if name in made and listed[name].entries == len(made[name])
        }
        return {**self._ipset.read([name for name in names if name not in counted]), **counted}

    def counts(self, plan: SetPlan) -> dict[str, dict[str, int]]:
        """Return for each wanted set how many members it has, and how many were added, changed and removed."""
        changes = {one.name: one for one in _changes(plan)}
        counted = {}
        for name in self._paths:
            counted[name] = {"members": self._sizes.get(name, 0), "added": 0, "changed": 0, "removed": 0}
            if name in changes:
                one = changes[name]
                counted[name].update(added=len(one.added), changed=len(one.updated), removed=len(one.removed))
        return counted

    def _concerns(self, name: str, listing: Listing) -> bool:
        return name in self._paths or (listing.type == LIST and is_set_name(name)) or self._is_to_go(name)

    def _is_to_go(self, name: str) -> bool:
        marked = self._mark is not None and name.startswith(self._mark) and is_set_name(name)
        return marked and name not in self._paths

    def _all_changes(self, sets: Mapping[str, Current]) -> Iterable[Change]:
        faults = Faults()
        changes = []
        for wanted in self._wanted:
            old = sets.get(wanted.name)
            if not wanted.present:
                if old:
                    changes.append(removal(wanted.name, old))
                continue
            if wanted.type is None:
                if old is None:
                    faults.add(f"{wanted.path}type", "is missing, and there is no such set yet; write one, as hash:ip")
                    continue
                wanted = read(faults, wanted._replace(type=old.header.type))
            changes.append(change(faults, wanted, old))
        faults.raise_any()
        changes += [removal(name, old) for name, old in sets.items() if self._is_to_go(name)]
        return changes

    def _refuse_what_cannot_be_done(self, sets: Mapping[str, Current]) -> None:
        faults = Faults()
        self._refuse_what_cannot_be_made(faults)
        if any(one.old or (one.header and one.header.type == LIST) for one in self._changes):
            # Imported when sets may hold each other or be held, as in apply().
            from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import set_holders

            set_holders.refuse_strange_members(faults, self._changes, self._listed, self._paths)
            faults.raise_any()
            set_holders.refuse_held(self._changes, sets, self._listed)
        faults.raise_any()

    def _refuse_what_cannot_be_made(self, faults: Faults) -> None:
        made = [(one.name, one.header) for one in self._changes if one.header and (one.rebuilt or not one.old)]
        refusal = self._ipset.refused([header for dummy, header in made]) if made else None
        if refusal is None:
            return
        name, header = made[refusal.index]
        if refusal.lacks_type:
            module = f"ip_set_{header.type.replace(':', '_').replace(',', '')}"
            what = f"this kernel has no sets of type {header.type}"
            faults.add(f"{self._paths[name]}type", f"{what}; load its module {module}, or use another type")
        else:
            what = f"the kernel does not make '{header_words(header)}': {refusal.said}"
            faults.add(f"{self._paths[name]}name", f"{what}; change these options")

    def _as_plan(self) -> SetPlan:
        left = [removal(name, Current(Header(self._listed[name].type), {})) for name in self._left_behind]
        return SetPlan(
            create={("set", one.name): one for one in self._changes if not one.old},
            update={("set", one.name): (one, one) for one in self._changes if one.old and one.header},
            delete={("set", one.name): one for one in [*self._changes, *left] if not one.header},
        )


def _changes(plan: SetPlan) -> Iterable[Change]:
    return {**plan.before, **plan.after}.values()


def diff(plan: SetPlan) -> dict[str, Any]:
    """Return Ansible's diff: of each set the options and the members that differ."""
    sides: dict[str, dict[str, Any]] = {"before": {}, "after": {}}
    for one in sorted(_changes(plan), key=lambda one: one.name):
        headers = one.old.header if one.old else None, one.header
        gone = {**one.removed, **{element: old for element, (old, dummy) in one.updated.items()}}
        come = {**one.added, **{element: new for element, (dummy, new) in one.updated.items()}}
        for side, header, other, members in (
            ("before", headers[0], headers[1], gone),
            ("after", headers[1], headers[0], come),
        ):
            if header:
                shown = _differing(header, other)
                if members:
                    shown["members"] = sorted(element + details_words(details) for element, details in members.items())
                sides[side][one.name] = shown
    return sides


def _differing(header: Header, other: Header | None) -> dict[str, Any]:
    """Return the options of a set that are not those of the other, or if there is none, those that say something."""
    there = other or Header("")
    options = zip(Header._fields, header, there)
    return {option: value for option, value, was in options if value != was and option != "kept"}
