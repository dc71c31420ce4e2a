# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks get other ids and other types while they live, and no network gets an id that another one has or had.

Every test has a tenant of its own to edit, so the order does not matter.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from lifecycle_fabric import Fabric, network, tenant

TENANTS = {
    "key": tenant(network("gre", 5001), "hv1", "hv2"),
    "vlan": tenant(network("vlan", 120), "hv1", "hv2"),
    "type": tenant(network("gre", 5002), "hv1", "hv2"),
    "left": tenant(network("gre", 5003), "hv1", "hv2"),
    "right": tenant(network("geneve", 5004), "hv1", "hv2"),
    "upper": tenant(network("vlan", 130), "hv1", "hv2"),
    "lower": tenant(network("vlan", 131), "hv1", "hv2"),
}


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    fabric = new_fabric(TENANTS, hypervisors=["hv1", "hv2"])
    fabric.run("site")
    fabric.prove()
    return fabric


def test_a_tunnel_key_is_renumbered(fabric: Fabric) -> None:
    assert len(fabric.traces("*:key=5001")) == 2
    fabric.tenants["key"]["networks"]["web"] = network("gre", 5501)
    fabric.converge()
    fabric.prove()
    assert fabric.traces("*:key=5001") == []
    assert len(fabric.traces("*:key=5501")) == 2


def test_a_vlan_is_renumbered(fabric: Fabric) -> None:
    fabric.tenants["vlan"]["networks"]["web"] = network("vlan", 121)
    fabric.converge()
    fabric.prove()
    assert fabric.traces("* trunks=120", "* tag=120") == []
    assert len(fabric.traces("* Port eth1 trunks=121", "* tag=121")) == 4


def test_a_network_changes_its_type_from_gre_to_vxlan_to_vlan(fabric: Fabric) -> None:
    local = fabric.recorded("type.web")["local_vlan"]
    fabric.tenants["type"]["networks"]["web"] = network("vxlan", 5002)
    fabric.converge()
    fabric.prove()
    meshes = fabric.traces("*:tenantry-mesh=type.web")
    assert len(meshes) == 2
    assert all(" vx-" in line for line in meshes)

    fabric.tenants["type"]["networks"]["web"] = network("vlan", 140)
    fabric.converge()
    fabric.prove()
    assert fabric.traces("*:tenantry-mesh=type.web", "*:key=5002", f"* tag={local}") == []
    assert len(fabric.traces("* Port eth1 trunks=140", "* tag=140")) == 4


def test_two_networks_do_not_swap_ids_in_one_run(fabric: Fabric) -> None:
    with unharmed(fabric):
        fabric.tenants["left"]["networks"]["web"] = network("gre", 5004)
        fabric.tenants["right"]["networks"]["web"] = network("geneve", 5003)
        (message,) = fabric.refused("site").values()
        assert "5004 belongs to right.web by the allocation record" in message
        assert "5003 belongs to left.web by the allocation record" in message
        assert "delete the line tunnel/5003 from the record" in message


def test_an_id_is_free_for_another_network_when_site_has_run_and_its_line_is_deleted(fabric: Fabric) -> None:
    with unharmed(fabric):
        del fabric.tenants["upper"]
        fabric.tenants["lower"]["networks"]["web"] = network("vlan", 130)
        (message,) = fabric.refused("site").values()
        assert "130 belongs to upper.web by the allocation record" in message

    del fabric.tenants["upper"]
    fabric.run("site")
    fabric.tenants["lower"]["networks"]["web"] = network("vlan", 130)
    (message,) = fabric.refused("site").values()
    assert "130 belonged to upper.web by the allocation record" in message
    record = fabric.record.read_text()
    assert "  vlan/130: upper.web\n" in record
    fabric.record.write_text(record.replace("  vlan/130: upper.web\n", ""))
    fabric.converge()
    fabric.prove()
    assert fabric.traces("* tag=131", "* trunks=131", "*=upper.*") == []


@contextmanager
def unharmed(fabric: Fabric) -> Iterator[None]:
    """Check that what is done meanwhile changes nothing on any host, nor the record; take the edits back."""
    dumps, record, tenants = fabric.dumps(), fabric.record.read_text(), copy.deepcopy(fabric.tenants)
    try:
        yield
        assert fabric.dumps() == dumps
        assert fabric.record.read_text() == record
    finally:
        fabric.tenants = tenants
