# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all backends of the Open_vSwitch database have in common: how rows are read, resolved and committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import Row, RowKey, RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot, Tables, read
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns, Interface, Marks
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MARKS


class DatabaseBackend:
    """A backend that reads columns of tables and commits plans of rows; ``plan`` is left to those that inherit."""

    def __init__(self, ovsdb: Ovsdb, tables: Tables, comment: str) -> None:
        self._ovsdb = ovsdb
        self._tables = tables
        self._comment = comment
        self._snapshot: Snapshot | None = None  # the last one read

    def plan(self) -> RowPlan:
        raise NotImplementedError

    def apply(self, plan: RowPlan) -> None:
        self._commit(plan)

    def apply_again(self) -> None:
        """Have ovs-vswitchd go through the configuration once more.

        It adds a tunnel before it has let go of one with the same key and addresses that left in the same transaction,
        as when two networks swap their keys, and does not try again until the database changes.
        """
        self._commit(RowPlan({}, {}, {}))
        self.plan()

    def observed(self) -> Snapshot:
        """Return what ``plan`` read last."""
        if self._snapshot is None:
            raise RuntimeError("plan() comes first")
        return self._snapshot

    def wanted_interfaces(self) -> list[Interface]:
        """Return the interfaces that Open vSwitch is to say whether it could make them."""
        return []

    def warnings(self) -> list[str]:
        """Return what the user is to know of the wanted state, whether it is reached already or not."""
        return []

    def unmade(self) -> list[str]:
        """Return what Open vSwitch has the configuration for and did not do, in sentences."""
        return []

    def facts(self) -> dict[str, Any]:
        """Return what the result says besides, when all is done."""
        return {}

    def in_words(self, key: RowKey, columns: Columns) -> Columns:
        """Return columns of a row as a task says them."""
        return columns

    def _require_bridge(self, name: str) -> None:
        if name not in self.observed().bridges:
            raise BackendError(f"Bridge {name} does not exist. Create it first, with tenantry.sdn.ovs_bridge.")

    def _read(self) -> Snapshot:
        snapshot = read(self._ovsdb, self._tables)
        if snapshot.cur_cfg < snapshot.next_cfg:  # ovs-vswitchd has yet to apply an earlier change
            self._ovsdb.settle(snapshot.next_cfg, snapshot.cur_cfg, ours=False)
            snapshot = read(self._ovsdb, self._tables)
        self._snapshot = snapshot
        return snapshot

    def _commit(self, plan: RowPlan) -> None:
        # imported here: most runs change nothing, and a host compiles what a module imports anew in each
        from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.transaction import operations

        results = self._ovsdb.transact(operations(plan, self.observed(), self._comment))
        configuration = results[-2]["rows"][0]
        self._ovsdb.settle(configuration["next_cfg"], configuration["cur_cfg"], ours=True)


def resolved(row: Columns | None, wanted: Columns, marks: Marks | None = None) -> Columns:
    """Return the whole values that the columns shall have, given what is there."""
    values = dict(wanted)
    if marks:
        values.setdefault("external_ids", {})
    for column, value in values.items():
        if isinstance(value, dict):  # of a map, in canonical form
            present = row[column] if row else {}
            if column in wanted and not value:  # an empty map clears, but not what says whose the row is
                present = {key: item for key, item in present.items() if key in MARKS}
            values[column] = _merged(present, {**value, **marks} if marks and column == "external_ids" else value)
    return values


def _merged(present: Columns, wanted: Mapping[str, Any]) -> Columns:
    """Return a map with the wanted keys changed, None removing one; the very same where nothing differs."""
    if wanted.items() <= present.items():
        return present
    return {key: item for key, item in {**present, **wanted}.items() if item is not None}


def mark_copies(
    snapshot: Snapshot,
    keys: Iterable[RowKey],
    marks: Marks,
    desired: dict[RowKey, Columns],
    actual: dict[RowKey, Columns],
) -> None:
    """Of rows that hang elsewhere too a change makes a copy: let it bear our marks, and none of theirs."""
    for key in keys:
        row = snapshot.row(key)
        if row and snapshot.is_shared(row) and desired[key] != actual[key]:
            desired[key] = {**desired[key], "external_ids": dict(marks)}
            actual[key] = {**actual[key], "external_ids": row.columns["external_ids"]}


def columns_of(row: Row | None) -> Columns | None:
    return None if row is None else row.columns
