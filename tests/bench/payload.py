# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The very file that Ansible sends to a host for a task (AnsiballZ), to be run without the controller's share."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
PACKAGE = "ansible_collections.tenantry.sdn."
HOST_PYTHON = "/usr/bin/python3"  # with the distribution's Open vSwitch bindings and their JSON parser in C


def environment(directory: Path) -> dict[str, str]:
    """Return an environment in which ansible finds this checkout, and nothing of the user's own."""
    return {
        "ANSIBLE_HOME": str(directory / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(directory / "remote"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections(directory)),
        "ANSIBLE_LIBRARY": str(HERE / "library"),
        "ANSIBLE_PYTHON_INTERPRETER": HOST_PYTHON,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def collections(directory: Path) -> Path:
    """Return a collections path that holds this checkout, by a link to it."""
    path = directory / "collections"
    link = path / "ansible_collections/tenantry/sdn"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(REPOSITORY)
    return path


def playbook(path: Path, tasks: Iterable[Mapping[str, Any]]) -> Path:
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": list(tasks)}
    path.write_text(json.dumps([play]))
    return path


def payload(directory: Path, name: str, module: str, arguments: Mapping[str, Any]) -> Path:
    """Return the payload of a task."""
    return payloads(directory, name, [{module: arguments}])[0]


def payloads(directory: Path, name: str, tasks: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Let ansible-playbook make the payload of each task, and keep it. The "host" runs them by true(1)."""
    kept = directory / "kept" / name
    settings = {
        **environment(directory),
        "ANSIBLE_KEEP_REMOTE_FILES": "true",
        "ANSIBLE_REMOTE_TMP": str(kept),
        "ANSIBLE_PYTHON_INTERPRETER": "/bin/true",
    }
    book = playbook(directory / f"{name}.json", [{**task, "ignore_errors": True} for task in tasks])
    done = subprocess.run(
        ["ansible-playbook", book],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,  # true(1) prints no result
        timeout=120,
    )
    paths = list(kept.glob("*/AnsiballZ_*.py"))
    if len(paths) != len(tasks):
        raise SystemExit(f"ansible-playbook kept {len(paths)} payloads of {name}:\n{done.stdout}{done.stderr}")
    return paths


def payload_files(module: Path) -> set[Path]:
    """Return the files of our module_utils in a module's payload: what its imports reach, as Ansible follows them."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        imported = {_file(name) for name in _imports(waiting.pop())} - found - {None}
        found.update(imported)
        waiting.extend(imported)
    return found


def _imports(file: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path | None:
    path = REPOSITORY / module[len(PACKAGE) :].replace(".", "/")
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None
