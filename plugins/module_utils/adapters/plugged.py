# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of Open vSwitch must know of plugs, where there may be any."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PLUG_CHAIN, is_plug_bridge, plug_owner, set_mark


def count(owner: str) -> int:
    """Return how many plugs an owner has; one if a boot took them all, and their rules are saved."""
    plugs = sum(plug_owner(link.get("ifalias", "")) == owner for link in _bridges())
    chain = os.path.join(sealed.ROOT, "rules", "ipv4", "filter", set_mark(owner) + PLUG_CHAIN)
    return plugs or int(os.path.exists(chain))


def release(names: Iterable[str], owner: str | None) -> None:
    """Take interfaces out of the plugs of an owner, for Open vSwitch to have them itself."""
    ours = {link["ifname"] for link in _bridges() if owner in (None, plug_owner(link.get("ifalias", "")))}
    wanted = set(names)
    for link in _links() if ours else ():
        if link["ifname"] in wanted and link.get("master") in ours:
            run(["ip", "link", "set", "dev", link["ifname"], "nomaster"])


def _bridges() -> list[dict[str, Any]]:
    """Return the Linux bridges of plugs; a host that has none is not asked by a program."""
    if not any(is_plug_bridge(name) for _index, name in socket.if_nameindex()):
        return []
    return [link for link in _links() if is_plug_bridge(link["ifname"])]


def _links() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(["ip", "-json", "link", "show"]))
    return found
