# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.converge: the modules that bring a hypervisor to its compiled state, one after another, in one task.

A task costs the controller a process for each host, also where there is nothing to do.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.executor import module_common
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import host_warnings
from ansible_collections.tenantry.sdn.plugins.module_utils.names import RUN_HOLDS
from ansible_collections.tenantry.sdn.plugins.plugin_utils.planned import planned_state
from ansible_collections.tenantry.sdn.plugins.plugin_utils.steps import HYPERVISOR, PARTS, Settings, Step, Steps, steps
from ansible_collections.tenantry.sdn.plugins.plugin_utils.this_run import this_run
from ansible_collections.tenantry.sdn.plugins.plugin_utils.vault import Vault

COLLECTION = "tenantry.sdn."
ARGUMENTS = {
    "parts": {"type": "list", "elements": "str", "choices": [HYPERVISOR, *PARTS], "required": True},
    "plan": {"type": "path"},
    "hypervisor": {"type": "str"},
    "owned": {"type": "dict", "default": {}},
    "datapath_type": {"type": "str", "choices": ["", "system", "netdev"], "default": ""},
    "require_devices": {"type": "bool", "default": False},
    "require_effect": {"type": "bool", "default": True},
    "packages_of": {"type": "list", "elements": "str", "choices": [HYPERVISOR, "routers"], "default": []},
    "services": {"type": "list", "elements": "str", "default": []},
    "restore": {"type": "dict", "default": {}},
    "connection_address": {"type": "str"},
    "takeover": {"type": "bool", "default": False},
    "router_files": {"type": "dict", "default": {}},
    "secrets": {"type": "dict", "no_log": True},
}
MERGED = ("warnings", "deprecations")  # of all steps; of other keys a task tells its own

display = Display()


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = {**super().run(tmp, task_vars), "changed": False, "diff": [], "steps": []}
        vault = Vault(self._loader)
        state, *how = self._arguments(vault)
        if "plan" in self._task.args:
            result["warnings"] = host_warnings(state)
        result |= {"_ansible_no_log": True} if vault.used else {}
        run = None if self._task.check_mode else this_run()
        ended = self._take(steps(state, *how), run, result, task_vars)
        if run and (ended["changed"] or ended.get("failed")):
            with suppress(AnsibleConnectionFailure):  # another run will wait for a sign of this one, in vain
                self._low_level_execute_command(f"rm -f {shlex.quote(RUN_HOLDS + run)}")
        return ended

    def _take(self, work: Steps, run: str | None, result: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        """Take the steps of the work, and return the result of the task."""
        try:
            step = next(work)
            while True:
                answer = self._module(step, run, task_vars)
                _note(result, step, answer)
                if answer.get("failed"):
                    return {**answer, **result, "failed": True, "step": step.name}
                if answer.get("changed"):
                    _say(task_vars, "changed", step.name)
                step = work.send(answer)
        except StopIteration as end:
            for router, key in end.value.get("public_keys", {}).items():
                _say(task_vars, "ok", f"The public key of {router} is {key}")
            return {**result, **end.value}

    def _arguments(self, vault: Vault) -> tuple[Mapping[str, Any], list[str], Mapping[str, int], Settings]:
        given = dict(self._task.args)
        state = given.pop("state", None)  # as large as the host: what Ansible checks it copies
        checked = ArgumentSpecValidator(ARGUMENTS, required_together=[("plan", "hypervisor")]).validate(given)
        if checked.error_messages:
            raise AnsibleActionFail("; ".join(checked.error_messages))
        values = checked.validated_parameters
        parts, owned, plan, hypervisor = (values.pop(name) for name in ("parts", "owned", "plan", "hypervisor"))
        if (plan is None) == (state is None) or not (plan or isinstance(state, Mapping)):
            raise AnsibleActionFail("give either state, as tenantry.sdn.host_state returns it, or plan and hypervisor")
        if plan:
            try:
                state = planned_state(self._loader.path_dwim(plan), hypervisor, vault)
            except SdnError as error:
                raise AnsibleActionFail(error.message) from None
        return state or {}, parts, owned, Settings(**values)

    def _module(self, step: Step, run: str | None, variables: Mapping[str, Any]) -> dict[str, Any]:
        name = COLLECTION + step.module
        arguments = self._with_defaults(name, {**step.arguments, "run": run} if run else step.arguments)
        answer: dict[str, Any] = self._execute_module(module_name=name, module_args=arguments, task_vars=variables)
        answer.pop("invocation", None)
        return answer

    def _with_defaults(self, module: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a module with what ``module_defaults`` of the play has for it."""
        task, templar = self._task, self._templar
        if hasattr(module_common, "_apply_action_arg_defaults"):  # ansible-core 2.19 and later
            complete = module_common._apply_action_arg_defaults(module, task, dict(arguments), templar)
        else:
            groups = task._parent._play._action_groups
            given = dict(arguments), task.module_defaults, templar
            complete = module_common.get_action_args_with_defaults(module, *given, action_groups=groups)
        return dict(complete)


def _say(variables: Mapping[str, Any], outcome: str, what: str) -> None:
    """Print a line as Ansible has one for a task."""
    color = constants.COLOR_CHANGED if outcome == "changed" else constants.COLOR_OK
    display.display(f"{outcome}: [{variables['inventory_hostname']}] => {what}", color=color)


def _note(result: dict[str, Any], step: Step, answer: Mapping[str, Any]) -> None:
    """Add what a module returned to the result of the task."""
    changed, diff = bool(answer.get("changed")), answer.get("diff") or []
    diffs = diff if isinstance(diff, list) else [diff]
    result["changed"] |= changed
    result["diff"] += diffs
    result["steps"].append({"name": step.name, "module": COLLECTION + step.module, "changed": changed, "diff": diffs})
    for key in MERGED:
        if answer.get(key):
            result[key] = [*result.get(key, ()), *answer[key]]
