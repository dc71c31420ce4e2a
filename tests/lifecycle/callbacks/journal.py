# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write each result of a run as a line of JSON: what the tests compare, where Ansible's own output is for people."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: journal
type: aggregate
short_description: Results as lines of JSON
description: Appends to the file that the environment variable TENANTRY_JOURNAL names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "journal"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._playbooks = 0
        self._results = 0

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbooks += 1

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")

    def _write(self, result: Any, outcome: str) -> None:
        self._results += 1
        said = result._result  # the names that are public since ansible-core 2.19 are not there before
        told = {
            "number": self._results,
            "playbook": self._playbooks,
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "action": result._task.action,
            "outcome": outcome,
            "changed": bool(said.get("changed")),
            "diff": said.get("diff"),
            "message": str(said.get("msg", "")),
        }
        steps = [  # of tenantry.sdn.converge, as if each were a task
            {**told, "outcome": "ok", "message": "", **step, "task": step["name"], "action": step["module"]}
            for step in said.get("steps", [])
        ]
        if steps:
            steps[-1].update(outcome=outcome, message=told["message"])
        with open(os.environ["TENANTRY_JOURNAL"], "a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in steps or [told])
