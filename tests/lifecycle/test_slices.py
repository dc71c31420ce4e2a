# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices of a job as AWX runs them: by ansible-runner, with an inventory that has its own hosts and no others.

One fabric, through its life: made by two slices at once, grown by a plan, with a slice that fails and runs again alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ansible_runner
from lifecycle_fabric import Fabric, network, port, tenant
from playbook_run import COLLECTIONS, Run, on_host

TENANTS = {
    "acme": tenant(network("gre"), "hv1", "hv2"),  # with ids that slices give out at the same time
    "globex": tenant(network("vlan"), "hv2", "hv3"),
}


class Job:
    """A job of AWX: its private data directory, and what ansible-runner left in it."""

    def __init__(self, folder: Path, fabric: Fabric, hosts: Iterable[str], playbook: str, **options: Any) -> None:
        folder.mkdir(parents=True)
        for name in ("inventory", "env", "project"):
            (folder / name).mkdir()
        inventory = json.loads(fabric.inventory_of(*hosts).read_text())
        if options.pop("planned", False):  # as in a container that has the plan, and nothing of the intent
            del inventory["all"]["vars"]["tenantry_intent_dir"]
            inventory["all"]["vars"]["tenantry_plan_dir"] = str(fabric.folder / "plan")
        (folder / "inventory/hosts.json").write_text(json.dumps(inventory))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        settings = {"ANSIBLE_COLLECTIONS_PATH": COLLECTIONS, "ANSIBLE_HOME": str(folder / "home"), "PATH": path}
        (folder / "env/envvars").write_text(json.dumps({**settings, "LC_ALL": "C.UTF-8"}))
        self.runner = ansible_runner.run(
            private_data_dir=str(folder), playbook=f"tenantry.sdn.{playbook}", ident="job", quiet=True, **options
        )
        self.artifacts = folder / "artifacts/job"
        self.events = [json.loads(file.read_text()) for file in (self.artifacts / "job_events").glob("*.json")]

    @property
    def succeeded(self) -> bool:
        assert (self.artifacts / "rc").read_text() == str(self.runner.rc)
        assert (self.artifacts / "status").read_text() == self.runner.status
        return bool(self.runner.status == "successful")

    @property
    def modules(self) -> dict[str, list[str]]:
        """The modules that ran on each host, by the events."""
        found: dict[str, list[str]] = {}
        for event in self.events:
            data = event["event_data"]
            if event["event"] in ("runner_on_ok", "runner_on_failed"):
                ran = [step["module"] for step in data["res"].get("steps", [])] or [data["task_action"]]
                found.setdefault(data["host"], []).extend(filter(on_host, ran))
        return {host: ran for host, ran in found.items() if ran}

    @property
    def changed(self) -> set[str]:
        """The hosts that something was, or would be changed on."""
        (stats,) = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return set(stats["changed"])

    @property
    def faults(self) -> dict[str, str]:
        failed = [event["event_data"] for event in self.events if event["event"] == "runner_on_failed"]
        return {data["host"]: data["res"]["msg"] for data in failed}


def at_once(*jobs: Callable[[], Job]) -> list[Job]:
    with ThreadPoolExecutor() as pool:
        return [started.result() for started in [pool.submit(job) for job in jobs]]


def test_slices_leave_each_host_as_a_whole_run_does(new_fabric: Callable[..., Fabric], tmp_path: Path) -> None:
    fabric = new_fabric(TENANTS, forwarding="learning")
    fabric.record.unlink()  # the twin's builder has given the ids out

    def job(name: str, *hosts: str, playbook: str = "site", **options: Any) -> Job:
        return Job(tmp_path / name, fabric, hosts, playbook, **options)

    one, other = at_once(lambda: job("one", "hv1", "hv3"), lambda: job("other", "hv2"))
    assert (one.succeeded, other.succeeded) == (True, True), one.runner.stdout.read() + other.runner.stdout.read()
    assert (one.modules.keys(), other.modules.keys()) == ({"hv1", "hv3"}, {"hv2"})
    assert max(len(modules) for each in (one, other) for modules in each.modules.values()) <= 8
    unsliced(fabric)

    fabric.tenants["acme"]["ports"]["web-3"] = port("hv2", "web", "10.1.1.3")
    before = fabric.portable()
    fabric.run("plan", f"-etenantry_plan_dir={fabric.folder}/plan")
    checked = job("check", "hv1", "hv2", "hv3", planned=True, cmdline="--check --diff")
    assert checked.succeeded, checked.runner.stdout.read()
    assert checked.changed == {"hv2"}
    assert fabric.portable() == before

    strict = {"planned": True, "extravars": {"tenant_network_require_devices": True}}
    failed = job("fails", "hv2", "hv3", **strict)
    assert failed.runner.status == "failed"
    assert failed.faults.keys() == {"hv2"}
    assert "acme.web-3" in failed.faults["hv2"] or "tap-" in failed.faults["hv2"]
    alone, rest = at_once(lambda: job("again", "hv2", planned=True), lambda: job("rest", "hv1", planned=True))
    assert (alone.succeeded, rest.succeeded) == (True, True), alone.runner.stdout.read() + rest.runner.stdout.read()
    assert alone.changed == {"hv2"}
    nothing = job("nothing", "hv1", "hv2", "hv3", planned=True)
    assert nothing.succeeded
    assert nothing.modules == {}, "no run has anything to do there"
    unsliced(fabric)

    password = tmp_path / "password"
    password.write_text("open sesame")
    secret = fabric.intent_dir / "tenants/acme.yml"
    secret.write_text(secret.read_text().replace("10.1.1.3", "10.1.1.77"))
    encrypt(secret, password)
    hidden = job("secret", "hv2", cmdline=f"--vault-password-file {password} --check --diff -vvv")
    assert hidden.succeeded, hidden.runner.stdout.read()
    assert hidden.changed == {"hv2"}
    assert [path for path in hidden.artifacts.rglob("*") if path.is_file() and "10.1.1." in path.read_text()] == []


def test_of_two_runs_at_once_on_a_host_one_is_there_whole(new_fabric: Callable[..., Fabric]) -> None:
    one = {"acme": TENANTS["acme"], "globex": tenant(network("vlan"), "hv2", "hv1")}
    other = {"acme": TENANTS["acme"], "initech": tenant(network("geneve", 7000), "hv2", "hv1")}
    fabric = new_fabric({**one, **other}, ["hv1", "hv2"], forwarding="learning")

    def meet(mine: dict[str, Any], rival: dict[str, Any]) -> tuple[Run, Run]:
        """Start a run on a host, hold it when it has changed something, and start another."""
        fabric.tenants = mine
        first = fabric.start("site", "-lhv2")
        while first.process.is_alive() and "changed: [hv2] => " not in first.printed.read_text():
            time.sleep(0.005)
        first.signal(signal.SIGSTOP)
        while modules_at_work(fabric):
            time.sleep(0.02)
        fabric.tenants = rival
        return first, fabric.start("site", "-lhv2")

    first, second = meet(one, other)
    while not modules_at_work(fabric):  # the second waits for a sign of the first
        time.sleep(0.02)
    first.signal(signal.SIGCONT)
    assert first.succeeded, first.summary()
    assert second.faults()["hv2"].startswith("Another run changes this host: ")
    assert second.faults()["hv2"].endswith(". This one has changed nothing. Run it again when the other has ended.")
    assert "changed: [hv2] => " not in second.output
    fabric.tenants = one
    fabric.run("site", "-lhv1")
    fabric.converged()

    first, second = meet(other, one)  # and now the first is silent, as if it were dead
    assert second.succeeded, second.summary()
    first.signal(signal.SIGCONT)
    assert "Another run has changed this host since this one began: " in first.faults()["hv2"]
    fabric.tenants = one
    fabric.converged()
    assert fabric.twin.run("hv2", "find", "/run", "-maxdepth", "1", "-name", "tenantry.run.*") == ""


def modules_at_work(fabric: Fabric) -> bool:
    """Say whether the host has any but the process that modules are forked from."""
    names = fabric.twin.run("hv2", "sh", "-c", "cat /proc/[0-9]*/comm 2>/dev/null || true").split()
    return names.count("python3") > 1


def encrypt(file: Path, password: Path) -> None:
    vault = Path(sys.executable).with_name("ansible-vault")
    subprocess.run([vault, "encrypt", "--vault-password-file", password, file], check=True, timeout=60)


def unsliced(fabric: Fabric) -> None:
    """Check that a whole run finds nothing to do on any host, and how few modules it needs to see that."""
    before = fabric.portable()
    run = fabric.run("site")
    assert run.changes() == {}, run.summary()
    assert fabric.portable() == before
    counts = Counter(item["host"] for item in run.results if on_host(item["action"]))
    assert counts.keys() == run.tasks().keys() == {"hv1", "hv2", "hv3"}
    assert max(counts.values()) <= 4, run.summary()
