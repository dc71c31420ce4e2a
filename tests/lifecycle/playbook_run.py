# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as a user runs it, and what it reported of each task and host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).parent / "ansible-playbook"
COLLECTIONS = next(path for path in sys.path if Path(path, "ansible_collections", "tenantry", "sdn").is_dir())
SECONDS = 120


@dataclass
class Run:
    """A run of one or more playbooks, perhaps not ended yet."""

    process: subprocess.Popen[str]
    journal: Path

    @cached_property
    def output(self) -> str:
        """What it printed; waits for its end."""
        return self.process.communicate(timeout=SECONDS)[0]

    @property
    def succeeded(self) -> bool:
        return bool(self.output) and self.process.returncode == 0

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

    def faults(self) -> dict[str, str]:
        """Return the message of each failed host."""
        return {item["host"]: item["message"] for item in self.results if item["outcome"] in ("failed", "unreachable")}

    def summary(self) -> str:
        outcomes = Counter((item["host"], item["outcome"], item["changed"]) for item in self.results)
        return f"{outcomes}\n{self.output}"


def start(inventory: Path, home: Path, *arguments: str) -> Run:
    """Start ansible-playbook in a process group of its own, without anything of the user's settings."""
    home.mkdir(exist_ok=True)
    built_modules = home.parents[1] / "built-modules"  # of all fabrics that this process tests
    built_modules.mkdir(exist_ok=True)
    journal = home / f"journal-{len(list(home.glob('journal-*')))}"
    journal.touch()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment = {
        **inherited,
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_FORKS": "20",  # endpoints that verify would else ask in turns, waiting for each
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "built_modules,journal",
        "ANSIBLE_NOCOLOR": "1",
        "TENANTRY_BUILT_MODULES": str(built_modules),
        "TENANTRY_JOURNAL": str(journal),
        "LC_ALL": "C.UTF-8",
    }
    process = subprocess.Popen(
        [PROGRAM, "-i", inventory, "-e", "tenantry_netns_fork_server=true", *arguments],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Run(process, journal)
