# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an owner wants of the OpenFlow tables of a bridge, and how its own is told from that of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

KINDS = ("flow", "group", "meter")
HIGHEST = {"group": 0xFFFFFF00, "meter": 0xFFFF0000}  # OFPG_MAX, OFPM_MAX
LOWEST = {"group": 0, "meter": 1}


class Cookie(NamedTuple):
    """The owner's mark on flows: those are its own whose cookie is ``value`` in the bits of ``mask``."""

    value: int
    mask: int

    def owns(self, cookie: int) -> bool:
        return cookie & self.mask == self.value


class Ids(NamedTuple):
    """The numbers that an owner has for its groups or meters, which have no cookie. Falsy if it has none."""

    ranges: tuple[range, ...] = ()

    def owns(self, number: int | None) -> bool:
        return any(number in ids for ids in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __str__(self) -> str:
        return ",".join(f"{ids[0]}-{ids[-1]}" if len(ids) > 1 else str(ids[0]) for ids in self.ranges)


class Program(NamedTuple):
    """Flows, groups and meters as text, one each; None where the user has no opinion on them."""

    bridge: str
    cookie: Cookie
    ids: Mapping[str, Ids]  # of KINDS those without a cookie
    lists: Mapping[str, Sequence[str] | None] = MappingProxyType(dict.fromkeys(KINDS))
    purge: bool = True  # remove what is the owner's and not wanted
    saved: bool | None = None  # in a file to come back from; None: if it was before
