# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the rows of the Open_vSwitch database hang together (ovs-vswitchd.conf.db(5)), and what we know each by.

A row is known by its name where the database keeps names unique (bridge, port, interface), and else by the place where
it hangs: ``("Queue", "tap0", "7")`` is queue 7 of the QoS of port tap0. One row may hang in several places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.names import OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

RowKey = tuple[str, ...]  # (table, name) or (table, place...); (table, "", UUID) where a row hangs nowhere
RowPlan = Plan[RowKey, Columns]

IDENTITY = {"Bridge": "name", "Port": "name", "Interface": "name", "Controller": "target", "Mirror": "name"}
UNMARKED = frozenset({"Interface", "Controller"})  # the rows of all other tables bear the marks of their owners
ROOTS = frozenset({"QoS", "Queue", "Flow_Sample_Collector_Set"})  # rows that stay until somebody deletes them
# Columns that refer to rows: {table: {column: table of these rows}}
REFERENCES: Mapping[str, Mapping[str, str]] = {
    "Bridge": {
        "ports": "Port",
        "controller": "Controller",
        "mirrors": "Mirror",
        "netflow": "NetFlow",
        "sflow": "sFlow",
        "ipfix": "IPFIX",
    },
    "Port": {"interfaces": "Interface", "qos": "QoS"},
    "QoS": {"queues": "Queue"},
    "Mirror": {"select_src_port": "Port", "select_dst_port": "Port", "output_port": "Port"},
    "Flow_Sample_Collector_Set": {"bridge": "Bridge", "ipfix": "IPFIX"},
}
_OF_BRIDGES = ("mirrors", "netflow", "sflow", "ipfix")  # columns of what has no name that is unique
_SAMPLES = "Flow_Sample_Collector_Set"


class Row(NamedTuple):  # there are tens of thousands
    uuid: str
    name: str  # of a controller its target; "" where rows have none
    columns: Mapping[str, Any]
    spellings: Mapping[str, Any]  # what the database holds for columns where that is not the canonical value
    references: Mapping[str, Any]  # column: list of UUIDs, of queues {number: UUID}

    @property
    def owner(self) -> str | None:
        owner: str | None = self.columns["external_ids"].get(OWNER_KEY)
        return owner


Rows = Mapping[str, Mapping[str, Row]]  # table: {UUID: row}


def holder(key: RowKey, columns: Mapping[str, Any]) -> tuple[RowKey, str] | None:
    """Return the row that refers to the one of this key, and by which column; None where none has to."""
    table, *place = key
    if table == "Port":
        return ("Bridge", columns["bridge"]), "ports"
    if table == "QoS":
        return (("Port", place[0]), "qos") if place[0] else None
    if table == "Queue":
        return (("QoS", *place[:-1]), "queues") if place[0] or len(place) > 2 else None
    if table == "IPFIX" and len(place) == 2:
        return (_SAMPLES, *place), "ipfix"
    by_table = {target: column for column, target in REFERENCES["Bridge"].items()}
    return (("Bridge", place[0]), by_table[table]) if table in by_table else None


def hanging(rows: Rows) -> dict[RowKey, Row]:
    """Return the rows without a unique name by where they hang; of twins of one name the second by its UUID too."""
    placed: dict[RowKey, Row] = {}
    for key, row in [*_on_bridges(rows), *_on_ports(rows), *_samples(rows)]:
        placed[(*key, row.uuid) if key in placed else key] = row
    return placed


def _on_bridges(rows: Rows) -> Iterator[tuple[RowKey, Row]]:
    for bridge in rows["Bridge"].values():
        for column in _OF_BRIDGES:
            table = REFERENCES["Bridge"][column]
            for uuid in bridge.references.get(column, ()):
                row = rows[table][uuid]
                if table == "Mirror":
                    yield (table, bridge.name, row.name), _with_names(row, rows["Port"])
                else:
                    yield (table, bridge.name), row


def _with_names(mirror: Row, ports: Mapping[str, Row]) -> Row:
    """Return a mirror that calls ports by their names, as a task does."""
    names = {
        column: frozenset(ports[uuid].name for uuid in mirror.references[column]) for column in REFERENCES["Mirror"]
    }
    (output,) = names["output_port"] or (None,)
    return mirror._replace(columns={**mirror.columns, **names, "output_port": output})


def _on_ports(rows: Rows) -> Iterator[tuple[RowKey, Row]]:
    """Yield QoS and queues, also those that nothing refers to: somebody has to delete them."""
    every, queues = rows.get("QoS", {}), rows.get("Queue", {})
    if not (every or queues):
        return
    left = {uuid: ("", uuid) for uuid in every}
    placed: list[tuple[tuple[str, ...], Row]] = []
    for port in rows["Port"].values():
        for uuid in port.references["qos"]:
            placed.append(((port.name,), every[uuid]))
            left.pop(uuid, None)
    placed += [(place, every[uuid]) for uuid, place in left.items()]
    unused = dict(queues)
    for place, row in placed:
        yield ("QoS", *place), row
        for number, uuid in row.references["queues"].items():
            yield ("Queue", *place, str(number)), queues[uuid]
            unused.pop(uuid, None)
    yield from ((("Queue", "", uuid), row) for uuid, row in unused.items())


def _samples(rows: Rows) -> Iterator[tuple[RowKey, Row]]:
    for row in rows.get(_SAMPLES, {}).values():
        (bridge,) = row.references["bridge"]
        place = rows["Bridge"][bridge].name, str(row.columns["id"])
        yield (_SAMPLES, *place), row
        for uuid in row.references["ipfix"]:
            yield ("IPFIX", *place), rows["IPFIX"][uuid]
