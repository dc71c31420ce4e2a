# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every task on the database has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, shown, text


def parse_task(faults: Faults, params: Mapping[str, Any]) -> str | None:
    """Check the options that every task on the database has, and return the owner."""
    faults.parse("timeout", integer(1, 3600), params.get("timeout", 1))
    owner = params.get("owner")
    if owner is None and params.get("adopt"):
        faults.add("adopt", "only an owner can take over, by its mark; set owner too, or leave adopt out")
    return None if owner is None else faults.parse("owner", _owner_name, owner)


def _owner_name(value: Any) -> str:
    """Parse an owner mark: one line of printable text, since it is shown, compared and stored as it is."""
    name = text(value)
    if not name or name != name.strip() or len(name) > 63:
        raise ValueError(f"{shown(name)} is no owner; write 1 to 63 characters without spaces around them, as 'dc1'")
    return name
