# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a tunnel to whom, for 10,000 hypervisors, 5,000 tenants and 100,000 ports, placed in several ways.

Usage: topology.py         print a table, and fail if a bound is missed
       topology.py SHAPE   print the figures of one placement as JSON: each is measured in a process of its own

The plain way that ours is held against is the union of sets of names, sorted.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from payload import collections
from table import Row, render

HYPERVISORS, TENANTS, PORTS = 10_000, 5_000, 100_000
POD = 40  # hypervisors
EACH = PORTS // TENANTS
NAMES = [f"hv{number:05}" for number in range(HYPERVISORS)]
SAMPLE = 1000  # hypervisors whose peers are asked for
ATTEMPTS = 3  # the best counts, as only the work itself is of interest

Placement = list[tuple[str, str]]


def uniform(dice: random.Random) -> Placement:
    return [(f"t{tenant}", dice.choice(NAMES)) for tenant in range(TENANTS) for dummy in range(EACH)]


def pods(dice: random.Random, count: int) -> Placement:
    """Place each tenant in so many pods, drawn anew for each."""
    placed: Placement = []
    for tenant in range(TENANTS):
        starts = [dice.randrange(HYPERVISORS // POD) * POD for dummy in range(count)]
        hosts = [name for start in starts for name in NAMES[start : start + POD]]
        placed += [(f"t{tenant}", dice.choice(hosts)) for dummy in range(EACH)]
    return placed


def heavy_tailed(dice: random.Random, most: int) -> Placement:
    """Place few large and many small tenants, of at most so many ports, on any host."""
    sizes = [1 / rank for rank in range(1, TENANTS + 1)]
    ports = [min(most, max(2, round(size * PORTS / sum(sizes)))) for size in sizes]
    ports += [EACH] * ((PORTS - sum(ports)) // EACH)  # what the limit cut off goes to more tenants of the usual size
    return [(f"t{tenant}", dice.choice(NAMES)) for tenant, count in enumerate(ports) for dummy in range(count)]


SHAPES: dict[str, Callable[[random.Random], Placement]] = {
    "uniform": uniform,
    "in one pod": lambda dice: pods(dice, 1),
    "over four pods": lambda dice: pods(dice, 4),
    "heavy-tailed, 200 ports at most": lambda dice: heavy_tailed(dice, 200),
    "heavy-tailed, 1,000 ports at most": lambda dice: heavy_tailed(dice, 1000),
    "heavy-tailed without limit": lambda dice: heavy_tailed(dice, PORTS),
}


def rows(directory: Path) -> Iterator[Row]:
    for shape in SHAPES:
        environment = {**os.environ, "PYTHONPATH": str(collections(directory))}
        argv = [sys.executable, __file__, shape]
        child = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
        found = json.loads(child.stdout)
        tunnels = f"{found['tunnels']:,} tunnels, {found['mean']:.0f} a host, {found['max']:,} at most"
        union = f"union of sets {found['plain']:.3f} ms"
        yield Row(f"placement {shape}: index, CPU", tunnels, "", found["index"], "s", bound=0.5)
        yield Row("  slowest host's peers, CPU", "", union, found["peers"], "ms", bound=1)
        yield Row("  cost of the whole fabric, CPU", "", "", found["cost"], "s")
        yield Row("  memory of the process, at peak", "", "", found["peak"], "MB", bound=300)


def measure(shape: str) -> dict[str, Any]:
    """Return CPU seconds or milliseconds, MB, and what the placement amounts to."""
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology import placement_index

    placed = SHAPES[shape](random.Random(shape))
    started = time.process_time()
    index = placement_index(placed)
    indexed = time.process_time() - started
    started = time.process_time()
    cost = index.cost().tunnels
    costed = time.process_time() - started
    hosts = random.Random(shape).sample(NAMES, SAMPLE)
    slowest = max(hosts, key=lambda host: _milliseconds(index.peers_of, host))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    plain = _union_of_sets(placed)
    assert all(index.peers_of(host) == plain(host) for host in hosts[:20])
    return {
        "index": indexed,
        "peers": _milliseconds(index.peers_of, slowest),
        "plain": max(_milliseconds(plain, host) for host in hosts),
        "cost": costed,
        "peak": peak,
        "tunnels": cost.total,
        "mean": cost.per_host.mean,
        "max": cost.per_host.max,
    }


def _milliseconds(ask: Callable[[str], Any], host: str) -> float:
    attempts = []
    for dummy in range(ATTEMPTS):
        started = time.process_time()
        ask(host)
        attempts.append(time.process_time() - started)
    return min(attempts) * 1000


def _union_of_sets(placed: Placement) -> Callable[[str], list[str]]:
    """Return the plain way to find the peers of a host."""
    hosts_of: dict[str, set[str]] = defaultdict(set)
    networks_of: dict[str, list[str]] = defaultdict(list)
    for network, host in placed:
        if host not in hosts_of[network]:
            hosts_of[network].add(host)
            networks_of[host].append(network)
    return lambda host: sorted(set().union(*(hosts_of[network] for network in networks_of[host])) - {host})


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as directory:
        found = list(rows(Path(directory)))
    print(render(found))
    return 0 if all(row.passed for row in found) else 1


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(measure(sys.argv[1])))
    else:
        sys.exit(main())
