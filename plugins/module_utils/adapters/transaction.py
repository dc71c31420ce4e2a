# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of rows as the operations of one OVSDB transaction.

Each change of an existing row is preceded by a ``wait`` (timeout 0) on the values that the plan was made from, the
marks of its owner among them, so that a concurrent writer makes the whole transaction fail instead of losing an
update. A new row needs none where a unique index on its name does the same; but the row that it hangs on does.

Most rows are collected by ovsdb-server as soon as nothing refers to them; those of root tables are deleted. A row that
hangs in several places is never changed: the place that the plan speaks of gets a copy of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import (
    IDENTITY,
    REFERENCES,
    ROOTS,
    UNMARKED,
    Row,
    RowKey,
    RowPlan,
    holder,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import (
    Operation,
    increment_configuration,
    is_row,
    select_configuration,
    wait,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb_codec import encode, encode_references
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns


def operations(plan: RowPlan, snapshot: Snapshot, comment: str) -> list[Operation]:
    """Return the whole transaction; its last result but one is the configuration to settle on."""
    return _Transaction(plan, snapshot).operations(comment)


class _Transaction:
    def __init__(self, plan: RowPlan, snapshot: Snapshot) -> None:
        self._plan = plan
        self._snapshot = snapshot
        self._guards: list[Operation] = []
        self._changes: list[Operation] = []
        self._memberships: dict[tuple[str, RowKey, str], list[Any]] = {}  # (mutator, holder, column): what it holds
        self._named = {key: f"row{index}" for index, key in enumerate(plan.create)}
        self._left: dict[str, tuple[str, Row]] = {}  # rows of root tables that a place was rid of, by UUID

    def operations(self, comment: str) -> list[Operation]:
        for key, columns in self._plan.create.items():
            self._insert(key, columns)
        for key, (old, new) in self._plan.update.items():
            self._update(key, old, new)
        for key in self._plan.delete:
            self._delete(key)
        self._changes += [*self._membership_changes(), *self._destruction()]
        closing = [increment_configuration(), select_configuration(), {"op": "comment", "comment": comment}]
        return [*self._guards, *self._changes, *closing]

    def _insert(self, key: RowKey, columns: Columns, held: Mapping[str, Any] | None = None) -> None:
        """Insert a row where it shall hang; ``held`` are references of the one that it is a copy of."""
        table = key[0]
        row = {column: self._wire(table, column, value) for column, value in columns.items() if column != "bridge"}
        row.update({column: encode_references(references) for column, references in (held or {}).items()})
        if table in IDENTITY:
            row[IDENTITY[table]] = key[-1]
        if table == "Flow_Sample_Collector_Set":
            row["bridge"] = self._reference(("Bridge", key[1]))
        self._changes.append({"op": "insert", "table": table, "row": row, "uuid-name": self._named[key]})
        if table == "Bridge":
            self._mutate_root("insert", self._reference(key))
        elif table != "Port" or "bridge" in columns:
            self._hang("insert", key, columns)

    def _update(self, key: RowKey, old: Columns, new: Columns) -> None:
        row = self._row(key)
        if self._snapshot.is_shared(row):
            self._copy(key)
            return
        changed = [column for column in new if column != "bridge" and old[column] != new[column]]
        marked = ["external_ids"] if "external_ids" in old else []
        values = {column: self._wire(key[0], column, new[column]) for column in changed}
        self._guard(key[0], row, {column: _held(row, column) for column in [*changed, *marked]})
        if values:
            self._changes.append({"op": "update", "table": key[0], "where": is_row(row.uuid), "row": values})
        if old.get("bridge") != new.get("bridge"):
            self._hang("delete", key, old)
            self._hang("insert", key, new)

    def _copy(self, key: RowKey) -> None:
        """Hang a row of its own in the place of one that hangs elsewhere too."""
        if key in self._named:
            return
        row = self._row(key)
        _old, new = self._plan.update.get(key, ({}, {}))
        held = {column: references for column, references in row.references.items() if column not in row.columns}
        self._guard(key[0], row, {column: _held(row, column) for column in [*row.columns, *held]})
        self._hang("delete", key, {})
        self._leave(key, row)
        self._named[key] = f"copy{len(self._named)}"
        self._insert(key, {**row.columns, **new}, held)

    def _delete(self, key: RowKey) -> None:
        row = self._row(key)
        if key[0] == "Bridge":
            # a new port must not go unseen
            self._guard("Bridge", row, {"ports": encode_references(row.references["ports"])})
            self._mutate_root("delete", self._reference(key))
            return
        place = {"bridge": self._snapshot.bridge_of[key[1]]} if key[0] == "Port" else {}
        held_by = holder(key, place)
        # what ovsdb-server collects still counts as a reference to what is deleted in the same transaction
        collected = key[0] in ROOTS and held_by is not None and held_by[0][0] not in ROOTS
        if held_by and (collected or held_by[0] not in self._plan.delete):
            self._guard(key[0], row, {})
            self._hang("delete", key, place)
        self._leave(key, row)

    def _leave(self, key: RowKey, row: Row) -> None:
        if key[0] in ROOTS:
            self._left[row.uuid] = key[0], row

    def _destruction(self) -> Iterator[Operation]:
        """Yield what deletes the rows of root tables that hang nowhere any more."""
        for uuid, (table, row) in self._left.items():
            if all(place in self._plan.delete or place in self._named for place in self._snapshot.places[uuid]):
                self._guard(table, row, {})
                yield {"op": "delete", "table": table, "where": is_row(row.uuid)}

    def _guard(self, table: str, row: Row, values: Mapping[str, Any]) -> None:
        marks = {} if table in UNMARKED else {"external_ids": encode(row.columns["external_ids"])}
        if marks or values:
            self._guards.append(wait(table, is_row(row.uuid), {**marks, **values}))

    def _hang(self, mutator: str, key: RowKey, columns: Columns) -> None:
        """Let the row that shall refer to this one do so, or no longer ("insert", "delete")."""
        held_by = holder(key, columns)
        if held_by is None:
            return
        where, column = held_by
        if where not in self._named and self._snapshot.is_shared(self._row(where)):
            self._copy(where)
        item: Any = self._reference(key)
        if key[0] == "Queue":
            item = int(key[-1]) if mutator == "delete" else [int(key[-1]), item]
        self._memberships.setdefault((mutator, where, column), []).append(item)

    def _membership_changes(self) -> list[Operation]:
        """Return what takes rows away first: an optional column, or a key of a map, is to hold but one."""
        changes: list[Operation] = []
        guarded = set()
        for (mutator, where, column), items in sorted(self._memberships.items()):
            if column == "ports" or (where, column) not in guarded:
                self._guard_membership(where, column, items if mutator == "delete" else [])
                guarded.add((where, column))
            shape = "map" if column == "queues" and mutator == "insert" else "set"
            mutation = [column, mutator, [shape, items]]
            is_holder = [["_uuid", "==", self._reference(where)]]
            changes.append({"op": "mutate", "table": where[0], "where": is_holder, "mutations": [mutation]})
        return changes

    def _guard_membership(self, where: RowKey, column: str, leaving: list[Any]) -> None:
        """Wait for a bridge to hold the ports that leave it, and for anything else to hold all that it held.

        Names of ports are unique in any case; targets of controllers and names of mirrors are not.
        """
        if where in self._named:
            return
        row = self._row(where)
        if column == "ports":
            includes = [column, "includes", ["set", leaving]]
            self._guards.append(wait("Bridge", [*is_row(row.uuid), includes], {"name": row.name}))
        else:
            self._guards.append(wait(where[0], is_row(row.uuid), {column: _held(row, column)}))

    def _mutate_root(self, mutator: str, bridge: Any) -> None:
        mutation = ["bridges", mutator, ["set", [bridge]]]
        self._changes.append({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [mutation]})

    def _wire(self, table: str, column: str, value: Any) -> Any:
        """Return a value as the wire wants it, names of rows as references to them."""
        target = REFERENCES.get(table, {}).get(column)
        if target is None or value is None:
            return encode(value)
        names = sorted(value) if isinstance(value, frozenset) else [value]
        return ["set", [self._reference((target, name)) for name in names]]

    def _reference(self, key: RowKey) -> list[str]:
        name: str | None = self._named.get(key)
        return ["named-uuid", name] if name else ["uuid", self._row(key).uuid]

    def _row(self, key: RowKey) -> Row:
        row = self._snapshot.row(key)
        if row is None:
            raise KeyError(key)
        return row


def _held(row: Row, column: str) -> Any:
    """Return what the database holds in a column."""
    if column in row.references:
        return encode_references(row.references[column])
    return encode(row.spellings.get(column, row.columns[column]))
