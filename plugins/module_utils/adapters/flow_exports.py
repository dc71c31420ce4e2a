# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow exports of one bridge, as reconcile sees them: NetFlow, sFlow, IPFIX, and IPFIX of what flows sample."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.attachments import AttachmentBackend, Rows
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import Task, acceptable, said
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowKey
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot, Tables
from ansible_collections.tenantry.sdn.plugins.module_utils.model.attachment import Attachments
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import SAMPLE
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_export import (
    EXPORTS,
    PER_FLOW,
    SAMPLES,
    parse_exports,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

TABLES: Tables = {"Bridge": {}, SAMPLES: SAMPLE, **dict(EXPORTS.values())}
_OPTIONS = {table: option for option, (table, columns) in EXPORTS.items()}


class FlowExports(AttachmentBackend):
    def __init__(self, ovsdb: Ovsdb, exports: Attachments, claim: Claim, comment: str, must_exist: bool = True) -> None:
        super().__init__(ovsdb, TABLES, exports, claim, comment, must_exist)

    def name_of(self, key: RowKey) -> str:
        return f"sample {key[2]}" if len(key) > 2 else _OPTIONS[key[0]]

    def check(self, faults: Faults, snapshot: Snapshot, desired: Rows, actual: Rows) -> None:
        for key, columns in desired.items():
            if key not in actual and key[0] != SAMPLES and "targets" not in columns:
                faults.add(self.name_of(key), "it has no collector yet; write targets: ['IP:PORT']")


def described(snapshot: Snapshot, bridge: str, owner: str | None) -> Task:
    """Return the exports of a bridge, or those that are the owner's, as a task of ovs_flow_export."""
    here = {key: row for key, row in snapshot.hanging.items() if key[1] == bridge}
    rows = {key: row for key, row in here.items() if owner in (None, row.owner)}
    task: Task = {"bridge": bridge}
    for option, (table, columns) in EXPORTS.items():
        row = rows.get((table, bridge))
        if row is not None:
            task[option] = said({name: row.columns[name] for name in columns})
        elif (table, bridge) not in here:
            task[option] = {}
    samples = [key for key in rows if key[0] == SAMPLES and ("IPFIX", *key[1:]) in rows]
    task["samples"] = [
        {"id": int(key[2]), "ipfix": said({name: rows[("IPFIX", *key[1:])].columns[name] for name in PER_FLOW})}
        for key in sorted(samples, key=lambda key: int(key[2]))
    ]
    return acceptable(parse_exports, task)
