# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirrors of one bridge, as reconcile sees them.

Open vSwitch takes each of these without a word and does not do it: a mirror that selects nothing, one that selects its
own output, the thirty-third.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.attachments import AttachmentBackend, Rows
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import Task, acceptable, said
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowKey, RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot, Tables
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_control import SwitchControl
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.attachment import Attachments
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import BRIDGE
from ansible_collections.tenantry.sdn.plugins.module_utils.model.mirror import MIRROR, MOST, NEW, PORTS, parse_mirrors
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

TABLES: Tables = {"Bridge": {"flood_vlans": BRIDGE["flood_vlans"]}, "Port": {}, "Mirror": MIRROR}


class Mirrors(AttachmentBackend):
    def __init__(self, ovsdb: Ovsdb, mirrors: Attachments, claim: Claim, comment: str, must_exist: bool = True) -> None:
        super().__init__(ovsdb, TABLES, mirrors, claim, comment, must_exist)
        self._mirrors: dict[str, Columns] = {}  # the wanted ones, as they will be
        self._unheard: list[str] = []

    def apply(self, plan: RowPlan) -> None:
        super().apply(plan)
        try:
            control = SwitchControl(self._ovsdb.remote)
            control.revalidate(self._bridge)
            control.close()
        except BackendError as error:
            self._unheard = [
                f"Only what starts to flow now follows the change of bridge {self._bridge}. {error.message}"
            ]

    def name_of(self, key: RowKey) -> str:
        return f"mirror {key[2]}"

    def check(self, faults: Faults, snapshot: Snapshot, desired: Rows, actual: Rows) -> None:
        self._mirrors = {}
        for key, columns in desired.items():
            row = snapshot.row(key)
            whole = self._mirrors[key[2]] = {**NEW, **(row.columns if row else {}), **columns}
            for fault in [*_contradictions(whole), *self._misplaced(snapshot, columns)]:
                faults.add(self.name_of(key), fault)
            if any(other[:3] == key and other != key for other in snapshot.hanging):
                what = f"bridge {self._bridge} has several of this name"
                faults.add(self.name_of(key), f"{what}; remove them by hand, or choose another name")
        here = {key for key in snapshot.hanging if key[1] == self._bridge} - (actual.keys() - desired.keys())
        count = len(here | desired.keys())
        if count > MOST and desired.keys() - here:
            what = f"it would have {count} mirrors, and Open vSwitch does what {MOST} say"
            faults.add(f"bridge {self._bridge}", f"{what}; remove one that you do not need")

    def _misplaced(self, snapshot: Snapshot, columns: Columns) -> Iterable[str]:
        """Yield what is wrong with the ports that are named: a mirror is a matter of one bridge."""
        for column in PORTS:
            value = columns.get(column)
            for port in sorted(value) if isinstance(value, frozenset) else [value] if value else []:
                holder = snapshot.bridge_of.get(port)
                if holder is None and self._must_exist:
                    yield f"{column} {port} does not exist; add it first, with tenantry.sdn.ovs_bridge, or leave it out"
                elif holder not in (None, self._bridge):
                    yield f"{column} {port} is on bridge {holder}; name a port of bridge {self._bridge}"

    def warnings(self) -> list[str]:
        said = [(name, text) for name, whole in self._mirrors.items() for text in self._disruptions(whole)]
        return [*(f"mirror {name}: {text}" for name, text in said), *self._unheard]

    def _disruptions(self, whole: Columns) -> Iterable[str]:
        bridge, vlan = self.observed().bridges.get(self._bridge), whole["output_vlan"]
        if vlan is not None and (bridge is None or vlan not in bridge.columns["flood_vlans"]):
            yield (
                f"bridge {self._bridge} learns addresses on VLAN {vlan}, so that copies and other frames go astray; "
                f"set flood_vlans: [{vlan}] on every bridge on the way, with tenantry.sdn.ovs_bridge"
            )
        if whole["output_port"] == self._bridge:
            yield f"the host itself no longer receives or sends by {self._bridge}, as it is an output port"


def _contradictions(whole: Columns) -> Iterable[str]:
    selected = whole["select_src_port"] | whole["select_dst_port"]
    if not whole["select_all"] and not selected:
        yield "it selects nothing; write select_all: true, or ports in select_src_port and select_dst_port"
    if whole["output_port"] is None and whole["output_vlan"] is None:
        yield "it has no output; write output_port or output_vlan"
    if whole["output_port"] in selected:
        what = f"output_port {whole['output_port']} is selected too, and carries nothing but what is mirrored"
        yield f"{what}; take it out of select_src_port and select_dst_port"
    if whole["output_vlan"] in whole["select_vlan"]:
        yield f"output_vlan {whole['output_vlan']} is selected too, which is a loop; take it out of select_vlan"


def described(snapshot: Snapshot, bridge: str, owner: str | None) -> Task:
    """Return the mirrors of a bridge, or those that are the owner's, as a task of ovs_mirror."""
    mirrors = [
        {"name": key[2], **said({name: row.columns[name] for name in MIRROR})}
        for key, row in sorted(snapshot.hanging.items())
        if key[:2] == ("Mirror", bridge) and owner in (None, row.owner)
    ]
    return acceptable(parse_mirrors, {"bridge": bridge, "mirrors": mirrors})
