# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of rows as the operations of one OVSDB transaction.

Each change of an existing row is preceded by a ``wait`` (timeout 0) on the values that the plan was made from, the
marks of its owner among them, so that a concurrent writer makes the whole transaction fail instead of losing an
update. A new row needs none, for the unique index on its name does the same; but the bridge that it goes into does.
Ports, interfaces and controllers are collected by ovsdb-server as soon as nothing refers to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import (
    Operation,
    increment_configuration,
    select_configuration,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb_codec import encode
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Row, Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

RowKey = tuple[str, ...]  # (table, name), for a controller (table, bridge, target)
Columns = Mapping[str, Any]
RowPlan = Plan[RowKey, Columns]

LINKS = frozenset({"bridge", "interfaces"})  # not columns of the row itself: where a row hangs, what hangs on it


def operations(plan: RowPlan, snapshot: Snapshot, comment: str) -> list[Operation]:
    """Return the whole transaction; its last result but one is the configuration to settle on."""
    return _Transaction(plan, snapshot).operations(comment)


class _Transaction:
    def __init__(self, plan: RowPlan, snapshot: Snapshot) -> None:
        self._plan = plan
        self._snapshot = snapshot
        self._guards: list[Operation] = []
        self._changes: list[Operation] = []
        self._memberships: dict[tuple[str, str, str], list[Any]] = {}  # (bridge, column, mutator): row references
        self._named = {key: f"row{index}" for index, key in enumerate(plan.create)}

    def operations(self, comment: str) -> list[Operation]:
        for key, columns in self._plan.create.items():
            self._insert(key, columns)
        for key, (old, new) in self._plan.update.items():
            self._update(key, old, new)
        for key in self._plan.delete:
            self._delete(key)
        self._changes += self._membership_changes()
        closing = [increment_configuration(), select_configuration(), {"op": "comment", "comment": comment}]
        return [*self._guards, *self._changes, *closing]

    def _insert(self, key: RowKey, columns: Columns) -> None:
        table = key[0]
        row = {column: encode(value) for column, value in columns.items() if column not in LINKS}
        row["target" if table == "Controller" else "name"] = key[-1]
        if table == "Port":
            row["interfaces"] = self._interfaces(columns)
        self._changes.append({"op": "insert", "table": table, "row": row, "uuid-name": self._named[key]})
        if "bridge" in columns:
            self._attach(columns["bridge"], table, "insert", self._reference(key))
        elif table == "Bridge":
            self._mutate_root("insert", self._reference(key))

    def _update(self, key: RowKey, old: Columns, new: Columns) -> None:
        row = self._row(key)
        changed = [column for column in new if column not in LINKS and old[column] != new[column]]
        values = {column: encode(new[column]) for column in changed}
        guarded = {column: encode(row.spellings.get(column, row.columns[column])) for column in changed}
        if old.get("interfaces") != new.get("interfaces"):
            values["interfaces"] = self._interfaces(new)
            guarded["interfaces"] = _set(row.references["interfaces"])
        self._guard(key[0], row, guarded)
        if values:
            self._changes.append({"op": "update", "table": key[0], "where": _is(row), "row": values})
        if old.get("bridge") != new.get("bridge"):
            self._attach(old["bridge"], key[0], "delete", self._reference(key))
            self._attach(new["bridge"], key[0], "insert", self._reference(key))

    def _delete(self, key: RowKey) -> None:
        row = self._row(key)
        if key[0] == "Bridge":
            self._guard("Bridge", row, {"ports": _set(row.references["ports"])})  # a new port must not go unseen
            self._mutate_root("delete", self._reference(key))
        elif key[0] == "Controller":
            self._attach(key[1], "Controller", "delete", self._reference(key))
        elif key[0] == "Port" and ("Bridge", self._snapshot.bridge_of[key[1]]) not in self._plan.delete:
            self._guard("Port", row, {})
            self._attach(self._snapshot.bridge_of[key[1]], "Port", "delete", self._reference(key))

    def _guard(self, table: str, row: Row, values: Mapping[str, Any]) -> None:
        marks = {"external_ids": encode(row.columns["external_ids"])} if table in ("Bridge", "Port") else {}
        self._guards.append(_wait(table, _is(row), {**marks, **values}))

    def _attach(self, bridge: str, table: str, mutator: str, reference: Any) -> None:
        column = "controller" if table == "Controller" else "ports"
        self._memberships.setdefault((bridge, column, mutator), []).append(reference)

    def _membership_changes(self) -> list[Operation]:
        changes: list[Operation] = []
        for (bridge, column, mutator), rows in self._memberships.items():
            self._guard_membership(bridge, column, rows if mutator == "delete" else [])
            where = [["_uuid", "==", self._reference(("Bridge", bridge))]]
            mutation = [column, mutator, ["set", rows]]
            changes.append({"op": "mutate", "table": "Bridge", "where": where, "mutations": [mutation]})
        return changes

    def _guard_membership(self, bridge: str, column: str, leaving: list[Any]) -> None:
        """Wait for the bridge to hold what leaves it, and all its controllers, whose targets no index keeps unique."""
        if ("Bridge", bridge) in self._plan.create:
            return
        row = self._snapshot.bridges[bridge]
        values = {"name": bridge}
        if column == "controller":
            values["controller"] = _set(row.references["controller"])
        self._guards.append(_wait("Bridge", [*_is(row), [column, "includes", ["set", leaving]]], values))

    def _mutate_root(self, mutator: str, bridge: Any) -> None:
        mutation = ["bridges", mutator, ["set", [bridge]]]
        self._changes.append({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [mutation]})

    def _interfaces(self, columns: Columns) -> Any:
        return ["set", [self._reference(("Interface", name)) for name in sorted(columns["interfaces"])]]

    def _reference(self, key: RowKey) -> list[str]:
        name: str | None = self._named.get(key)
        return ["named-uuid", name] if name else ["uuid", self._row(key).uuid]

    def _row(self, key: RowKey) -> Row:
        table = key[0]
        if table == "Controller":
            return self._snapshot.controllers[key[1], key[2]]
        rows = {"Bridge": self._snapshot.bridges, "Port": self._snapshot.ports}
        return rows.get(table, self._snapshot.interfaces)[key[1]]


def _is(row: Row) -> list[Any]:
    return [["_uuid", "==", ["uuid", row.uuid]]]


def _set(uuids: Sequence[str]) -> Any:
    return ["set", [["uuid", uuid] for uuid in uuids]]


def _wait(table: str, where: list[Any], values: Mapping[str, Any]) -> Operation:
    """Return the operation that fails the transaction unless there is such a row with these values."""
    return {
        "op": "wait",
        "table": table,
        "timeout": 0,
        "where": where,
        "columns": list(values),
        "until": "==",
        "rows": [dict(values)],
    }
