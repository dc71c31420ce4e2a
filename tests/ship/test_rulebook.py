# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook: events run playbooks on the hosts that they name, hostile ones run nothing."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "extensions/eda"
RULEBOOK = ROOT / ".cache/rulebook/bin/ansible-rulebook"
SOURCE = EXTENSION / "plugins/event_source/intent_files.py"
JAVA = ROOT / ".cache/java/usr/lib/jvm"  # unpacked by scripts/setup ship
SECONDS = 120
TOKEN = "open-sesame"
# What the real playbooks would do to hosts is tested elsewhere; this writes who would have been concerned, and by what.
PLAYBOOK = """
- hosts: hypervisors
  gather_facts: false
  vars:
    payload: "{{ ansible_eda.event.payload | default({}) }}"
    who: "{{ ansible_play_hosts_all | join(' ') }}"
  tasks:
    - ansible.builtin.copy:
        content: "{{ who }} {{ members_of | default('') }} {{ tenantry_plan_dir | default('') }}"
        dest: "{{ marks }}/NAME-{{ payload.group | default(payload.hypervisor) | default('intent') }}"
      delegate_to: localhost
      run_once: true
"""


def source() -> Any:
    spec = importlib.util.spec_from_file_location("intent_files", SOURCE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def intent(folder: Path) -> Path:
    directory = folder / "intent"
    (directory / "tenants").mkdir(parents=True)
    (directory / "fabric.yml").write_text("fabric: {}\n")
    return directory


def test_a_change_is_one_event_and_the_record_is_none(tmp_path: Path) -> None:
    directory = intent(tmp_path)

    async def events() -> list[Any]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(source().main(queue, {"directory": str(directory), "interval": 0.05}))
        await asyncio.sleep(0.2)
        (directory / "allocations.yml").write_text("ids: {}\n")
        (directory / "tenants/acme.yml").write_text("tenants: {}\n")
        (directory / "fabric.yml").unlink()
        found = [await asyncio.wait_for(queue.get(), SECONDS)]
        await asyncio.sleep(0.3)
        task.cancel()
        return found + [queue.get_nowait() for _rest in range(queue.qsize())]

    changed = {"directory": str(directory), "changed": ["fabric.yml", "tenants/acme.yml"]}
    assert asyncio.run(events()) == [{"intent": changed}]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "directory: '.' is no directory; write the path of an intent, from the root"),
        (
            {"directory": "/nowhere"},
            "directory: '/nowhere' is no directory; write the path of an intent, from the root",
        ),
        ({"directory": "/", "interval": 0}, "interval: 0.0 is no time; write seconds, more than 0"),
    ],
)
def test_wrong_arguments(args: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=r"no (directory|time)") as caught:
        asyncio.run(source().main(asyncio.Queue(), args))
    assert str(caught.value) == told


class Running:
    """The shipped rulebook at work, with playbooks that leave marks."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marks, self.intent = folder, folder / "marks", intent(folder)
        self.marks.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("site", "members"):
            (folder / f"{name}.yml").write_text(PLAYBOOK.replace("NAME", name).replace("{{ marks }}", str(self.marks)))
        hosts = {name: {"ansible_connection": "local"} for name in ("hv1", "hv2", "hv3")}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"hypervisors": {"hosts": hosts}}))
        variables = {
            "intent_directory": str(self.intent),
            "intent_interval": 0.2,
            "plan_directory": "/plan",
            "webhook_port": self.port,
            "site_playbook": str(folder / "site.yml"),
            "members_playbook": str(folder / "members.yml"),
        }
        (folder / "vars.yml").write_text(yaml.safe_dump(variables))
        command = [RULEBOOK, "--rulebook", EXTENSION / "rulebooks/fabric.yml", "-i", "hosts.yml", "--vars", "vars.yml"]
        command += ["--env-vars", "webhook_token"]
        (java,) = JAVA.glob("java-17-openjdk-*")
        environment = {
            **os.environ,
            "webhook_token": TOKEN,
            "JAVA_HOME": str(java),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/farm"),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "PATH": f"{RULEBOOK.parent}:{java}/bin:{os.environ['PATH']}",
        }
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    def wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def post(self, event: dict[str, Any], token: str = TOKEN) -> int:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}/endpoint"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, json.dumps(event).encode(), headers)) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def mark(self, name: str) -> str:
        """Return what a playbook left, once it has."""
        self.wait((self.marks / name).exists)
        return " ".join((self.marks / name).read_text().split())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    started = Running(tmp_path)
    yield started
    started.process.terminate()
    started.process.wait(30)


def test_events_run_what_they_concern_and_hostile_ones_nothing(running: Running) -> None:
    running.wait(running.listens)
    assert running.post({"event": "vm_started", "hypervisor": "hv1"}, token="wrong") == 401
    for name in ("hv1:hv2", "all", "hypervisors", "*", "../hv1", ""):
        running.post({"event": "vm_started", "hypervisor": name})
    running.post({"event": "drop_all"})
    running.post({"event": "member_added", "group": "acme.web; reboot"})
    assert running.post({"event": "vm_started", "hypervisor": "hv3"}) == 200
    assert running.mark("site-hv3") == "hv3"
    running.post({"event": "member_added", "group": "acme.web"})
    assert running.mark("members-acme.web") == "hv1 hv2 hv3 acme.web"
    (running.intent / "tenants/acme.yml").write_text("tenants: {}\n")
    assert running.mark("site-intent") == "hv1 hv2 hv3 /plan"
    assert {path.name for path in running.marks.iterdir()} == {"site-hv3", "members-acme.web", "site-intent"}
