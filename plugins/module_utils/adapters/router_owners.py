# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose virtual routers there are on a host: the folder of each says it."""

from __future__ import annotations

import os
from contextlib import suppress

from ansible_collections.tenantry.sdn.plugins.module_utils.names import ROUTER_OWNER, ROUTERS, router_folder


def names() -> list[str]:
    """Return the routers that there are on this host, whoever's."""
    with suppress(FileNotFoundError):
        return sorted(os.listdir(ROUTERS))
    return []


def owner_of(name: str) -> str | None:
    """Return the owner of a router, None if there is none of this name."""
    with suppress(FileNotFoundError), open(f"{router_folder(name)}/{ROUTER_OWNER}", encoding="utf-8") as file:
        return file.read().strip()
    return None


def count(owner: str) -> int:
    """Return how many routers an owner has on this host."""
    return sum(owner_of(name) == owner for name in names())
