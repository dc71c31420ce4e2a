# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ports may send and receive, in the words of ovs_qos."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import Task, acceptable, said
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping import POLICING, QOS, QUEUE, in_words
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping_input import parse_limits
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.names import POLICING_KEY


def described(snapshot: Snapshot, interfaces: Collection[str] | None, owner: str | None) -> list[Task]:
    """Return the limits of the named interfaces and ports, or of all that have any, or that the owner gave them."""
    names = {*snapshot.interfaces, *snapshot.ports}
    wanted = {name for name in names if _is_limited(snapshot, name, owner)} if interfaces is None else set(interfaces)
    ports = [_limits(snapshot, name, owner) for name in sorted(wanted & names)]
    return list(acceptable(parse_limits, {"ports": ports})["ports"])


def _is_limited(snapshot: Snapshot, name: str, owner: str | None) -> bool:
    policing, qos = _policing(snapshot, name, owner), snapshot.row(("QoS", name))
    return any(policing.values()) or (qos is not None and owner in (None, qos.owner))


def _policing(snapshot: Snapshot, name: str, owner: str | None) -> Columns:
    row = snapshot.interfaces.get(name)
    if row is None or owner not in (None, row.columns["external_ids"].get(POLICING_KEY)):
        return {}
    return {column: row.columns[column] for column in POLICING}


def _limits(snapshot: Snapshot, name: str, owner: str | None) -> Task:
    limits: Task = {"interface": name, **in_words("Interface", _policing(snapshot, name, owner))}
    qos = snapshot.row(("QoS", name))
    if qos is None:
        return {**limits, "type": ""} if owner is None and name in snapshot.ports else limits
    if owner not in (None, qos.owner):
        return limits
    queues = {number: snapshot.hanging[("Queue", name, str(number))] for number in qos.references["queues"]}
    return {
        **limits,
        "max_rate": "",
        **said(in_words("QoS", {column: qos.columns[column] for column in QOS})),
        "queues": {
            str(number): said(in_words("Queue", {column: queue.columns[column] for column in QUEUE}))
            for number, queue in sorted(queues.items())
        },
    }
