# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the infos return is what the modules take: given back it changes nothing, and brings back what was."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from host import Host

# What others leave behind, some of it such as no module of ours would: a key in hexadecimal, an unknown type of QoS, a
# controller by its name, a burst smaller than a packet, a priority that the kernel does not have, a name beyond ASCII.
FOREIGN = """
add-br br-ex -- set Bridge br-ex fail_mode=secure external_ids:bridge-id=br-ex datapath_type=system flood_vlans=7
-- add-port br-ex phy0 trunks=1,2,3 -- set Interface phy0 ingress_policing_rate=1000 ingress_policing_burst=1
-- add-port br-ex odd vlan_mode=access
-- add-bond br-ex bond-ex e0 e1 lacp=active
-- add-port br-ex vx-ex -- set Interface vx-ex type=vxlan options:remote_ip=10.9.9.9 options:key=0x77
-- set-controller br-ex ptcp:16653 tcp:controller.example:6653
-- set Port phy0 qos=@q -- --id=@q create QoS type=linux-htb queues=0=@u
-- --id=@u create Queue other_config:max-rate=9 other_config:priority=99 external_ids:x=y
-- set Port odd qos=@odd -- --id=@odd create QoS type=trtcm-policer other_config:max-rate=9
-- --id=@p get Port phy0 -- --id=@m create Mirror name=m0 select_all=true output_port=@p -- set Bridge br-ex mirrors=@m
-- --id=@s create sFlow targets='"127.0.0.1:9"' agent=lo header=3 -- set Bridge br-ex sflow=@s
-- --id=@n create NetFlow targets='"collector.example:9"' -- set Bridge br-ex netflow=@n
-- add-br brücke
-- add-port br0 by-hand tag=9 -- set Interface by-hand external_ids:iface-id=u
"""
MODULES = {"ovs_bridge": "bridges", "ovs_mirror": "bridges", "ovs_flow_export": "bridges", "ovs_qos": "ports"}


@pytest.fixture
def crowd(host: Host) -> Host:
    """A host with something of everybody."""
    host.bridge(name="br0", owner="dc1", ports=[{"name": "tap0"}, {"name": "tap1"}], rstp_enable=True)
    host.mesh(bridge="br0", name="web", remotes=["10.0.0.2"], key=1, bfd={"enable": True}, psk="canary")
    queues = {0: {"max_rate": "1Mbit", "dscp": 3}, 7: {"min_rate": "1kbit", "external_ids": {"class": "gold"}}}
    host.run("ovs_qos", interface="tap0", owner="dc1", max_rate="1Mbit", ingress_policing_rate="3Mbit", queues=queues)
    far = {"name": "far", "select_src_port": ["tap0"], "select_vlan": [5], "output_vlan": 900, "snaplen": 100}
    host.run("ovs_mirror", bridge="br0", owner="dc1", mirrors=[far])
    samples = [{"id": 1, "ipfix": {"targets": ["192.0.2.9:4739"]}}]
    host.run("ovs_flow_export", bridge="br0", owner="dc1", samples=samples, netflow={"targets": ["192.0.2.9:2055"]})
    host.ovs.vsctl(*shlex.split(FOREIGN))
    return host


def described(host: Host, module: str, **options: Any) -> list[dict[str, Any]]:
    """Return the tasks that an info returns."""
    before = host.ovs.dump()
    result = host.run(f"{module}_info", **options)
    assert result["changed"] is False
    assert host.ovs.dump() == before
    assert "canary" not in result.output + result.log
    found: list[dict[str, Any]] = result[MODULES[module]]
    return [{"ports": found}] if module == "ovs_qos" else found


@pytest.mark.parametrize("module", MODULES)
def test_given_back_it_changes_nothing(crowd: Host, module: str) -> None:
    tasks = described(crowd, module)
    assert tasks
    for task in tasks:
        result = crowd.run(module, **task)
        assert (result.get("msg"), result["changed"]) == (None, False)


@pytest.mark.parametrize("module", MODULES)
def test_given_back_later_it_brings_back_what_was(crowd: Host, module: str) -> None:
    before = crowd.ovs.state()
    tasks = described(crowd, module)
    undo: dict[str, dict[str, Any]] = {
        "ovs_bridge": {"name": "br0", "rstp_enable": False, "ports": [{"name": "by-hand", "tag": 8}]},
        "ovs_mirror": {"bridge": "br0", "name": "far", "select_vlan": [], "snaplen": ""},
        "ovs_flow_export": {"bridge": "br0", "netflow": {"active_timeout": 5}, "sflow": {"targets": ["192.0.2.1:1"]}},
        "ovs_qos": {"interface": "tap0", "ingress_policing_rate": 0, "max_rate": "", "queues": {1: {}}},
    }
    assert crowd.run(module, **undo[module])["changed"]
    changed = [crowd.run(module, **task)["changed"] for task in tasks]
    assert any(changed)
    assert crowd.ovs.state() == before or module == "ovs_qos"
    assert described(crowd, module) == tasks


def test_of_an_owner_only_what_is_the_owners(crowd: Host) -> None:
    (bridge,) = described(crowd, "ovs_bridge", owner="dc1")
    assert (bridge["name"], [port["name"] for port in bridge["ports"]]) == ("br0", ["tap0", "tap1"])
    assert [task["mirrors"] != [] for task in described(crowd, "ovs_mirror", owner="dc1")] == [False, True]
    (export,) = described(crowd, "ovs_flow_export", owner="dc1", bridge="br0")
    assert [sample["id"] for sample in export["samples"]] == [1]
    assert [port["interface"] for port in described(crowd, "ovs_qos", owner="dc1")[0]["ports"]] == ["tap0"]
    for module in ("ovs_mirror", "ovs_flow_export", "ovs_qos"):
        for task in described(crowd, module, owner="dc1"):
            assert not crowd.run(module, owner="dc1", allow_empty=True, **task)["changed"]


def test_limits_in_the_words_of_a_task(crowd: Host) -> None:
    (task,) = described(crowd, "ovs_qos", interfaces=["tap0", "tap1", "never", "bond-ex", "e0"])
    unpoliced = {
        **{"ingress_policing_rate": "0bit", "ingress_policing_burst": "0bit"},
        **{"ingress_policing_kpkts_rate": 0, "ingress_policing_kpkts_burst": 0},
    }
    assert task["ports"] == [
        {"interface": "bond-ex", "type": ""},
        {"interface": "e0", **unpoliced},
        {
            "interface": "tap0",
            **unpoliced,
            **{"ingress_policing_rate": "3Mbit", "ingress_policing_burst": "2400kbit"},
            **{"type": "linux-htb", "max_rate": "1Mbit"},
            "queues": {
                "0": {"max_rate": "1Mbit", "dscp": 3, "external_ids": {}},
                "7": {"min_rate": "1kbit", "dscp": "", "external_ids": {"class": "gold"}},
            },
        },
        {"interface": "tap1", **unpoliced, "type": ""},
    ]


def test_a_bridge_in_the_words_of_a_task(crowd: Host) -> None:
    (bridge,) = described(crowd, "ovs_bridge", name="br-ex")
    assert (bridge["fail_mode"], bridge["datapath_type"], bridge["flood_vlans"]) == ("secure", "", [7])
    assert "controllers" not in bridge, "one of them is such as ovs_bridge would refuse, and the list is complete"
    ports = {port["name"]: port for port in bridge["ports"]}
    assert ports["phy0"]["trunks"] == [1, 2, 3]
    assert [member["name"] for member in ports["bond-ex"]["interfaces"]] == ["e0", "e1"]
    assert (ports["vx-ex"]["type"], "options" in ports["vx-ex"]) == ("vxlan", False)
    (tunnel,) = [port for port in described(crowd, "ovs_bridge", name="br0")[0]["ports"] if "gr-" in port["name"]]
    assert tunnel["interfaces"][0]["options"] == {"key": "1", "remote_ip": "10.0.0.2"}
    assert described(crowd, "ovs_bridge", name="never") == []
