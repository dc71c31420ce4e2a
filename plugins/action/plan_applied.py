# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.plan_applied: note which hosts were brought to the states of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plan_files import note_applied, read_plan
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError
from ansible_collections.tenantry.sdn.plugins.plugin_utils.planner import VERSION, digest_of

ARGUMENTS: Mapping[str, Any] = {
    "path": {"type": "path", "required": True},
    "hypervisors": {"type": "list", "elements": "str", "required": True},
    "digest": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


class ActionModule(ActionBase):
    """The action of tenantry.sdn.plan_applied."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(ARGUMENTS)[1]
        folder = self._loader.path_dwim(arguments["path"])
        try:
            plan = read_plan(folder, VERSION)
            applied = arguments["state"] == "present"
            hosts = [host for host in arguments["hypervisors"] if host in plan.hosts]
            known = arguments["digest"] in (None, digest_of(plan))
            if known and not self._task.check_mode:
                note_applied(folder, {host: plan.hosts[host].state if applied else "" for host in hosts})
        except SdnError as error:
            return {**result, "failed": True, "msg": error.message}
        return {**result, "changed": False, "noted": known}
