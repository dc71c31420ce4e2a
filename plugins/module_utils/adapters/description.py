# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the database, in the words of tasks: given back to the module that it describes, it changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot, Tables, read
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MARKS, SECRETS

_PATH = re.compile(r"(?P<option>\w+)(?:\[(?P<index>\d+)\](?:\.(?P<part>\w+))?)?")
Task = dict[str, Any]


def snapshot_of(module: Any, tables: Tables) -> Snapshot:
    """Read tables of the database that a module is told."""
    ovsdb = Ovsdb(module.params["database"], module.params["timeout"])
    snapshot = read(ovsdb, tables)
    ovsdb.close()
    return snapshot


def said(columns: Mapping[str, Any]) -> Task:
    """Return columns as options: what is unset as what clears it, without marks of owners and secrets."""
    return {name: _option(value) for name, value in columns.items()}


def _option(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return {key: item for key, item in sorted(value.items()) if key not in (*MARKS, *SECRETS)}
    return sorted(value) if isinstance(value, frozenset) else value


def acceptable(parse: Callable[[Task], Any], task: Task, complete: Collection[str] = ()) -> Task:
    """Return the task without what its own module would refuse: what others have done, and we would not.

    Of a ``complete`` list no item can be left out; it is left out as a whole. Nothing is left if the bridge itself has
    a name that no task can say.
    """
    while True:
        try:
            parse(task)
        except InvalidInput as error:
            wrong = {_PATH.match(fault).groups() for fault in error.faults}
            if {"name", "bridge"} & {option for option, index, part in wrong}:
                return {}
            for option in {option for option, index, part in wrong}:
                items = task.pop(option)
                if isinstance(items, list) and option not in complete:
                    places = [(int(index), part) for name, index, part in wrong if name == option]
                    task[option] = _without(items, places)
        else:
            return task


def _without(items: list[Task], wrong: Iterable[tuple[int, str | None]]) -> list[Task]:
    """Return the items without their wrong options, and without those that are wrong as a whole."""
    gone = set()
    for index, part in wrong:
        if part in (None, "name", "interface", "id") or part not in items[index]:
            gone.add(index)
        else:
            del items[index][part]
    return [item for index, item in enumerate(items) if index not in gone]
