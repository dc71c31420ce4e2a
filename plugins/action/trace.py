# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.trace: follow a packet from port to port, hypervisor by hypervisor.

A task asks as long as there is something to ask of the host that it is delegated to, and returns the answers for the
next task to go on with. So each hypervisor is reached as Ansible reaches it, whatever the play's hosts and limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure
from ansible.utils.display import Display

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import (
    Answer,
    Journey,
    Visit,
    resume,
    travel,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import as_data, lines, verdict
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import BRIDGE
from ansible_collections.tenantry.sdn.plugins.plugin_utils.intent_action import IntentAction

QUESTION = ("from", "to", "proto", "port", "family", "src_ip", "src_mac", "vlan")
COLOURS = {True: "green", False: "red", None: "yellow"}

display = Display()


class ActionModule(IntentAction):
    EXTRA_ARGUMENTS: ClassVar[Mapping[str, Any]] = {
        **{name: {"type": "raw"} for name in QUESTION},
        "answers": {"type": "list", "elements": "dict"},
        "tell": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 10},
    }

    _requires_connection = True

    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        found = self.allocated(arguments, variables, keep=False)
        question = parse_question(found.intent, {name: arguments[name] for name in QUESTION})
        asked = arguments["answers"] is not None
        answers = list(arguments["answers"] or [])
        visit, journey = resume(travel(found.intent, question), answers)
        while visit and asked:
            answer = self._answer(visit, arguments["timeout"], variables)
            if answer is None:
                break
            answers.append(answer)
            visit, journey = resume(travel(found.intent, question), answers)
        result = {"changed": False, "answers": answers, "ask": visit and visit.hypervisor}
        if journey and arguments["tell"]:
            return {**result, **_told(Names(found.intent, found.allocations), journey)}
        return result

    def _answer(self, visit: Visit, timeout: int, variables: Mapping[str, Any]) -> Answer | None:
        """Return what the host says that this task is delegated to; None if that is another."""
        if visit.hypervisor not in variables["groups"]["all"]:
            return {"unreachable": "the inventory has no such host"}
        if visit.hypervisor != (self._task.delegate_to or variables["inventory_hostname"]):
            return None
        task = {"bridge": BRIDGE, "packets": [visit.inquiry], "timeout": timeout}
        try:
            result = self._execute_module("tenantry.sdn.of_trace", module_args=task, task_vars=variables)
        except AnsibleConnectionFailure as error:
            return {"unreachable": str(error)}
        if result.get("failed") or "traces" not in result:
            return {"unreachable": str(result.get("msg", result)).rstrip(".")}
        answer: Answer = result["traces"][0]
        return answer


def _told(names: Names, journey: Journey) -> dict[str, Any]:
    said = verdict(names, journey)
    display.display("\n".join(lines(names, journey)))
    display.display(f"\n{said}", color=COLOURS[journey.reaches])
    result = {"reaches": journey.reaches, "verdict": said, **as_data(names, journey)}
    return {**result, "failed": True, "msg": said} if journey.reaches is None else result
