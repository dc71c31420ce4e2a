# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of Open vSwitch must know of plugs, where there may be any."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.names import (
    PLUG_CHAIN,
    ROUTED_CHAIN,
    is_plug_bridge,
    plug_owner,
    set_mark,
)


def count(owner: str) -> int:
    """Return how many plugs an owner has; one if a boot took them all, and their rules are saved."""
    plugs = len(_bridges(_links(), owner))
    chain = os.path.join(sealed.rules_of("ipv4", "filter"), set_mark(owner) + PLUG_CHAIN)
    return plugs or int(os.path.exists(chain))


def routed(owner: str) -> int:
    """Return whether an owner has routed ports: the chain for them is saved before they come, and until they went."""
    return int(os.path.exists(os.path.join(sealed.rules_of("ipv4", "filter"), set_mark(owner) + ROUTED_CHAIN)))


def release(names: Iterable[str], owner: str | None) -> None:
    """Take interfaces out of the plugs of an owner, for Open vSwitch to have them itself."""
    links, wanted = _links(), set(names)
    ours = _bridges(links, owner)
    held = [link["ifname"] for link in links if link["ifname"] in wanted and link.get("master") in ours]
    if held:
        run(["ip", "-batch", "-"], stdin="".join(f"link set dev {name} nomaster\n" for name in held))


def _bridges(links: Iterable[Mapping[str, Any]], owner: str | None) -> set[str]:
    """Return the Linux bridges of an owner's plugs; None: of all plugs."""
    bridges = (link for link in links if is_plug_bridge(link["ifname"]))
    return {link["ifname"] for link in bridges if owner in (None, plug_owner(link.get("ifalias", "")))}


def _links() -> list[dict[str, Any]]:
    """Return all links; none of a host that has no plugs, which is not asked by a program."""
    if not any(is_plug_bridge(name) for _index, name in socket.if_nameindex()):
        return []
    found: list[dict[str, Any]] = json.loads(run(["ip", "-json", "link", "show"]))
    return found
