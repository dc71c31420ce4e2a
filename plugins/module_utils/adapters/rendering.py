# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of rows in the words of the modules' options, as diff mode shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowKey
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.transaction import Columns, RowPlan

_SECTIONS = {"Bridge": "bridges", "Controller": "controllers", "Port": "ports", "Interface": "interfaces"}
_SECRETS = frozenset({"psk"})  # keys of options that never leave the host
_HIDDEN = "VALUE_HIDDEN"


def diff(plan: RowPlan, in_words: Callable[[RowKey, Columns], Columns] = lambda key, columns: columns) -> dict[str, Any]:
    """Return Ansible's diff: of changed rows only the columns that differ, as ``in_words`` says them."""
    before = {key: _differing(old, new) for key, (old, new) in plan.update.items()}
    after = {key: _differing(new, old) for key, (old, new) in plan.update.items()}
    return {"before": _sections({**plan.delete, **before}), "after": _sections({**plan.create, **after})}


def _differing(columns: Columns, other: Columns) -> Columns:
    return {column: value for column, value in columns.items() if other.get(column) != value}


def _sections(rows: Mapping[RowKey, Columns]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for key in sorted(rows, key=lambda key: (key[0] == "Interface", key)):
        name = " ".join(key[1:])
        columns = {column: _plain(value) for column, value in sorted(rows[key].items())}
        if columns.get("interfaces") == [name]:
            del columns["interfaces"]  # a single port: its interface is shown as part of it
        if key[0] == "Interface" and name in sections.get("ports", {}):
            sections["ports"][name].update(columns)
        else:
            sections.setdefault(_SECTIONS[key[0]], {})[name] = columns
    return sections


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _HIDDEN if key in _SECRETS else item for key, item in sorted(value.items())}
    return sorted(value) if isinstance(value, frozenset) else value
