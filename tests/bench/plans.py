# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of the largest fabric, as the playbook ``plan`` makes it: whole, again, and after one tenant changed.

10,000 hypervisors, 5,000 tenants and 100,000 ports. As a fabric has at most 4,000 networks, three quarters of the
tenants have one with tunnels, and the others share one that is routed between 250 pods. ``static`` forwarding has most
to compile: flows for each port elsewhere.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import measure
import topology
from measure import Cost
from payload import REPOSITORY, environment
from table import Row

PROCESSORS = 2  # that the bounds are for
SHARING = topology.TENANTS // 4  # tenants
PODS = topology.HYPERVISORS // topology.POD
CHANGED = "t4000"  # one of those with a network of its own
SHARED = "t1000"
# 7.5 s on each of two processors is 10 s by the clock: of these 15 s, 5 are the check of the intent, by one process.
STEPS = (  # what the plan is of, the tenant that is changed before, and seconds
    ("whole", None, 120),
    ("with nothing changed", None, 8.5),
    ("with one tenant changed", CHANGED, 8.5),
    ("with one tenant of a shared network changed", SHARED, 7.5),  # and all that share its pods
)


def rows(directory: Path) -> Iterator[Row]:
    for shape in ("uniform", "over four pods"):
        folder = directory / "fabric"
        fabric = Fabric(folder, topology.SHAPES[shape](random.Random(shape)))
        costs = []
        for what, tenant, bound in STEPS:
            if tenant:
                fabric.change(tenant)
            cost, wall = fabric.plan(directory)
            costs.append(cost)
            plan = json.loads((folder / "plan/plan.json").read_text())
            per_host = plan["summary"]["per_host"]
            figures = ", ".join(f"{per_host[name]['mean']:,.0f} {name}" for name in ("tunnels", "flows", "rules"))
            processors = PROCESSORS if tenant == SHARED or what == "whole" else 1  # the rest is done by one process
            yield Row(
                f"plan of {len(plan['hosts']):,} hosts, {shape}, {what}, CPU",
                f"{wall:.0f} s on {os.cpu_count()} processors that others use too",
                f"{figures} a host",
                cost.client,
                "s",
                bound=bound and bound * processors,
            )
        yield Row("  against the whole", "", "", costs[0].client / costs[2].client, "x")
        yield Row("  memory of the largest of its processes, which share most", "", "", costs[0].peak, "MB", bound=660)
        taken = f"{len(plan['hosts']):,} hosts in plan.json, {per_host['flows']['mean']:,.0f} flows"
        yield Row("  state of one host taken from it, CPU", "", taken, take(folder / "plan") * 1000, "ms", bound=50)
        size = sum(file.stat().st_size for file in (folder / "plan/hosts").iterdir()) / 1e6
        yield Row("  size of the plan", "", "", size, "MB")
        shutil.rmtree(folder)


def take(folder: Path) -> float:
    """Return the CPU seconds that host_state needs to have a host's state from a plan."""
    sys.path.append(str(REPOSITORY / ".cache/farm"))
    from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plan_files import read_plan, read_state
    from ansible_collections.tenantry.sdn.plugins.plugin_utils.planner import VERSION

    started = time.process_time()
    json.loads(read_state(str(folder), topology.NAMES[0], read_plan(str(folder), VERSION)))
    return time.process_time() - started


class Fabric:
    """An intent in files, and an inventory with one of its hosts: no host is touched."""

    def __init__(self, folder: Path, placed: topology.Placement) -> None:
        self.folder = folder
        (folder / "intent/tenants").mkdir(parents=True)
        self.ports: dict[str, list[str]] = {}
        for tenant, host in placed:
            self.ports.setdefault(tenant, []).append(host)
        self._write_fabric()
        for tenant in self.ports:
            self._write_tenant(tenant)
        (folder / "hosts.ini").write_text(f"[hypervisors]\n{topology.NAMES[0]}\n")

    def plan(self, directory: Path) -> tuple[Cost, float]:
        """Return what a run of the playbook costs, and the seconds that it takes."""
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.folder / "hosts.ini")]
        argv += ["-e", f"tenantry_intent_dir={self.folder}/intent", "-e", f"tenantry_plan_dir={self.folder}/plan"]
        started = time.monotonic()
        cost = measure.run([*argv, "tenantry.sdn.plan"], environment=environment(directory))
        return cost, time.monotonic() - started

    def change(self, tenant: str) -> None:
        """Move a port to another host."""
        self.ports[tenant][0] = topology.NAMES[-1]
        self._write_tenant(tenant)

    def _write_fabric(self) -> None:
        lines = [
            "fabric:",
            "  name: dc1",
            "  forwarding: static",
            "  segments: {tunnel: 5000-16777215, vlan: 4090-4094}",
        ]
        lines += ["  networks:", "    cloud:", "      type: flat", "      physical_network: guests", "      pods:"]
        lines += [f"        p{pod}: {{subnet: 10.{pod}.0.0/16}}" for pod in range(PODS)]
        lines += ["  hypervisors:"]
        for number, name in enumerate(topology.NAMES, 1):
            vtep = f"172.16.{number >> 8}.{number & 255}"
            lines += [f"    {name}: {{vtep: {vtep}, pod: p{(number - 1) // topology.POD}, uplinks: {{guests: eth1}}}}"]
        (self.folder / "intent/fabric.yml").write_text("\n".join(lines) + "\n")

    def _write_tenant(self, tenant: str) -> None:
        number = int(tenant[1:])
        lines = ["tenants:", f"  {tenant}:"]
        if number < SHARING:
            lines += ["    security_groups: {default: {rules: [{direction: ingress, remote_group: default}]}}"]
        else:
            lines += ["    networks:", "      web: {type: gre, subnet: 10.0.0.0/16}"]
        lines += ["    ports:"]
        for index, host in enumerate(self.ports[tenant]):
            lines += [f"      p{index}: {{hypervisor: {host}, {self._place(number, index, host)}}}"]
        (self.folder / f"intent/tenants/{tenant}.yml").write_text("\n".join(lines) + "\n")

    @staticmethod
    def _place(number: int, index: int, host: str) -> str:
        if number >= SHARING:
            return f"network: web, ip: 10.0.{index >> 8}.{index + 10 & 255}"
        address = number * topology.EACH + index + 10
        return f"network: cloud, ip: 10.{int(host[2:]) // topology.POD}.{address >> 8}.{address & 255}"
