# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``learning`` and ``static`` cost the switch of a hypervisor with many peers: a tunnel port for each of them, or
one for all and flows.

A state is applied by the modules and in the order of the role tenant_network, to a switch that has nothing. What counts
is what these processes need, less as many modules that do nothing, and what the daemons need. Then one peer gets
another VTEP. ``modes.py PEERS FORWARDING CHANGED`` prints a state as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from intents import PEERS, central
from measure import Cost, run, together
from payload import HOST_PYTHON, collections, payloads
from private_ovs import PrivateOvs
from table import Row
from tunnels import daemons, switch

LEARNING, STATIC = "learning", "static"
# How much less static costs with the most peers. A bare replace-flows with a flow for each was 25 times cheaper
# than the tunnels, and in a tenth of the memory; docs/pipeline.md says what is in between.
CPU, MEMORY = 3, 2.5


class Mode:
    """What one mode costs: to apply, in memory of ovs-vswitchd (MB), and for one peer that changes."""

    def __init__(self, directory: Path, peers: int, forwarding: str, empty: Cost) -> None:
        tasks = [_payloads(directory, peers, forwarding, changed) for changed in (False, True)]
        with switch(directory / "host") as ovs:
            before = _resident(ovs)
            self.apply = _applied(ovs, tasks[0], empty)
            self.memory = _resident(ovs) - before
            self.change = _applied(ovs, tasks[1], empty)


def rows(directory: Path) -> Iterator[Row]:
    empty = run([HOST_PYTHON, str(payloads(directory, "nothing", [{"empty": {}}])[0])])
    for peers in PEERS:
        cpu, memory = (CPU, MEMORY) if peers == max(PEERS) else (None, None)
        learning, static = (Mode(directory, peers, forwarding, empty) for forwarding in (LEARNING, STATIC))
        for what, cost in (("apply to a switch with {} peers, CPU", "apply"), ("  one of them changes, CPU", "change")):
            ours, against = getattr(static, cost), getattr(learning, cost)
            yield _row(what.format(f"{peers:,}"), _shown(ours), _shown(against), against.cpu / ours.cpu, cpu)
        ratio = learning.memory / static.memory
        yield _row("  memory of ovs-vswitchd", f"{static.memory:.1f} MB", f"{learning.memory:.1f} MB", ratio, memory)


def _row(what: str, static: str, learning: str, ratio: float, bound: float | None) -> Row:
    return Row(what, f"static {static}", f"learning {learning}", ratio, "x", bound, at_least=True)


def _shown(cost: Cost) -> str:
    return f"{cost.client:.2f} + {cost.daemons:.2f} s"


def _applied(ovs: PrivateOvs, tasks: list[list[str]], empty: Cost) -> Cost:
    cost = together(run(task, daemons(ovs)) for task in tasks)
    return Cost(cost.client - len(tasks) * empty.client, cost.daemons, cost.peak)


def _resident(ovs: PrivateOvs) -> float:
    status = Path(f"/proc/{ovs.pid('ovs-vswitchd')}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _payloads(directory: Path, peers: int, forwarding: str, changed: bool) -> list[list[str]]:
    """Return the commands that bring a host to the state, for the switch of ``tunnels.switch``."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(collections(directory)), *sys.path])}
    argv = [sys.executable, __file__, str(peers), forwarding, *["changed"] * changed]
    state = json.loads(subprocess.run(argv, env=environment, capture_output=True, timeout=300, check=True).stdout)
    there = {"database": f"unix:{directory}/host/db.sock", "timeout": 120}
    bridge, owner = state["bridge"]["name"], state["owner"]
    ports = {"ports": state["ports"], "require_devices": False, "datapath_type": "netdev", "adopt": True}
    mesh = {"bridge": bridge, "local_ip": state["vtep"], "networks": state["networks"], "max_removed": peers}
    tasks = [
        {"tenantry.sdn.ovs_bridge": {**state["bridge"], **ports, "owner": owner, **there}},
        {"tenantry.sdn.ovs_gre_mesh": {**mesh, "owner": owner, "allow_empty": True, **there}},
        {"tenantry.sdn.of_flow": {"bridge": bridge, "cookie": state["cookie"], "flows": state["flows"], **there}},
    ]
    if forwarding == STATIC:
        tasks = [tasks[0], tasks[2]]  # the role runs no ovs_gre_mesh where there are no tunnels
    name = f"{forwarding}-{peers}-{changed}"
    return [[HOST_PYTHON, str(payloads(directory, f"{name}-{number}", [task])[0])] for number, task in enumerate(tasks)]


def _state(peers: int, forwarding: str, changed: bool) -> dict[str, Any]:
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

    raw = central(peers)
    raw["fabric"]["forwarding"] = forwarding
    if changed:
        raw["fabric"]["hypervisors"]["hv7"]["vtep"] = "172.31.0.7"
    intent = parse(raw)
    return compile_host(intent, allocate(intent, Record())[0], "hv0")


if __name__ == "__main__":
    print(json.dumps(_state(int(sys.argv[1]), sys.argv[2], len(sys.argv) > 3)))
