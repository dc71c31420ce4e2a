# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides in docs/ are true: messages that they quote are said, tasks that they show are understood.

That links lead somewhere is seen when the site is built (scripts/docs).
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

import ansible_collections
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
HOLE = "…"
TEMPLATED = re.compile(r"^\s*[\[{]?[\"']?\{\{")
OF_ACME = ("tenants", "acme")
OF_ITS_ROUTER = (*OF_ACME, "routers", "edge")
PLACES: dict[str, tuple[str, ...]] = {  # of the keys that parts of an intent begin with
    **dict.fromkeys(("fabric", "tenants"), ()),
    **dict.fromkeys(("routers", "ports"), OF_ACME),
    **dict.fromkeys(("load_balancers", "acl"), OF_ITS_ROUTER),
}
OTHERS = {  # what else guides show: inventories, variables, and what a user's own API answers
    *("hypervisors", "devices", "outside", "tenantry_secrets", "intent_directory", "awx_project_url"),
}


def strings(path: Path) -> Iterator[str]:
    """Yield each text of a program, with a hole for what is filled in."""
    if path.suffix != ".py":
        yield " ".join(re.sub(r"\{\{.*?\}\}", HOLE, path.read_text()).split())
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def said() -> set[str]:
    """All that the collection can say."""
    folders = [(ROOT / "plugins").rglob("*.py"), (ROOT / "playbooks").glob("*.yml"), (ROOT / "roles").rglob("*.yml")]
    return {text for folder in folders for path in folder for text in strings(path)}


def test_every_message_that_is_explained_is_said(said: set[str]) -> None:
    quoted = re.findall(r"^## `(.*)`$", (ROOT / "docs/troubleshooting.md").read_text(), re.MULTILINE)
    assert len(quoted) > 10
    for message in quoted:
        parts = [part for part in message.split(HOLE) if part.strip(" .:;?'")]
        pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
        assert parts, message
        assert any(pattern.search(text) for text in said), f"nobody says: {message}"


def blocks() -> Iterator[tuple[str, Any]]:
    for guide in GUIDES:
        for number, text in enumerate(BLOCK.findall(guide.read_text())):
            yield f"{guide.stem}-{number}", yaml.safe_load(text)


def tasks() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (block, module, arguments) of each task of ours that a guide shows, in plays too."""
    for name, block in blocks():
        for entry in block if isinstance(block, list) else []:
            for task in entry.get("tasks", [entry]):
                for key, value in task.items():
                    if key.startswith("tenantry.sdn."):
                        yield name, key, value or {}


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The documented options of each module that a guide uses."""
    names = sorted({module for _name, module, _arguments in tasks()})
    home = tmp_path_factory.mktemp("doc")
    paths = os.pathsep.join(str(Path(path).parent) for path in ansible_collections.__path__)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": paths, "ANSIBLE_HOME": str(home)}
    program = Path(sys.executable).with_name("ansible-doc")
    done = subprocess.run([program, "--json", *names], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: found["doc"]["options"] for name, found in json.loads(done.stdout).items()}


def argument_spec(documented: dict[str, Any]) -> dict[str, Any]:
    taken = ("type", "elements", "choices", "required", "aliases")
    spec = {name: {key: its[key] for key in taken if key in its} for name, its in documented.items()}
    for name, its in documented.items():
        if its.get("suboptions"):
            spec[name]["options"] = argument_spec(its["suboptions"])
    return spec


def test_every_task_that_a_guide_shows_is_understood(options: dict[str, Any]) -> None:
    shown = list(tasks())
    assert len(shown) > 10
    for name, module, arguments in shown:
        plain = {key: value for key, value in arguments.items() if not TEMPLATED.match(str(value))}
        assert arguments.keys() <= options[module].keys(), f"{name}: {module}"
        spec = {key: its for key, its in argument_spec(options[module]).items() if key in plain or key not in arguments}
        faults = ArgumentSpecValidator(spec).validate(plain).error_messages
        assert faults == [], f"{name}: {module}"


def intents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each intent that a guide shows, whole or a part of one."""
    for name, block in blocks():
        if isinstance(block, dict) and not block.keys() & OTHERS:
            parts = (
                reduce(lambda part, key: {key: part}, reversed((*PLACES[key], key)), value)
                for key, value in block.items()
            )
            yield name, reduce(merged, parts, {})


def merged(under: Any, over: Any) -> Any:
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: merged(under.get(key), value) for key, value in over.items()}}
    return over


INTENTS = dict(intents())
REST = INTENTS["recipes-0"]  # of an intent of which a guide shows a part


@pytest.mark.parametrize("name", INTENTS)
def test_every_intent_that_a_guide_shows_is_right_and_compiles(name: str) -> None:
    shown = INTENTS[name]
    intent = parse(shown if "name" in shown.get("fabric", {}) else merged(REST, shown))
    allocations, _record = allocate(intent, Record())
    for host in intent.fabric.hypervisors:
        compile_host(intent, allocations, host)


def test_the_example_of_a_device_of_ones_own_is_a_play_that_ansible_takes(tmp_path: Path) -> None:
    paths = os.pathsep.join(str(Path(path).parent) for path in ansible_collections.__path__)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": paths, "ANSIBLE_HOME": str(tmp_path)}
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [program, "--inventory=localhost,", "--list-tasks", ROOT / "docs/device/devices.yml"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "forwarding_device : Have it route" in done.stdout, done.stderr


def test_the_picture_has_all_of_the_example_and_is_always_the_same() -> None:
    intent = ROOT / "inventories/example/intent"
    paths = os.pathsep.join(str(Path(path).parent) for path in ansible_collections.__path__)
    command = [sys.executable, ROOT / "docs/site/topology.py", intent]
    pictures = {
        subprocess.run(
            command, env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout.decode()
        for seed in ("1", "2")
    }
    (picture,) = pictures
    written = ROOT / "docs/topology.svg"
    assert picture == written.read_text(), (
        f"write it anew: PYTHONPATH=.cache/farm scripts/with python docs/site/topology.py {intent} >{written}"
    )
    words = {element.text for element in ElementTree.fromstring(picture).iter() if element.text}
    assert {"hv1", "hv2", "hv3", "acme.web", "globex.app", "web-1", "mainframe"} <= words
