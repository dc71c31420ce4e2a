# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of a plan: the same bytes each time, whole after any kill, and one clear error where it is not."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import plan_files
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.children import in_processes
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput, SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.planning import inputs_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.model.fabric_plan import FORMAT, Plan
from ansible_collections.tenantry.sdn.plugins.plugin_utils.planner import VERSION, Compilation, compile_plan

ROOT = Path(__file__).parents[3]


def many_hosts(**ports: dict[str, Any]) -> dict[str, Any]:
    """An intent of hosts enough for several processes."""
    given = raw()
    given["fabric"]["hypervisors"].update(
        {f"hw{number}": {"vtep": f"10.0.{number >> 8}.{number & 255}"} for number in range(1, 301)}
    )
    more = {
        f"w{number}": {"hypervisor": f"hw{number}", "network": "web", "ip": f"10.1.1.{number}"}
        for number in range(100, 200)
    }
    given["tenants"]["acme"]["ports"].update({**more, **ports})
    return given


def planned(folder: Path, given: dict[str, Any], old: Plan | None = None) -> Plan:
    """Compile a plan into a folder, as the action does."""
    intent = parse(given)
    allocations, record = allocate(intent, Record())
    inputs = inputs_of(intent, allocations, given, "code", lambda text: plan_files.hash_of(text.encode()))
    what = Compilation(intent, allocations, record.hypervisors, "today", False, inputs)
    plan_files.make_folder(str(folder))

    def store(host: str, content: bytes) -> str:
        return plan_files.write_state(str(folder), host, content)

    plan = compile_plan(what, what.hosts, store, dict(old.hosts) if old else {})
    plan_files.commit(str(folder), plan)
    return plan


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read(folder: Path) -> Plan:
    return plan_files.read_plan(str(folder), VERSION)


def test_version() -> None:
    assert f"\nversion: {VERSION}\n" in (ROOT / "galaxy.yml").read_text()


def test_the_same_bytes_whatever_was_before_and_however_many_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = many_hosts()
    plan = planned(tmp_path / "one", given)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0})
    shuffled = many_hosts()
    hosts = list(shuffled["fabric"]["hypervisors"].items())
    random.Random(1).shuffle(hosts)
    shuffled["fabric"]["hypervisors"] = dict(hosts)
    planned(tmp_path / "other", {**given, "tenants": {}})
    planned(tmp_path / "other", shuffled)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")
    assert read(tmp_path / "one") == plan
    assert len(contents(tmp_path / "one")) == 1 + 302


def test_a_state_is_what_compile_host_says(tmp_path: Path) -> None:
    given = many_hosts()
    plan = planned(tmp_path, given)
    intent = parse(given)
    allocations = allocate(intent, Record())[0]
    for host in ("hv1", "hw150", "hw300"):
        state = json.loads(plan_files.read_state(str(tmp_path), host, plan))
        assert state == compile_host(intent, allocations, host)


def test_a_changed_tenant_compiles_its_hosts_alone(tmp_path: Path) -> None:
    before = planned(tmp_path, many_hosts())
    written = {path.name: path.stat().st_ino for path in (tmp_path / "hosts").iterdir()}
    edited = many_hosts(w150={"hypervisor": "hw250", "network": "web", "ip": "10.1.1.150"})
    after = planned(tmp_path, edited, before)
    theirs = {f"hw{number}" for number in (*range(100, 200), 250)} | {"hv1", "hv2"}
    assert after.changes(before) == {"added": [], "changed": sorted(theirs), "removed": []}
    kept = {path.name for path in (tmp_path / "hosts").iterdir() if written.get(path.name) == path.stat().st_ino}
    assert {name.partition("-")[0] for name in kept} == after.hosts.keys() - theirs
    assert contents(tmp_path) == contents_of_a_whole_plan(tmp_path / "whole", edited)


def contents_of_a_whole_plan(folder: Path, given: dict[str, Any]) -> dict[str, bytes]:
    planned(folder, given)
    found = contents(folder)
    for path in [*(folder / "hosts").iterdir(), folder / "plan.json"]:
        path.unlink()
    (folder / "hosts").rmdir()
    folder.rmdir()
    return found


def test_a_run_that_is_killed_leaves_the_old_plan_whole(tmp_path: Path) -> None:
    """At whatever moment: each state of the old plan is there, and the next run leaves nothing of the killed one."""
    before = planned(tmp_path, many_hosts())
    edited = many_hosts()
    edited["fabric"]["mtu"] = 9000
    for milliseconds in (1, 20, 60, 120):
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            planned(tmp_path, edited)
            os._exit(0)
        time.sleep(milliseconds / 1000)
        kill_group(child)
        plan = read(tmp_path)
        assert all(plan_files.read_state(str(tmp_path), host, plan) for host in plan.hosts)
        if plan == before:
            continue
        break
    after = planned(tmp_path, edited)
    assert len(after.changes(before)["changed"]) == 102, "those that have ports"
    assert len(contents(tmp_path)) == 1 + 302


def kill_group(child: int) -> None:
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:  # it has no group yet
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("break_it", "fault"),
    [
        (
            lambda text: None,
            "cannot be read (No such file or directory); make the plan anew with the playbook tenantry.sdn.plan, or "
            "name its directory",
        ),
        (lambda text: text[:-20], "is not whole; make the plan anew with the playbook tenantry.sdn.plan"),
        (lambda text: "", "is not whole; make the plan anew with the playbook tenantry.sdn.plan"),
        (lambda text: "[]", "is not whole; make the plan anew with the playbook tenantry.sdn.plan"),
        (
            lambda text: text.replace('"intent"', '"tent"'),
            "is not whole; make the plan anew with the playbook tenantry.sdn.plan",
        ),
        (
            lambda text: text.replace(f'"collection": "{VERSION}"', '"collection": "0.10.0"'),
            f"made by tenantry.sdn 0.10.0, which is newer than {VERSION} that runs here; update the collection, or "
            "make the plan anew with the playbook tenantry.sdn.plan",
        ),
        (
            lambda text: text.replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}'),
            f"made by tenantry.sdn {VERSION}, which is newer than {VERSION} that runs here; update the collection, or "
            "make the plan anew with the playbook tenantry.sdn.plan",
        ),
        (
            lambda text: text.replace(f'"format": {FORMAT}', f'"format": {FORMAT - 1}'),
            f"made by tenantry.sdn {VERSION} in a form that is not read any more; make the plan anew with the playbook "
            "tenantry.sdn.plan",
        ),
    ],
)
def test_a_plan_that_is_none(tmp_path: Path, break_it: Any, fault: str) -> None:
    planned(tmp_path, raw())
    path = tmp_path / "plan.json"
    text = break_it(path.read_text())
    path.unlink()
    if text is not None:
        path.write_text(text)
    for host in ("", "hv1"):
        with pytest.raises(InvalidInput) as raised:
            plan_files.read_plan(str(tmp_path), VERSION, host)
        assert raised.value.message == f"{path}: {fault}"


def test_a_plan_is_read_for_one_host_as_for_all(tmp_path: Path) -> None:
    plan = planned(tmp_path, many_hosts())
    for host, its in plan.hosts.items():
        assert plan_files.read_plan(str(tmp_path), VERSION, host) == replace(plan, hosts={host: its})
    for unknown in ("hv", "hw", 'hv1": ', ".*", ""):
        assert plan_files.read_plan(str(tmp_path), VERSION, unknown) == plan


def test_a_state_that_is_none(tmp_path: Path) -> None:
    plan = planned(tmp_path, raw())
    (path,) = (tmp_path / "hosts").glob("hv1-*.json")
    path.write_bytes(path.read_bytes()[:-1])
    anew = "remove plan.json there, and make the plan anew with the playbook tenantry.sdn.plan"
    with pytest.raises(InvalidInput) as raised:
        plan_files.read_state(str(tmp_path), "hv1", plan)
    assert raised.value.message == f"{path}: torn or edited since the plan was made; {anew}"
    path.unlink()
    with pytest.raises(InvalidInput) as raised:
        plan_files.read_state(str(tmp_path), "hv1", plan)
    assert raised.value.message == f"{path}: cannot be read (No such file or directory), and is of this plan; {anew}"


def test_who_was_brought_to_which_state(tmp_path: Path) -> None:
    folder = str(tmp_path)
    plan = planned(tmp_path, raw())
    assert plan.pending(plan_files.read_applied(folder)) == ["hv1", "hv2"]
    plan_files.note_applied(folder, {"hv1": plan.hosts["hv1"].state})
    plan_files.note_applied(folder, {"hv2": plan.hosts["hv2"].state})
    assert plan.pending(plan_files.read_applied(folder)) == []
    plan_files.note_applied(folder, {"hv1": ""})
    assert plan.pending(plan_files.read_applied(folder)) == ["hv1"]
    (tmp_path / "applied.json").write_text("{")
    assert plan.pending(plan_files.read_applied(folder)) == ["hv1", "hv2"]


def test_children_hand_on_what_they_find_and_what_is_wrong() -> None:
    assert sorted(in_processes(lambda share: [number * 2 for number in share], range(5), 3)) == [0, 2, 4, 6, 8]

    def refuse(share: Any) -> list[int]:
        raise SdnError("The disk is full. Make room.")

    def fail(share: Any) -> list[int]:
        raise KeyError("a bug")

    def die(share: Any) -> list[int]:
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    with pytest.raises(SdnError, match=r"^The disk is full\. Make room\.$"):
        in_processes(refuse, range(4), 2)
    with pytest.raises(RuntimeError, match="KeyError: 'a bug'"):
        in_processes(fail, range(4), 2)
    with pytest.raises(SdnError, match=r"was killed \(wait status 9\)\. Try again\.$"):
        in_processes(die, range(4), 2)
