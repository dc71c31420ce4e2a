# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge with its controllers and ports, in the words of ovs_bridge."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import Task, acceptable, said
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import (
    BOND_ONLY,
    BRIDGE,
    CONTROLLER,
    INTERFACE,
    PORT,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch_input import INTERFACE_OF_PORT, parse_bridge


def described(snapshot: Snapshot, bridge: str, owner: str | None) -> Task:
    """Return a bridge with its ports, or those that are the owner's."""
    ports = [name for name, holder in snapshot.bridge_of.items() if holder == bridge]
    task: Task = {
        "name": bridge,
        **said({name: snapshot.bridges[bridge].columns[name] for name in BRIDGE}),
        "controllers": [
            {"target": target, **said({name: row.columns[name] for name in CONTROLLER})}
            for (holder, target), row in sorted(snapshot.controllers.items())
            if holder == bridge
        ],
        "ports": [
            _port(snapshot, name, name == bridge)
            for name in sorted(ports)
            if owner in (None, snapshot.ports[name].owner)
        ],
    }
    return acceptable(parse_bridge, task, complete=["controllers"])


def _port(snapshot: Snapshot, name: str, is_local: bool) -> Task:
    single = snapshot.members[name] == {name}
    columns = snapshot.ports[name].columns
    port = {"name": name, **said({column: columns[column] for column in PORT if not (single and column in BOND_ONLY)})}
    interfaces = [_interface(snapshot, member) for member in sorted(snapshot.members[name])]
    only = interfaces[0]
    if single and not any(only[column] for column in INTERFACE if column not in INTERFACE_OF_PORT):
        port.update({column: only[column] for column in INTERFACE_OF_PORT if not (is_local and column == "type")})
    else:
        port["interfaces"] = interfaces
    return port


def _interface(snapshot: Snapshot, name: str) -> Task:
    return {"name": name, **said({column: snapshot.interfaces[name].columns[column] for column in INTERFACE})}
