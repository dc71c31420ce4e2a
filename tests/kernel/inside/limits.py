# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of a port, by ovs_qos on the hypervisor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kernel_fabric import Fabric
from module_runner import start_module

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import TARGET, Priority, Table

_BURST = 300_000  # bits that a queue may send at once, as a guest on a busy machine comes late to its timers
_PATIENCE = 300  # seconds, for a module that starts in one
_COOKIE = "cookie=0x51"


def police(fabric: Fabric, hypervisor: str, port: str, rate: int, burst: int) -> None:
    """Limit what the switch takes from a port, in kbit/s and kbit."""
    _limit(fabric, hypervisor, interface=port, ingress_policing_rate=str(rate), ingress_policing_burst=str(burst))


def shape(
    fabric: Fabric, hypervisor: str, port: str, rate: int, queues: Mapping[int, Mapping[str, int]], kind: str
) -> None:
    """Limit what the switch sends to a port, and what each queue has of it, in kbit/s."""
    burst = {"burst": _BURST} if kind == "linux-htb" else {}
    wanted = {
        number: {**{option: f"{value}kbit" for option, value in rates.items()}, **burst}
        for number, rates in queues.items()
    }
    _limit(fabric, hypervisor, interface=port, type=kind, max_rate=f"{rate}kbit", queues=wanted)


def send_to_queues(fabric: Fabric, hypervisor: str, port: str, queues: Mapping[int, int]) -> None:
    """Let what the pipeline sends to a port, for an IPv4 endpoint's TCP or UDP port, take a queue."""
    number = fabric.ovs(hypervisor, "ovs-vsctl", "get", "Interface", port, "ofport").strip()
    place = f"{_COOKIE},table={Table.OUTPUT:d},priority={Priority.KNOWN + 1:d},{TARGET.match(int(number))}"
    flows = [
        f"{place},{protocol},tp_dst={to},actions=set_queue:{queue},output:{number}"
        for to, queue in queues.items()
        for protocol in ("tcp", "udp")
    ]
    for flow in flows:
        fabric.ovs(hypervisor, "ovs-ofctl", "-OOpenFlow15", "add-flow", "br-int", flow)


def lift(fabric: Fabric, hypervisor: str, port: str) -> None:
    _limit(fabric, hypervisor, interface=port, state="absent")
    fabric.ovs(hypervisor, "ovs-ofctl", "del-flows", "br-int", f"{_COOKIE}/-1")


def _limit(fabric: Fabric, hypervisor: str, **options: Any) -> None:
    pid = fabric.twin.pid(hypervisor)
    database = f"unix:/proc/{pid}/root/run/openvswitch/db.sock"  # of its files no more: the checkout may be below /tmp
    module = start_module("ovs_qos", {"database": database, **options}, "nsenter", f"--target={pid}", "--net", "--")
    result = json.loads(module.communicate(timeout=_PATIENCE)[0])
    assert not result.get("failed"), result["msg"]
