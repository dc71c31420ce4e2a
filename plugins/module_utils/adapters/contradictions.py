# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a task only in the light of what the host has: refused before anything is written.

Open vSwitch takes each of these without a word: the second of two equal tunnels, an OpenFlow port number that is
taken, a MAC address or an MTU for a device that has none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS, check_tunnel_options, identity
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

Rows = Mapping[tuple[str, ...], Mapping[str, Any]]


def check_host(faults: Faults, snapshot: Snapshot, desired: Rows, plan: RowPlan, removed_ports: Set[str]) -> None:
    """Record what of the planned changes Open vSwitch could not do, given what stays on the host.

    Of interfaces that stay as they are it has said itself what is wrong (health.py).
    """
    wanted = {key[1]: row for key, row in plan.after.items() if key[0] == "Interface"}
    whole = {name: _whole(snapshot, name, columns) for name, columns in wanted.items()}
    for name, columns in wanted.items():
        _check_interface(faults, f"interface {name}", columns, whole[name])
    _check_ofports(faults, snapshot, desired, removed_ports)
    _check_tunnels(faults, snapshot, desired, whole, removed_ports)


def _whole(snapshot: Snapshot, name: str, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the row as it will be."""
    row = snapshot.interfaces.get(name)
    return {"type": "", **(row.columns if row else {}), **wanted}


def _check_interface(faults: Faults, path: str, wanted: Mapping[str, Any], whole: Mapping[str, Any]) -> None:
    kind = whole["type"]
    if {"type", "options"} & wanted.keys():
        options = whole.get("options", {})
        if kind == "patch" and not options.get("peer"):
            faults.add(path, "a patch port needs the name of its peer; write options: {peer: NAME}")
        if kind in KEY_BITS:
            check_tunnel_options(faults, f"{path} options", kind, options)
            if not options.get("remote_ip"):
                faults.add(path, "a tunnel needs the address of its other end; write options: {remote_ip: ADDRESS}")
    if wanted.get("mac") is not None and kind != "internal":
        faults.add(path, "Open vSwitch sets the MAC address of internal interfaces alone; set it on the device itself")
    if wanted.get("mtu_request") is not None and (kind == "patch" or kind in KEY_BITS):
        faults.add(path, f"a {kind} interface has no MTU of its own; leave mtu_request out")


def _check_ofports(faults: Faults, snapshot: Snapshot, desired: Rows, removed_ports: Set[str]) -> None:
    requests = {key[1]: row.get("ofport_request") for key, row in desired.items() if key[0] == "Interface"}
    if not any(requests.values()):
        return
    bridge_of = {name: row["bridge"] for key, row in desired.items() if key[0] == "Port" for name in row["interfaces"]}
    holders = {}
    for name, port in snapshot.port_of.items():
        bridge, number = snapshot.bridge_of[port], snapshot.interfaces[name].columns["ofport"]
        stays = port not in removed_ports and bridge_of.get(name, bridge) == bridge
        if stays and requests.get(name) in (None, number):  # else it gets another number itself
            holders[bridge, number] = name
    for name, number in requests.items():
        holder = holders.get((bridge_of[name], number), name)
        if number is not None and holder != name:
            what = f"ofport_request {number} is the port number of {holder}"
            faults.add(f"interface {name}", f"{what}; write another number, or remove that port first")


def _check_tunnels(
    faults: Faults,
    snapshot: Snapshot,
    desired: Rows,
    interfaces: Mapping[str, Mapping[str, Any]],
    removed_ports: Set[str],
) -> None:
    """Record each wanted tunnel that is the same as another wanted one, or one that stays, on whatever bridge."""
    wanted = {
        name: columns for name, columns in interfaces.items() if columns["type"] in KEY_BITS and "options" in columns
    }  # options are not read where no interface of the task speaks of them
    if not wanted:
        return
    holders = {
        identity(row.columns): name
        for name, row in snapshot.interfaces.items()
        if row.columns["type"] in KEY_BITS and name not in wanted and snapshot.port_of[name] not in removed_ports
    }
    for name, columns in wanted.items():
        this = identity(columns)
        other = holders.setdefault(this, name)
        if other != name:
            kind, local, remote, key, _port = this
            what = f"{kind} from {local or 'any address'} to {remote} with key {key}"
            taken = f"is {_called(snapshot, desired, other)} already"
            path = f"tunnel {_called(snapshot, desired, name)}"
            faults.add(path, f"{what} {taken}; give it another key, or remove the other one")


def _called(snapshot: Snapshot, desired: Rows, tunnel: str) -> str:
    """Return how a message calls a tunnel, whose own name may say nothing to the reader."""
    port = snapshot.port_of.get(tunnel, tunnel)
    wanted = desired.get(("Port", port))
    mesh = (wanted or snapshot.ports[port].columns).get("external_ids", {}).get(MESH_KEY)
    bridge = wanted["bridge"] if wanted else snapshot.bridge_of[port]
    return f"{tunnel} of mesh '{mesh}' on bridge {bridge}" if mesh else f"{tunnel} on bridge {bridge}"
