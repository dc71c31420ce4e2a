# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every task on the database has, and what tasks that take one thing or a list have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, path_of, shown, text


def parse_task(faults: Faults, params: Mapping[str, Any]) -> str | None:
    """Check the options that every task on the database has, and return the owner."""
    faults.parse("timeout", integer(1, 3600), params.get("timeout", 1))
    owner = params.get("owner")
    if owner is None and params.get("adopt"):
        faults.add("adopt", "only an owner can take over, by its mark; set owner too, or leave adopt out")
    return None if owner is None else faults.parse("owner", _owner_name, owner)


class Listed(NamedTuple):
    """How a task takes one thing by its own options, or several in a list that is complete for an owner."""

    option: str  # that is the list
    name: str  # option that names a thing
    thing: str  # that it names, as messages call it
    content: str  # what an owner has of it
    options: Collection[str]  # of one thing

    def items(self, faults: Faults, params: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Yield (path, options) of each; the state of the task is that of those that have none."""
        listed = params.get(self.option)
        if listed is None:
            if params.get(self.name) is None:
                faults.add(self.name, f"is missing; write one, or list several in {self.option}")
            else:
                yield "", params
            return
        self._refuse_contradictions(faults, params)
        for index, item in enumerate(listed):
            yield f"{path_of(self.option, index)}.", {**item, "state": item.get("state") or params.get("state")}

    def is_complete(self, params: Mapping[str, Any]) -> bool:
        """Say whether what the owner has and the list does not is to go."""
        listed, owner = params.get(self.option), params.get("owner")
        return listed is not None and owner is not None and params.get("state") != "absent"

    def _refuse_contradictions(self, faults: Faults, params: Mapping[str, Any]) -> None:
        for option in (self.name, *self.options):
            if params.get(option) is not None:
                where = f"write it in each of {self.option}[], or leave {self.option} out"
                faults.add(option, f"belongs to a single {self.thing}; {where}")
        names = [item.get(self.name) for item in params[self.option]]
        for index, name in enumerate(names):
            if name in names[:index]:
                path = f"{path_of(self.option, index)}.{self.name}"
                faults.add(path, f"{shown(name)} is listed twice; list each {self.thing} once")
        if not names and self.is_complete(params) and not params.get("allow_empty"):
            what = f"an empty list would remove every {self.content} of the owner"
            faults.add(self.option, f"{what}; if you mean it, set allow_empty: true")


def _owner_name(value: Any) -> str:
    """Parse an owner mark: one line of printable text, since it is shown, compared and stored as it is."""
    name = text(value)
    if not name or name != name.strip() or len(name) > 63:
        raise ValueError(f"{shown(name)} is no owner; write 1 to 63 characters without spaces around them, as 'dc1'")
    return name
