# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted state of a bridge and its ports, as far as the user has an opinion.

``columns`` holds only what the user wrote: a column that is absent is left alone, None, an empty set or an empty
string clears it, and in a map a key with None is removed while other keys stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

Columns = Mapping[str, Any]  # OVSDB column name -> canonical value (model/columns.py)
Marks = Mapping[str, Optional[str]]  # external_ids by which we know what is ours; no user may write or clear them


@dataclass(frozen=True)
class Interface:
    name: str
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True)
class Port:
    """A port and its interfaces.

    ``listed`` interfaces are all that the port shall have, as a bond's members. Otherwise it is one of the port's own
    name, unless the port exists: then it keeps what it has.
    """

    name: str
    columns: Columns = field(default_factory=dict)
    interfaces: tuple[Interface, ...] = ()
    listed: bool = False
    marks: Marks = field(default_factory=dict)
    present: bool = True


@dataclass(frozen=True)
class Controller:
    target: str
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True)
class Bridge:
    """``ports`` and ``controllers`` are None where the user has no opinion on them."""

    name: str
    columns: Columns = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)
    ports: tuple[Port, ...] | None = None
    controllers: tuple[Controller, ...] | None = None
