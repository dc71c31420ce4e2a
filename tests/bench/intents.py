# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an intent in memory to the complete state of one host, as the action host_state does it for each host of a run.

Each is measured in a process of its own: intents.py FABRIC HYPERVISORS FORWARDING DRIVER prints its figures as JSON.
A fabric is ``spread``: ten ports a hypervisor, placed anywhere, twenty or, as there are at most 4,000 networks, 25 a
tenant; or ``central``: one hypervisor shares a network with each 500 of the others, so that all are its peers; or
``grouped``: twenty ports a hypervisor in 100 tenants of five security groups, each with a rule about another. Each
tenant has one GRE network without an id, so that all ids are allocated.
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
PEERS = (1_000, 9_999)  # of the hypervisor in the middle
WIDTH = 500  # of its peers in a network
GROUPED = 1_000  # hypervisors
GROUPS = ("web", "app", "db", "cache", "admin")
SEGMENTS = {"tunnel": "5000-16777215", "vlan": "4080-4094"}  # which leaves enough local VLANs for that many networks


def rows(directory: Path) -> Iterator[Row]:
    for size in SIZES:
        yield from _rows(directory, "spread", size, "plain")
    for forwarding in ("learning", "static"):
        yield from _rows(directory, "spread", SIZES[-1], forwarding)
        for peers in PEERS:
            yield from _rows(directory, "central", peers, forwarding)


def group_rows(directory: Path) -> Iterator[Row]:
    for forwarding in ("learning", "static"):
        yield from _rows(directory, "grouped", GROUPED, forwarding)
    for forwarding in ("plain", "learning", "static"):
        yield from _rows(directory, "grouped", GROUPED, forwarding, "ipset")


def _rows(directory: Path, fabric: str, size: int, forwarding: str, driver: str = "openflow") -> Iterator[Row]:
    environment = {**os.environ, "PYTHONPATH": str(collections(directory))}
    argv = [sys.executable, __file__, fabric, str(size), forwarding, driver]
    child = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    found = json.loads(child.stdout)
    steps = ", ".join(f"{step} {found[step]:.3f}" for step in ("parse", "allocate", "compile"))
    what = f"{found['networks']:,} networks, {found['ports']:,} ports, {found['tunnels']:,} tunnels here"
    if forwarding != "plain":
        what = f"{found['flows']:,} flows here, {what}"
    if fabric == "grouped":
        what = f"{found['rules']:,} rules, {found['members']:,} members of sets for {found['here']} ports here, {what}"
    host = "state of a host with as many peers" if fabric == "central" else "one host's state"
    how = f"{forwarding}, {driver}" if fabric == "grouped" else forwarding
    yield Row(f"{host} of {size:,} hypervisors, {how}, CPU", steps, what, found["all"], "s")
    yield Row("  a second host of the same run", "", "", found["another"] * 1000, "ms")
    yield Row("  memory of the process, at peak", "", "", found["peak"], "MB")


def spread(hypervisors: int) -> dict[str, Any]:
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


def central(peers: int) -> dict[str, Any]:
    tenants: dict[str, Any] = {}
    for number in range(peers):
        tenant = tenants.setdefault(
            f"t{number // WIDTH}", {"networks": {"web": {"type": "gre", "subnet": "10.0.0.0/16"}}, "ports": {}}
        )
        tenant["ports"]["middle"] = {"hypervisor": "hv0", "network": "web", "ip": "10.0.255.1"}
        place = number % WIDTH + 10
        port = {"hypervisor": f"hv{number + 1}", "network": "web", "ip": f"10.0.{place >> 8}.{place & 255}"}
        tenant["ports"][f"p{number}"] = port
    vteps = {f"hv{number}": {"vtep": f"172.16.{number >> 8}.{number & 255}"} for number in range(1, peers + 1)}
    hosts = {"hv0": {"vtep": "172.31.0.1"}, **vteps}
    return {"fabric": {"name": "dc1", "segments": SEGMENTS, "hypervisors": hosts}, "tenants": tenants}


def grouped(hypervisors: int) -> dict[str, Any]:
    dice = random.Random(hypervisors)
    rules = {
        name: [
            {"direction": "ingress", "protocol": "tcp", "port": port, "remote_group": other}
            for port, other in ((22, "admin"), (8000 + index, GROUPS[index - 1]))
        ]
        for index, name in enumerate(GROUPS)
    }
    tenants: dict[str, Any] = {
        f"t{number}": {
            "security_groups": {name: {"rules": rules[name]} for name in GROUPS},
            "networks": {"web": {"type": "gre", "subnet": "10.0.0.0/16"}},
            "ports": {},
        }
        for number in range(100)
    }
    for number in range(hypervisors * 20):
        place = number // 100 + 10
        tenants[f"t{number % 100}"]["ports"][f"p{number}"] = {
            **{"hypervisor": f"hv{dice.randrange(hypervisors)}", "network": "web"},
            **{"ip": f"10.0.{place >> 8}.{place & 255}", "security_groups": dice.choice(GROUPS)},
        }
    hosts = {f"hv{number}": {"vtep": f"172.16.{number // 250}.{number % 250 + 1}"} for number in range(hypervisors)}
    return {"fabric": {"name": "dc1", "segments": SEGMENTS, "hypervisors": hosts}, "tenants": tenants}


FABRICS = {"spread": spread, "central": central, "grouped": grouped}


def measure(fabric: str, hypervisors: int, forwarding: str, driver: str) -> dict[str, Any]:
    """Return CPU seconds of each step, MB, and what was compiled."""
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

    raw = FABRICS[fabric](hypervisors)
    raw["fabric"].update(forwarding=forwarding, security_driver=driver)
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
        "flows": len(state["flows"]),
        "here": len(parsed.ports_of.get("hv0", ())),
        **_judged_by(state),
        "tunnels": sum(len(network["remotes"]) for network in state["networks"]),
    }


def _judged_by(state: dict[str, Any]) -> dict[str, int]:
    """Return how many rules judge at a host, and how many members their sets have."""
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table

    flows, firewall = state["flows"], state["firewall"]
    chains = [chain for part in ("zones", "rules") for chain in firewall[part]["chains"]]
    return {
        "rules": sum(f",table={Table.JUDGE_RULE:d}," in flow for flow in flows)
        + sum(len(chain["rules"]) for chain in chains),
        "members": sum(f",table={Table.JUDGE_REMOTE:d}," in flow for flow in flows)
        + sum(len(one["members"]) for one in firewall["sets"]),
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])))
