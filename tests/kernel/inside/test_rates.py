# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the userspace datapath cannot do: the policing of the talk's slide, and queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from iperf import Flow, settled
from kernel_fabric import Fabric
from limits import lift, police, send_to_queue, shape

WITHIN = 0.15


@pytest.fixture(scope="module", autouse=True)
def _forwarding(fabric: Fabric) -> None:
    fabric.converge(forwarding="learning")  # in plain there is no table for send_to_queue


@pytest.fixture
def flow(fabric: Fabric) -> Iterator[Flow]:
    """From acme.web-1, a port of hv1, to acme.web-2, a port of hv2."""
    yield Flow(fabric.twin, "acme.web-1", "acme.web-2", "10.1.1.21")
    for hypervisor in ("hv1", "hv2"):
        lift(fabric, hypervisor, "tap0")


def test_policing_holds_the_rate_of_the_slide(fabric: Fabric, flow: Flow) -> None:
    police(fabric, "hv1", "tap0", rate=1000, burst=100)
    assert settled(flow.udp(seconds=4, kbits=5000)) == pytest.approx(1000, rel=WITHIN)
    starved = settled(flow.tcp(seconds=5))
    police(fabric, "hv1", "tap0", rate=1000, burst=800)
    rate = settled(flow.tcp(seconds=6))
    assert rate == pytest.approx(1000, rel=WITHIN)
    assert starved < 0.85 * rate, "the burst of the slide, a tenth of the rate, would do for TCP"


def test_queues_hold_their_rates(fabric: Fabric, flow: Flow) -> None:
    shape(fabric, "hv2", "tap0", queues={0: 1000, 7: 300})
    for queue, rate in ((0, 1000), (7, 300)):
        send_to_queue(fabric, "hv2", "tap0", queue)
        assert settled(flow.udp(seconds=4, kbits=2 * rate)) == pytest.approx(rate, rel=WITHIN)
        assert settled(flow.tcp(seconds=5)) == pytest.approx(rate, rel=WITHIN)
