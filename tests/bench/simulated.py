# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``site`` costs the controller of 10,000 hosts, by hosts that are simulated: they answer each module at once.

Plan and inventory are of all, and a run is limited to some. It is held against a play that has the same modules with
little to say on the same hosts: what a host costs beyond it are its state, and tasks that run nothing on it.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import measure
import topology
from payload import HERE, environment
from plans import Fabric
from table import Row

HOSTS = 200
FORKS = (5, 50, 200)
BARE: list[dict[str, Any]] = [  # what a host runs where all is there
    {"tenantry.sdn.hypervisor_info": {}},
    {"tenantry.sdn.ovs_bridge": {"name": "br-int"}},
    {"tenantry.sdn.ovs_gre_mesh": {"bridge": "br-int", "name": "web", "remotes": []}},
    {"tenantry.sdn.of_flow": {"bridge": "br-int", "cookie": "0x1", "flows": []}},
]


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
    empty = directory / "empty.json"
    empty.write_text(json.dumps([{"hosts": "hypervisors", "gather_facts": False, "tasks": [{"meta": "noop"}]}]))

    def run(forks: int, *words: str) -> tuple[float, float]:
        """Return the CPU seconds of a run, and the seconds that it takes."""
        settings = {
            **environment(directory),
            "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection"),
            "ANSIBLE_PIPELINING": "1",
        }
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), "-c", "simulated"]
        argv += ["-f", str(forks), "-l", f"hypervisors[0:{HOSTS - 1}]", *words]
        started = time.monotonic()
        return measure.run(argv, environment=settings).client, time.monotonic() - started

    fixed = run(5, str(empty))[0]
    tasks = (run(50, str(book))[0] - fixed) / HOSTS
    for forks in FORKS:
        cpu, wall = run(forks, "tenantry.sdn.site", "-e", f"tenantry_plan_dir={plan}", "-e", "tenantry_everywhere=true")
        each = (cpu - fixed) / HOSTS
        beyond = f"{tasks:.3f} s of a bare play of its modules, {each - tasks:.3f} s beyond"
        took = f"{HOSTS} hosts in {wall:.0f} s on {os.cpu_count()} processors that others use too"
        yield Row(f"site of {topology.HYPERVISORS:,} hosts, {forks} forks, CPU a host", took, beyond, each, "s")
    yield Row("  before the first host", "", "", fixed, "s")
