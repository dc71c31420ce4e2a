# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.plan_info: what a plan directory holds, and whether it is the plan of today's intent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plan_files import read_plan
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.fabric_plan import ANEW
from ansible_collections.tenantry.sdn.plugins.plugin_utils.intent_action import IntentAction
from ansible_collections.tenantry.sdn.plugins.plugin_utils.planner import VERSION, told


class ActionModule(IntentAction):
    EXTRA_ARGUMENTS: ClassVar[Mapping[str, Any]] = {"path": {"type": "path", "required": True}}
    ONE_OF = ()

    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        folder = self._loader.path_dwim(arguments["path"])
        plan = read_plan(folder, VERSION)
        if arguments["fabric"] or arguments["directory"]:
            fabric, digest = self.today(arguments, variables)
            if fabric != plan.fabric:
                what = f"is the plan of fabric {plan.fabric}, and the intent that of {fabric}"
                raise InvalidInput([f"{folder}: {what}; name the directory of its plan"])
            if digest != plan.intent:
                raise InvalidInput([f"{folder}: is not the plan of the intent and record of today; {ANEW}"])
        return {"changed": False, **told(folder, plan)}
