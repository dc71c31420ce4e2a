# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.host_state: the complete desired state of one hypervisor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import (
    compile_host,
    emptied,
    host_warnings,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults
from ansible_collections.tenantry.sdn.plugins.plugin_utils.intent_action import IntentAction, outcome
from ansible_collections.tenantry.sdn.plugins.plugin_utils.planned import planned_state


class ActionModule(IntentAction):
    EXTRA_ARGUMENTS: ClassVar[Mapping[str, Any]] = {
        "hypervisor": {"type": "str", "required": True},
        "without_tenants": {"type": "list", "elements": "str", "default": []},
        "emptied": {"type": "bool", "default": False},
        "plan": {"type": "path"},
    }
    ONE_OF = ("fabric", "directory", "plan")

    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        left_out, nothing = arguments["without_tenants"], arguments["emptied"]
        if arguments["plan"] and not left_out and not nothing:
            folder = self._loader.path_dwim(arguments["plan"])
            state = planned_state(folder, arguments["hypervisor"], self.vault)
            return {"changed": False, **told(state)}
        found = self.allocated(arguments, variables, keep=not left_out and not nothing)
        intent, hypervisor = without(found.intent, left_out), arguments["hypervisor"]
        state = compile_host(intent, found.allocations, hypervisor, found.record.hypervisors)
        if nothing:
            state = emptied(intent, hypervisor)
        changes = {"changed": False} if left_out or nothing else outcome(found)
        return {**changes, **told(state)}


def told(state: Mapping[str, Any]) -> dict[str, Any]:
    return {"state": state, "warnings": host_warnings(state)}


def without(intent: Intent, tenants: list[str]) -> Intent:
    """Return the intent without the tenants, or raise InvalidInput for those that it does not have."""
    faults = Faults()
    for index, name in enumerate(tenants):
        faults.parse(f"without_tenants[{index}]", one_of_names(intent.tenants, "tenant of this intent"), name)
    faults.raise_any()
    return intent.without(tenants)
