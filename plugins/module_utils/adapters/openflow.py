# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenFlow tables of a bridge, as far as they are an owner's, as reconcile sees them.

Open vSwitch brings both sides to its normal form, and lines are compared. A wanted flow whose text is already that of a
flow in the switch needs no more reading, which is the cheapest way to find out that there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.flow_reader import read_flows
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import NoBridgeError, OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import cookie_of, dumped, rule
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import Program
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

Key = tuple[str, str]  # ("flow", its table, priority and match)
FlowPlan = Plan[Key, str]


class OpenFlow:
    """Backend of an owner's flows on one bridge."""

    def __init__(self, ofctl: OfCtl, wanted: Program, may_lack_bridge: bool = False) -> None:
        self._ofctl = ofctl
        self._wanted = wanted
        self._may_lack_bridge = may_lack_bridge
        self._normal: frozenset[str] | None = None  # the wanted flows in normal form

    def plan(self) -> FlowPlan:
        ours, theirs = self._flows()
        if self._wanted.flows is None:
            return FlowPlan({}, {}, {})
        if self._normal is None:
            self._normal = read_flows(self._ofctl, self._wanted.flows, ours)
        come, go = self._normal - ours, ours - self._normal
        desired = {("flow", rule(flow)): flow for flow in come}
        leaving = {("flow", rule(flow)): flow for flow in go}
        if come:
            self._refuse_foreign(desired, theirs)
        if not self._wanted.purge:
            leaving = {key: flow for key, flow in leaving.items() if key in desired}
        return FlowPlan.between(leaving, desired)

    def apply(self, plan: FlowPlan) -> None:
        lines = [f"delete_strict {_strictly(key, flow)}" for key, flow in plan.delete.items()]
        lines += [f"add {flow}" for flow in plan.after.values()]
        self._ofctl.on_bridge("add-flows", "-", options=("--bundle",), stdin="\n".join([*lines, ""]))

    def _flows(self) -> tuple[frozenset[str], list[str]]:
        """Return the owner's flows, and those of others."""
        owns = self._wanted.cookie.owns
        try:
            flows = dumped(self._ofctl.on_bridge("dump-flows", options=("--no-stats", "--no-names")))
        except NoBridgeError:
            if not self._may_lack_bridge:
                raise
            flows = []
        ours = frozenset([flow for flow in flows if owns(cookie_of(flow))])
        return ours, [flow for flow in flows if flow not in ours]

    def _refuse_foreign(self, desired: Iterable[Key], theirs: list[str]) -> None:
        rules = {rule(flow): flow for flow in theirs}
        faults = [
            f"flow {key[1]}: it is there with cookie {cookie_of(rules[key[1]]):#x}, which is not the owner's; choose "
            "another priority or match, or remove that flow first"
            for key in desired
            if key[1] in rules
        ]
        if faults:
            raise OwnershipError(faults)


def _strictly(key: Key, flow: str) -> str:
    """Return what deletes this flow alone, unless somebody has put another in its place."""
    return f"{key[1]},cookie={cookie_of(flow):#x}/-1"
