# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An owner's flows, groups and meters on a bridge, as reconcile sees them.

Open vSwitch brings both sides to its normal form, and lines are compared. A wanted flow whose text is already that of a
flow in the switch needs no more reading, which is the cheapest way to find out that there is nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import NoBridgeError, OfCtl, SwitchRefusal
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow_tables import (
    EMPTY,
    Key,
    Tables,
    key_of,
    keyed,
    read_table,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import cookie_of
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import KINDS, Program
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of

TablePlan = Plan[Key, str]
Places = Mapping[int, str]  # index in the list of the task: the flow, group or meter there


class OpenFlow:
    """Backend of what an owner has in the OpenFlow tables of one bridge.

    ``may_lack_bridge``: a bridge that is not there holds nothing, as in check mode, when an earlier task would make it.
    """

    def __init__(self, ofctl: OfCtl, wanted: Program, may_lack_bridge: bool = False) -> None:
        self._ofctl = ofctl
        self._bridge = wanted.bridge
        self._owner = wanted
        self._listed = wanted.lists
        self._may_lack_bridge = may_lack_bridge
        self._lacks_bridge = False
        self._sender: OfCtl | None = ofctl  # of bundles; None where the bridge has none
        self._normal: Mapping[str, Places] = {}  # what is wanted, in normal form

    def plan(self) -> TablePlan:
        tables = self._read_tables()
        if not self._normal:
            self._normal = self._read_wanted(tables)
        plan = self._difference(tables)
        if plan:
            if not self._lacks_bridge:
                self._sender = self._ofctl.with_bundles()
                self._require_conntrack(plan)
            self._refuse_foreign(plan, tables)
            self._check_references(plan, tables)
            if self._sender is None:
                _steps().require_words(self._bridge, self._ofctl, plan)
        return plan

    def apply(self, plan: TablePlan) -> None:
        """Change flows and groups in one bundle; meters, which it cannot hold, come before and go after."""
        sender = self._sender
        if sender is None:
            self._apply_stepwise(plan)
            return
        self._send_meters("add-meter", plan.create)
        self._send_meters("mod-meter", {key: new for key, (dummy, new) in plan.update.items()})
        try:
            self._send_bundle(sender, plan)
        except BackendError:
            with suppress(BackendError):  # what went wrong is reported, not that it cannot be undone either
                self._send_meters("mod-meter", {key: old for key, (old, dummy) in plan.update.items()})
                self._delete_meters(plan.create)
            raise
        self._delete_meters(plan.delete)

    def _apply_stepwise(self, plan: TablePlan) -> None:
        """Change flows and groups one after the other; a version without bundles has no meters either."""
        try:
            _steps().send(self._ofctl, plan)
        except BackendError as error:
            left = self._difference(self._read_tables())
            places = {
                key_of(kind, line): path_of(f"{kind}s", index)
                for kind, lines in self._normal.items()
                for index, line in lines.items()
            }
            raise _steps().unfinished(self._bridge, error, plan, left, places) from None

    def warnings(self, plan: TablePlan) -> list[str]:
        """Return what the user is to know of how these changes are made."""
        return [] if self._sender else _steps().warnings(self._bridge, self._ofctl.protocol, plan)

    @property
    def normal(self) -> dict[str, list[str]]:
        """What is wanted of each kind, in normal form."""
        return {kind: list(places.values()) for kind, places in self._normal.items()}

    def counts(self, plan: TablePlan) -> dict[str, dict[str, int]]:
        """Return how many of each kind are wanted, added, changed and removed."""
        sides = {"added": plan.create, "changed": plan.update, "removed": plan.delete}
        numbers = {name: Counter([key[0] for key in side]) for name, side in sides.items()}
        return {
            f"{kind}s": {"wanted": len(lines or ()), **{name: number[kind] for name, number in numbers.items()}}
            for kind, lines in self._listed.items()
        }

    def _read_tables(self) -> Tables:
        """Read the flows, and those tables that the task has an opinion on."""
        kinds = [kind for kind in KINDS if kind == "flow" or self._listed[kind] is not None]
        tables = dict.fromkeys(KINDS, EMPTY)
        try:
            tables.update({kind: read_table(self._ofctl, kind, self._owner) for kind in kinds})
        except NoBridgeError:
            if not self._may_lack_bridge:
                raise
            self._lacks_bridge = True
            self._read_wanted(tables)  # for what is wrong with it
            self._normal = {kind: dict(enumerate(lines or ())) for kind, lines in self._listed.items()}
        return tables

    def _read_wanted(self, tables: Tables) -> Mapping[str, Places]:
        """Return what is wanted in normal form; InvalidInput with all that is wrong with it."""
        faults = Faults()
        normal = {kind: dict(enumerate(lines or ())) for kind, lines in self._listed.items()}
        unread = {
            kind: {index: line for index, line in normal[kind].items() if line not in tables[kind].ours}
            for kind in ("flow", "group")
        }
        if any(unread.values()):
            # Imported when there is something to read: that alone takes as long as comparing thousands of flows.
            from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import flow_reader

            normal["flow"].update(flow_reader.read_flows(self._ofctl, faults, unread["flow"]))
            normal["group"].update(flow_reader.read_groups(self._ofctl, faults, unread["group"]))
        faults.raise_any()
        for kind, places in normal.items():
            _refuse_duplicates(faults, kind, places, tables[kind].ours)
        faults.raise_any()
        return normal

    def _difference(self, tables: Tables) -> TablePlan:
        come: dict[Key, str] = {}
        go: dict[Key, str] = {}
        for kind in KINDS:
            if self._listed[kind] is not None:
                wanted, ours = self._normal[kind].values(), tables[kind].ours
                come.update(keyed(kind, [line for line in wanted if line not in ours]))
                go.update(keyed(kind, ours.difference(wanted)))
        if not self._owner.purge:
            go = {key: line for key, line in go.items() if key in come}
        return TablePlan.between(go, come)

    def _require_conntrack(self, plan: TablePlan) -> None:
        """Refuse flows that the datapath would not obey."""
        from ansible_collections.tenantry.sdn.plugins.module_utils.model.conntrack import lacking, uses_conntrack

        flows = [line for (kind, _key), line in plan.after.items() if kind == "flow"]
        lines = list(lacking(flows, self._ofctl.datapath_features())) if uses_conntrack(flows) else []
        if lines:
            raise BackendError(
                f"The datapath of bridge {self._bridge} cannot track connections as these flows ask: "
                f"{', '.join(lines)} (ovs-appctl dpif/show-dp-features {self._bridge}). Judging connections needs one "
                "that can, as that of Linux with CONFIG_NF_CONNTRACK_ZONES, or Open vSwitch's own."
            )

    def _refuse_foreign(self, plan: TablePlan, tables: Tables) -> None:
        """Raise OwnershipError for a flow that others have there: to add ours would be to overwrite theirs."""
        there = keyed("flow", tables["flow"].theirs)
        faults = [
            f"{self._place('flow', line)}: bridge {self._bridge} has a flow there with cookie "
            f"{cookie_of(there[key]):#x}, which is not the owner's: {there[key]}; choose another priority or match, or "
            "remove that flow first"
            for key, line in plan.after.items()
            if key in there
        ]
        if faults:
            raise OwnershipError(faults)

    def _check_references(self, plan: TablePlan, tables: Tables) -> None:
        """Refuse what uses a group or meter that is not there after the change."""
        # Imported when something changes, as what reads flows is.
        from ansible_collections.tenantry.sdn.plugins.module_utils.model.references import broken, loop, uses_any

        faults = Faults()
        before, after = plan.before, plan.after
        coming = {kind: [line for key, line in after.items() if key[0] == kind] for kind in KINDS}
        for kind in ("group", "meter"):
            gone = {int(number) for name, number in plan.delete if name == kind}
            if not gone and not uses_any(kind, coming):
                continue
            if self._listed[kind] is None and not self._lacks_bridge:
                tables = {**tables, kind: read_table(self._ofctl, kind, self._owner)}
            staying = {
                name: [line for line in [*table.ours, *table.theirs] if before.get(key_of(name, line)) != line]
                for name, table in tables.items()
            }
            for user, line, fault in broken(kind, coming, staying, gone):
                faults.add(self._place(user, line), fault)
        circle = loop(self._normal["group"].values())
        if circle:
            numbers = ", ".join(map(str, circle))
            faults.add("groups", f"packets would go round in groups {numbers}; let one of them send elsewhere")
        faults.raise_any()

    def _place(self, kind: str, line: str) -> str:
        """Return where the task says a line, or which one it is in the switch."""
        for index, wanted in self._normal[kind].items():
            if wanted == line:
                return path_of(f"{kind}s", index)
        return f"{kind} {key_of(kind, line)[1]} of bridge {self._bridge}"

    def _send_bundle(self, sender: OfCtl, plan: TablePlan) -> None:
        groups = [
            f"group {'add' if key in plan.create else 'modify'} {line}"
            for key, line in plan.after.items()
            if key[0] == "group"
        ]
        removed = [f"group delete group_id={number}" for kind, number in plan.delete if kind == "group"]
        flows = [
            f"delete_strict {key[1]},cookie={cookie_of(line):#x}/-1"  # but not what somebody put in its place
            for key, line in plan.delete.items()
            if key[0] == "flow"
        ]
        flows += [f"add {line}" for key, line in plan.after.items() if key[0] == "flow"]
        if groups or removed:
            self._commit(sender, "bundle", [*groups, *(f"flow {line}" for line in flows), *removed])
        elif flows:
            self._commit(sender, "add-flows", flows, "--bundle")  # the same bundle, for two thirds of ovs-ofctl's time

    def _commit(self, sender: OfCtl, command: str, lines: Iterable[str], *options: str) -> None:
        try:
            sender.on_bridge(command, "-", options=options, stdin="\n".join([*lines, ""]))
        except SwitchRefusal as refusal:
            from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_parsed import parsed

            flow = parsed(refusal.change)
            where = self._place("flow", flow) if flow else refusal.change
            raise BackendError(
                f"Bridge {self._bridge} refused the change, and nothing of it was made: {refusal.code} for {where}."
            ) from None

    def _send_meters(self, command: str, meters: Mapping[Key, str]) -> None:
        for key, meter in meters.items():
            if key[0] == "meter":
                self._ofctl.on_bridge(command, meter)

    def _delete_meters(self, meters: Iterable[Key]) -> None:
        for kind, number in meters:
            if kind == "meter":
                self._ofctl.on_bridge("del-meters", f"meter={number}")


def _steps() -> Any:
    # Imported for bridges of old versions alone.
    from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import openflow_steps

    return openflow_steps


def _refuse_duplicates(faults: Faults, kind: str, places: Places, known: frozenset[str]) -> None:
    """Record places that want the same flow, group or meter; of those that are in the switch no two are."""
    lines: Sequence[str] = list(places.values())
    if len(set(lines)) == len(lines) and known.issuperset(lines):
        return
    seen: dict[Key, int] = {}
    for index, line in places.items():
        other = seen.setdefault(key_of(kind, line), index)
        if other != index:
            what = "has the table, priority and match" if kind == "flow" else "has the number"
            faults.add(path_of(f"{kind}s", index), f"{what} of {path_of(f'{kind}s', other)}; write each {kind} once")
