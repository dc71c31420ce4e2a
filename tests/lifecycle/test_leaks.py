# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""While site changes networks under their feet, no endpoint hears one that neither the old nor the new intent joins."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import packets
import pytest
from lifecycle_fabric import Fabric, network, tenant
from module_runner import run_module
from packets import Radio

OLD = {
    "rekeyed": tenant(network("gre", 5001), "hv1", "hv2"),
    "retagged": tenant(network("vlan", 120), "hv1", "hv2"),
    "retyped": tenant(network("vxlan", 5002), "hv1", "hv2"),
    "wired": tenant(network("vlan", 130), "hv1", "hv2"),
    "moved": tenant(network("geneve", 5003), "hv1", "hv2", "hv1"),
    "removed": tenant(network("vlan", 140), "hv1", "hv2"),
}
NEW = {
    "rekeyed": tenant(network("gre", 6001), "hv1", "hv2"),
    "retagged": tenant(network("vlan", 121), "hv1", "hv2"),
    "retyped": tenant(network("vlan", 122), "hv1", "hv2"),
    "wired": tenant(network("gre", 6002), "hv1", "hv2"),
    "moved": tenant(network("geneve", 5003), "hv1", "hv2", "hv2"),
    "added": tenant(network("vlan", 141), "hv1", "hv2"),
}


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    """A fabric whose twin has everybody who is in the old intent or the new one."""
    return new_fabric({**NEW, "removed": OLD["removed"]}, ["hv1", "hv2"])


def test_nothing_leaks_while_site_applies_a_change(fabric: Fabric) -> None:
    home = {**fabric.home(), "removed.web-1": "removed.web", "removed.web-2": "removed.web"}
    fabric.tenants = copy.deepcopy(OLD)
    fabric.run("site")
    fabric.tenants = copy.deepcopy(NEW)
    with packets.listening(fabric.twin, [Radio(name, period=0.01) for name in home]) as heard:
        fabric.run("site", "--limit=hv1")  # for a while each host has another intent
        fabric.run("site", "--limit=hv2")
    assert heard.leaks(home) == []
    assert [name for name, frames in heard.frames.items() if not frames] == [], "these prove nothing"
    fabric.prove()


def test_a_port_that_takes_the_place_of_another_hears_none_of_its_frames(fabric: Fabric) -> None:
    """The datapath gives the new one the old one's number, and flows still send there what the old one was to get."""
    fabric.tenants = copy.deepcopy(NEW)
    fabric.run("site")
    leaver = {"name": fabric.interface("retagged.web-1"), "tag": "121"}
    comer = {"name": fabric.interface("added.web-1"), "tag": "141"}
    fabric.vsctl("hv1", f"del-port {comer['name']}")
    radios = [Radio("retagged.web-2", period=0.0005), Radio("retagged.web-1"), Radio("added.web-1")]
    with packets.listening(fabric.twin, radios) as heard:
        for goes, comes in [(leaver, comer), (comer, leaver)] * 10:
            time.sleep(0.1)  # let the flows settle
            result = run_module(
                "ovs_bridge",
                {
                    "name": "br-int",
                    "database": f"unix:/proc/{fabric.twin.pid('hv1')}/root/run/openvswitch/db.sock",
                    "ports": [{"name": goes["name"], "state": "absent"}, comes],
                },
            )
            assert result["changed"], result
    assert heard.frames["retagged.web-1"]["retagged.web-2"] > 100, "it proves nothing"
    assert heard.leaks(fabric.home()) == []
