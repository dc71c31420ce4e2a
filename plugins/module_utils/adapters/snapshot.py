# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Open_vSwitch database says of bridges, ports and interfaces: one transaction of selects, read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import (
    Ovsdb,
    select,
    select_configuration,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb_codec import DECODE, references
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import TABLES, Kind
from ansible_collections.tenantry.sdn.plugins.module_utils.names import OWNER_KEY

_STATUS = {"error": Kind.OPTIONAL, "ofport": Kind.OPTIONAL}  # columns of Interface that ovs-vswitchd writes
_STATUS_OF = {"mtu_request": {"mtu": Kind.OPTIONAL}}  # and those that say what became of a wish
_IDENTITY = {"Bridge": "name", "Port": "name", "Interface": "name", "Controller": "target"}
_REFERENCES = {"Bridge": ("ports", "controller"), "Port": ("interfaces",), "Interface": (), "Controller": ()}


class Row(NamedTuple):  # there are tens of thousands
    uuid: str
    name: str  # of a controller: its target
    columns: Mapping[str, Any]
    spellings: Mapping[str, Any]  # what the database holds for columns where that is not the canonical value
    references: Mapping[str, list[str]]

    @property
    def owner(self) -> str | None:
        owner: str | None = self.columns["external_ids"].get(OWNER_KEY)
        return owner


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


def read(ovsdb: Ovsdb, columns: Mapping[str, Iterable[str]]) -> Snapshot:
    """Read the named columns of Bridge, Port, Interface and Controller, and how the rows hang together."""
    tables = ("Bridge", "Port", "Interface", "Controller")
    wanted = {table: _kinds(table, columns.get(table, ())) for table in tables}
    operations = [select(table, ["_uuid", _IDENTITY[table], *_REFERENCES[table], *wanted[table]]) for table in tables]
    results = ovsdb.transact([select_configuration(), *operations])
    configuration = results[0]["rows"][0]
    rows = {table: _rows(table, wanted[table], result["rows"]) for table, result in zip(tables, results[1:])}
    return _linked(configuration, rows)


def _kinds(table: str, columns: Iterable[str]) -> dict[str, Kind]:
    kinds = {column: TABLES[table][column].kind for column in columns}
    if table in ("Bridge", "Port"):
        kinds["external_ids"] = Kind.MAP
    if table == "Interface":
        kinds.update(_STATUS)
        for column in columns:
            kinds.update(_STATUS_OF.get(column, {}))
    return kinds


def _rows(table: str, kinds: Mapping[str, Kind], wire_rows: list[Mapping[str, Any]]) -> dict[str, Row]:
    """Return the rows by UUID, their values in canonical form.

    They are taken out of ``wire_rows``, which would otherwise double the memory that a task needs.
    """
    decoders = {column: DECODE[kind] for column, kind in kinds.items()}
    synonyms = {column: TABLES[table][column].synonyms for column in kinds if column in TABLES[table]}
    respelled = {column: names for column, names in synonyms.items() if names}
    identity, links = _IDENTITY[table], _REFERENCES[table]
    rows = {}
    while wire_rows:
        wire = wire_rows.pop()
        columns = {column: decode(wire[column]) for column, decode in decoders.items()}
        spellings = {column: columns[column] for column, names in respelled.items() if columns[column] in names}
        if spellings:
            columns.update({column: respelled[column][spelling] for column, spelling in spellings.items()})
        uuid = wire["_uuid"][1]
        rows[uuid] = Row(uuid, wire[identity], columns, spellings, {link: references(wire[link]) for link in links})
    return rows


def _linked(configuration: Mapping[str, int], rows: Mapping[str, Mapping[str, Row]]) -> Snapshot:
    bridges, ports, interfaces = rows["Bridge"].values(), rows["Port"], rows["Interface"]
    members = {
        port.name: frozenset(interfaces[uuid].name for uuid in port.references["interfaces"]) for port in ports.values()
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
            for uuid in bridge.references["controller"]
        },
        bridge_of={ports[uuid].name: bridge.name for bridge in bridges for uuid in bridge.references["ports"]},
        port_of={interface: port for port, names in members.items() for interface in names},
        members=members,
    )
