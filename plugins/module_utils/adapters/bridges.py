# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge with its ports, or only some ports of it, as reconcile sees them.

The wanted state is resolved against what was read (maps are merged, columns without an opinion are dropped) to whole
rows; the same rows as they are, cut to the same columns, are the other side of the diff. ``Claim`` says which
existing ports the task may call its own: of the others none is touched, and one in the way is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Row, Snapshot, read
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.transaction import (
    Columns,
    RowKey,
    RowPlan,
    operations,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.tunnels import refuse_collisions
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import TABLES, Kind
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Bridge, Interface, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import OWNER_KEY


@dataclass(frozen=True)
class Claim:
    """What the task may change: the owner it acts for, and which existing ports are its own by their external_ids."""

    owner: str | None
    is_ours: Callable[[Mapping[str, str]], bool]
    purge: bool = False  # remove our ports of the bridge that are not wanted
    adopt: bool = False  # take over what is in the way and not ours
    bridge: bool = True  # manage the bridge itself, not only ports of it
    max_removed: int | None = None  # refuse to remove more ports than this at once


class Bridges:
    """Backend of one bridge; ``present=False`` removes it with all that is in it."""

    def __init__(
        self,
        ovsdb: Ovsdb,
        wanted: Bridge,
        claim: Claim,
        comment: str,
        present: bool = True,
        must_exist: bool = False,
    ) -> None:
        self._ovsdb = ovsdb
        self._wanted = wanted
        self._claim = claim
        self._comment = comment
        self._present = present
        self._must_exist = must_exist
        self._columns = _mentioned_columns(wanted)
        self._snapshot: Snapshot | None = None  # the last one read

    def plan(self) -> RowPlan:
        self._snapshot = snapshot = self._read()
        if not self._present:
            return RowPlan.between(self._removable(snapshot), {})
        removed = self._removed_ports(snapshot)
        self._refuse_foreign(snapshot, removed)
        desired = self._desired(snapshot)
        refuse_collisions(snapshot, desired, removed)
        actual = {key: _cut(row, desired[key]) for key, row in self._existing(snapshot, desired)}
        actual.update({("Port", name): _port_row(snapshot, name) for name in removed})
        actual.update(self._removed_controllers(snapshot))
        return RowPlan.between(actual, desired)

    def apply(self, plan: RowPlan) -> None:
        results = self._ovsdb.transact(operations(plan, self.observed(), self._comment))
        configuration = results[-2]["rows"][0]
        self._ovsdb.settle(configuration["next_cfg"], configuration["cur_cfg"])

    def observed(self) -> Snapshot:
        """Return what ``plan`` read last."""
        if self._snapshot is None:
            raise RuntimeError("plan() comes first")
        return self._snapshot

    def wanted_interfaces(self) -> list[Interface]:
        return [interface for port in self._wanted_ports() if port.present for interface in port.interfaces]

    def ofports(self) -> dict[str, int | None]:
        """Return the OpenFlow port number of each wanted interface, None where it has none (yet)."""
        rows = self.observed().interfaces
        numbers = {item.name: rows[item.name].columns["ofport"] for item in self.wanted_interfaces() if item.name in rows}
        return {name: None if number == -1 else number for name, number in numbers.items()}

    def _read(self) -> Snapshot:
        snapshot = read(self._ovsdb, self._columns)
        if snapshot.cur_cfg < snapshot.next_cfg:  # ovs-vswitchd has yet to apply an earlier change
            self._ovsdb.settle(snapshot.next_cfg, snapshot.cur_cfg)
            snapshot = read(self._ovsdb, self._columns)
        if self._must_exist and self._wanted.name not in snapshot.bridges:
            raise BackendError(
                f"Bridge {self._wanted.name} does not exist. Create it first, with tenantry.sdn.ovs_bridge."
            )
        return snapshot

    # -- wanted ----------------------------------------------------------------------------------------------------

    def _desired(self, snapshot: Snapshot) -> dict[RowKey, Columns]:
        name = self._wanted.name
        rows: dict[RowKey, Columns] = {}
        if self._claim.bridge:
            rows["Bridge", name] = self._resolved(snapshot.bridges.get(name), "Bridge", self._wanted.columns)
            for controller in self._wanted.controllers or ():
                row = snapshot.controllers.get((name, controller.target))
                columns = self._resolved(row, "Controller", controller.columns)
                rows["Controller", name, controller.target] = {**columns, "bridge": name}
        for port in self._wanted_ports():
            if port.present:
                members = frozenset(interface.name for interface in port.interfaces)
                columns = self._resolved(snapshot.ports.get(port.name), "Port", port.columns)
                rows["Port", port.name] = {**columns, "bridge": name, "interfaces": members}
                for interface in port.interfaces:
                    row = snapshot.interfaces.get(interface.name)
                    rows["Interface", interface.name] = self._resolved(row, "Interface", interface.columns)
        return rows

    def _wanted_ports(self) -> Iterable[Port]:
        """Return the ports that are named, and the local port without which no bridge can be."""
        named = self._wanted.ports or ()
        name = self._wanted.name
        if self._claim.bridge and all(port.name != name for port in named):
            return (Port(name, {}, (Interface(name, {"type": "internal"}),)), *named)
        return named

    @staticmethod
    def _resolved(row: Row | None, table: str, wanted: Columns) -> Columns:
        """Return the whole values that the columns shall have, given what is there."""
        resolved = dict(wanted)
        for column, value in wanted.items():
            if TABLES[table][column].kind is Kind.MAP:
                present = row.columns[column] if row and value else {}
                merged = {**present, **value}
                resolved[column] = {key: item for key, item in merged.items() if item is not None}
        return resolved

    # -- existing --------------------------------------------------------------------------------------------------

    @staticmethod
    def _existing(snapshot: Snapshot, desired: Iterable[RowKey]) -> Iterable[tuple[RowKey, Columns]]:
        for key in desired:
            row: Columns | None = None
            if key[0] == "Port" and key[1] in snapshot.ports:
                row = _port_row(snapshot, key[1])
            elif key[0] == "Interface" and key[1] in snapshot.interfaces:
                row = snapshot.interfaces[key[1]].columns
            elif key[0] == "Bridge" and key[1] in snapshot.bridges:
                row = snapshot.bridges[key[1]].columns
            elif key[0] == "Controller" and key[1:] in snapshot.controllers:
                row = {**snapshot.controllers[key[1], key[2]].columns, "bridge": key[1]}
            if row is not None:
                yield key, row

    def _removed_ports(self, snapshot: Snapshot) -> set[str]:
        bridge = self._wanted.name
        here = [name for name, holder in snapshot.bridge_of.items() if holder == bridge]
        absent = {port.name for port in self._wanted.ports or () if not port.present}
        removed = {name for name in here if name in absent}
        if self._claim.purge:
            kept = {port.name for port in self._wanted.ports or ()} | {bridge}
            removed.update(name for name in here if name not in kept and self._is_ours(snapshot, name))
        self._refuse_mass_removal(len(removed))
        return removed

    def _refuse_mass_removal(self, count: int) -> None:
        limit = self._claim.max_removed
        if limit is not None and count > limit:
            raise OwnershipError(
                f"This would remove {count} tunnels of bridge {self._wanted.name}, more than max_removed ({limit}). "
                "Removing thousands stops ovs-vswitchd for minutes; if you mean it, raise max_removed."
            )

    def _removed_controllers(self, snapshot: Snapshot) -> dict[RowKey, Columns]:
        if self._wanted.controllers is None or not self._claim.bridge:
            return {}
        wanted = {controller.target for controller in self._wanted.controllers}
        return {
            ("Controller", bridge, target): row.columns
            for (bridge, target), row in snapshot.controllers.items()
            if bridge == self._wanted.name and target not in wanted
        }

    def _removable(self, snapshot: Snapshot) -> dict[RowKey, Columns]:
        """Return the rows that vanish with the bridge."""
        bridge = self._wanted.name
        if bridge not in snapshot.bridges:
            return {}
        ports = [name for name, holder in snapshot.bridge_of.items() if holder == bridge]
        if self._claim.owner and not self._claim.adopt:
            strangers = [name for name in ports if name != bridge and snapshot.ports[name].owner != self._claim.owner]
            faults = self._foreign_bridge(snapshot)
            if strangers:
                faults.append(f"bridge {bridge} holds ports that are not ours: {', '.join(sorted(strangers))}")
            _refuse(faults)
        rows: dict[RowKey, Columns] = {("Port", name): _port_row(snapshot, name) for name in ports}
        rows["Bridge", bridge] = snapshot.bridges[bridge].columns
        return rows

    # -- ownership -------------------------------------------------------------------------------------------------

    def _refuse_foreign(self, snapshot: Snapshot, removed: set[str]) -> None:
        faults = self._foreign_bridge(snapshot) if self._claim.bridge and not self._claim.adopt else []
        for port in self._wanted.ports or ():
            if port.name in snapshot.ports and port.name != self._wanted.name:
                faults += self._foreign_port(snapshot, port)
            for interface in port.interfaces if port.present else ():
                holder = snapshot.port_of.get(interface.name, port.name)
                if holder != port.name and holder not in removed:
                    faults.append(
                        f"interface {interface.name}, wanted in port {port.name}, is in port {holder} of bridge "
                        f"{snapshot.bridge_of[holder]}; remove that port in the same task: {{name: {holder}, state: absent}}"
                    )
        _refuse(faults)

    def _foreign_port(self, snapshot: Snapshot, port: Port) -> list[str]:
        holder, wanted = snapshot.bridge_of[port.name], self._wanted.name
        if self._claim.adopt or (not port.present and holder != wanted):
            return []
        if not self._is_ours(snapshot, port.name):
            owner = snapshot.ports[port.name].owner
            return [f"port {port.name} of bridge {holder} exists and belongs to {_called(owner)}"]
        if holder != wanted and not self._claim.owner:
            return [f"port {port.name} is on bridge {holder}, not {wanted}"]
        return []

    def _foreign_bridge(self, snapshot: Snapshot) -> list[str]:
        row = snapshot.bridges.get(self._wanted.name)
        if self._claim.owner and row and row.owner != self._claim.owner:
            return [f"bridge {self._wanted.name} exists and belongs to {_called(row.owner)}"]
        return []

    def _is_ours(self, snapshot: Snapshot, port: str) -> bool:
        return self._claim.is_ours(snapshot.ports[port].columns["external_ids"])


def _mentioned_columns(wanted: Bridge) -> dict[str, set[str]]:
    """Return the columns that the task has an opinion on: no others are read."""
    ports = wanted.ports or ()
    return {
        "Bridge": set(wanted.columns),
        "Controller": {column for controller in wanted.controllers or () for column in controller.columns},
        "Port": {column for port in ports for column in port.columns},
        "Interface": {"type"}.union(
            column for port in ports for interface in port.interfaces for column in interface.columns
        ),
    }


def _port_row(snapshot: Snapshot, name: str) -> Columns:
    columns = snapshot.ports[name].columns
    return {**columns, "bridge": snapshot.bridge_of[name], "interfaces": snapshot.members[name]}


def _cut(row: Columns, desired: Columns) -> Columns:
    """Return the row as far as the wanted one speaks of it."""
    return {column: row[column] for column in desired}


def _called(owner: str | None) -> str:
    return f"owner '{owner}'" if owner else f"nobody (it has no {OWNER_KEY} in external_ids)"


def _refuse(faults: list[str]) -> None:
    if faults:
        raise OwnershipError(
            f"In the way and not ours: {'; '.join(sorted(faults))}. Choose other names, remove them by hand, or take "
            "them over with adopt: true."
        )
