# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Open_vSwitch database says of bridges and what hangs on them: one transaction of selects, read once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import (
    IDENTITY,
    REFERENCES,
    UNMARKED,
    Row,
    RowKey,
    Rows,
    hanging,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import (
    Ovsdb,
    select,
    select_configuration,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb_codec import DECODE, references
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import Column, Kind

Tables = Mapping[str, Mapping[str, Column]]  # what to read: these columns of each table

_STATUS = {"error": Kind.OPTIONAL, "ofport": Kind.OPTIONAL}  # columns of Interface that ovs-vswitchd writes
_STATUS_OF = {"mtu_request": {"mtu": Kind.OPTIONAL}}  # and those that say what became of a wish


@dataclass(frozen=True)
class Snapshot:
    next_cfg: int
    cur_cfg: int
    bridges: Mapping[str, Row]
    ports: Mapping[str, Row]
    interfaces: Mapping[str, Row]
    controllers: Mapping[tuple[str, str], Row]  # (bridge, target)
    bridge_of: Mapping[str, str]  # port -> bridge
    port_of: Mapping[str, str]  # interface -> port
    members: Mapping[str, frozenset[str]]  # port -> interfaces
    hanging: Mapping[RowKey, Row] = field(default_factory=dict)  # rows of the other tables

    def row(self, key: RowKey) -> Row | None:
        table = key[0]
        if table == "Controller":
            return self.controllers.get((key[1], key[2]))
        if table == "Bridge":
            return self.bridges.get(key[1])
        if table == "Port":
            return self.ports.get(key[1])
        return self.interfaces.get(key[1]) if table == "Interface" else self.hanging.get(key)

    @cached_property
    def places(self) -> Mapping[str, list[RowKey]]:
        """Return where each row hangs, by its UUID; a change of one that hangs in several is one elsewhere too."""
        places: dict[str, list[RowKey]] = {}
        for key, row in self.hanging.items():
            places.setdefault(row.uuid, []).append(key)
        return places

    def is_shared(self, row: Row) -> bool:
        return len(self.places.get(row.uuid, ())) > 1


def read(ovsdb: Ovsdb, tables: Tables) -> Snapshot:
    """Read columns of tables, the marks of owners, and how the rows hang together."""
    kinds = {table: _kinds(table, columns) for table, columns in tables.items()}
    links = {
        table: [column for column, target in REFERENCES.get(table, {}).items() if target in tables] for table in tables
    }
    identities = {table: [IDENTITY[table]] if table in IDENTITY else [] for table in tables}
    operations = [
        select(table, ["_uuid", *identities[table], *links[table], *columns]) for table, columns in kinds.items()
    ]
    results = ovsdb.transact([select_configuration(), *operations])
    rows = {
        table: _rows(table, tables[table], kinds[table], links[table], result["rows"])
        for table, result in zip(tables, results[1:])
    }
    return _linked(results[0]["rows"][0], rows)


def _kinds(table: str, columns: Mapping[str, Column]) -> dict[str, Kind]:
    kinds = {name: column.kind for name, column in columns.items() if name not in REFERENCES.get(table, {})}
    if table not in UNMARKED:
        kinds["external_ids"] = Kind.MAP
    if table == "Interface":
        kinds.update(_STATUS)
        for name in columns:
            kinds.update(_STATUS_OF.get(name, {}))
    return kinds


def _rows(
    table: str,
    columns: Mapping[str, Column],
    kinds: Mapping[str, Kind],
    links: Collection[str],
    wire_rows: list[Mapping[str, Any]],
) -> dict[str, Row]:
    """Return the rows by UUID, their values in canonical form.

    They are taken out of ``wire_rows``, which would otherwise double the memory that a task needs.
    """
    decoders = {name: DECODE[kind] for name, kind in kinds.items()}
    respelled = {name: column.synonyms for name, column in columns.items() if column.synonyms}
    identity = IDENTITY.get(table)
    rows = {}
    while wire_rows:
        wire = wire_rows.pop()
        values = {name: decode(wire[name]) for name, decode in decoders.items()}
        spellings = {name: values[name] for name, names in respelled.items() if values[name] in names}
        if spellings:
            values.update({name: respelled[name][spelling] for name, spelling in spellings.items()})
        uuid = wire["_uuid"][1]
        name = wire[identity] if identity else ""
        rows[uuid] = Row(uuid, name, values, spellings, {link: references(wire[link]) for link in links})
    return rows


def _linked(configuration: Mapping[str, int], rows: Rows) -> Snapshot:
    bridges, ports, interfaces = rows["Bridge"].values(), rows.get("Port", {}), rows.get("Interface", {})
    members = {
        port.name: frozenset(interfaces[uuid].name for uuid in port.references.get("interfaces", ()))
        for port in ports.values()
    }
    return Snapshot(
        next_cfg=configuration["next_cfg"],
        cur_cfg=configuration["cur_cfg"],
        bridges={row.name: row for row in bridges},
        ports={row.name: row for row in ports.values()},
        interfaces={row.name: row for row in interfaces.values()},
        controllers={
            (bridge.name, rows["Controller"][uuid].name): rows["Controller"][uuid]
            for bridge in bridges
            for uuid in bridge.references.get("controller", ())
        },
        bridge_of={ports[uuid].name: bridge.name for bridge in bridges for uuid in bridge.references.get("ports", ())},
        port_of={interface: port for port, names in members.items() for interface in names},
        members=members,
        hanging=hanging(rows),
    )
