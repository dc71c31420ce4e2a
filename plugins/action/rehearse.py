# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-playbook as a child, show its lines as they come, and read its recap."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

ARGUMENTS = {
    "inventory": {"type": "path", "required": True},
    "playbook": {"type": "str", "required": True},
    "variables": {"type": "dict", "default": {}},
    "unchanged": {"type": "bool", "default": False},
}
_RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=\d+\s+failed=\d+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

display = Display()


class ActionModule(ActionBase):
    """The action of tenantry.sdn.rehearse."""

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _checked, arguments = self.validate_argument_spec(ARGUMENTS)
        if self._task.check_mode:
            return {"changed": False, "skipped": True}
        with NamedTemporaryFile("w", suffix=".json") as file:  # and no argument: there may be secrets among them
            json.dump(arguments["variables"], file)
            file.flush()
            changes = _run(arguments["playbook"], arguments["inventory"], file.name)
        changed = sorted(host for host, count in changes.items() if count)
        if arguments["unchanged"] and changed:
            raise AnsibleActionFail(
                f"{arguments['playbook']} is not idempotent: the second run changed {', '.join(changed)}. Run it with "
                "--diff to see what."
            )
        return {"changed": bool(changed), "changes": changes}


def _run(playbook: str, inventory: str, variables: str) -> dict[str, int]:
    program = Path(sys.argv[0]).parent / "ansible-playbook"
    argv = [str(program) if program.exists() else "ansible-playbook"]
    argv += ["-i", inventory, "-e", f"@{variables}", playbook]
    colour = {"ANSIBLE_FORCE_COLOR": "1"} if sys.stdout.isatty() else {}
    environment = {**os.environ, **colour}
    changes = {}
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=environment
    ) as child:
        for line in child.stdout or ():
            display.display(line.rstrip("\n"))
            recap = _RECAP.match(_COLOUR.sub("", line))
            if recap:
                changes[recap["host"]] = int(recap["changed"])
    if child.returncode:
        raise AnsibleActionFail(f"{playbook} over {inventory} failed with exit status {child.returncode}; see above.")
    if not changes:
        raise AnsibleActionFail(f"{playbook} over {inventory} ran on no host.")
    return changes
