# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an owner wants of the OpenFlow tables of a bridge."""

from __future__ import annotations

from typing import NamedTuple


class Cookie(NamedTuple):
    """The owner's mark on flows: those are its own whose cookie is ``value`` in the bits of ``mask``."""

    value: int
    mask: int

    def owns(self, cookie: int) -> bool:
        return cookie & self.mask == self.value


class Program(NamedTuple):
    """``flows`` is None where the user has no opinion; each is a text of ovs-flows(7), on one line."""

    bridge: str
    cookie: Cookie
    flows: tuple[str, ...] | None
    purge: bool = True  # remove the owner's flows that are not wanted
