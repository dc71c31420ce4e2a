# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An owner's flows, groups and meters on a bridge, as reconcile sees them.

Open vSwitch brings both sides to its normal form, and lines are compared. A wanted flow whose text is already that of a
flow in the switch needs no more reading, which is the cheapest way to find out that there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.flow_reader import read_flows, read_groups
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import NoBridgeError, OfCtl, SwitchRefusal
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow_tables import (
    KINDS,
    Key,
    Table,
    key_of,
    keyed,
    read_table,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import cookie_of, parsed
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import Program
from ansible_collections.tenantry.sdn.plugins.module_utils.model.references import broken, loop, uses_any
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of

TablePlan = Plan[Key, str]


class OpenFlow:
    """Backend of what an owner has in the OpenFlow tables of one bridge.

    ``may_lack_bridge``: a bridge that is not there holds nothing, as in check mode, when an earlier task would make it.
    """

    def __init__(self, ofctl: OfCtl, wanted: Program, may_lack_bridge: bool = False) -> None:
        self._ofctl = ofctl
        self._wanted = wanted
        self._may_lack_bridge = may_lack_bridge
        self._normal: dict[str, dict[int, str]] | None = None  # kind: place in the task: what is wanted, in normal form

    def plan(self) -> TablePlan:
        try:
            tables = {
                kind: read_table(self._ofctl, kind, self._wanted)
                for kind in KINDS
                if kind == "flow" or self._listed(kind) is not None
            }
        except NoBridgeError:
            if not self._may_lack_bridge:
                raise
            tables = {kind: Table(frozenset(), []) for kind in KINDS}
            self._read_wanted(tables)  # for what is wrong with it; ports have no numbers yet
            self._normal = {kind: dict(enumerate(self._listed(kind) or ())) for kind in KINDS}
        if self._normal is None:
            self._normal = self._read_wanted(tables)
        plan = self._difference(tables)
        if plan.after:
            self._refuse_foreign(plan, tables["flow"].theirs)
        if plan:
            self._ofctl.require_bundles()
            self._check_references(plan, tables)
        return plan

    def apply(self, plan: TablePlan) -> None:
        """Change flows and groups in one bundle; meters, which it cannot hold, come before and go after."""
        self._set_meters(plan.create, "add-meter")
        self._set_meters({key: new for key, (dummy, new) in plan.update.items()}, "mod-meter")
        try:
            self._bundle(plan)
        except BackendError:
            with suppress(BackendError):  # what went wrong is reported, not that it cannot be undone either
                self._set_meters({key: old for key, (old, dummy) in plan.update.items()}, "mod-meter")
                self._delete_meters(plan.create)
            raise
        self._delete_meters(plan.delete)

    def counts(self, plan: TablePlan) -> dict[str, dict[str, int]]:
        """Return how many of each kind are wanted, added, changed and removed."""
        sides = {"added": plan.create, "changed": plan.update, "removed": plan.delete}
        return {
            f"{kind}s": {
                "wanted": len(self._listed(kind) or ()),
                **{name: sum(key[0] == kind for key in side) for name, side in sides.items()},
            }
            for kind in KINDS
        }

    def _listed(self, kind: str) -> Iterable[str] | None:
        return {"flow": self._wanted.flows, "group": self._wanted.groups, "meter": self._wanted.meters}[kind]

    def _read_wanted(self, tables: Mapping[str, Table]) -> dict[str, dict[int, str]]:
        """Return what is wanted in normal form; InvalidInput with all that is wrong with it."""
        faults = Faults()
        flows, groups, meters = (self._listed(kind) or () for kind in KINDS)
        normal = {"flow": read_flows(self._ofctl, faults, flows, tables["flow"].ours)}
        if groups:
            normal["group"] = read_groups(self._ofctl, faults, groups, tables["group"].ours)
        if meters:
            normal["meter"] = dict(enumerate(meters))
        faults.raise_any()
        for kind, lines in normal.items():
            _refuse_duplicates(faults, kind, lines, tables[kind].ours)
        faults.raise_any()
        return normal

    def _difference(self, tables: Mapping[str, Table]) -> TablePlan:
        come: dict[Key, str] = {}
        go: dict[Key, str] = {}
        for kind, table in tables.items():
            if self._listed(kind) is not None:
                wanted = (self._normal or {}).get(kind, {}).values()
                come.update(keyed(kind, [line for line in wanted if line not in table.ours]))
                go.update(keyed(kind, table.ours.difference(wanted)))
        if not self._wanted.purge:
            go = {key: line for key, line in go.items() if key in come}
        return TablePlan.between(go, come)

    def _refuse_foreign(self, plan: TablePlan, theirs: Iterable[str]) -> None:
        """Raise OwnershipError for a flow that others have there: to add ours would be to overwrite theirs."""
        there = keyed("flow", theirs)
        faults = [
            f"{self._place('flow', line)}: bridge {self._wanted.bridge} has a flow there with cookie "
            f"{cookie_of(there[key]):#x}, which is not the owner's: {there[key]}; choose another priority or match, or "
            "remove that flow first"
            for key, line in plan.after.items()
            if key in there
        ]
        if faults:
            raise OwnershipError(faults)

    def _check_references(self, plan: TablePlan, tables: Mapping[str, Table]) -> None:
        """Refuse what uses a group or meter that is not there after the change."""
        before = plan.before
        coming = {kind: [line for key, line in plan.after.items() if key[0] == kind] for kind in KINDS}
        faults = Faults()
        for kind in ("group", "meter"):
            gone = {int(key[1]) for key in plan.delete if key[0] == kind}
            if not gone and not uses_any(kind, coming):
                continue
            everything = tables if kind in tables else {**tables, kind: read_table(self._ofctl, kind, self._wanted)}
            staying = {
                name: [line for line in [*table.ours, *table.theirs] if before.get(key_of(name, line)) != line]
                for name, table in everything.items()
            }
            for user, line, fault in broken(kind, coming, staying, gone):
                faults.add(self._place(user, line), fault)
        circle = loop((self._normal or {}).get("group", {}).values())
        if circle:
            numbers = ", ".join(map(str, circle))
            faults.add("groups", f"packets would go round in groups {numbers}; let one of them send elsewhere")
        faults.raise_any()

    def _place(self, kind: str, line: str) -> str:
        """Return where the task says a line, or which one it is in the switch."""
        for index, wanted in (self._normal or {}).get(kind, {}).items():
            if wanted == line:
                return path_of(f"{kind}s", index)
        return f"{kind} {key_of(kind, line)[1]} of bridge {self._wanted.bridge}"

    def _bundle(self, plan: TablePlan) -> None:
        groups = {key: line for key, line in plan.after.items() if key[0] == "group"}
        removed = [key[1] for key in plan.delete if key[0] == "group"]
        deletions = [
            f"delete_strict {key[1]},cookie={cookie_of(line):#x}/-1"  # but not what somebody put in its place
            for key, line in plan.delete.items()
            if key[0] == "flow"
        ]
        flows = [*deletions, *(f"add {line}" for key, line in plan.after.items() if key[0] == "flow")]
        if groups or removed:
            lines = [f"group {'add' if key in plan.create else 'modify'} {line}" for key, line in groups.items()]
            lines += [f"flow {line}" for line in flows]
            self._commit("bundle", [*lines, *(f"group delete group_id={number}" for number in removed)])
        elif flows:
            self._commit("add-flows", flows, "--bundle")  # the same bundle, for two thirds of ovs-ofctl's time

    def _commit(self, command: str, lines: list[str], *options: str) -> None:
        try:
            self._ofctl.on_bridge(command, "-", options=options, stdin="\n".join([*lines, ""]))
        except SwitchRefusal as refusal:
            flow = parsed(refusal.change)
            where = self._place("flow", flow) if flow else refusal.change
            raise BackendError(
                f"Bridge {self._wanted.bridge} refused the change, and nothing of it was made: {refusal.code} for "
                f"{where}."
            ) from None

    def _set_meters(self, meters: Mapping[Key, str], command: str) -> None:
        for key, meter in meters.items():
            if key[0] == "meter":
                self._ofctl.on_bridge(command, meter)

    def _delete_meters(self, meters: Iterable[Key]) -> None:
        for kind, number in meters:
            if kind == "meter":
                self._ofctl.on_bridge("del-meters", f"meter={number}")


def _refuse_duplicates(faults: Faults, kind: str, lines: Mapping[int, str], known: frozenset[str]) -> None:
    """Record places that want the same flow, group or meter; of those that are in the switch no two are."""
    if len(set(lines.values())) == len(lines) and known.issuperset(lines.values()):
        return
    seen: dict[Key, int] = {}
    for index, line in lines.items():
        other = seen.setdefault(key_of(kind, line), index)
        if other != index:
            what = "has the table, priority and match" if kind == "flow" else "has the number"
            faults.add(path_of(f"{kind}s", index), f"{what} of {path_of(f'{kind}s', other)}; write each {kind} once")
