# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of every filter: Ansible can show it, it says what the code takes, and its examples are true."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import ansible_collections

Filters = dict[str, Callable[..., Any]]
BIN = Path(sys.executable).parent


def ansible(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(Path(path).parent) for path in ansible_collections.__path__)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": paths,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }
    command = [str(BIN / program), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="session")
def documents(filters: Filters) -> dict[str, Any]:
    """What ansible-doc says of each filter."""
    names = [f"tenantry.sdn.{name}" for name in filters]
    shown = ansible("ansible-doc", "--type", "filter", "--json", *names)
    assert shown.returncode == 0, shown.stderr
    return {name.rpartition(".")[2]: document for name, document in json.loads(shown.stdout).items()}


def test_the_documented_options_are_the_arguments_in_their_order(filters: Filters, documents: dict[str, Any]) -> None:
    for name, function in filters.items():
        document = documents[name]["doc"]
        dummy, *arguments = inspect.signature(function).parameters.values()
        assert document["positional"].split(", ") == [argument.name for argument in arguments], name
        assert set(document["options"]) == {"_input", *(argument.name for argument in arguments)}, name
        for argument in arguments:
            required = document["options"][argument.name].get("required", False)
            assert required == (argument.default is argument.empty), f"{name}: {argument.name}"


def test_every_example_is_true(filters: Filters, documents: dict[str, Any], tmp_path: Path) -> None:
    plays = [
        {
            "name": name,
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": yaml.safe_load(documents[name]["examples"]),
        }
        for name in filters
    ]
    tasks = [task for play in plays for task in play["tasks"]]
    assert all(play["tasks"] for play in plays)
    assert all(task["ansible.builtin.assert"]["that"] for task in tasks), "an example asserts what it shows"
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False))
    run = ansible("ansible-playbook", str(playbook))
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"ok={len(tasks)} " in run.stdout, run.stdout


def test_the_sample_of_a_return_value_is_of_its_type(filters: Filters, documents: dict[str, Any]) -> None:
    types = {"list": list, "dict": dict}
    for name in filters:
        value = documents[name]["return"]["_value"]
        assert isinstance(value["sample"], types[value["type"]]), name


def test_a_user_reads_one_clear_sentence(tmp_path: Path) -> None:
    playbook = tmp_path / "wrong.yml"
    playbook.write_text(
        """
- hosts: localhost
  gather_facts: false
  vars: {hypervisors: {hv1: {vtep: 192.168.1.155}, hv2: {vtep: 192.168.1.155}}}
  tasks:
    - ansible.builtin.debug: {msg: "{{ hypervisors | tenantry.sdn.tunnel_peers('hv1') }}"}
"""
    )
    run = ansible("ansible-playbook", str(playbook))
    told = "hypervisors.hv2.vtep: 192.168.1.155 is the VTEP of hv1 too; give each hypervisor its own"
    assert run.returncode == 2
    assert told in " ".join((run.stdout + run.stderr).split())
    assert "Traceback" not in run.stdout + run.stderr
