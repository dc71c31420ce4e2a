# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Ansible's own commands as a user does: of any environment, and with nothing of the checkout's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NEWEST = Path(sys.prefix)  # the environment that runs the tests holds the newest ansible-core


@dataclass(frozen=True)
class Ansible:
    """An ansible-core in a virtual environment, with a home of its own and one path of collections."""

    home: Path
    collections: Path
    venv: Path = NEWEST

    def run(self, command: str, *arguments: str | Path) -> str:
        """Run a command, expect it to succeed, and return what it printed."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        ours = {"ANSIBLE_HOME": str(self.home), "ANSIBLE_COLLECTIONS_PATH": str(self.collections)}
        done = subprocess.run(
            [self.venv / "bin" / command, *arguments],
            cwd=self.home,
            env={**inherited, **ours, "PATH": f"{self.venv / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{command} {arguments} in {self.venv}:\n{done.stdout}\n{done.stderr}"
        return done.stdout
