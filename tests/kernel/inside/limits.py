# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of a port. The one place that knows how they are set."""

from __future__ import annotations

from collections.abc import Mapping

from kernel_fabric import Fabric

_BURST = 300_000  # bits that a queue may send at once, as a guest on a busy machine comes late to its timers


def police(fabric: Fabric, hypervisor: str, port: str, rate: int, burst: int) -> None:
    """Limit what the switch takes from a port, in kbit/s and kbit."""
    limits = [f"ingress_policing_rate={rate}", f"ingress_policing_burst={burst}"]
    fabric.ovs(hypervisor, "ovs-vsctl", "set", "Interface", port, *limits)


def shape(fabric: Fabric, hypervisor: str, port: str, queues: Mapping[int, int]) -> None:
    """Limit each queue of what the switch sends to a port, in kbit/s."""
    rates = {number: rate * 1000 for number, rate in queues.items()}
    qos = ["set", "Port", port, "qos=@qos", "--", "--id=@qos", "create", "QoS", "type=linux-htb"]
    qos += [f"other_config:max-rate={max(rates.values())}", *(f"queues:{number}=@q{number}" for number in rates)]
    for number, rate in rates.items():
        qos += ["--", f"--id=@q{number}", "create", "Queue", f"other_config:max-rate={rate}"]
        qos += [f"other_config:burst={_BURST}"]
    fabric.ovs(hypervisor, "ovs-vsctl", *qos)


def send_to_queue(fabric: Fabric, hypervisor: str, queue: int) -> None:
    """Let all that plain forwarding switches on a hypervisor take a queue."""
    fabric.ovs(
        hypervisor, "ovs-ofctl", "add-flow", "br-int", f"cookie=0x51,priority=100,actions=set_queue:{queue},NORMAL"
    )


def lift(fabric: Fabric, hypervisor: str, port: str) -> None:
    police(fabric, hypervisor, port, 0, 0)
    fabric.ovs(
        hypervisor,
        "ovs-vsctl",
        "clear",
        "Port",
        port,
        "qos",
        "--",
        "--all",
        "destroy",
        "QoS",
        "--",
        "--all",
        "destroy",
        "Queue",
    )
    fabric.ovs(hypervisor, "ovs-ofctl", "del-flows", "br-int", "cookie=0x51/-1")
