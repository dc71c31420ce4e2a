# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""While site changes networks under their feet, no endpoint hears one that neither the old nor the new intent joins."""

from __future__ import annotations

import copy
from collections.abc import Callable

import packets
from lifecycle_fabric import Fabric, network, tenant
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


def test_nothing_leaks_while_site_applies_a_change(new_fabric: Callable[..., Fabric]) -> None:
    fabric = new_fabric({**NEW, "removed": OLD["removed"]}, ["hv1", "hv2"])  # whoever is in one of them is there
    home = fabric.home()
    fabric.tenants = copy.deepcopy(OLD)
    fabric.run("site")
    fabric.tenants = copy.deepcopy(NEW)
    with packets.listening(fabric.twin, [Radio(name, period=0.01) for name in home]) as heard:
        fabric.run("site", "--limit=hv1")  # for a while each host has another intent
        fabric.run("site", "--limit=hv2")
    assert heard.leaks(home) == []
    assert [name for name, frames in heard.frames.items() if not frames] == [], "these prove nothing"
    fabric.prove()
