# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs on one bridge, as far as the user has an opinion: mirrors, flow exports."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns


class Attachment(NamedTuple):
    """A row by its table and what tells it from others of the same bridge: (table,) or (table, name)."""

    place: tuple[str, ...]
    columns: Columns = MappingProxyType({})
    present: bool = True


class Attachments(NamedTuple):
    bridge: str
    wanted: tuple[Attachment, ...]
    complete: frozenset[str] = frozenset()  # tables: others of these that are ours go; without an owner, all others
