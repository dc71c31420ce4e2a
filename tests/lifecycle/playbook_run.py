# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-playbook does for a user, in a process that need not import Ansible, and what it reported of each task.

Of a run that has nothing to do, two thirds are the import of Ansible. Runs are forked from a process that has done that
and nothing else.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

HERE = Path(__file__).parent
COLLECTIONS = next(path for path in sys.path if Path(path, "ansible_collections", "tenantry", "sdn").is_dir())
SECONDS = 120
ACTIONS = Path(COLLECTIONS, "ansible_collections/tenantry/sdn/plugins/action")
ON_CONTROLLER = {path.stem for path in ACTIONS.glob("*.py")} | {
    *("set_fact", "assert", "debug", "include_tasks", "include_role", "validate_argument_spec"),
}
OF_EACH_HOST = "tenantry.sdn.host_state"  # on the controller; of the others there some run once, some weigh nothing

SHARED = ("built_modules", "compiled_templates")  # callbacks that keep these in folders

forks = get_context("forkserver")
forks.set_forkserver_preload(["warm_ansible"])


@dataclass
class Run:
    """A run of one or more playbooks, perhaps not ended yet."""

    process: BaseProcess
    printed: Path
    journal: Path

    @cached_property
    def output(self) -> str:
        """What it printed; waits for its end."""
        self.process.join(SECONDS)
        assert self.process.exitcode is not None, f"after {SECONDS} s it still runs:\n{self.printed.read_text()}"
        return self.printed.read_text()

    def signal(self, number: int) -> None:
        """Send a signal to the run, and to its workers, which have sessions of their own."""
        leader = self.process.pid
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            os.killpg(leader, signal.SIGSTOP)  # it starts no other worker
            workers = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
            for group in (*map(int, workers), leader):
                with suppress(ProcessLookupError):
                    os.killpg(group, number)

    @property
    def succeeded(self) -> bool:
        return bool(self.output) and self.process.exitcode == 0

    @cached_property
    def results(self) -> list[dict[str, Any]]:
        """The result of each task on each host."""
        assert self.output
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []

    def changes(self, playbook: int = 1) -> dict[tuple[str, str], Any]:
        """Return what changed in the first or a later playbook of the run, as (host, task): diff."""
        return {
            (item["host"], item["task"]): item["diff"]
            for item in self.results
            if item["changed"] and item["playbook"] == playbook
        }

    def tasks(self, playbook: int = 1) -> Counter[str]:
        """Return how many tasks of a playbook each host took; one of tenantry.sdn.converge runs several modules."""
        listed = [item for item in self.results if item["playbook"] == playbook]
        ran = [item for item in listed if on_host(item["action"]) or item["action"] == OF_EACH_HOST]
        return Counter(host for host, _number in {(item["host"], item["number"]) for item in ran})

    def faults(self) -> dict[str, str]:
        """Return the message of each failed host."""
        return {item["host"]: item["message"] for item in self.results if item["outcome"] in ("failed", "unreachable")}

    def summary(self) -> str:
        outcomes = Counter((item["host"], item["outcome"], item["changed"]) for item in self.results)
        return f"{outcomes}\n{self.output}"


def on_host(action: str) -> bool:
    """Say whether a task runs a module on its host."""
    return action.rpartition(".")[2] not in ON_CONTROLLER


def sharing(folder: Path) -> dict[str, str]:
    """Return the settings by which runs of Ansible share, below a folder, what they build and compile."""
    settings = {"ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"), "ANSIBLE_CALLBACKS_ENABLED": ",".join(SHARED)}
    for name in SHARED:
        (folder / name).mkdir(exist_ok=True)
        settings[f"TENANTRY_{name.upper()}"] = str(folder / name)
    return settings


def start(inventory: Path, home: Path, *arguments: str) -> Run:
    """Start ansible-playbook with these arguments."""
    home.mkdir(exist_ok=True)
    shared = sharing(home.parents[1])  # by all fabrics that this process tests
    number = len(list(home.glob("journal-*")))
    journal, printed = home / f"journal-{number}", home / f"output-{number}"
    for file in (journal, printed):
        file.touch()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_FORKS": "20",  # endpoints that verify would else ask in turns, waiting for each
        **shared,
        "ANSIBLE_CALLBACKS_ENABLED": f"{shared['ANSIBLE_CALLBACKS_ENABLED']},journal",
        "ANSIBLE_NOCOLOR": "1",
        "TENANTRY_JOURNAL": str(journal),
        "LC_ALL": "C.UTF-8",
    }
    words = ["ansible-playbook", "-i", str(inventory), "-e", "tenantry_netns_fork_server=true", *arguments]
    process = forks.Process(target=_play, args=(words, environment, home, printed))
    # With the first run starts the process that all are forked from: Ansible has its settings when it is imported.
    with mock.patch.dict(os.environ, {**environment, "PYTHONPATH": str(HERE)}, clear=True):
        process.start()
    return Run(process, printed, journal)


def _play(words: list[str], environment: dict[str, str], home: Path, printed: Path) -> None:
    """Be ansible-playbook, in a process group of its own and without anything of the user's settings."""
    from ansible import constants
    from ansible.cli import playbook

    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    gc.disable()  # a run is over before it pays, and each worker would copy what the collector touches
    os.setsid()
    os.chdir(home)
    for name, descriptor in ((os.devnull, 0), (printed, 1), (printed, 2)):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = words
    with tempfile.TemporaryDirectory(dir=home) as constants.DEFAULT_LOCAL_TMP:
        playbook.main()
