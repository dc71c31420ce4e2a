# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge with its ports, or only some ports of it, as reconcile sees them.

The wanted state is resolved against what was read (maps are merged, columns without an opinion are dropped) to whole
rows; the same rows as they are, cut to the same columns, are the other side of the diff.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from contextlib import suppress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.backend import (
    DatabaseBackend,
    columns_of,
    resolved,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import Row, RowKey, RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import (
    Claim,
    refuse_foreign,
    refuse_removal,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plugged import release
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot, Tables
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import (
    ConflictError,
    OwnershipError,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import BOND_ONLY, SAMPLE, TABLES
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Bridge, Columns, Interface, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import QOS_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_SAMPLES = "Flow_Sample_Collector_Set"
_TRAILING: Tables = {"QoS": {}, "Queue": {}, _SAMPLES: SAMPLE, "IPFIX": {}}


class Bridges(DatabaseBackend):
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
        removes = not present or claim.purge or any(not port.present for port in wanted.ports or ())
        trailing = _TRAILING if claim.bridge and removes else {}
        super().__init__(ovsdb, {**_mentioned_columns(wanted), **trailing}, comment)
        self._wanted = wanted
        self._claim = claim
        self._present = present
        self._must_exist = must_exist
        self._ports: list[Port] = []  # the wanted ones, with the interfaces that they keep

    def plan(self) -> RowPlan:
        snapshot = self._read()
        if self._must_exist:
            self._require_bridge(self._wanted.name)
        if not self._present:
            return RowPlan.between(self._removable(snapshot), {})
        removed = self._removed_ports(snapshot)
        refuse_foreign(snapshot, self._wanted, self._claim, removed)
        faults = Faults()
        self._ports = [self._settled(faults, snapshot, port) for port in self._wanted_ports() if port.present]
        desired, actual = self._desired_and_actual(snapshot)
        actual.update({("Port", name): _port_row(snapshot, name) for name in removed})
        actual.update(self._trailing(snapshot, removed))
        actual.update(self._removed_controllers(snapshot))
        plan = RowPlan.between(actual, desired)
        if plan or "ofport_request" in self._tables["Interface"]:  # of others Open vSwitch has said what is wrong
            from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.contradictions import check_host

            check_host(faults, snapshot, desired, plan, removed)
        faults.raise_any()
        return plan

    def apply(self, plan: RowPlan) -> None:
        release((name for table, *names in plan.create if table == "Interface" for name in names), self._claim.owner)
        first, *leaving = self._in_turn(plan)
        self._commit(first)
        for part in leaving:
            with suppress(ConflictError):  # the first is made and to be reported; reading again shows what is left
                self._commit(part)

    def _in_turn(self, plan: RowPlan) -> list[RowPlan]:
        """Return the plan, or in two parts if ports come and others leave: those that leave last.

        The datapath gives a new port the number of one that left, and flows go on sending there what the old one was
        to get until they are revalidated. In one transaction a new port heard frames of another network in 38 of 40
        replacements; with the old ones first it still did while there were 20,000 flows; with the new ones first never.
        Tunnels need no turns: they share the datapath's port of their type.
        """
        if not self._claim.bridge or not any(key[0] == "Port" for key in plan.create):
            return [plan]
        interfaces = {name for columns in plan.after.values() for name in columns.get("interfaces", ())}
        numbers = {columns["ofport_request"] for columns in plan.after.values() if columns.get("ofport_request")}
        leaving = {
            key: row
            for key, row in plan.delete.items()
            if key[0] in ("Port", "QoS", "Queue") and not self._holds(key[1], interfaces, numbers)
        }
        rest = {key: row for key, row in plan.delete.items() if key not in leaving}
        return [part for part in (RowPlan(plan.create, plan.update, rest), RowPlan({}, {}, leaving)) if part]

    def _holds(self, port: str, interfaces: set[str], numbers: set[int]) -> bool:
        """Say whether the port has one of the interfaces or OpenFlow port numbers, so that it must go first."""
        rows, members = self.observed().interfaces, self.observed().members[port]
        return not members.isdisjoint(interfaces) or any(rows[name].columns["ofport"] in numbers for name in members)

    def wanted_interfaces(self) -> list[Interface]:
        return [interface for port in self._ports for interface in port.interfaces]

    def facts(self) -> dict[str, Any]:
        if not self._claim.bridge:
            return {}
        facts: dict[str, Any] = {"ofports": self._ofports()}
        if self._claim.owner:
            from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.holdings import holdings

            facts["owned"] = holdings(self._ovsdb, self._claim.owner, self._wanted.name)
        return facts

    def _ofports(self) -> dict[str, int | None]:
        """Return the OpenFlow port number of each wanted interface, None where it has none (yet)."""
        rows = self.observed().interfaces
        numbers = {
            item.name: rows[item.name].columns["ofport"] for item in self.wanted_interfaces() if item.name in rows
        }
        return {name: None if number == -1 else number for name, number in numbers.items()}

    # -- wanted ----------------------------------------------------------------------------------------------------

    def _desired_and_actual(self, snapshot: Snapshot) -> tuple[dict[RowKey, Columns], dict[RowKey, Columns]]:
        """Return the wanted rows, and as many of them as there are, cut to the same columns."""
        desired: dict[RowKey, Columns] = {}
        actual: dict[RowKey, Columns] = {}
        for key, row, wanted in self._wanted_rows(snapshot):
            desired[key] = wanted
            if row is not None:
                actual[key] = {column: row[column] for column in wanted}
        return desired, actual

    def _wanted_rows(self, snapshot: Snapshot) -> Iterable[tuple[RowKey, Columns | None, Columns]]:
        """Yield each wanted row: (key, as it is, as it shall be)."""
        if self._claim.bridge:
            yield from self._wanted_bridge(snapshot)
        for port in self._ports:
            members = frozenset(interface.name for interface in port.interfaces)
            row = _port_row(snapshot, port.name) if port.name in snapshot.ports else None
            columns = resolved(row, port.columns, port.marks)
            yield ("Port", port.name), row, {**columns, "bridge": self._wanted.name, "interfaces": members}
            for interface in port.interfaces:
                row = columns_of(snapshot.interfaces.get(interface.name))
                yield ("Interface", interface.name), row, resolved(row, interface.columns)

    def _wanted_bridge(self, snapshot: Snapshot) -> Iterable[tuple[RowKey, Columns | None, Columns]]:
        name = self._wanted.name
        row = columns_of(snapshot.bridges.get(name))
        yield ("Bridge", name), row, resolved(row, self._wanted.columns, self._wanted.marks)
        for controller in self._wanted.controllers or ():
            row = columns_of(snapshot.controllers.get((name, controller.target)))
            columns = resolved(row, controller.columns)
            row = None if row is None else {**row, "bridge": name}
            yield ("Controller", name, controller.target), row, {**columns, "bridge": name}

    def _wanted_ports(self) -> Iterable[Port]:
        """Return the ports that are named, and the local port without which no bridge can be."""
        named = self._wanted.ports or ()
        name = self._wanted.name
        if self._claim.bridge and all(port.name != name for port in named):
            return (Port(name, {}, (Interface(name, {"type": "internal"}),)), *named)
        return named

    @staticmethod
    def _settled(faults: Faults, snapshot: Snapshot, port: Port) -> Port:
        if not _keeps_interfaces(faults, snapshot, port):
            return port
        return port._replace(interfaces=tuple(Interface(name) for name in sorted(snapshot.members[port.name])))

    # -- existing --------------------------------------------------------------------------------------------------

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
        return {**rows, **self._trailing(snapshot, {bridge, *ports})}

    def _trailing(self, snapshot: Snapshot, removed: Set[str]) -> dict[RowKey, Columns]:
        """Return the rows that would stay, and hold on to what is removed: what ovs_qos made, samples of a bridge."""
        return {
            key: row.columns
            for key, row in snapshot.hanging.items()
            if key[1] in removed and (key[0] == _SAMPLES or self._is_litter(row, key[1]))
        }

    def _is_litter(self, row: Row, port: str) -> bool:
        made_for = row.columns["external_ids"].get(QOS_KEY)
        return made_for == port and (self._claim.owner is None or row.owner in (None, self._claim.owner))


def _keeps_interfaces(faults: Faults, snapshot: Snapshot, port: Port) -> bool:
    """Say whether the port has other interfaces than one of its own name, and the task leaves them alone."""
    members = snapshot.members.get(port.name, frozenset((port.name,)))
    kept = not port.listed and members != {port.name}
    if kept:
        for column in port.interfaces[0].columns:
            what = f"it has the interfaces {', '.join(sorted(members))}"
            faults.add(f"port {port.name}", f"{what}; write {column} in interfaces[], at the one that you mean")
    elif not port.listed:
        for column in BOND_ONLY:
            if port.columns.get(column) is not None:
                faults.add(f"port {port.name}", f"{column} is for bonds; list the bond's members in interfaces")
    return kept


def _mentioned_columns(wanted: Bridge) -> Tables:
    """Return the columns that the task has an opinion on, and those that tell whether it can be: no others are read."""
    ports = wanted.ports or ()
    interfaces = {column for port in ports for interface in port.interfaces for column in interface.columns}
    mentioned = {
        "Bridge": set(wanted.columns),
        "Controller": {column for controller in wanted.controllers or () for column in controller.columns},
        "Port": {column for port in ports for column in port.columns},
        "Interface": interfaces | ({"type", "options"} if interfaces & {"type", "options"} else {"type"}),
    }
    return {table: {name: TABLES[table][name] for name in names} for table, names in mentioned.items()}


def _port_row(snapshot: Snapshot, name: str) -> Columns:
    columns = snapshot.ports[name].columns
    return {**columns, "bridge": snapshot.bridge_of[name], "interfaces": snapshot.members[name]}
