# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge with its ports, or only some ports of it, as reconcile sees them.

The wanted state is resolved against what was read (maps are merged, columns without an opinion are dropped) to whole
rows; the same rows as they are, cut to the same columns, are the other side of the diff.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.contradictions import check_host, keeps_interfaces
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import (
    Claim,
    refuse_foreign,
    refuse_removal,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Row, Snapshot, read
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.transaction import (
    Columns,
    RowKey,
    RowPlan,
    operations,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import TABLES, Kind
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Bridge, Interface, Marks, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults


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
        self._ports: list[Port] = []  # the wanted ones, with the interfaces that they keep

    def plan(self) -> RowPlan:
        self._snapshot = snapshot = self._read()
        if not self._present:
            return RowPlan.between(self._removable(snapshot), {})
        removed = self._removed_ports(snapshot)
        refuse_foreign(snapshot, self._wanted, self._claim, removed)
        faults = Faults()
        self._ports = [self._settled(faults, snapshot, port) for port in self._wanted_ports() if port.present]
        desired = self._desired(snapshot)
        check_host(faults, snapshot, desired, removed)
        faults.raise_any()
        actual = {key: _cut(row, desired[key]) for key, row in self._existing(snapshot, desired)}
        actual.update({("Port", name): _port_row(snapshot, name) for name in removed})
        actual.update(self._removed_controllers(snapshot))
        return RowPlan.between(actual, desired)

    def apply(self, plan: RowPlan) -> None:
        results = self._ovsdb.transact(operations(plan, self.observed(), self._comment))
        configuration = results[-2]["rows"][0]
        self._ovsdb.settle(configuration["next_cfg"], configuration["cur_cfg"], ours=True)

    def observed(self) -> Snapshot:
        """Return what ``plan`` read last."""
        if self._snapshot is None:
            raise RuntimeError("plan() comes first")
        return self._snapshot

    def wanted_interfaces(self) -> list[Interface]:
        return [interface for port in self._ports for interface in port.interfaces]

    def ofports(self) -> dict[str, int | None]:
        """Return the OpenFlow port number of each wanted interface, None where it has none (yet)."""
        rows = self.observed().interfaces
        numbers = {
            item.name: rows[item.name].columns["ofport"] for item in self.wanted_interfaces() if item.name in rows
        }
        return {name: None if number == -1 else number for name, number in numbers.items()}

    def _read(self) -> Snapshot:
        snapshot = read(self._ovsdb, self._columns)
        if snapshot.cur_cfg < snapshot.next_cfg:  # ovs-vswitchd has yet to apply an earlier change
            self._ovsdb.settle(snapshot.next_cfg, snapshot.cur_cfg, ours=False)
            snapshot = read(self._ovsdb, self._columns)
        if self._must_exist and self._wanted.name not in snapshot.bridges:
            raise BackendError(
                f"Bridge {self._wanted.name} does not exist. Create it first, with tenantry.sdn.ovs_bridge."
            )
        return snapshot

    # -- wanted ----------------------------------------------------------------------------------------------------

    def _desired(self, snapshot: Snapshot) -> dict[RowKey, Columns]:
        rows = dict(self._desired_bridge(snapshot)) if self._claim.bridge else {}
        for port in self._ports:
            members = frozenset(interface.name for interface in port.interfaces)
            columns = _resolved("Port", snapshot.ports.get(port.name), port.columns, port.marks)
            rows["Port", port.name] = {**columns, "bridge": self._wanted.name, "interfaces": members}
            for interface in port.interfaces:
                row = snapshot.interfaces.get(interface.name)
                rows["Interface", interface.name] = _resolved("Interface", row, interface.columns)
        return rows

    def _desired_bridge(self, snapshot: Snapshot) -> Iterable[tuple[RowKey, Columns]]:
        name = self._wanted.name
        yield (
            ("Bridge", name),
            _resolved("Bridge", snapshot.bridges.get(name), self._wanted.columns, self._wanted.marks),
        )
        for controller in self._wanted.controllers or ():
            row = snapshot.controllers.get((name, controller.target))
            columns = _resolved("Controller", row, controller.columns)
            yield ("Controller", name, controller.target), {**columns, "bridge": name}

    def _wanted_ports(self) -> Iterable[Port]:
        """Return the ports that are named, and the local port without which no bridge can be."""
        named = self._wanted.ports or ()
        name = self._wanted.name
        if self._claim.bridge and all(port.name != name for port in named):
            return (Port(name, {}, (Interface(name, {"type": "internal"}),)), *named)
        return named

    @staticmethod
    def _settled(faults: Faults, snapshot: Snapshot, port: Port) -> Port:
        if not keeps_interfaces(faults, snapshot, port):
            return port
        return replace(port, interfaces=tuple(Interface(name) for name in sorted(snapshot.members[port.name])))

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
            removed.update(name for name in here if name not in kept and self._claim.owns(snapshot, name))
        self._refuse_mass_removal(len(removed))
        return removed

    def _refuse_mass_removal(self, count: int) -> None:
        limit = self._claim.max_removed
        if limit is not None and count > limit:
            what = f"this would remove {count} tunnels, more than max_removed ({limit})"
            why = "removing thousands stops ovs-vswitchd for minutes; if you mean it, raise max_removed"
            raise OwnershipError([f"bridge {self._wanted.name}: {what}; {why}"])

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
        refuse_removal(snapshot, bridge, self._claim)
        ports = [name for name, holder in snapshot.bridge_of.items() if holder == bridge]
        rows: dict[RowKey, Columns] = {("Port", name): _port_row(snapshot, name) for name in ports}
        rows["Bridge", bridge] = snapshot.bridges[bridge].columns
        return rows


def _resolved(table: str, row: Row | None, wanted: Columns, marks: Marks | None = None) -> Columns:
    """Return the whole values that the columns shall have, given what is there."""
    resolved = dict(wanted)
    if marks:
        resolved.setdefault("external_ids", {})
    for column in resolved:
        if TABLES[table][column].kind is Kind.MAP:
            kept = dict(row.columns[column]) if row else {}
            if column in wanted and not wanted[column]:  # an empty map clears, but not what says whose the row is
                kept = {key: item for key, item in kept.items() if key in (OWNER_KEY, MESH_KEY)}
            merged = {**kept, **wanted.get(column, {}), **((marks or {}) if column == "external_ids" else {})}
            resolved[column] = {key: item for key, item in merged.items() if item is not None}
    return resolved


def _mentioned_columns(wanted: Bridge) -> dict[str, set[str]]:
    """Return the columns that the task has an opinion on, and those that tell whether it can be: no others are read."""
    ports = wanted.ports or ()
    interfaces = {column for port in ports for interface in port.interfaces for column in interface.columns}
    return {
        "Bridge": set(wanted.columns),
        "Controller": {column for controller in wanted.controllers or () for column in controller.columns},
        "Port": {column for port in ports for column in port.columns},
        "Interface": interfaces | ({"type", "options"} if interfaces & {"type", "options"} else {"type"}),
    }


def _port_row(snapshot: Snapshot, name: str) -> Columns:
    columns = snapshot.ports[name].columns
    return {**columns, "bridge": snapshot.bridge_of[name], "interfaces": snapshot.members[name]}


def _cut(row: Columns, desired: Columns) -> Columns:
    """Return the row as far as the wanted one speaks of it."""
    return {column: row[column] for column in desired}
