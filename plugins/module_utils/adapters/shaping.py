# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ports may send and receive, as reconcile sees it: policing columns of interfaces, QoS and Queue rows of ports.

QoS and Queue are root tables: a row that its port lets go of stays for ever. So ours bear the name of the port that
they were made for, and go in the transaction that takes them off. What another program orphans, the next task removes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.backend import (
    DatabaseBackend,
    columns_of,
    mark_copies,
    resolved,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.effects import (
    Shaped,
    check_bursts,
    check_effects,
    check_shapes,
    ineffective,
    shaped_ports,
    starving,
    unlimited,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import Row, RowKey, RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import BY_HAND, Claim, called
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot, Tables
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_control import SwitchControl
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import BRIDGE, EXTERNAL_IDS, INTERFACE
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping import (
    DEFAULT_TYPE,
    POLICING,
    QOS,
    QUEUE,
    UNPOLICED,
    Limits,
    in_words,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns, Marks
from ansible_collections.tenantry.sdn.plugins.module_utils.names import OWNER_KEY, POLICING_KEY, QOS_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

TABLES: Tables = {
    "Bridge": {"datapath_type": BRIDGE["datapath_type"]},
    "Port": {},
    "Interface": {"type": INTERFACE["type"], "external_ids": EXTERNAL_IDS, **POLICING},
    "QoS": QOS,
    "Queue": QUEUE,
}
Rows = dict[RowKey, Columns]


class Shaping(DatabaseBackend):
    """Backend of the limits of interfaces. ``must_exist``: an interface that is not there is a fault."""

    def __init__(
        self,
        ovsdb: Ovsdb,
        wanted: Sequence[Limits],
        claim: Claim,
        comment: str,
        require_effect: bool = True,
        must_exist: bool = True,
    ) -> None:
        super().__init__(ovsdb, TABLES, comment)
        self._wanted = wanted
        self._claim = claim
        self._require_effect = require_effect
        self._must_exist = must_exist
        self._desired: Rows = {}
        self._shapes: list[Shaped] = []

    def plan(self) -> RowPlan:
        snapshot = self._read()
        faults, self._desired, actual = Faults(), {}, {}
        ports = {limits.interface: self._port(faults, snapshot, limits) for limits in self._wanted}
        faults.raise_any()
        self._refuse_foreign(snapshot, ports)
        for limits in self._wanted:
            port = ports[limits.interface]
            actual.update(self._policed(snapshot, limits))
            if port is not None:
                actual.update(self._shaped(snapshot, limits, port))
        if self._claim.purge:
            actual.update(self._purged(snapshot, ports))
        actual.update(self._left_behind(snapshot, ports))
        self._shapes = list(shaped_ports(snapshot, self._desired, actual))
        plan = RowPlan.between(actual, self._desired)
        changed = {**plan.after, **plan.delete}
        reshaped = {key[1] for key in changed if key[0] in ("QoS", "Queue")}
        check_shapes(faults, [port for port in self._shapes if port.port in reshaped])
        check_bursts(faults, snapshot, self._desired, changed)
        if self._require_effect:
            check_effects(faults, snapshot, self._desired, self._shapes)
        faults.raise_any()
        return plan

    def warnings(self) -> list[str]:
        idle = () if self._require_effect else ineffective(self.observed(), self._desired, self._shapes)
        return [
            *(f"{where}: {reason}" for where, reason in idle),
            *starving(self.observed(), self._desired),
            *unlimited(self._shapes),
            *self._absent(),
        ]

    def unmade(self) -> list[str]:
        """Ask ovs-vswitchd which shapes the kernel has; what polices nobody can be asked about."""
        rows, members = self.observed().interfaces, self.observed().members
        wanted = [
            (name, port.type)
            for port in self._shapes
            for name in sorted(members.get(port.port, ()))
            if port.type != "linux-noop"
            and rows[name].columns["ofport"] is not None
            and not rows[name].columns["error"]
        ]
        if not wanted or not self._require_effect:
            return []
        try:
            control = SwitchControl(self._ovsdb.remote)
        except BackendError:
            return []  # the database is on another host
        refused = [(name, kind) for name, kind in wanted if control.refused_qos(name, kind)]
        control.close()
        return [
            f"interface {name}: the kernel did not take type {kind}, see ovs-vswitchd.log" for name, kind in refused
        ]

    def in_words(self, key: RowKey, columns: Columns) -> Columns:
        return in_words(key[0], columns)

    def _absent(self) -> Iterable[str]:
        rows = self.observed().interfaces
        for limits in self._wanted:
            error = rows[limits.interface].columns["error"] if limits.interface in rows and limits.present else None
            if error:
                what = f"interface {limits.interface}: {' '.join(error.split()).rstrip('.')}"
                yield f"Not limited yet, Open vSwitch does it when the device appears: {what}"

    # -- wanted ----------------------------------------------------------------------------------------------------

    def _port(self, faults: Faults, snapshot: Snapshot, limits: Limits) -> str | None:
        """Return the port to shape, None if the task says nothing of that."""
        name, path = limits.interface, f"interface {limits.interface}"
        port = snapshot.port_of.get(name, name if name in snapshot.ports else None)
        speaks = bool(limits.qos) or limits.queues is not None or not limits.shaped
        if port is None:
            if limits.present and self._must_exist:
                faults.add(path, "no bridge has it; add it first, with tenantry.sdn.ovs_bridge")
            return name if speaks and limits.present else None
        members = ", ".join(sorted(snapshot.members[port]))
        if name not in snapshot.port_of and limits.policing and limits.present:
            faults.add(path, f"it is a port with the interfaces {members}; write what polices at each of these")
        if port != name and speaks and limits.present:
            faults.add(path, f"it is a member of port {port}; write what shapes at interface: {port}")
        return port if speaks and port == name else None

    def _policed(self, snapshot: Snapshot, limits: Limits) -> Rows:
        """Add the wanted columns of the interface, and return them as they are."""
        row = columns_of(snapshot.interfaces.get(limits.interface))
        if not limits.policing or (row is None and (limits.interface in snapshot.ports or not limits.present)):
            return {}
        return self._police(limits.interface, row, limits.policing)

    def _police(self, interface: str, row: Columns | None, policing: Columns) -> Rows:
        whole = {column: policing.get(column, row[column] if row else 0) for column in POLICING}
        marks = {POLICING_KEY: self._claim.owner if any(whole.values()) else None} if self._claim.owner else None
        key = ("Interface", interface)
        self._desired[key] = resolved(row, policing, marks)
        return {} if row is None else {key: _cut(row, self._desired[key])}

    def _shaped(self, snapshot: Snapshot, limits: Limits, port: str) -> Rows:
        """Add the wanted QoS and queues of the port, and return them as they are, with those that go."""
        key: RowKey = ("QoS", port)
        row = snapshot.row(key)
        if not limits.shaped:
            return {} if row is None else self._removal(snapshot, key)
        qos = limits.qos if row else {"type": DEFAULT_TYPE, "other_config": {}, **limits.qos}
        actual = self._want(snapshot, key, qos)
        if limits.queues is not None:
            for number, columns in limits.queues.items():
                actual.update(self._want(snapshot, ("Queue", port, str(number)), columns))
            numbers = row.references["queues"] if row else {}
            unlisted = [("Queue", port, str(number)) for number in numbers if number not in limits.queues]
            actual.update(self._ours(snapshot, unlisted))
        self._own_copies(snapshot, key, actual)
        return actual

    def _want(self, snapshot: Snapshot, key: RowKey, wanted: Columns) -> Rows:
        row = snapshot.row(key)
        if row and key[0] == "Queue":  # a listed queue has what is listed, and nothing else
            gone = dict.fromkeys(row.columns["other_config"])
            wanted = {**wanted, "other_config": {**gone, **wanted["other_config"]}}
        marks = self._marks(key[1]) if self._claim.owner or row is None else None
        self._desired[key] = resolved(columns_of(row), wanted, marks)
        return {} if row is None else {key: _cut(row.columns, self._desired[key])}

    def _marks(self, port: str) -> Marks:
        return {QOS_KEY: port, **({OWNER_KEY: self._claim.owner} if self._claim.owner else {})}

    def _own_copies(self, snapshot: Snapshot, qos: RowKey, actual: Rows) -> None:
        """Mark the copies that the port gets of rows which others hold too; a new queue makes one of its QoS."""
        here = [key for key in {**self._desired, **actual} if key[0] in ("QoS", "Queue") and key[1] == qos[1]]
        row = snapshot.row(qos)
        if row and snapshot.is_shared(row) and any(self._desired.get(key) != actual.get(key) for key in here):
            self._desired[qos] = {**self._desired[qos], "external_ids": self._marks(qos[1])}
            actual[qos] = {**actual[qos], "external_ids": row.columns["external_ids"]}
        both = [key for key in here if key in self._desired and key in actual]
        mark_copies(snapshot, both, self._marks(qos[1]), self._desired, actual)

    # -- existing --------------------------------------------------------------------------------------------------

    def _refuse_foreign(self, snapshot: Snapshot, ports: Mapping[str, str | None]) -> None:
        """Raise OwnershipError for what the task would have to change and may not."""
        if self._claim.owner is None or self._claim.adopt:
            return
        faults = []
        for limits in self._wanted:
            row, port = snapshot.interfaces.get(limits.interface), ports[limits.interface]
            if row and limits.policing and any(row.columns[column] for column in POLICING):
                owner = row.columns["external_ids"].get(POLICING_KEY)
                if owner != self._claim.owner:
                    who = f"owner '{owner}'" if owner else f"nobody (no {POLICING_KEY} in its external_ids)"
                    faults.append(f"interface {limits.interface}: its policing belongs to {who}; {BY_HAND}")
            if port is not None:
                faults += self._foreign_rows(snapshot, port, limits)
        if faults:
            raise OwnershipError(faults)

    def _foreign_rows(self, snapshot: Snapshot, port: str, limits: Limits) -> Iterable[str]:
        queues = {("Queue", port, str(number)): f"its queue {number}" for number in limits.queues or ()}
        for key, what in {("QoS", port): "its QoS", **queues}.items():
            row = snapshot.row(key)
            if row and row.owner != self._claim.owner:
                yield f"port {port}: {what} belongs to {called(row.columns['external_ids'])}; {BY_HAND}"
                return

    def _purged(self, snapshot: Snapshot, ports: Mapping[str, str | None]) -> Rows:
        """Return the policing and QoS of the owner that the list does not speak of, as they are."""
        actual: Rows = {}
        shaped, policed = set(ports.values()), {limits.interface for limits in self._wanted if limits.policing}
        for key, row in snapshot.hanging.items():
            ours = key[0] == "QoS" and row.owner == self._claim.owner and key[1] == _made_for(row)
            if ours and key[1] not in shaped:
                actual.update(self._removal(snapshot, key))
        for name, row in snapshot.interfaces.items():
            if row.columns["external_ids"].get(POLICING_KEY) == self._claim.owner and name not in policed:
                actual.update(self._police(name, row.columns, UNPOLICED))
        return actual

    def _left_behind(self, snapshot: Snapshot, ports: Mapping[str, str | None]) -> Rows:
        """Return the rows of ours that nothing refers to any more."""
        actual: Rows = {}
        for key, row in snapshot.hanging.items():
            port = _made_for(row) if key[0] in ("QoS", "Queue") and not key[1] else None
            if port and row.owner == self._claim.owner and (self._claim.purge or port in ports):
                if key[0] == "QoS":
                    actual.update(self._removal(snapshot, key))
                elif len(key) == len(("Queue", "", "its UUID")):  # others go with the QoS that has them
                    actual[key] = row.columns
        return actual

    def _removal(self, snapshot: Snapshot, qos: RowKey) -> Rows:
        """Return a QoS and those of its queues that may go with it."""
        numbers = snapshot.hanging[qos].references["queues"]
        queues = [("Queue", *qos[1:], str(number)) for number in numbers]
        return {qos: snapshot.hanging[qos].columns, **self._ours(snapshot, queues)}

    def _ours(self, snapshot: Snapshot, keys: Iterable[RowKey]) -> Rows:
        """Return those of the rows that the task may remove: without an owner all that it names."""
        anyones = self._claim.owner is None or self._claim.adopt
        rows = {key: snapshot.hanging[key] for key in keys}
        return {key: row.columns for key, row in rows.items() if anyones or row.owner == self._claim.owner}


def _cut(row: Columns, columns: Columns) -> Columns:
    return {column: row[column] for column in columns}


def _made_for(row: Row) -> str | None:
    port: str | None = row.columns["external_ids"].get(QOS_KEY)
    return port
