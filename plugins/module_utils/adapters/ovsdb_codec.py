# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OVSDB values on the wire (RFC 7047, section 5.1) and in memory, by the kind of their column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import Kind


def _scalar(wire: Any) -> Any:
    if isinstance(wire, list) and wire[0] == "set":
        return wire[1][0] if wire[1] else None
    return wire


def _set(wire: Any) -> frozenset[Any]:
    return frozenset(wire[1] if isinstance(wire, list) and wire[0] == "set" else (wire,))


def _map(wire: Any) -> dict[str, str]:
    return dict(wire[1])


# To the canonical value of a column: a scalar or None, a frozenset, a dict.
DECODE: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.SCALAR: _scalar,
    Kind.OPTIONAL: _scalar,
    Kind.SET: _set,
    Kind.MAP: _map,
}


def encode(value: Any) -> Any:
    """Return a canonical value as the wire wants it: the inverse of ``DECODE``."""
    if value is None:
        return ["set", []]
    if isinstance(value, dict):
        return ["map", sorted([key, item] for key, item in value.items())]
    if isinstance(value, frozenset):
        return ["set", sorted(value)]
    return value


def references(wire: Any) -> Any:
    """Return the UUIDs in a column of references: a list of them, or a dict of those in a map."""
    if wire[0] == "uuid":
        return [wire[1]]
    if wire[0] == "map":
        return {key: uuid for key, (word, uuid) in wire[1]}
    return [uuid for (word, uuid) in wire[1]]


def encode_references(references: Any) -> Any:
    """Return UUIDs as the wire wants them: the inverse of ``references``."""
    if isinstance(references, dict):
        return ["map", [[key, ["uuid", uuid]] for key, uuid in references.items()]]
    return ["set", [["uuid", uuid] for uuid in references]]
