# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run will do is what it says before, and the same whether it sees all hosts or one."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from lifecycle_fabric import Fabric, network, port, tenant

TENANTS = {
    "grows": tenant(network("gre"), "hv1", "hv2"),
    "changes": tenant(network("vxlan", 5010), "hv1", "hv2", "hv3"),
    "leaves": tenant(network("vlan"), "hv1", "hv3"),
}


@pytest.fixture
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    return new_fabric(TENANTS, forwarding="learning")


def edit(fabric: Fabric) -> None:
    """Edit the intent in every way at once: add, renumber, retype, move, remove."""
    fabric.tenants["arrives"] = tenant(network("vlan"), "hv1", "hv2")
    fabric.tenants["grows"]["ports"]["web-3"] = port("hv2", "web", "10.1.1.3")
    fabric.tenants["changes"]["networks"]["web"] = network("geneve", 5500)
    fabric.tenants["changes"]["ports"]["web-3"]["hypervisor"] = "hv1"
    del fabric.tenants["leaves"]


def test_check_mode_predicts_the_run_and_changes_nothing(fabric: Fabric) -> None:
    fabric.twin.run("hv2", "ip", "link", "set", "eth1", "down")
    check_then_run(fabric)
    assert check_then_run(fabric) == {}

    edit(fabric)
    del fabric.fabric["hypervisors"]["hv3"]
    changed = check_then_run(fabric)
    assert {host for host, task in changed} == {"hv1", "hv2", "hv3"}
    assert "arrives.web" in str(changed["hv1", "Check the intent, and keep the ids that it gives out"])


def check_then_run(fabric: Fabric) -> dict[tuple[str, str], object]:
    """Run site in check mode and for good, compare, and return what changed."""
    before, record, links = fabric.dumps(), fabric.record.read_text(), uplink_flags(fabric)
    predicted = fabric.run("site", "--check", "--diff").changes()
    assert fabric.dumps() == before
    assert fabric.record.read_text() == record
    assert uplink_flags(fabric) == links
    done = fabric.run("site", "--diff").changes()
    assert predicted.keys() == done.keys()
    assert predicted == done
    return done


def uplink_flags(fabric: Fabric) -> list[str]:
    return [fabric.twin.links(host)["eth1"]["flags"] for host in fabric.hypervisors]


def test_a_limited_or_sliced_run_leaves_a_host_as_a_whole_one_does(fabric: Fabric) -> None:
    fabric.run("site")
    old, unedited = fabric.portable(), copy.deepcopy(fabric.tenants)
    edit(fabric)
    fabric.run("site")
    new, edited = fabric.portable(), fabric.tenants
    fabric.tenants = unedited
    fabric.run("site")
    assert fabric.portable() == old

    fabric.tenants = edited
    fabric.run("site", "--limit=hv1")
    assert fabric.portable() == {**old, "hv1": new["hv1"]}
    fabric.run("site", inventory=fabric.inventory_of("hv2"))
    assert fabric.portable() == {**new, "hv3": old["hv3"]}
    fabric.run("site", inventory=fabric.inventory_of("hv3"))
    assert fabric.portable() == new
    fabric.converged()
