# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an intent in memory to the complete state of one host, as the action host_state does it for each host of a run.

Each size is measured in a process of its own: intents.py HYPERVISORS prints its figures as JSON. Ten ports a
hypervisor, placed anywhere; twenty or, as ``plain`` forwarding ends at 4,000 networks, 25 a tenant. Each tenant has one
GRE network without an id, so that all ids are allocated.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from payload import collections
from table import Row

SIZES = (10, 100, 1_000, 10_000)  # hypervisors
PORTS = 10  # a hypervisor
MOST_NETWORKS = 4_000
SEGMENTS = {"tunnel": "5000-16777215", "vlan": "4080-4094"}  # which leaves enough local VLANs for that many networks


def rows(directory: Path) -> Iterator[Row]:
    for size in SIZES:
        environment = {**os.environ, "PYTHONPATH": str(collections(directory))}
        argv = [sys.executable, __file__, str(size)]
        child = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
        found = json.loads(child.stdout)
        steps = ", ".join(f"{step} {found[step]:.3f}" for step in ("parse", "allocate", "compile"))
        what = f"{found['networks']:,} networks, {found['ports']:,} ports, {found['tunnels']:,} tunnels here"
        yield Row(f"one host's state of {size:,} hypervisors, CPU", steps, what, found["all"], "s")
        yield Row("  a second host of the same run", "", "", found["another"] * 1000, "ms")
        yield Row("  memory of the process, at peak", "", "", found["peak"], "MB")


def intent(hypervisors: int) -> dict[str, Any]:
    dice = random.Random(hypervisors)
    hosts = [f"hv{number}" for number in range(hypervisors)]
    count = min(max(1, hypervisors * PORTS // 20), MOST_NETWORKS)
    tenants: dict[str, Any] = {
        f"t{number}": {"networks": {"web": {"type": "gre", "subnet": "10.0.0.0/16"}}, "ports": {}}
        for number in range(count)
    }
    for number in range(hypervisors * PORTS):
        place = number // count + 10
        port = {"hypervisor": dice.choice(hosts), "network": "web", "ip": f"10.0.{place >> 8}.{place & 255}"}
        tenants[f"t{number % count}"]["ports"][f"p{number}"] = port
    vteps = {host: {"vtep": f"172.16.{number >> 8}.{number & 255}"} for number, host in enumerate(hosts, 1)}
    return {"fabric": {"name": "dc1", "segments": SEGMENTS, "hypervisors": vteps}, "tenants": tenants}


def measure(hypervisors: int) -> dict[str, Any]:
    """Return CPU seconds of each step, MB, and what was compiled."""
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

    raw = intent(hypervisors)
    clock = [time.process_time()]
    parsed = parse(raw)
    clock.append(time.process_time())
    allocations, dummy = allocate(parsed, Record())
    clock.append(time.process_time())
    state = compile_host(parsed, allocations, "hv0")
    clock.append(time.process_time())
    compile_host(parsed, allocations, "hv1")
    clock.append(time.process_time())
    parse_time, allocate_time, compile_time, another = (after - before for before, after in zip(clock, clock[1:]))
    return {
        "parse": parse_time,
        "allocate": allocate_time,
        "compile": compile_time,
        "another": another,
        "all": parse_time + allocate_time + compile_time,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "networks": len(parsed.networks),
        "ports": len(parsed.ports),
        "tunnels": sum(len(network["remotes"]) for network in state["networks"]),
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
