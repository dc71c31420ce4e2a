# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ports may send and receive, on a real Open vSwitch: units, queues, warnings, what does nothing, what is left."""

from __future__ import annotations

from typing import Any

import pytest
from host import Host
from module_runner import Result


@pytest.fixture
def bridge(host: Host) -> Host:
    """A host with br0: two ports of virtual machines, a bond and a patch port."""
    ports = [{"name": "tap0"}, {"name": "tap1"}, {"name": "bond0", "interfaces": ["eth1", "eth2"]}]
    host.bridge(name="br0", ports=ports)
    return host


def converge(host: Host, interface: str = "tap0", **options: Any) -> Result:
    return host.converge("ovs_qos", interface=interface, **options)


def policing(host: Host, interface: str = "tap0") -> list[int]:
    row = host.interface(interface)
    return [row[f"ingress_policing_{column}"] for column in ("rate", "burst", "kpkts_rate", "kpkts_burst")]


def test_the_two_lines_of_the_talk(bridge: Host) -> None:
    result = converge(bridge, ingress_policing_rate=1000, ingress_policing_burst=100)
    assert policing(bridge) == [1000, 100, 0, 0]
    assert result["warnings"] == [
        "interface tap0: ingress_policing_burst 100kbit is 10 % of the rate, so that TCP will stay far below 1Mbit; "
        "write at least 800kbit, or leave it out"
    ]
    assert result["diff"]["after"] == {
        "interfaces": {"tap0": {"ingress_policing_rate": "1Mbit", "ingress_policing_burst": "100kbit"}}
    }
