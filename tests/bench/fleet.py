# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of playbooks over the hosts of a twin, as a user starts them, and what they cost the controller.

What the hosts do is not in it: each runs modules in forks of a Python that is its own (option ``fork_server`` of the
connection). SSH would add a process to each task.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
from lifecycle_fabric import Fabric, network, port
from payload import HERE, environment
from playbook_run import on_host
from twin_lab import TwinLab

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
SAMPLES = 0.5  # seconds between two looks at the memory


@dataclass(frozen=True)
class Done:
    """What a run cost, or several at once."""

    cpu: float  # seconds, of the controller's processes
    wall: float  # seconds
    memory: float  # MB, of all of them at once, at peak
    modules: Mapping[str, int]  # that ran on each host
    changed: frozenset[str]  # hosts

    @property
    def most_modules(self) -> int:
        return max(self.modules.values(), default=0)


class Fleet:
    """A fabric, and its twin without guests: their ports wait for them, as those of guests that are off."""

    def __init__(self, directory: Path, size: int, tenants: Mapping[str, Any], **more: Any) -> None:
        self.hosts = [f"hv{number}" for number in range(1, size + 1)]
        vteps = {name: {"vtep": f"192.168.1.{number}"} for number, name in enumerate(self.hosts, 1)}
        (directory / f"fleet-{size}").mkdir(exist_ok=True)
        self.fabric = Fabric(directory / f"fleet-{size}", TwinLab(f"bench-{os.getpid()}"), dict(tenants), vteps, **more)
        self.plan = f"-etenantry_plan_dir={self.fabric.folder}/plan"
        self._settings = environment(directory)

    @contextmanager
    def up(self) -> Iterator[Fleet]:
        described = self.fabric.fabric["hypervisors"]
        known = [{"name": name, "uplinks": {}, "zone": "", **described[name]} for name in self.hosts]
        try:
            self.fabric.twin.up(known)
            self.fabric.write_intent()
            self.run(playbook=HERE / "ping.yml")  # starts what hosts run modules in
            yield self
        finally:
            self.fabric.twin.down()

    def run(self, *words: str, forks: int = 5, hosts: Iterable[str] = (), playbook: Path | None = None) -> Done:
        """Run playbooks of ours, or another, on these hosts or all."""
        inventory = self.fabric.inventory_of(*(hosts or self.hosts))
        journal = self.fabric.folder / f"journal-{time.monotonic_ns()}"
        settings = {
            **self._settings,
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE.parent / "lifecycle/callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "journal",
            "TENANTRY_JOURNAL": str(journal),
        }
        argv = [PLAYBOOK, "-i", str(inventory), "-f", str(forks), "-e", "tenantry_netns_fork_server=true"]
        argv += [
            "-e",
            "hypervisor_manage_packages=true",
        ]  # as on any host but a twin's, where site would look for nothing
        argv += [str(playbook)] if playbook else [f"tenantry.sdn.{words[0]}", *words[1:]]
        argv += ["-e", f"tenantry_intent_dir={self.fabric.intent_dir}"]
        started = time.monotonic()
        with Memory() as memory:
            cost = measure.run(argv, environment=settings)
        results = [json.loads(line) for line in journal.read_text().splitlines()]
        ran = Counter(item["host"] for item in results if on_host(item["action"]))
        changed = frozenset(item["host"] for item in results if item["changed"])
        return Done(cost.client, time.monotonic() - started, memory.peak, ran, changed)

    def slices(self, count: int, *words: str) -> Done:
        """Run a playbook in so many slices at once, each with an inventory that has its own hosts alone."""
        parts = [self.hosts[number::count] for number in range(count)]
        started = time.monotonic()
        with ThreadPoolExecutor(count) as pool, Memory() as memory:
            done = list(pool.map(lambda part: self.run(*words, hosts=part), parts))
        modules = {host: number for each in done for host, number in each.modules.items()}
        changed = frozenset().union(*(each.changed for each in done))
        return Done(sum(each.cpu for each in done), time.monotonic() - started, memory.peak, modules, changed)


def ring(size: int, each: int) -> dict[str, Any]:
    """Return as many tenants as hosts, each with a port on so many neighbours: what a host has, whatever the size."""
    return {
        f"t{first}": {
            "networks": {"web": network("gre")},
            "ports": {
                f"p{step}": port(f"hv{(first + step) % size + 1}", "web", f"10.1.1.{step + 2}") for step in range(each)
            },
        }
        for first in range(size)
    }


class Memory(threading.Thread):
    """Looks at what the processes below this one have in memory: shared pages are counted once."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ended = threading.Event()
        self.peak = 0.0

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(SAMPLES):
            self.peak = max(self.peak, sum(map(_proportional, _descendants(os.getpid()))))


def _proportional(pid: int) -> float:
    """Return the MB of a process, of pages that are shared by n an nth."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it ended
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _descendants(first: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(pid))
    found = list(children.get(first, []))
    for pid in found:
        found += children.get(pid, [])
    return found
