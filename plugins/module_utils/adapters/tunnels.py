# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels that Open vSwitch could not tell apart, on whatever bridge of the host.

It adds the first, and reports the second by an error in its row or, where a tunnel is edited into another's place,
not at all. So they are refused before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS, identity


def refuse_collisions(
    snapshot: Snapshot, desired: Mapping[tuple[str, ...], Mapping[str, Any]], removed_ports: Set[str]
) -> None:
    """Raise InvalidInput if a wanted tunnel is the same as another wanted one, or one that stays."""
    wanted = {key[1]: columns for key, columns in desired.items() if columns.get("type") in KEY_BITS}
    if not wanted:
        return
    staying = {
        identity(row.columns): name
        for name, row in snapshot.interfaces.items()
        if row.columns["type"] in KEY_BITS
        and name not in wanted
        and snapshot.port_of[name] not in removed_ports
    }
    faults = []
    holders: dict[tuple[Any, ...], str] = dict(staying)
    for name, columns in wanted.items():
        this = identity({"type": columns["type"], "options": columns.get("options", {})})
        other = holders.setdefault(this, name)
        if other != name:
            faults.append(_fault(snapshot, this, name, other))
    if faults:
        raise InvalidInput(faults)


def _fault(snapshot: Snapshot, this: tuple[Any, ...], name: str, other: str) -> str:
    kind, local, remote, key, _port = this
    place = f"on bridge {snapshot.bridge_of[snapshot.port_of[other]]}" if other in snapshot.port_of else "in this task"
    return (
        f"tunnel {name}: {kind} from {local or 'any address'} to {remote} with key {key} is already {other} {place}; "
        "give it another key, or remove the other one"
    )
