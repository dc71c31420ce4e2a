# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of rows in the words of the modules' options, as diff mode shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowKey, RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.names import SECRETS

InWords = Callable[[RowKey, Columns], Columns]
# Where rows are shown, from left to right: words, and parts of the key by their number
_SECTIONS: Mapping[str, tuple[Any, ...]] = {
    "Bridge": ("bridges", 1),
    "Port": ("ports", 1),
    "Interface": ("interfaces", 1),
    "QoS": ("ports", 1, "qos"),
    "Queue": ("ports", 1, "qos", "queues", 2),
    "Mirror": ("bridges", 1, "mirrors", 2),
    "NetFlow": ("bridges", 1, "netflow"),
    "sFlow": ("bridges", 1, "sflow"),
    "IPFIX": ("bridges", 1, "ipfix"),
    "Flow_Sample_Collector_Set": ("bridges", 1, "samples", 2),
}
_HIDDEN = "VALUE_HIDDEN"


def diff(plan: RowPlan, in_words: InWords = lambda key, columns: columns) -> dict[str, Any]:
    """Return Ansible's diff: of changed rows only the columns that differ, as ``in_words`` says them."""
    before = {key: _differing(old, new) for key, (old, new) in plan.update.items()}
    after = {key: _differing(new, old) for key, (old, new) in plan.update.items()}
    sides = {"before": {**plan.delete, **before}, "after": {**plan.create, **after}}
    return {
        side: _sections({key: in_words(key, columns) for key, columns in rows.items()}) for side, rows in sides.items()
    }


def _differing(columns: Columns, other: Columns) -> Columns:
    return {column: value for column, value in columns.items() if other.get(column) != value}


def _sections(rows: Mapping[RowKey, Columns]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for key in sorted(rows, key=lambda key: (key[0] == "Interface", key)):
        columns = {column: plain(value) for column, value in sorted(rows[key].items())}
        if columns.get("interfaces") == [key[1]]:
            del columns["interfaces"]  # a single port: its interface is shown as part of it
        section = sections
        for part in _path(key, sections):
            section = section.setdefault(part, {})
        section.update(columns)
    return sections


def _path(key: RowKey, sections: Mapping[str, Any]) -> tuple[str, ...]:
    table, *place = key
    if table == "Controller":
        return "controllers", " ".join(place)
    if table == "Interface" and place[0] in sections.get("ports", {}):
        return "ports", place[0]
    if table == "IPFIX" and len(place) > 1:
        return "bridges", place[0], "samples", place[1], "ipfix"
    if not place[0]:
        return "left_behind", table, " ".join(place[1:])
    return tuple(key[part] if isinstance(part, int) else part for part in _SECTIONS[table])


def plain(value: Any) -> Any:
    """Return a value as Ansible may return it, in order and without secrets."""
    if isinstance(value, Mapping):
        return {key: _HIDDEN if key in SECRETS else item for key, item in sorted(value.items())}
    return sorted(value) if isinstance(value, frozenset) else value
