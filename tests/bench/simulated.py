# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``site`` costs the controller of 10,000 hosts, by hosts that are simulated: they answer each module at once.

Plan and inventory are of all, and runs are limited to a few and to many: what a further host costs is the difference.
It is held against a play that has the same modules with little to say on the same hosts. What is beyond the tasks is
what the process of ansible-playbook itself uses; each task of each host is a process of its own.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import measure
import topology
from fleet import Memory
from payload import HERE, environment
from plans import Fabric
from table import Row

FEW, MANY = 20, 220  # hosts
FORKS = (5, 50, 200)
SLICES = 5
BEYOND = 0.05  # s of a host, bound
BARE: list[dict[str, Any]] = [  # what a host runs where all is there
    {"tenantry.sdn.hypervisor_info": {}},
    {"tenantry.sdn.ovs_bridge": {"name": "br-int"}},
    {"tenantry.sdn.ovs_gre_mesh": {"bridge": "br-int", "name": "web", "remotes": []}},
    {"tenantry.sdn.of_flow": {"bridge": "br-int", "cookie": "0x1", "flows": []}},
]


class Used(NamedTuple):
    cpu: float  # seconds, of the run and all that it starts
    own: float  # of the process of ansible-playbook alone
    wall: float
    resident: float  # MB, of the process of ansible-playbook alone, at peak
    all: float  # MB, of it and its forks at once, at peak; a page that several share is counted once


def rows(directory: Path) -> Iterator[Row]:
    folder = directory / "fabric"
    fabric = Fabric(folder, topology.SHAPES["uniform"](random.Random("uniform")))
    fabric.plan(directory)
    yield from measured(directory, folder / "plan")


def measured(directory: Path, plan: Path) -> Iterator[Row]:
    inventory = directory / "simulated.ini"
    inventory.write_text("\n".join(["[hypervisors]", *topology.NAMES, ""]))
    book = directory / "bare.json"
    book.write_text(json.dumps([{"hosts": "hypervisors", "gather_facts": False, "tasks": BARE}]))
    own = directory / "own"
    settings = {
        **environment(directory),
        "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection"),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "own_cpu",
        "ANSIBLE_PIPELINING": "1",
        "TENANTRY_OWN_CPU": str(own),
    }

    def run(hosts: int, forks: int, *words: str) -> Used:
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), "-c", "simulated"]
        argv += ["-f", str(forks), "-l", f"hypervisors[0:{hosts - 1}]", *words]
        started = time.monotonic()
        with Memory() as memory:
            cpu = measure.run(argv, environment=settings).client
        own_cpu, resident = map(float, own.read_text().split())
        return Used(cpu, own_cpu, time.monotonic() - started, resident, memory.peak)

    def further(forks: int, *words: str) -> tuple[Used, Used]:
        """Return what a host costs beside others, and what many cost."""
        few, many = (run(hosts, forks, *words) for hosts in (FEW, MANY))
        return Used(*((more - less) / (MANY - FEW) for less, more in zip(few, many))), many

    bare = further(50, str(book))[0].cpu
    for forks in FORKS:
        used, many = further(
            forks, "tenantry.sdn.site", "-e", f"tenantry_plan_dir={plan}", "-e", "tenantry_everywhere=true"
        )
        took = f"{used.wall:.2f} s a host on {os.cpu_count()} processors that others use too"
        beyond = f"{bare:.3f} s of a bare play of its modules, {used.cpu - bare:.3f} s more"
        what = f"site of {topology.HYPERVISORS:,} hosts, {forks} forks, CPU of a further host"
        yield Row(what, took, beyond, used.cpu, "s")
        yield Row("  of it by ansible-playbook itself, beyond the tasks", "", "", used.own, "s", bound=BEYOND)
        own_peak = f"{many.resident:.0f} MB of ansible-playbook, {used.resident * 1000:.0f} kB of a further host"
        yield Row(f"  memory of all its processes, {MANY} hosts", own_peak, "", many.all, "MB")
    yield sliced(
        directory, settings, "tenantry.sdn.site", "-e", f"tenantry_plan_dir={plan}", "-etenantry_everywhere=true"
    )


def sliced(directory: Path, settings: Mapping[str, str], *words: str) -> Row:
    """Return what slices at once cost, each with an inventory of its own hosts alone, as AWX cuts it."""

    def part(number: int) -> measure.Cost:
        inventory = directory / f"slice-{number}.ini"
        inventory.write_text("\n".join(["[hypervisors]", *topology.NAMES[:MANY][number::SLICES], ""]))
        argv = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            str(inventory),
            "-c",
            "simulated",
            *words,
        ]
        own = str(directory / f"own-{number}")
        return measure.run(argv, environment={**settings, "TENANTRY_OWN_CPU": own})

    started = time.monotonic()
    with ThreadPoolExecutor(SLICES) as pool, Memory() as memory:
        cpu = sum(cost.client for cost in pool.map(part, range(SLICES)))
    took = f"{time.monotonic() - started:.0f} s in all, 5 forks each", f"memory {memory.peak:.0f} MB"
    return Row(f"site of {MANY} hosts, {SLICES} slices at once, CPU of a host", *took, cpu / MANY, "s")
