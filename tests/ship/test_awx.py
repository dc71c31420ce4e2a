# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX is to have, held against the documented arguments of awx.awx's modules (scripts/setup ship fetches them)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from awx_data import AWX, ROOT, ansible

NODE_TYPES = {"project", "inventory_source", "job_template", "workflow_approval"}
QUESTION = {  # awx/api/templates/api/job_template_survey_spec.md
    **dict.fromkeys(("question_name", "question_description", "variable", "type"), str),
    **{"required": bool, "default": object, "min": int, "max": int, "choices": (list, str)},
}
QUESTION_TYPES = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}
DATA = {  # module: what of the data it gets
    "execution_environment": "awx_execution_environment",
    "project": "awx_project",
    "inventory": "awx_inventory",
    "inventory_source": "awx_inventory_source",
    "job_template": "awx_job_templates",
    "workflow_job_template": "awx_workflow",
    "schedule": "awx_schedules",
}


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The documented options of each module that the bootstrap uses."""
    names = [f"awx.awx.{name}" for name in ("organization", *DATA)]
    shown = ansible("ansible-doc", "--json", *names, folder=tmp_path_factory.mktemp("doc"))
    found = json.loads(shown)
    return {name: found[f"awx.awx.{name}"]["doc"]["options"] for name in ("organization", *DATA)}


def records(data: Mapping[str, Any], module: str) -> list[dict[str, Any]]:
    found = data[DATA[module]]
    return found if isinstance(found, list) else [found]


def argument_spec(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return documented options as the argument spec of a module."""
    taken = ("type", "elements", "choices", "required", "aliases")
    spec = {name: {key: its[key] for key in taken if key in its} for name, its in options.items()}
    for name, its in options.items():
        if its.get("suboptions"):
            spec[name]["options"] = argument_spec(its["suboptions"])
    return spec


@pytest.mark.parametrize("module", DATA)
def test_the_modules_know_every_argument(specs: dict[str, Any], data: dict[str, Any], module: str) -> None:
    validator = ArgumentSpecValidator(argument_spec(specs[module]))
    for record in records(data, module):
        given = {key: value for key, value in record.items() if value != ""}
        assert validator.validate(given).error_messages == []


def tasks() -> dict[str, Mapping[str, Any]]:
    """Return the arguments of each module in the bootstrap."""
    (play,) = yaml.safe_load((AWX / "bootstrap.yml").read_text())
    called = [(key, value) for task in play["tasks"] for key, value in task.items() if key.startswith("awx.awx.")]
    assert len(called) == len(dict(called))
    return {name.rpartition(".")[2]: arguments for name, arguments in called}


def test_the_bootstrap_hands_over_all_of_the_data(specs: dict[str, Any], data: dict[str, Any]) -> None:
    for module, arguments in tasks().items():
        assert arguments.keys() <= specs[module].keys(), module
        if module in DATA:
            assert {key for record in records(data, module) for key in record} <= arguments.keys(), module
        used = {path for value in arguments.values() for path in re.findall(r"item\.(\w+)", str(value))}
        assert used <= {key for record in records(data, module) for key in record} if used else True, module


def test_the_modules_are_found_and_the_bootstrap_is_understood(tmp_path: Path) -> None:
    ansible("ansible-playbook", "--syntax-check", AWX / "bootstrap.yml", folder=tmp_path)


def test_the_workflow_is_a_chain_of_what_there_is(data: dict[str, Any]) -> None:
    nodes = {node["identifier"]: node for node in data["awx_workflow"]["workflow_nodes"]}
    assert {node["unified_job_template"]["type"] for node in nodes.values()} == NODE_TYPES
    there = {
        "project": [data["awx_project"]["name"]],
        "inventory_source": [data["awx_inventory_source"]["name"]],
        "job_template": [template["name"] for template in data["awx_job_templates"]],
    }
    for node in nodes.values():
        unified = node["unified_job_template"]
        assert unified["name"] in there.get(unified["type"], [unified["name"]])
    chain = ["fetch"]
    while "related" in nodes[chain[-1]]:
        ((following,),) = nodes[chain[-1]]["related"].values()
        chain.append(following["identifier"])
    assert chain == ["fetch", "inventory", "plan", "check", "approve", "site", "verify"]
    assert set(chain) == set(nodes)


def test_schedules_are_of_what_there_is(data: dict[str, Any]) -> None:
    there = {template["name"] for template in data["awx_job_templates"]} | {data["awx_workflow"]["name"]}
    assert {schedule["unified_job_template"] for schedule in data["awx_schedules"]} <= there
    rule = r"DTSTART:\d{8}T\d{6}Z RRULE:FREQ=[A-Z]+;INTERVAL=\d+(;BYDAY=[A-Z,]+)?"
    assert all(re.fullmatch(rule, schedule["rrule"]) for schedule in data["awx_schedules"])


def test_surveys_ask_what_awx_knows_and_the_playbooks_use(data: dict[str, Any]) -> None:
    asked = [template for template in data["awx_job_templates"] if "survey_spec" in template]
    assert asked
    for template in asked:
        assert template["survey_spec"].keys() == {"name", "description", "spec"}
        for question in template["survey_spec"]["spec"]:
            assert question.keys() <= QUESTION.keys()
            assert all(isinstance(value, QUESTION[key]) for key, value in question.items())
            assert question["type"] in QUESTION_TYPES
            assert question["variable"] in (ROOT / "playbooks" / template["playbook"]).read_text()


def test_the_project_has_each_playbook_and_the_collection_has_it_too(data: dict[str, Any]) -> None:
    wanted = {template["playbook"] for template in data["awx_job_templates"]}
    assert {path.name for path in (AWX / "project").glob("*.yml")} == wanted
    for name in wanted:
        ((play,)) = yaml.safe_load((AWX / "project" / name).read_text())
        assert play["ansible.builtin.import_playbook"] == f"tenantry.sdn.{name.removesuffix('.yml')}"
