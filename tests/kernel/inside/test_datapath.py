# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric on the datapath of Debian's own kernel, in both modes of the pipeline."""

from __future__ import annotations

import re
from typing import Any

import packets
import pytest
from guard_cases import THREE, TWO
from judge_cases import misjudged
from kernel_fabric import Fabric
from packets import Radio, pinging
from wires import wires

PERIOD = 0.5  # seconds between two frames of an endpoint: the guest is emulated
ENOUGH = 20  # pings: fewer prove little

# Whom an endpoint hears: of its network those whose guard is off.
HEARD = {
    "acme.web-1": {"acme.web-2"},
    "acme.web-2": set(),
    "acme.dmz-1": set(),
    "acme.dmz-2": {"acme.dmz-1"},
    "globex.lab-1": set(),
    "globex.lab-2": {"globex.lab-1"},
}
# Pings of the largest size that goes in one piece; the header of GRE with a key, and of Ethernet, take 42 bytes.
PINGS = [
    ("acme.web-1", "10.1.1.21", 1500 - 42 - 28),
    ("acme.web-1", "fd00:1::21", 1500 - 42 - 48),
    ("acme.dmz-2", "10.1.2.20", 1500 - 28),
    ("globex.lab-1", "10.1.1.21", 1500 - 42 - 28),
]


@pytest.fixture(scope="module", params=["static", "learning"], autouse=True)
def _forwarding(request: pytest.FixtureRequest, fabric: Fabric) -> None:
    """Each way to forward, and nobody notices that the fabric moves from one to the other."""
    if not fabric.settings:
        fabric.converge(forwarding=request.param)
        return
    with pinging(fabric.twin, {"acme.web-1": "10.1.1.21", "acme.dmz-1": "10.1.2.21"}, PERIOD / 2) as pings:
        fabric.converge(forwarding=request.param)
    assert [ping.lost for ping in pings] == [[], []]
    assert all(ping.answered > ENOUGH for ping in pings), pings


def test_an_endpoint_reaches_its_own_network_and_hears_no_other(fabric: Fabric) -> None:
    with packets.listening(fabric.twin, [Radio(name, period=PERIOD) for name in HEARD]) as heard:
        assert [ping for ping in PINGS if not fabric.twin.pings(*ping)] == []
        heard.wait_for(HEARD)
    assert {name: set(frames) for name, frames in heard.frames.items()} == HEARD


def test_security_groups_judge_as_in_the_userspace_datapath(fabric: Fabric) -> None:
    assert judged_wrong(fabric) == {}, "{packet: (who should have heard it, who did)}"


def judged_wrong(fabric: Fabric) -> dict[str, Any]:
    shop = {f"umbrella.{number}": (f"umbrella.{number}", "eth0") for number in ("1", "2", "3")}
    for address in (TWO.ipv4, THREE.ipv4):  # and the underlay knows its addresses
        assert fabric.twin.pings("umbrella.1", address)
    with wires(fabric.twin, shop) as ends:
        return misjudged(ends, {"umbrella.1": {"umbrella.2": TWO, "umbrella.3": THREE}}, patience=20)


def test_the_kernel_carries_tunnels_and_tags(fabric: Fabric) -> None:
    for address in ("10.1.1.21", "fd00:1::21"):
        assert fabric.twin.pings("acme.web-1", address)
    assert fabric.twin.pings("acme.dmz-1", "10.1.2.21")
    assert "system@ovs-system" in fabric.ovs("hv1", "ovs-appctl", "dpif/show")
    flows = fabric.ovs("hv2", "ovs-dpctl", "dump-flows")
    assert re.search(r"tunnel\(tun_id=0x1389,src=192\.168\.1\.151,dst=192\.168\.1\.152", flows), flows
    assert "push_vlan(vid=120" in flows
    assert "gretap" in fabric.twin.run("hv2", "ip", "-details", "link", "show", "gre_sys")
