# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast each mode forwards, against a bare NORMAL bridge with a tunnel, in a twin on the userspace datapath.

A guest sends small datagrams as fast as it can, to one on its own hypervisor and to one on another. What counts is the
CPU that the ovs-vswitchd of all hypervisors need for a datagram that arrives: the faster, the less.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lifecycle_fabric import Fabric, hypervisor, network, port
from measure import cpu_seconds
from table import Row
from twin_lab import TwinLab

MODES = ("plain", "learning", "static")
ROUNDS = 5
SECONDS = 2
BYTES = 64
HOSTS = {"hv1": "192.168.1.151", "hv2": "192.168.1.152"}
FLOOD = f"""
import socket, sys, time
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.connect((sys.argv[1], 9))
until = time.monotonic() + {SECONDS}
while time.monotonic() < until:
    for dummy in range(100):
        try:
            peer.send(bytes({BYTES}))
        except ConnectionRefusedError:  # there is no one at that port
            pass
print(time.process_time())
"""
RECEIVERS = {"to a guest here": "web-2", "to one elsewhere, over GRE": "web-3"}


def rows(directory: Path) -> Iterator[Row]:
    fabric = lab(directory)
    try:
        costs = {"NORMAL": costs_of(fabric, lambda: _bare(fabric))}
        for host in HOSTS:
            fabric.vsctl(host, "del-br br-int")
        for mode in MODES:
            costs[mode] = costs_of(fabric, lambda mode=mode: _converge(fabric, mode))
    finally:
        fabric.twin.down()
    for way in RECEIVERS:
        bare = costs["NORMAL"][way]
        for mode in MODES:
            ours = costs[mode][way]
            rates = f"{1e-3 / ours:.0f} k/s of a CPU", f"NORMAL {1e-3 / bare:.0f} k/s of a CPU"
            yield Row(f"datagrams {way}, {mode}", *rates, bare / ours, "x", bound=0.7, at_least=True)


def lab(directory: Path, *others: str) -> Fabric:
    """Build a fabric of tenant acme, and of others that have the same."""
    tenants = {name: _tenant(index) for index, name in enumerate(("acme", *others))}
    hypervisors = {name: hypervisor(vtep) for name, vtep in HOSTS.items()}
    fabric = Fabric(folder(directory), TwinLab(f"bench-{os.getpid()}"), tenants, hypervisors)
    fabric.build()
    return fabric


def _tenant(index: int) -> dict[str, Any]:
    ports = {
        f"web-{number}": port(host, "web", f"10.1.1.{number}", interface=f"tap{3 * index + number}")
        for number, host in ((1, "hv1"), (2, "hv1"), (3, "hv2"))
    }
    return {"networks": {"web": network("gre", 5001 + index)}, "ports": ports}


def folder(directory: Path) -> Path:
    """Return a folder for a fabric, whose runs keep the modules that they build beside it."""
    found = directory / "fabric"
    found.mkdir(exist_ok=True)
    return found


def _bare(fabric: Fabric) -> None:
    ends = list(HOSTS.values())
    fabric.twin.switch_by_hand("hv1", ["tap1", "tap2"], ends)
    fabric.twin.switch_by_hand("hv2", ["tap3"], ends[::-1])


def _converge(fabric: Fabric, mode: str) -> None:
    fabric.fabric["forwarding"] = mode
    fabric.run("site")


def costs_of(fabric: Fabric, prepare: Callable[[], None]) -> dict[str, float]:
    """Return the CPU seconds of a datagram each way."""
    prepare()
    return costs_in_turns(fabric, ["acme"])["acme"]


def costs_in_turns(fabric: Fabric, tenants: Sequence[str], of_sender: bool = False) -> dict[str, dict[str, float]]:
    """Return the CPU seconds of a datagram of each tenant each way; a noisy minute is that of all tenants.

    ``of_sender``: with those of the process that sends it, on whose behalf the kernel passes chains and bridges.
    """
    switches = [pid for host in HOSTS for pid in _switches(fabric.twin.pid(host))]
    costs: dict[str, dict[str, float]] = {tenant: {} for tenant in tenants}
    for way, receiver in RECEIVERS.items():
        ends = {tenant: (f"{tenant}.web-1", f"{tenant}.{receiver}") for tenant in tenants}
        for sender, other in ends.values():
            assert fabric.twin.pings(sender, fabric.address(other), patience=20)
        rounds = [
            {tenant: _cost(fabric, *ends[tenant], switches, of_sender) for tenant in tenants} for dummy in range(ROUNDS)
        ]
        for tenant in tenants:
            costs[tenant][way] = statistics.median(each[tenant] for each in rounds)
    return costs


def _cost(fabric: Fabric, sender: str, receiver: str, switches: list[int], of_sender: bool) -> float:
    arrived, used = _arrived(fabric, receiver), cpu_seconds(switches)
    sending = float(fabric.twin.run(sender, "/usr/bin/python3", "-c", FLOOD, fabric.address(receiver)))
    return (cpu_seconds(switches) - used + sending * of_sender) / (_arrived(fabric, receiver) - arrived)


def _arrived(fabric: Fabric, endpoint: str) -> int:
    return int(fabric.twin.run(endpoint, "cat", "/sys/class/net/eth0/statistics/rx_packets"))


def _switches(first: int) -> list[int]:
    """Return the ovs-vswitchd of the host whose first process this is."""
    home = os.readlink(f"/proc/{first}/ns/pid")
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            name, namespace = Path(f"/proc/{pid}/comm").read_text().strip(), os.readlink(f"/proc/{pid}/ns/pid")
        except OSError:  # it ended
            continue
        if name == "ovs-vswitchd" and namespace == home:
            found.append(int(pid))
    return found
