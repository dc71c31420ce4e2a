# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX is to have, as Ansible has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
AWX = ROOT / "extensions/awx"
COLLECTIONS = ROOT / ".cache/awx"
BIN = Path(sys.executable).parent


def ansible(program: str, *arguments: str | Path, folder: Path) -> str:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_HOME": str(folder / "home")}
    done = subprocess.run(
        [BIN / program, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def filled_in(folder: Path) -> dict[str, Any]:
    """Return the data with the variables filled in."""
    raw = yaml.safe_load((AWX / "awx.yml").read_text())
    wanted = ", ".join(f"'{name}': {name}" for name in raw)
    copy = {"content": f"{{{{ {{{wanted}}} | to_json }}}}", "dest": str(folder / "data.json")}
    play = [{"hosts": "localhost", "gather_facts": False, "vars_files": [str(AWX / "awx.yml")]}]
    play[0]["tasks"] = [{"ansible.builtin.copy": copy}]
    (folder / "play.yml").write_text(yaml.safe_dump(play))
    ansible("ansible-playbook", folder / "play.yml", folder=folder)
    found: dict[str, Any] = json.loads((folder / "data.json").read_text())
    return found
