# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions on plans in real playbooks: which intent they are of, check mode, and values of Ansible's vault."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_intent_actions import EXAMPLE, FROM_VARIABLES, ROOT, VARIABLES, Controller, host_state

SECRET = "203.0.113"  # the first bytes of addresses that nobody is to see
VAULT = Path(sys.executable).with_name("ansible-vault")
NO_INTENT = (
    "fabric: missing; say where the intent is, for playbooks of the collection by the variables fabric and tenants, by "
    "tenantry_intent_dir, or by the tenantry_plan_dir of a plan that was made of it"
)
ANEW = "make the plan anew with the playbook tenantry.sdn.plan"
EITHER = "give either state, as tenantry.sdn.host_state returns it, or plan and hypervisor"


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def plan(**arguments: Any) -> dict[str, Any]:
    return {"tenantry.sdn.plan": arguments}


def plan_info(**arguments: Any) -> dict[str, Any]:
    return {"tenantry.sdn.plan_info": {"path": "plan", **arguments}}


def applied(*hosts: str, **arguments: Any) -> dict[str, Any]:
    return {"tenantry.sdn.plan_applied": {"path": "plan", "hypervisors": list(hosts), **arguments}}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def converge(**arguments: Any) -> dict[str, Any]:
    return {"tenantry.sdn.converge": {"parts": ["networks"], **arguments}}


def test_a_plan_of_a_directory_is_what_its_hosts_take(controller: Controller) -> None:
    shutil.copytree(EXAMPLE / "intent", controller.folder / "intent")
    given = {"directory": "intent"}
    (predicted,) = controller.run(plan(**given, path="plan"), options=("--check",))["localhost"]
    assert not (controller.folder / "plan").exists()
    hosts = ["hv1", "hv2", "hv3"]
    made, again, state, known, late, noted, then = controller.run(
        plan(**given, path="plan"),
        plan(**given, path="plan"),
        host_state(plan="plan", hypervisor="hv2"),
        plan_info(**given),
        applied("hv2", digest="that of the plan before"),
        applied("hv1", "hv3", "hv4", digest="{{ result_0.digest }}"),
        plan_info(),
    )["localhost"]
    assert state["state"] == yaml.safe_load((ROOT / "tests/unit/golden/learning/hv2.yml").read_text())
    assert predicted.pop("invocation", None) == made.pop("invocation", None)
    assert predicted == made
    assert (made["changed"], made["changes"], made["concerned"]) == (
        True,
        {"added": hosts, "changed": [], "removed": []},
        hosts,
    )
    assert (again["changed"], again["changes"], again["concerned"]) == (
        False,
        {"added": [], "changed": [], "removed": []},
        hosts,
    )
    assert {key: known[key] for key in ("concerned", "summary", "words", "fabric")} == {
        key: made[key] for key in ("concerned", "summary", "words", "fabric")
    }
    assert [(each["changed"], each["noted"]) for each in (late, noted)] == [(False, False), (False, True)]
    assert then["concerned"] == ["hv2"]
    assert then["words"][0] == "1 of 3 hosts are not as planned: hv2"
    parsed = json.loads((controller.folder / "plan/parsed.json").read_text())["values"].values()
    assert {name for value in parsed for name in value} == {"fabric", "tenants"}


def test_stale_foreign_and_wrong_plans_are_refused(controller: Controller) -> None:
    made = controller.run(plan(**FROM_VARIABLES, path="plan"))["localhost"][0]
    assert made["changed"]
    before = contents(controller.folder / "plan")
    renamed = {"fabric": "{{ fabric | combine({'name': 'dc2'}) }}", "tenants": "{{ tenants }}"}
    edited = {"fabric": "{{ fabric | combine({'mtu': 9000}) }}", "tenants": "{{ tenants }}"}
    folder = f"{controller.folder}/plan"
    wrong = [
        (plan_info(**edited), f"{folder}: is not the plan of the intent and record of today; {ANEW}"),
        (
            plan_info(**renamed),
            f"{folder}: is the plan of fabric dc1, and the intent that of dc2; name the directory of its plan",
        ),
        (
            plan(**renamed, path="plan"),
            f"{folder}: has the plan of fabric dc1, not of dc2; name another directory",
        ),
        (
            plan(**FROM_VARIABLES, path="plan", hypervisors=["hv1"]),
            "hypervisors: a plan that stays is one of all of them; leave this out, or path",
        ),
        (
            host_state(plan="plan", hypervisor="hv9"),
            "hypervisor: 'hv9' is no hypervisor of this fabric; known are hv1, hv2",
        ),
        (
            host_state(plan="nowhere", hypervisor="hv1"),
            f"{controller.folder}/nowhere/plan.json: cannot be read (No such file or directory); {ANEW}, or name its "
            "directory",
        ),
        (
            converge(plan="plan", hypervisor="hv9"),
            "hypervisor: 'hv9' is no hypervisor of this fabric; known are hv1, hv2",
        ),
        (converge(plan="plan"), "parameters are required together: plan, hypervisor"),
        (converge(), EITHER),
        (converge(plan="plan", hypervisor="hv1", state={}), EITHER),
        (converge(state="hv1"), EITHER),
        (
            converge(state={}, parts=["network"]),
            "value of parts must be one or more of: hypervisor, routers, networks, flows, security_groups, monitoring, "
            "former_routers, former_hypervisor. Got no match for: network",
        ),
        (host_state(hypervisor="hv1"), NO_INTENT),
        (plan(), NO_INTENT),  # as site does it, of a slice with neither intent nor plan
    ]
    results = controller.run(*(task for task, message in wrong))["localhost"]
    assert [(result["failed"], result["msg"]) for result in results] == [(True, message) for _task, message in wrong]
    assert contents(controller.folder / "plan") == before
    (right,) = controller.run(plan_info(**FROM_VARIABLES))["localhost"]
    assert right["concerned"] == ["hv1", "hv2"]


def test_a_plan_for_one_run_is_gone_after_it(controller: Controller) -> None:
    made, state, missing = controller.run(
        plan(**FROM_VARIABLES, hypervisors=["hv2", "hv9"]),
        host_state(plan="{{ result_0.path }}", hypervisor="hv2"),
        host_state(plan="{{ result_0.path }}", hypervisor="hv1"),
    )["localhost"]
    assert state["state"]["networks"][0]["remotes"] == ["192.168.1.151"]
    assert missing["msg"] == "hypervisor: the plan was made for others than hv1; add it to its hypervisors"
    assert made["path"].startswith(str(controller.folder / "home/tmp/ansible-local-"))
    assert not Path(made["path"]).exists()


class Safe:
    """A vault in the controller's folder."""

    def __init__(self, controller: Controller) -> None:
        self.folder = controller.folder
        self.options = ("--vault-password-file", "password")
        (self.folder / "password").write_text("open sesame")

    def run(self, *arguments: str) -> str:
        environment = {**os.environ, "ANSIBLE_HOME": str(self.folder / "home")}
        command = [str(VAULT), arguments[0], *self.options, *arguments[1:]]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout


def in_variables(controller: Controller, safe: Safe) -> dict[str, Any]:
    secret = safe.run("encrypt_string", "--name", "underlay_prefix", SECRET)
    text = VARIABLES.replace("underlay_prefix: 192.168.1\n", secret)
    (controller.folder / "group_vars/all.yml").write_text(text)
    return FROM_VARIABLES


def in_a_file(controller: Controller, safe: Safe) -> dict[str, Any]:
    """One address in a file that is encrypted, and one as an encrypted value in a plain one."""
    intent = controller.folder / "intent"
    (intent / "tenants").mkdir(parents=True)
    fabric = yaml.safe_load(VARIABLES.replace("{{ underlay_prefix }}", SECRET).replace("{{ tunnel_key }}", "5001"))
    vtep = safe.run("encrypt_string", f"{SECRET}.151").replace("\n", "\n      ").rstrip()
    fabric["fabric"]["hypervisors"]["hv1"]["vtep"] = "THIS"
    (intent / "fabric.yml").write_text(yaml.safe_dump({"fabric": fabric["fabric"]}).replace("THIS", vtep))
    fabric["tenants"]["acme"]["ports"]["web-2"]["ip"] = "10.1.1.21"
    (intent / "tenants/acme.yml").write_text(yaml.safe_dump({"tenants": fabric["tenants"]}))
    text = (intent / "fabric.yml").read_text().replace(f"{SECRET}.152", "192.0.2.152")
    (intent / "fabric.yml").write_text(text)
    safe.run("encrypt", "intent/tenants/acme.yml")
    return {"directory": "intent"}


@pytest.mark.parametrize("write", [in_variables, in_a_file])
def test_secrets_work_and_are_nowhere_in_the_clear(controller: Controller, write: Any) -> None:
    safe = Safe(controller)
    given = write(controller, safe)
    verbose = (*safe.options, "-vvv", "--diff")
    made, state, again, info = controller.run(
        plan(**given, path="plan"),
        host_state(plan="plan", hypervisor="hv2"),
        plan(**given, path="plan"),
        plan_info(**given),
        options=verbose,
    )["localhost"]
    assert (made["encrypted"], again["changed"], info["encrypted"]) == (True, False, True)
    assert state["state"]["networks"][0]["remotes"] == [f"{SECRET}.151"]
    assert SECRET not in controller.screen
    files = contents(controller.folder / "plan")
    assert "parsed.json" not in files
    assert [name for name, content in files.items() if SECRET.encode() in content] == []
    (path,) = (controller.folder / "plan/hosts").glob("hv2-*.json")
    assert json.loads(safe.run("view", str(path))) == state["state"]
    again_from_nothing = controller.run(plan(**given, path="other"), options=verbose)["localhost"][0]
    assert again_from_nothing["changed"]
    assert contents(controller.folder / "other") == files

    hidden = "not shown, as the intent has values of Ansible's vault"
    wrong = {"fabric": "{{ fabric | combine({'mtu': 1}) }}", "tenants": "{{ tenants }}"}
    tasks: Iterable[dict[str, Any]] = [plan(**wrong, path="plan")] if write is in_variables else []
    for task in tasks:
        (result,) = controller.run(task, options=verbose)["localhost"]
        assert result["msg"] == f"fabric.mtu: {hidden}"
        assert SECRET not in controller.screen
    assert contents(controller.folder / "plan") == files
    (locked,) = controller.run(host_state(plan="plan", hypervisor="hv2"))["localhost"]
    assert locked["msg"].startswith(
        "The plan is encrypted, as the intent has values of Ansible's vault, and cannot be "
    )


def test_a_host_that_is_brought_to_a_plan_is_warned_of(controller: Controller) -> None:
    names = [f"hv{number}" for number in range(1, 1003)]
    hosts = {name: {"vtep": f"10.{number >> 8}.{number & 255}.1"} for number, name in enumerate(names)}
    ports = {
        name: {"hypervisor": name, "network": "web", "ip": f"10.1.{number >> 8}.{number & 255}"}
        for number, name in enumerate(names, 256)
    }
    fabric = {"name": "dc1", "hypervisors": hosts, "forwarding": "plain", "segments": {"tunnel": "1-9"}}
    tenants = {"acme": {"networks": {"web": {"type": "gre", "subnet": "10.1.0.0/16"}}, "ports": ports}}
    made, converged = controller.run(
        plan(fabric=fabric, tenants=tenants, allocations="allocations.yml", hypervisors=["hv1"]),
        {"tenantry.sdn.converge": {"parts": ["routers"], "plan": "{{ result_0.path }}", "hypervisor": "hv1"}},
    )["localhost"]
    assert [warning.partition(".")[0] for warning in made["warnings"]] == [
        "More than 1000 tunnels end at hv1 (1001), hv10 (1001), hv100 (1001), hv1000 (1001), hv1001 (1001) and 997 more"
    ]
    assert [warning.partition(".")[0] for warning in converged["warnings"]] == [
        "More than 1000 tunnels end at hv1 (1001)"
    ]
