# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A, then B, then A again is A: nothing of B is left, whatever A and B are."""

from __future__ import annotations

from typing import Any

import pytest
from host import Host

Task = tuple[str, dict[str, Any]]


def bridge(*ports: dict[str, Any], **options: Any) -> Task:
    return "ovs_bridge", {"name": "br0", "owner": "dc1", "ports": list(ports), "allow_empty": True, **options}


def mesh(*networks: dict[str, Any], **options: Any) -> Task:
    return "ovs_gre_mesh", {"bridge": "br0", "owner": "dc1", "networks": list(networks), "allow_empty": True, **options}


PLAIN: dict[str, Any] = {"tag": "", "trunks": [], "vlan_mode": "", "protected": False, "other_config": {}}


def limits(*ports: dict[str, Any]) -> Task:
    return "ovs_qos", {"owner": "dc1", "ports": list(ports), "allow_empty": True, "require_effect": False}


def mirrors(*listed: dict[str, Any]) -> Task:
    return "ovs_mirror", {"bridge": "br0", "owner": "dc1", "mirrors": list(listed), "allow_empty": True}


def exports(**options: Any) -> Task:
    return "ovs_flow_export", {"bridge": "br0", "owner": "dc1", "samples": [], "allow_empty": True, **options}


VM = {"name": "tap0", **PLAIN, "tag": 5}
PAIRS = {
    "ports": (bridge(VM), bridge({**VM, "tag": 6, "protected": True}, {"name": "tap1"})),
    "port modes": (bridge(VM), bridge({**VM, "tag": "", "vlan_mode": "trunk", "trunks": [1, 2]})),
    "nothing": (bridge(), bridge(VM, {"name": "tap1"}, {"name": "int0", "type": "internal"})),
    "maps": (
        bridge({**VM, "other_config": {"a": "1", "b": None}}),
        bridge({**VM, "other_config": {"b": "2", "a": None}}),
    ),
    "bond and ports": (
        bridge({"name": "eth1", **PLAIN}, {"name": "eth2", **PLAIN}),
        bridge({"name": "bond0", "interfaces": ["eth1", "eth2"], "lacp": "active"}),
    ),
    "members": (
        bridge({"name": "bond0", "interfaces": ["eth1", "eth2"]}),
        bridge({"name": "bond0", "interfaces": ["eth2", "eth3"]}, {"name": "eth1"}),
    ),
    "bridge columns": (
        bridge(fail_mode="standalone", protocols=[], rstp_enable=False, controllers=[], other_config={"x": None}),
        bridge(
            fail_mode="secure",
            protocols=["OpenFlow13"],
            rstp_enable=True,
            controllers=[{"target": "ptcp:16653"}],
            other_config={"x": 1},
        ),
    ),
    "meshes": (
        mesh({"name": "web", "key": 1, "tag": 5, "remotes": ["10.0.0.2"]}),
        mesh({"name": "web", "key": 1, "tag": 6, "remotes": ["10.0.0.3"]}, {"name": "db", "remotes": ["10.0.0.2"]}),
    ),
    "swapped keys": (
        mesh({"name": "web", "key": 1, "remotes": ["10.0.0.2"]}, {"name": "db", "key": 2, "remotes": ["10.0.0.2"]}),
        mesh({"name": "web", "key": 2, "remotes": ["10.0.0.2"]}, {"name": "db", "key": 1, "remotes": ["10.0.0.2"]}),
    ),
    "encapsulations": (
        mesh({"name": "web", "key": 1, "remotes": ["10.0.0.2"]}),
        mesh({"name": "web", "key": 1, "remotes": ["10.0.0.2"], "type": "geneve"}),
    ),
    "no limits": (
        limits(),
        limits(
            {"interface": "by-hand", "ingress_policing_rate": "1Mbit", "max_rate": "9Mbit", "queues": {0: {}, 7: {}}}
        ),
    ),
    "limits": (
        limits({"interface": "by-hand", "type": "linux-htb", "max_rate": "9Mbit", "queues": {0: {"max_rate": 9}}}),
        limits({"interface": "by-hand", "type": "linux-hfsc", "max_rate": "8Mbit", "queues": {0: {"dscp": 9}, 1: {}}}),
    ),
    "limits of ports": (
        limits({"interface": "by-hand", "ingress_policing_rate": "1Mbit"}, {"interface": "br0", "max_rate": "9Mbit"}),
        limits({"interface": "br0", "ingress_policing_rate": "1Mbit"}, {"interface": "by-hand", "max_rate": "9Mbit"}),
    ),
    "mirrors": (
        mirrors({"name": "a", "select_all": True, "output_port": "by-hand"}),
        mirrors({"name": "b", "select_src_port": ["br0"], "output_vlan": 900}),
    ),
    "a mirror": (
        mirrors({"name": "a", "select_all": True, "select_vlan": [], "snaplen": "", "output_port": "by-hand"}),
        mirrors({"name": "a", "select_all": True, "select_vlan": [5], "snaplen": 99, "output_vlan": 900}),
    ),
    "exports": (
        exports(sflow={}, ipfix={}),
        exports(
            sflow={"targets": ["192.0.2.9:6343"]},
            ipfix={"targets": ["192.0.2.9:4739"]},
            samples=[{"id": 1, "ipfix": {"targets": ["192.0.2.9:4739"]}}],
        ),
    ),
    "an export": (
        exports(netflow={"targets": ["192.0.2.9:2055"], "active_timeout": 0, "engine_id": ""}),
        exports(netflow={"targets": ["192.0.2.8:2055"], "active_timeout": 60, "engine_id": 7}),
    ),
    "no meshes": (mesh(), mesh({"name": "web", "key": 1, "remotes": ["10.0.0.2"]})),
}


@pytest.mark.parametrize(("there", "back"), PAIRS.values(), ids=PAIRS)
def test_there_and_back(host: Host, there: Task, back: Task) -> None:
    host.bridge(name="br0", owner="dc1")
    host.ovs.vsctl("add-port", "br0", "by-hand", "tag=9")
    host.converge(there[0], **there[1])
    first = host.ovs.state()
    assert host.converge(back[0], **back[1])["changed"]
    assert host.ovs.state() != first
    host.converge(there[0], **there[1])
    assert host.ovs.state() == first


def test_making_and_removing_a_bridge_leaves_nothing(host: Host) -> None:
    before = host.ovs.state()
    controllers = [{"target": "ptcp:16653"}]
    host.bridge(name="br0", owner="dc1", controllers=controllers, ports=[{"name": "bond0", "interfaces": ["a", "b"]}])
    host.mesh(bridge="br0", owner="dc1", name="web", remotes=["10.0.0.2"])
    host.converge("ovs_bridge", name="br0", owner="dc1", state="absent")
    assert host.ovs.state() == before
