# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Open vSwitch's database of a host holds, to compare hosts and moments.

Columns that ovs-vswitchd writes are left out (ovs-vswitchd.conf.db(5) says of each who writes it): statistics, the
state of links, protocols and connections, what a datapath made of a wish. With them goes ``cur_cfg``; ``next_cfg``,
which every writer raises, tells whether anybody wrote at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]  # by UUID: column to value, as on the wire
Dump = Mapping[str, Rows]  # by table

ANY_TABLE = {"_version"}  # of the row, by ovsdb-server: raised by ovs-vswitchd's writing too
WRITTEN_BY_VSWITCHD = {
    "Open_vSwitch": {"cur_cfg", "statistics", "datapath_types", "iface_types", "dpdk_initialized", "dpdk_version"},
    "Bridge": {"datapath_id", "datapath_version", "status", "rstp_status"},
    "Port": {"statistics", "status", "rstp_status", "rstp_statistics", "bond_active_slave"},
    "Interface": {
        *("admin_state", "bfd_status", "duplex", "error", "ifindex", "lacp_current", "link_resets", "link_speed"),
        *("link_state", "mac_in_use", "mtu", "ofport", "statistics", "status"),
        *("cfm_fault", "cfm_fault_status", "cfm_flap_count", "cfm_health", "cfm_remote_mpids", "cfm_remote_opstate"),
    },
    "Controller": {"is_connected", "role", "status"},
    "Manager": {"is_connected", "status"},
    "Mirror": {"statistics"},
}


def parse(text: str) -> Dump:
    """Return the output of ``ovsdb-client --format=json dump``: a line of JSON for each table."""
    tables = {}
    for line in text.splitlines():
        table = json.loads(line)
        name = table["caption"].split()[0]
        left_out = ANY_TABLE | WRITTEN_BY_VSWITCHD.get(name, set())
        rows = [dict(zip(table["headings"], row)) for row in table["data"]]
        tables[name] = {
            row["_uuid"][1]: {column: value for column, value in row.items() if column not in {"_uuid", *left_out}}
            for row in rows
        }
    return tables


def without_count(dump: Dump) -> Dump:
    """Return the dump without ``next_cfg``: equal before and after writes that undid each other."""
    root = {
        uuid: {column: value for column, value in row.items() if column != "next_cfg"}
        for uuid, row in dump["Open_vSwitch"].items()
    }
    return {**dump, "Open_vSwitch": root}


def portable(dump: Dump) -> list[str]:
    """Return the dump as sorted lines that no UUID and no count of writes is in: equal for equal configurations."""
    return sorted(lines(without_count(dump)))


def lines(dump: Dump) -> Iterator[str]:
    """Yield ``Table row column=value`` for each value, ``column:key=value`` for a map; references are names."""
    labels = {uuid: _label(table, row) for table, rows in dump.items() for uuid, row in rows.items()}
    for rows in dump.values():
        for uuid, row in rows.items():
            for column, value in row.items():
                for text in _texts(value, labels):
                    yield f"{labels[uuid]} {column}{text}"


def _label(table: str, row: Mapping[str, Any]) -> str:
    name = row.get("name", row.get("target"))
    return f"{table} {name}" if isinstance(name, str) else table


def _texts(value: Any, labels: Mapping[str, str]) -> Iterable[str]:
    kind, items = value if isinstance(value, list) else ("", None)
    if kind == "map":
        return [f":{key}={item}" for key, item in items]
    if kind == "set":
        return [text for item in items for text in _texts(item, labels)]
    return [f"={labels[items]}" if kind == "uuid" else f"={value}"]
