# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fabric on the datapath of Debian's own kernel: every mode of forwarding, by the matrix of verify."""

from __future__ import annotations

import re

import pytest
from kernel_fabric import Fabric

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.switching import FORWARDING

# plain comes last, since the other tests look at it; what controllers do is theirs to prove
MODES = sorted(FORWARDING.keys() - {"controller"}, key=lambda mode: mode == "plain")


@pytest.mark.parametrize("forwarding", MODES)
def test_every_pair_is_as_the_intent_wants_it(fabric: Fabric, forwarding: str) -> None:
    fabric.converge(forwarding)
    assert "30 pairs: 6 reach, 24 isolated, 0 wrong." in fabric.verify()


def test_the_second_converge_changes_nothing(fabric: Fabric) -> None:
    recap = fabric.converge(fabric.forwarding).partition("PLAY RECAP")[2]
    assert re.findall(r"changed=(\d+)", recap) == ["0", "0", "0"], recap


@pytest.mark.parametrize("address", ["10.1.1.21", "fd00:1::21"])
def test_the_kernel_carries_the_tunnel(fabric: Fabric, address: str) -> None:
    assert fabric.twin.pings("acme.web-1", address)
    assert "system@ovs-system" in fabric.ovs("hv1", "ovs-appctl", "dpif/show")
    flows = fabric.ovs("hv2", "ovs-dpctl", "dump-flows")
    assert re.search(r"tunnel\(tun_id=0x1389,src=192\.168\.1\.151,dst=192\.168\.1\.152", flows), flows
    assert "gretap" in fabric.twin.run("hv2", "ip", "-details", "link", "show", "gre_sys")


def test_the_kernel_tags_what_goes_to_a_physical_network(fabric: Fabric) -> None:
    assert fabric.twin.pings("acme.dmz-1", "10.1.2.21")
    assert "push_vlan(vid=120" in fabric.ovs("hv2", "ovs-dpctl", "dump-flows")
