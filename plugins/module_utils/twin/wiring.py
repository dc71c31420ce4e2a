# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays and clears cables between running hosts: few programs, many at once."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import cables
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import FABRIC, Cable, End, HostKey
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import Gateway
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import Host

Hosts = Mapping[HostKey, Host]

_AT_ONCE = 8  # programs
_DYING_SECONDS = 5  # for a device whose other end's namespace was just killed


def at_once(jobs: Sequence[Callable[[], object]]) -> None:
    """Run the jobs in a few threads, and raise what the first failing one raised when all have ended."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for running in [pool.submit(job) for job in jobs]:
            running.result()


def batch(host: Host, lines: Iterable[str], *options: str, namespaces: str = "--all") -> None:
    host.run("ip", *options, "-batch", "-", stdin="\n".join(lines), namespaces=namespaces)


def clear(hosts: Hosts, ends: Iterable[End]) -> None:
    """Delete the devices that still exist of those named, and wait until those that die with a host are gone."""
    devices: dict[HostKey, set[str]] = defaultdict(set)
    for end in ends:
        devices[end.host].add(end.interface)
    at_once([partial(_clear, hosts[key], devices[key]) for key in devices if key in hosts])


def _clear(host: Host, unwanted: set[str]) -> None:
    failure = None
    existing = unwanted.intersection(host.devices())
    deadline = time.monotonic() + _DYING_SECONDS
    if existing:
        try:
            batch(host, [f"link delete dev {device}" for device in sorted(existing)], "-force")
        except BackendError as error:  # perhaps it went by itself, with its other end
            failure = error
    while unwanted.intersection(host.devices()):
        if time.monotonic() > deadline:
            raise failure or BackendError(f"Devices of host {host.name} do not go away: {', '.join(sorted(existing))}.")
        time.sleep(0.01)


def lay(hosts: Hosts, bridges: Iterable[str], new: Iterable[Cable]) -> None:
    """Make the bridges of the fabric and the cables; the alias that records a cable comes last of all."""
    new = list(new)
    lines = [cables.bridge_line(bridge) for bridge in bridges]
    for cable in new:
        lines.append(cables.creation_line(cable, hosts[cable.near.host].live_pid(), hosts[cable.far.host].live_pid()))
    lines += [cables.far_line(cable) for cable in new if cable.far.host == FABRIC]
    if lines:
        batch(hosts[FABRIC], lines, namespaces="--net")  # its PIDs are the machine's
    _connect(hosts, new, "hypervisor")
    _connect(hosts, new, "endpoint")


def resize(hosts: Hosts, resized: Iterable[Cable]) -> None:
    """Give both ends of cables their MTU, which the guest's network stack and Open vSwitch hear of as of any NIC's."""
    lines: dict[HostKey, list[str]] = defaultdict(list)
    for cable in resized:
        for end in (cable.near, cable.far):
            lines[end.host].append(f"link set {end.interface} mtu {cable.mtu}")
    at_once([partial(batch, hosts[key], lines[key]) for key in lines])


def route(core: Host, gateways: Mapping[str, Gateway]) -> None:
    """Give the bridges of the fabric their addresses, between which its host routes, and what lies beyond."""
    for bridge, its in gateways.items():
        addressed = any(":" in address for address in its.addresses)
        setting = f"net.ipv6.conf.{bridge}.disable_ipv6={0 if addressed else 1}"
        core.run("sysctl", "--quiet", "--write", setting, namespaces="--net")
        core.run("ethtool", "-K", bridge, "tx", "off", namespaces="--net")  # checksums, as at the ends of cables
        # Of IPv4, routes go with the last address of a device.
        core.run("ip", "-6", "route", "flush", "dev", bridge, "proto", "static", namespaces="--net")
    lines = [line for bridge, its in gateways.items() for line in cables.gateway_lines(bridge, its)]
    if lines:
        batch(core, lines, namespaces="--net")


def _connect(hosts: Hosts, new: list[Cable], kind: str) -> None:
    lines: dict[HostKey, list[str]] = defaultdict(lambda: ["link set lo up"])
    computing: dict[HostKey, list[str]] = defaultdict(list)
    for cable in new:
        if cable.far.host.kind == kind:
            lines[cable.far.host].append(cables.far_line(cable))
        if cable.near.host.kind == kind:
            lines[cable.near.host] += cables.near_lines(cable)
            computing[cable.near.host] += [cable.near.interface] if cable.checksums else []
    at_once([partial(_connect_host, hosts[key], lines[key], computing[key]) for key in lines])


def _connect_host(host: Host, lines: list[str], computing: list[str]) -> None:
    for device in computing:
        host.run("ethtool", "-K", device, "tx", "off")
    batch(host, lines)
