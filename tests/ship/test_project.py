# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped project as AWX finds it, on a twin of its hypervisors: jobs of its templates, answers to surveys."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ovsdb_dump
import pytest
import yaml
from awx_jobs import Awx, Ended, Job
from playbook_run import start
from twin_lab import TwinLab

HOSTS = ("hv1", "hv2")
PIPE = "{{ lookup(*'pipe|touch CANARY'.split('|')) }}"  # which Ansible would do, were it a template
GROUPS = "is no security group of this intent; known are acme.db, acme.default, acme.web"
ONE_LINE = "holds a control character; write printable text on one line"
NO_TEXT = "Say which groups have other members: -e members_of=TENANT.GROUP, several with commas."
NUMBER = "is no number from 2 to 500; write how many endpoints to measure."
HOSTILE: Mapping[str, Mapping[Any, str]] = {  # survey variable: answers, and what is said of them
    "members_of": {
        PIPE: f"members_of[0]: '{PIPE}' {GROUPS}",
        7: NO_TEXT,
        "acme.web; touch CANARY": f"members_of[0]: 'acme.web; touch CANARY' {GROUPS}",
        "acme.web\nacme.db": f"members_of[0]: 'acme.web\\nacme.db' {ONE_LINE}",
        "acme.web,../../etc/passwd": f"members_of[1]: '../../etc/passwd' {GROUPS}",
        "acme.nobody": f"members_of[0]: 'acme.nobody' {GROUPS}",
        "": NO_TEXT,
    },
    "verify_sample": {
        PIPE: f'verify_sample: "{PIPE}" {NUMBER}',
        True: f"verify_sample: true {NUMBER}",
        "2; touch CANARY": f'verify_sample: "2; touch CANARY" {NUMBER}',
        "2\n3": f'verify_sample: "2\\n3" {NUMBER}',
        "../../etc/passwd": f'verify_sample: "../../etc/passwd" {NUMBER}',
        501: f"verify_sample: 501 {NUMBER}",
    },
}
BY_RUNNER = (PIPE, 7, True)  # where it matters how AWX marks and writes an answer
ANSWERS = [(name, answer) for name, answers in HOSTILE.items() for answer in answers]


class State(NamedTuple):
    database: ovsdb_dump.Dump
    flows: list[str]


class Site:
    """The project in AWX, and its hypervisors."""

    def __init__(self, awx: Awx, twin: TwinLab) -> None:
        self.awx, self.twin = awx, twin
        built = start(awx.project / "inventory/hosts.yml", awx.home, f"-etwin_name={twin.name}", "tenantry.sdn.twin_up")
        assert built.succeeded, built.output
        awx.reach(twin.inventory)

    def states(self) -> dict[str, State]:
        """What the hypervisors have."""
        flows = ("ovs-ofctl", "--no-stats", "-OOpenFlow15", "dump-flows", "br-int")
        database = ("ovsdb-client", "--format=json", "dump")
        return {
            host: State(
                ovsdb_dump.parse(self.twin.run(host, *database)), sorted(self.twin.run(host, *flows).splitlines())
            )
            for host in HOSTS
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]) -> Iterator[Site]:
    """The hypervisors as the jobs plan and site have made them."""
    twin = TwinLab(f"awx-{os.getpid()}")
    try:
        made = Site(Awx(tmp_path_factory.mktemp("awx"), data), twin)
        planned = succeeded(made.awx.launch("plan"))
        assert "tenantry.sdn.ovs_bridge" not in planned.screen
        converged = succeeded(made.awx.launch("site"))
        assert converged.changed == set(HOSTS)
        assert made.awx.run("git", "-C", converged.folder / "project", "status", "--porcelain") == ""
        yield made
    finally:
        twin.down()


def succeeded(job: Ended) -> Ended:
    assert job.status == "successful", job.screen
    return job


def test_what_awx_lists_is_in_the_project(site: Site) -> None:
    assert site.awx.inventory["hypervisors"]["hosts"] == list(HOSTS)
    assert {path.name for path in site.awx.collections.glob("ansible_collections/*/*")} == {"sdn"}


def test_answers_do_what_the_questions_say(site: Site) -> None:
    some = succeeded(site.awx.launch("verify", {"verify_sample": 2}))
    assert "Measuring SAMPLED, not all: 2 ordered pairs of 2 endpoints, of 3 in the intent" in some.screen
    assert "2 pairs: 0 reach, 2 as far as groups allow, 0 isolated, 0 wrong." in some.screen
    before = site.states()
    job = site.awx.prepare("members", {"members_of": "acme.db"})
    tenant = job.folder / "project/inventory/intent/tenants/acme.yml"
    tenant.write_text(
        tenant.read_text().replace("ip: 10.1.1.11, security_groups: web", "ip: 10.1.1.11, security_groups: [web, db]")
    )
    pushed = succeeded(job.run())
    after = site.states()
    assert pushed.changed == {"hv2"}
    assert after["hv1"] == before["hv1"]
    (new,) = [line for line in after["hv2"].flows if line not in before["hv2"].flows]
    record = yaml.safe_load((site.awx.project / "inventory/intent/allocations.yml").read_text())
    numbers = dict(line.split() for line in record["ofports"]["hv2"].splitlines())
    assert f"reg4={int(numbers['acme.web-2']):#x}" in new


def test_each_question_has_hostile_answers(data: dict[str, Any]) -> None:
    surveys = [each["survey_spec"]["spec"] for each in data["awx_job_templates"] if "survey_spec" in each]
    assert {question["variable"] for spec in surveys for question in spec} == HOSTILE.keys()


@pytest.mark.parametrize(("variable", "answer"), ANSWERS)
def test_a_hostile_answer_is_one_fault_and_changes_nothing(
    site: Site, tmp_path: Path, variable: str, answer: Any
) -> None:
    canary = str(tmp_path / "canary")
    told = HOSTILE[variable][answer].replace("CANARY", canary)
    before = site.states()
    job = site.awx.prepare(
        variable.partition("_")[0], {variable: answer.replace("CANARY", canary) if isinstance(answer, str) else answer}
    )
    if answer in BY_RUNNER:
        ended = job.run()
        assert (ended.status, ended.faults, ended.screen.count("FAILED!")) == ("failed", [told], 1)
    else:
        run = job.run_warm(site.awx.home)
        assert (run.succeeded, list(run.faults().values())) == (False, [told])
    assert variable in told
    assert not Path(canary).exists()
    assert site.states() == before


ANEW = "make the plan anew with the playbook tenantry.sdn.plan"


def stale(job: Job, plan: Path) -> str:
    tenant = job.folder / "project/inventory/intent/tenants/acme.yml"
    tenant.write_text(tenant.read_text().replace("10.1.1.11", "10.1.1.12"))
    return f"{plan}: is not the plan of the intent and record of today; {ANEW}"


def of_another_fabric(job: Job, plan: Path) -> str:
    fabric = job.folder / "project/inventory/intent/fabric.yml"
    fabric.write_text(fabric.read_text().replace("name: dc1", "name: dc2"))
    return f"{plan}: is the plan of fabric dc1, and the intent that of dc2; name the directory of its plan"


def truncated(_job: Job, plan: Path) -> str:
    whole = (plan / "plan.json").read_text()
    (plan / "plan.json").write_text(whole[: len(whole) // 2])
    return f"{plan}/plan.json: is not whole; {ANEW}"


def newer(_job: Job, plan: Path) -> str:
    made = json.loads((plan / "plan.json").read_text())
    (plan / "plan.json").write_text(json.dumps({**made, "collection": "99.0.0"}))
    what = f"made by tenantry.sdn 99.0.0, which is newer than {made['collection']} that runs here"
    return f"{plan}/plan.json: {what}; update the collection, or {ANEW}"


def gone(_job: Job, plan: Path) -> str:
    shutil.rmtree(plan)
    return f"{plan}/plan.json: cannot be read (No such file or directory); {ANEW}, or name its directory"


def truncated_state(_job: Job, plan: Path) -> str:
    (state,) = (plan / "hosts").glob("hv1-*.json")
    state.write_text(state.read_text()[:1000])
    return f"{state}: torn or edited since the plan was made; remove plan.json there, and {ANEW}"


def without_state(_job: Job, plan: Path) -> str:
    (state,) = (plan / "hosts").glob("hv1-*.json")
    state.unlink()
    what = "cannot be read (No such file or directory), and is of this plan"
    return f"{state}: {what}; remove plan.json there, and {ANEW}"


def without_intent_of_another_fabric(job: Job, plan: Path) -> str:
    shutil.rmtree(plan)
    of_another_fabric(job, plan)
    made = Job(job.folder, {"playbook": "plan.yml"}).run_warm(job.folder.parent / "own/home")
    assert made.succeeded, made.output
    with_variables(job, tenantry_plan_dir=str(plan))
    theirs = "belongs to owner 'dc1'; choose another name, remove it by hand, or take it over with adopt: true"
    ports = [f"- port {name}: it exists on bridge br-int and {theirs}" for name in ("gr-flow", "tap-2ad46e5144e")]
    return "\n".join(["3 faults, nothing was changed:", f"- bridge br-int: it exists and {theirs}", *ports])


def without_intent(job: Job, _plan: Path) -> str:
    with_variables(job)
    return (
        "fabric: missing; say where the intent is, for playbooks of the collection by the variables fabric and "
        "tenants, by tenantry_intent_dir, or by the tenantry_plan_dir of a plan that was made of it"
    )


def where_the_intent_is_not(job: Job, _plan: Path) -> str:
    (job.folder / "env/extravars").write_text("{}")
    folder = job.folder / "inventory/intent"
    return f"{folder}: cannot be read (No such file or directory); name a directory with fabric.yml and tenants/"


def with_variables(job: Job, **variables: str) -> None:
    """Let a job have these variables and nothing of an intent."""
    (job.folder / "env/extravars").write_text(json.dumps(variables))
    inventory = job.folder / "inventory/hosts"
    inventory.write_text(inventory.read_text().replace("tenantry_intent_dir", "other"))


SPOILT = [stale, of_another_fabric, truncated, newer, gone, truncated_state, without_state]
SPOILT += [without_intent, without_intent_of_another_fabric, where_the_intent_is_not]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_wrong_plan_is_one_fault_and_changes_nothing(
    site: Site, tmp_path: Path, spoil: Callable[[Job, Path], str]
) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(site.awx.volume, plan)
    before = site.states()
    job = site.awx.prepare("site", {"tenantry_plan_dir": str(plan), "tenantry_everywhere": True}, "hv1")
    told = spoil(job, plan)
    run = job.run_warm(site.awx.home)
    assert (run.succeeded, list(run.faults().values())) == (False, [told])
    assert site.states() == before
