# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure in the guest, on the kernel's datapath, what arrives while a port is policed. Usage: rate_limit_guest.py FILE

As on the slide: a virtual machine on one host sends to a measurement host, over GRE, more than it may.
"""
# ruff: noqa: E402 - the fabric and iperf3 are those of the tests

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / folder) for folder in ("adapters", "twin", "kernel/inside")]
sys.path.append(str(TESTS.parent / ".cache/farm"))

from iperf import Flow
from kernel_fabric import Fabric
from twin_lab import TwinLab, endpoint, hypervisor

OFFERED = 5000  # kbit/s
RATE = 1000  # kbit/s, the slide's ingress_policing_rate
SLIDE, ADVISED = (
    100,
    800,
)  # kbit, ingress_policing_burst: the slide's, and the least that ovs-vswitchd.conf.db(5) advises
PHASE = 10  # seconds: before, during and after the limit


def measure(fabric: Fabric, flow: Flow, protocol: str, burst: int) -> tuple[list[float], list[float]]:
    """Return the rates of each second, and when the limit came and went, in seconds from the start."""
    limited: list[float] = []

    def limit() -> None:
        started = time.monotonic()
        time.sleep(PHASE)
        police(fabric, RATE, burst)
        limited.append(time.monotonic() - started)  # on a busy machine a command takes a second or two
        time.sleep(PHASE)
        limited.append(time.monotonic() - started)
        police(fabric, 0, 0)

    send = flow.udp if protocol == "UDP" else flow.tcp
    return send(3 * PHASE, OFFERED, limit), limited


def main() -> None:
    fabric = join_by_gre("bench")
    flow = Flow(fabric.twin, "acme.web-1", "acme.web-2", "10.1.1.2")
    rows = []
    for protocol, burst in (("UDP", SLIDE), ("TCP", SLIDE), ("UDP", ADVISED), ("TCP", ADVISED)):
        rates, limited = measure(fabric, flow, protocol, burst)
        print(f"{protocol}, burst {burst}: {' '.join(f'{rate:.0f}' for rate in rates)}", flush=True)
        for second, rate in enumerate(rates, start=1):
            policed = limited[0] + 1 <= second <= limited[1]  # all of the second, were iperf3 a second late
            rows.append((protocol, burst, second, f"{rate:.1f}", int(policed)))
    fabric.twin.down()
    with open(sys.argv[1], "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("protocol", "ingress_policing_burst", "second", "kbit_per_second", "policed"))
        table.writerows(rows)


def police(fabric: Fabric, rate: int, burst: int) -> None:
    """Do as the slide does, at once: a module takes seconds to start in the guest."""
    limits = [f"ingress_policing_rate={rate}", f"ingress_policing_burst={burst}"]
    fabric.ovs("hv1", "ovs-vsctl", "set", "Interface", "tap0", *limits)


def join_by_gre(name: str) -> Fabric:
    """Return two hypervisors with a virtual machine each."""
    twin = TwinLab(name)
    guests = [endpoint(number, on=number, interface="tap0") for number in (1, 2)]
    twin.up([hypervisor(1), hypervisor(2)], guests, datapath_type="system")
    fabric = Fabric(twin, Path(sys.argv[1]).parent)
    for number, peer in ((1, 2), (2, 1)):
        bridge = ["add-br", "br-int", "--", "add-port", "br-int", "tap0", "--", "add-port", "br-int", "gre0"]
        tunnel = ["--", "set", "Interface", "gre0", "type=gre", f"options:remote_ip=192.168.1.15{peer}"]
        fabric.ovs(f"hv{number}", "ovs-vsctl", *bridge, *tunnel)
    assert twin.pings("acme.web-1", "10.1.1.2", patience=20)
    return fabric


if __name__ == "__main__":
    main()
