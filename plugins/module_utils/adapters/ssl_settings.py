# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one row of table SSL, as reconcile sees it (ovs-vswitchd.conf.db(5)).

Its files serve all ``ssl:`` and ``pssl:`` connections of the host: those of bridges to controllers, and where
ovsdb-server was started so, as Debian does, those of managers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.key_files import check_key_files
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import (
    Operation,
    Ovsdb,
    increment_configuration,
    is_row,
    select,
    select_configuration,
    wait,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb_codec import DECODE, encode, references
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import BY_HAND, called
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import Kind
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ssl_input import FILES, SSL, Wanted
from ansible_collections.tenantry.sdn.plugins.module_utils.names import OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

KEY = ("ssl",)
_KINDS = {**{name: column.kind for name, column in SSL.items()}, "external_ids": Kind.MAP}


class SslSettings:
    """Backend of the row that the task wants, or wants gone."""

    def __init__(self, ovsdb: Ovsdb, wanted: Wanted) -> None:
        self._ovsdb = ovsdb
        self._wanted = wanted
        self._uuid: str | None = None  # of the row that was read last
        self._row: Mapping[str, Any] = {}
        self.private_key: str | None = None  # where the wanted setting has it

    def plan(self) -> Plan[tuple[str, ...], Mapping[str, Any]]:
        self._read()
        actual = {KEY: self._row} if self._uuid else {}
        if self._wanted.columns is None:
            return Plan.between(actual if self._is_ours() else {}, {})
        self._refuse_foreign()
        desired = {"bootstrap_ca_cert": False, **self._row, **self._wanted.columns}
        if self._wanted.owner is not None:
            desired["external_ids"] = {**self._row.get("external_ids", {}), OWNER_KEY: self._wanted.owner}
        self._check(desired)
        self.private_key = desired["private_key"]
        return Plan.between(actual, {KEY: desired})

    def apply(self, plan: Plan[tuple[str, ...], Mapping[str, Any]]) -> None:
        closing = [increment_configuration(), select_configuration(), {"op": "comment", "comment": "ovs_ssl"}]
        results = self._ovsdb.transact([*self._guards(), *self._changes(plan), *closing])
        configuration = results[-2]["rows"][0]
        self._ovsdb.settle(configuration["next_cfg"], configuration["cur_cfg"], ours=True)

    def _read(self) -> None:
        root, table = self._ovsdb.transact([select("Open_vSwitch", ["ssl"]), select("SSL", ["_uuid", *_KINDS])])
        self._uuid = next(iter(references(root["rows"][0]["ssl"])), None)
        wire = next((row for row in table["rows"] if row["_uuid"][1] == self._uuid), {})
        self._row = {column: DECODE[_KINDS[column]](value) for column, value in wire.items() if column in _KINDS}

    def _is_ours(self) -> bool:
        return self._wanted.owner in (None, self._row.get("external_ids", {}).get(OWNER_KEY))

    def _refuse_foreign(self) -> None:
        if self._uuid and not self._is_ours() and not self._wanted.adopt:
            raise OwnershipError(
                [f"ssl: there is one, which belongs to {called(self._row['external_ids'])}; {BY_HAND}"]
            )

    def _check(self, desired: Mapping[str, Any]) -> None:
        faults = Faults()
        for column in FILES:
            if not desired.get(column):
                faults.add(column, "is missing; write the path of the file on the host")
        faults.raise_any()
        check_key_files(faults, desired)
        faults.raise_any()

    def _guards(self) -> list[Operation]:
        """Wait for what the plan was made from."""
        guards = [wait("Open_vSwitch", [], {"ssl": self._reference()})]
        if self._uuid:
            guards.append(wait("SSL", is_row(self._uuid), {name: encode(value) for name, value in self._row.items()}))
        return guards

    def _changes(self, plan: Plan[tuple[str, ...], Mapping[str, Any]]) -> list[Operation]:
        """Return the operations; ovsdb-server collects a row that the root no longer refers to."""
        if plan.delete:
            return [_update("Open_vSwitch", [], {"ssl": ["set", []]})]
        row = {name: encode(value) for name, value in plan.after[KEY].items()}
        if plan.update and self._uuid:
            return [_update("SSL", is_row(self._uuid), row)]
        insert = {"op": "insert", "table": "SSL", "row": row, "uuid-name": "row"}
        return [insert, _update("Open_vSwitch", [], {"ssl": ["set", [["named-uuid", "row"]]]})]

    def _reference(self) -> Any:
        return ["set", [["uuid", self._uuid]] if self._uuid else []]


def _update(table: str, where: list[Any], row: Mapping[str, Any]) -> Operation:
    return {"op": "update", "table": table, "where": where, "row": dict(row)}
