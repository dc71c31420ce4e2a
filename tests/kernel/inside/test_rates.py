# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the userspace datapath cannot do: the policing of the talk's slide, and queues that hold and guarantee rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from iperf import Flow, settled, together
from kernel_fabric import Fabric
from limits import lift, police, send_to_queues, shape

WITHIN = 0.15


@pytest.fixture(scope="module", autouse=True)
def _forwarding(fabric: Fabric) -> None:
    fabric.converge(forwarding="learning")  # in plain there is no table for send_to_queues


@pytest.fixture(scope="module")
def flow(fabric: Fabric) -> Flow:
    """From acme.web-1, a port of hv1, to acme.web-2, a port of hv2."""
    return Flow(fabric.twin, "acme.web-1", "acme.web-2", "10.1.1.21")


def test_policing_holds_the_rate_of_the_slide(fabric: Fabric, flow: Flow) -> None:
    police(fabric, "hv1", "tap0", rate=1000, burst=100)
    assert settled(flow.udp(seconds=4, kbits=5000)) == pytest.approx(1000, rel=WITHIN)
    starved = settled(flow.tcp(seconds=5))
    police(fabric, "hv1", "tap0", rate=1000, burst=800)
    rate = settled(flow.tcp(seconds=6))
    assert rate == pytest.approx(1000, rel=WITHIN)
    assert starved < 0.85 * rate, "the burst of the slide, a tenth of the rate, would do for TCP"
    lift(fabric, "hv1", "tap0")


@pytest.fixture(scope="module")
def flows(fabric: Fabric, flow: Flow) -> Iterator[list[Flow]]:
    """Two flows on the same way, each into a queue of its own."""
    queues = {5201: 0, 5202: 7}  # port of iperf3: queue
    send_to_queues(fabric, "hv2", "tap0", queues)
    yield [replace(flow, port=port) for port in queues]
    lift(fabric, "hv2", "tap0")


@pytest.mark.parametrize("kind", ["linux-htb", "linux-hfsc"])
def test_queues_of_a_full_port_have_what_they_are_promised(fabric: Fabric, flows: list[Flow], kind: str) -> None:
    """Were they treated alike, each would have 500."""
    rates = {queue: {"min_rate": rate, "max_rate": 1000} for queue, rate in ((0, 700), (7, 300))}
    shape(fabric, "hv2", "tap0", 1000, rates, kind)
    first, second = together(*(partial(flow.udp, 4, kbits=1200) for flow in flows))
    assert first >= 700 * (1 - WITHIN), second
    assert second >= 300 * (1 - WITHIN), first
    assert first + second == pytest.approx(1000, rel=WITHIN), "the port was not full"


def test_queues_hold_their_rates(fabric: Fabric, flows: list[Flow]) -> None:
    """TCP comes last, as what it leaves in a queue takes seconds to get out."""
    shape(fabric, "hv2", "tap0", 1300, {0: {"max_rate": 1000}, 7: {"max_rate": 300}}, "linux-htb")
    wide, narrow = flows
    for rates in (
        together(partial(wide.udp, 4, kbits=1500), partial(narrow.udp, 4, kbits=450)),
        together(partial(wide.tcp, 5), partial(narrow.tcp, 5)),
    ):
        assert rates == [pytest.approx(1000, rel=WITHIN), pytest.approx(300, rel=WITHIN)]
