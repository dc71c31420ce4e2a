# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module as Ansible does on a managed host, without the 0.7 s that a task of ansible-playbook costs.

``run_module`` runs the module's own ``main`` in this process, argument parsing and output included; ``start_module``
in a process of the distribution's Python, for tests that kill it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

import ansible
from ansible.module_utils import basic

COLLECTION = "ansible_collections.tenantry.sdn.plugins.modules"
MANAGED_PYTHON = "/usr/bin/python3"
_LAUNCHER = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
"""


class Result(dict[str, Any]):
    """What the module printed; ``output`` is the same as text, ``log`` what it would send to syslog."""

    output: str
    log: str

    @property
    def message(self) -> str:
        assert self.get("failed"), f"the module succeeded: {dict(self)}"
        return str(self["msg"])


def arguments(params: dict[str, Any], check: bool = False, diff: bool = True) -> bytes:
    """Return what the controller sends; it says each time whether to log, whatever the module would."""
    settings = {"_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_no_log": False}
    return json.dumps({"ANSIBLE_MODULE_ARGS": {**params, **settings}}).encode()


def run_module(name: str, params: dict[str, Any], check: bool = False, diff: bool = True) -> Result:
    """Run a module to its end and return its result, failed or not."""
    module = importlib.import_module(f"{COLLECTION}.{name}")
    output, log, warnings = io.StringIO(), [], []
    with (
        mock.patch.object(basic, "_ANSIBLE_ARGS", arguments(params, check, diff)),
        mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True),
        mock.patch.object(basic.AnsibleModule, "warn", lambda self, warning: warnings.append(warning)),
        mock.patch.object(basic.AnsibleModule, "log", lambda self, msg, log_args=None: log.append(f"{msg} {log_args}")),
        contextlib.redirect_stdout(output),
        contextlib.suppress(SystemExit),
    ):
        module.main()
    result = Result(json.loads(output.getvalue().strip().splitlines()[-1]))
    result["warnings"], result.output, result.log = warnings, output.getvalue(), "\n".join(log)
    return result


def fork_module(name: str, params: dict[str, Any]) -> BaseProcess:
    """Start a module in a copy of this process: at once, without the time that Python takes to start."""
    process = get_context("fork").Process(target=run_module, args=(name, params))
    process.start()
    return process


def call_module(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Run a module to its end in a copy of this process, which what it leaves running is no child of."""
    (result,) = call_modules(name, [params])
    return result


def call_modules(name: str, tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run several tasks at once, each in a copy of this process, to their ends."""
    started = []
    for params in tasks:
        answers, answer = Pipe(duplex=False)
        process = get_context("fork").Process(target=_answer, args=(answer, name, params))
        process.start()
        answer.close()
        started.append((process, answers))
    results = []
    for process, answers in started:
        try:
            results.append(answers.recv())
        finally:
            process.join()
    return results


def _answer(answer: Connection, name: str, params: dict[str, Any]) -> None:
    answer.send(dict(run_module(name, params)))


def start_module(name: str, params: dict[str, Any], *wrapper: str) -> subprocess.Popen[bytes]:
    """Start a module in a process of its own, as a managed host would."""
    collection = importlib.import_module("ansible_collections.tenantry.sdn").__path__[0]
    paths = [str(Path(ansible.__file__).parents[1]), str(Path(collection).parents[2])]
    with tempfile.TemporaryFile() as stdin:
        stdin.write(arguments(params))
        stdin.seek(0)
        return subprocess.Popen(
            [*wrapper, MANAGED_PYTHON, "-c", _LAUNCHER, f"{COLLECTION}.{name}"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
