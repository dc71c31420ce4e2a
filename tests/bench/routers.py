# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virtual routers cost: what passes them, and what many of them on one hypervisor need, in a twin with systemd.

Each is of a tenant of its own, with DHCP, names, NAT, a port forward and a load balancer.
"""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import router_paths
import yaml
from forwarding import folder
from lifecycle_fabric import Fabric, hypervisor
from measure import Cost, run
from payload import HOST_PYTHON, environment, payload
from router_paths import BALANCED, HOST, INSIDE, STATIC
from table import Row
from twin_lab import TwinLab

COUNTS = (1, 10, 50)
ROUNDS = 3
PACKAGES = ("dnsmasq-base", "nftables", "haproxy")
SERVICES = ("router", "dnsmasq", "haproxy")
PAYLOAD = "root/change.py"  # on the host
KERNEL = ("Slab", "Percpu", "KernelStack", "PageTables")  # of /proc/meminfo: proc(5)


def rows(directory: Path) -> Iterator[Row]:
    fabric = _lab(directory)
    try:
        for count in COUNTS:
            fabric.tenants = {f"t{number}": _tenant(number) for number in range(1, count + 1)}
            fabric.run("twin_up", *fabric.settings)
            _site(directory, fabric)
            yield from _grown(fabric, count)
            yield from _changed(directory, fabric, count)
        yield from router_paths.rows(fabric)
    finally:
        fabric.twin.down()


def _lab(directory: Path) -> Fabric:
    outside = {"internet": {"type": "flat", "physical_network": "physnet1", "subnet": "203.0.113.0/24"}}
    packages = ", ".join(f'"{package}"' for package in PACKAGES)
    options = ["-etwin_driver=systemd", f'-e{{"twin_packages": [{packages}]}}']
    fabric = Fabric(
        folder(directory),
        TwinLab(f"bench-{os.getpid()}"),
        {"t1": _tenant(1)},
        {HOST: hypervisor("192.168.1.151")},
        options=options,
        forwarding="learning",
        external_networks=outside,
    )
    fabric.build()
    return fabric


def _tenant(number: int) -> dict[str, Any]:
    router: dict[str, Any] = {
        "hypervisors": HOST,
        "networks": {"web": {}},
        "external": {"network": "internet", "ip": f"203.0.113.{9 + number}"},
        "port_forwards": {"ssh": {"protocol": "tcp", "port": 2222, "to": "web-1", "to_port": 22}},
        "load_balancers": {
            f"to-{port}": {"port": balanced, "to_port": port, "members": ["web-1"]}
            for port, balanced in BALANCED.items()
        },
    }
    if number == 1:
        router |= {"static_nat": {"web-1": STATIC}, "firewall": [{"to": "web-1", "protocol": "tcp"}]}
    return {
        "networks": {"web": {"type": "gre", "subnet": "10.1.1.0/24", "dhcp": {}, "dns": {}}},
        "routers": {"edge": router},
        "ports": {"web-1": {"hypervisor": HOST, "network": "web", "ip": INSIDE}},
    }


def _grown(fabric: Fabric, count: int) -> Iterator[Row]:
    """Yield what these routers have of memory, and what it takes to start them all, as a boot does."""
    names = [f"{tenant}.edge" for tenant in fabric.tenants]
    units = [f"tenantry-{service}@{name}.service" for name in names for service in SERVICES]
    fabric.twin.run(HOST, "systemctl", "stop", *units)
    kernel, used, since = _kernel(), _used(fabric), time.monotonic()
    fabric.twin.run(HOST, "systemctl", "start", *units)
    wall, cpu = time.monotonic() - since, _used(fabric) - used
    kernel = _kernel() - kernel
    parts = {name: _proportional(fabric, name) / count for name in SERVICES[1:]}
    shown = ", ".join(f"{name} {size:.1f} MB" for name, size in parts.items())
    yield Row(f"{count} routers: memory of processes, of each", shown, "", sum(parts.values()), "MB", bound=30)
    yield Row("  memory of the kernel, of each", "", "", kernel / count, "MB")
    yield Row("  start of all, CPU of each", f"{wall:.2f} s until all serve", "", cpu / count, "s", bound=1.5)
    since = time.monotonic()
    fabric.twin.run(HOST, "systemctl", "restart", *units[: len(SERVICES)])
    yield Row("  start of one beside the others, wall", "", "", time.monotonic() - since, "s")


def _used(fabric: Fabric) -> float:
    """Return the CPU seconds that all of the host has needed so far: cgroup v2 counts them in any group."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    [hierarchy] = {words[1] for words in mounts if words[2] == "cgroup2"}
    groups = Path(f"/proc/{fabric.twin.pid(HOST)}/cgroup").read_text().splitlines()
    [own] = [line.partition("::/")[2].split("/")[0] for line in groups if line.startswith("0::/")]
    usage = Path(hierarchy, own, "cpu.stat").read_text().split()
    return int(usage[usage.index("usage_usec") + 1]) / 1e6


def _kernel() -> float:
    """Return the MB that the kernel uses for itself, on the whole machine."""
    lines = (line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return sum(int(size.split()[0]) for name, size in lines if name in KERNEL) / 1024


def _proportional(fabric: Fabric, program: str) -> float:
    """Return the MB that all processes of a program on the host have, what they share counted once (PSS)."""
    pids = fabric.twin.run(HOST, "pidof", program).split()
    show = [f"/proc/{pid}/smaps_rollup" for pid in pids]
    lines = fabric.twin.run(HOST, "grep", "-h", "^Pss:", *show).splitlines()
    return sum(int(line.split()[1]) for line in lines) / 1024


def _changed(directory: Path, fabric: Fabric, count: int) -> Iterator[Row]:
    """Yield what it takes to bring a host with these routers to one changed port forward."""
    tasks = {}
    for port in (2223, 2222):
        fabric.tenants["t1"]["routers"]["edge"]["port_forwards"]["ssh"]["port"] = port
        state = _state(fabric)
        arguments = {"owner": state["owner"], "routers": state["routers"], "tx_checksumming": False}
        tasks[port] = payload(directory, f"{count}-{port}", "tenantry.sdn.virtual_router", arguments)
    costs, walls = [], []
    for dummy in range(ROUNDS):
        for task in tasks.values():
            cost, wall = _on_host(fabric, task)
            costs.append(cost)
            walls.append(wall)
    nothing = _on_host(fabric, tasks[2222])
    shown = (
        f"{statistics.median(walls):.2f} s of wall",
        f"nothing to do: {nothing[0].client:.2f} s, {nothing[1]:.2f} s of wall",
    )
    yield Row(
        "  one changed port forward: the module, CPU", *shown, statistics.median(cost.client for cost in costs), "s"
    )
    fabric.tenants["t1"]["routers"]["edge"]["port_forwards"]["ssh"]["port"] = 2224
    (fabric.intent_dir / "tenants/t1.yml").write_text(yaml.safe_dump({"tenants": {"t1": fabric.tenants["t1"]}}))
    since = time.monotonic()
    site = _site(directory, fabric)
    yield Row("    all of site, CPU", f"{time.monotonic() - since:.1f} s of wall", "", site.client, "s")


def _site(directory: Path, fabric: Fabric) -> Cost:
    """Run the playbook as a user does."""
    return run(["ansible-playbook", "-i", str(fabric.twin.inventory), "tenantry.sdn.site"], (), environment(directory))


def _state(fabric: Fabric) -> dict[str, Any]:
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
    from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

    intent = parse({"fabric": fabric.fabric, "tenants": fabric.tenants})
    return compile_host(intent, allocate(intent, Record())[0], HOST)


def _on_host(fabric: Fabric, task: Path) -> tuple[Cost, float]:
    """Run a payload on the host, and return what it cost and the seconds that it took."""
    shutil.copy(task, f"/proc/{fabric.twin.pid(HOST)}/root/{PAYLOAD}")
    enter = ["nsenter", f"--target={fabric.twin.pid(HOST)}", "--all", "--"]
    since = time.monotonic()
    cost = run([*enter, HOST_PYTHON, f"/{PAYLOAD}"])
    return cost, time.monotonic() - since
