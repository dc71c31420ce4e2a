# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tenants, networks, ports and hypervisors come, move and go, by editing the intent and running site.

After each edit packets prove all networks, a second run of site changes nothing, and what is no longer wanted is on no
host.
"""

from __future__ import annotations

from collections.abc import Callable

import ovsdb_dump
import pytest
from lifecycle_fabric import HOSTS, Fabric, hypervisor, network, port, tenant

TENANTS = {
    "stays": tenant(network("gre"), "hv1", "hv2", "hv3"),
    "grows": tenant(network("gre"), "hv1", "hv2"),
    "moves": tenant(network("vxlan"), "hv1", "hv2"),
    "shrinks": tenant(network("geneve"), "hv1", "hv2", "hv3"),
    "trims": {
        "networks": {"web": network("gre"), "dmz": network("vlan", subnet="10.1.2.0/24")},
        "ports": {
            "web-1": port("hv1", "web", "10.1.1.1"),
            "web-2": port("hv2", "web", "10.1.1.2"),
            "dmz-1": port("hv1", "dmz", "10.1.2.1"),
            "dmz-2": port("hv2", "dmz", "10.1.2.2"),
        },
    },
    "leaves": tenant(network("vlan"), "hv2", "hv3"),
}


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    fabric = new_fabric(TENANTS)
    fabric.converge()
    fabric.prove()
    return fabric


def test_tenants_networks_and_ports_come_move_and_go_at_once(fabric: Fabric) -> None:
    assert fabric.traces("hv3: *=grows.web") == []
    vlan = fabric.recorded("trims.dmz")["vlan"]
    assert fabric.traces(f"hv1: Port eth1 trunks={vlan}")
    tenants = fabric.tenants
    tenants["arrives"] = tenant(network("geneve"), "hv1", "hv3")
    tenants["grows"]["ports"]["web-3"] = port("hv3", "web", "10.1.1.3")
    tenants["moves"]["ports"]["web-2"]["hypervisor"] = "hv3"
    del tenants["shrinks"]["ports"]["web-3"]
    del tenants["trims"]["networks"]["dmz"], tenants["trims"]["ports"]["dmz-1"], tenants["trims"]["ports"]["dmz-2"]
    del tenants["leaves"]
    fabric.converge()
    fabric.prove()
    assert len(fabric.traces("*:tenantry-mesh=grows.web")) == 6, "a full mesh of three hosts"
    assert fabric.traces("hv2: *=moves.*") == []
    assert len(fabric.traces("hv[13]: *:tenantry-mesh=moves.web")) == 2
    assert len(fabric.traces("hv3: *:tenantry-port=moves.web-2")) == 1
    assert fabric.traces("hv3: *=shrinks.*", "*=shrinks.web-3") == []
    assert len(fabric.traces("*:tenantry-mesh=shrinks.web")) == 2, "none to hv3 is left"
    assert fabric.traces("*=trims.dmz*", f"* trunks={vlan}", f"* tag={vlan}") == []
    assert fabric.traces("*=leaves.*") == []


def test_a_hypervisor_comes_and_goes(fabric: Fabric) -> None:
    fabric.fabric["hypervisors"]["hv4"] = hypervisor("192.168.1.154")
    fabric.build()
    untouched = ovsdb_dump.without_count(fabric.dump("hv4"))
    ports = fabric.tenants["stays"]["ports"]
    ports["web-4"] = port("hv4", "web", "10.1.1.4")
    fabric.converge()
    fabric.prove()
    assert len(fabric.traces("*:remote_ip=192.168.1.154")) == len(HOSTS)

    del fabric.fabric["hypervisors"]["hv4"], ports["web-4"]
    run = fabric.run("site")  # the inventory still has the host
    assert any(host == "hv4" for host, task in run.changes())
    assert ovsdb_dump.without_count(fabric.dump("hv4")) == untouched
    assert fabric.traces("*:remote_ip=192.168.1.154", "*=stays.web-4") == []
    fabric.converged()
    fabric.build()
    assert fabric.hypervisors == sorted(HOSTS)
    fabric.converged()
    fabric.prove()


def test_the_verify_playbook_agrees(fabric: Fabric) -> None:
    fabric.run("verify", "--forks=12")
