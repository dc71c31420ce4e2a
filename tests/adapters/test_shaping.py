# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ports may send and receive, on a real Open vSwitch: units, queues, warnings, whose it is, and what is left."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from host import Host
from module_runner import Result

NOBODY = "nobody (no tenantry-owner in its external_ids); remove it by hand, or take it over with adopt: true"
UNPOLICED = [0, 0, 0, 0]
HTB = {"type": "linux-htb", "max_rate": "10Mbit"}
OURS = {"tenantry-qos": "tap0"}


@pytest.fixture
def bridge(host: Host) -> Host:
    """A host with br0 in the kernel's datapath, and in br1 one of the userspace datapath."""
    ports = [{"name": "tap0"}, {"name": "tap1"}, {"name": "bond0", "interfaces": ["eth1", "eth2"]}]
    host.bridge(name="br0", ports=ports)
    host.bridge(name="br1", datapath_type="netdev", ports=[{"name": "user0"}])
    return host


def converge(host: Host, interface: str | None = "tap0", **options: Any) -> Result:
    named = {} if interface is None else {"interface": interface}
    return host.converge("ovs_qos", **named, **options)


def policing(host: Host, interface: str = "tap0") -> list[int]:
    row = host.interface(interface)
    return [row[f"ingress_policing_{column}"] for column in ("rate", "burst", "kpkts_rate", "kpkts_burst")]


def qos(host: Host, port: str = "tap0") -> dict[str, Any] | None:
    """Return type, other_config and external_ids of a port's QoS, and its queues by number, None if it has none."""
    reference = host.port(port)["qos"]
    if reference is None:
        return None
    rows = {row["_uuid"][1]: row for table in ("QoS", "Queue") for row in host.ovs.rows(table)}
    queues = {number: plain(rows[uuid]) for number, (word, uuid) in rows[reference[1]]["queues"][1]}
    return {**plain(rows[reference[1]]), **({"queues": queues} if queues else {})}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    maps = {column: dict(value[1]) for column, value in row.items() if column in ("other_config", "external_ids")}
    scalars = {
        column: value for column, value in row.items() if column in ("type", "dscp") and isinstance(value, (int, str))
    }
    return {**scalars, **{column: value for column, value in maps.items() if value}}


# -- what may be sent --------------------------------------------------------------------------------------------------


def test_the_two_lines_of_the_talk_and_what_is_wrong_with_them(bridge: Host) -> None:
    result = converge(bridge, ingress_policing_rate=1000, ingress_policing_burst=100)
    assert policing(bridge) == [1000, 100, 0, 0]
    assert result["warnings"] == [
        "interface tap0: ingress_policing_burst 100kbit is 10 % of the rate, so that TCP will stay far below 1Mbit; "
        "write at least 800kbit, or leave it out"
    ]
    assert result["diff"]["after"] == {
        "interfaces": {"tap0": {"ingress_policing_rate": "1Mbit", "ingress_policing_burst": "100kbit"}}
    }
    assert policing(bridge, "tap1") == UNPOLICED


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ingress_policing_rate": "100Mbit"}, [100000, 80000, 0, 0]),
        ({"ingress_policing_rate": "10kbit"}, [10, 12, 0, 0]),
        ({"ingress_policing_rate": "5MB/s", "ingress_policing_burst": "64KiB"}, None),
        ({"ingress_policing_rate": 3, "ingress_policing_burst": "512kB"}, [3, 4096, 0, 0]),
        ({"ingress_policing_kpkts_rate": 10}, [0, 0, 10, 8]),
        ({"ingress_policing_kpkts_rate": 10, "ingress_policing_kpkts_burst": 1}, [0, 0, 10, 1]),
        ({"ingress_policing_burst": "1Mbit"}, [0, 1000, 0, 0]),
    ],
)
def test_rates_as_people_write_them(bridge: Host, options: dict[str, Any], expected: list[int] | None) -> None:
    if expected is None:
        assert "'64KiB' is no whole number of kbit" in bridge.run("ovs_qos", interface="tap0", **options).message
    else:
        converge(bridge, **options)
        assert policing(bridge) == expected


def test_a_limit_is_lifted_by_nothing_and_left_alone_by_silence(bridge: Host) -> None:
    converge(bridge, ingress_policing_rate="1Mbit", ingress_policing_kpkts_rate=5)
    converge(bridge, **HTB)
    assert policing(bridge) == [1000, 800, 5, 4]
    converge(bridge, ingress_policing_rate="")
    assert policing(bridge) == [0, 0, 5, 4]
    converge(bridge, ingress_policing_kpkts_rate=0)
    assert policing(bridge) == UNPOLICED


def test_a_burst_of_nothing_is_what_open_vswitch_makes_of_it(bridge: Host) -> None:
    assert not converge(bridge, ingress_policing_rate="10Mbit", ingress_policing_burst="")["warnings"]
    (warning,) = converge(bridge, ingress_policing_rate="20Mbit", ingress_policing_burst=0)["warnings"]
    assert "ingress_policing_burst 8Mbit is 40 % of the rate" in warning


# -- what may be received ----------------------------------------------------------------------------------------------


def test_queues_with_all_that_they_can_have(bridge: Host) -> None:
    first = {"min_rate": "1Mbit", "max_rate": "10Mbit", "burst": "64kbit", "priority": 1, "dscp": 46}
    converge(bridge, **HTB, queues={0: first, 7: {"min_rate": 2000000, "external_ids": {"class": "gold"}}})
    config = {"min-rate": "1000000", "max-rate": "10000000", "burst": "64000", "priority": "1"}
    assert qos(bridge) == {
        "type": "linux-htb",
        "other_config": {"max-rate": "10000000"},
        "external_ids": OURS,
        "queues": {
            0: {"other_config": config, "dscp": 46, "external_ids": OURS},
            7: {"other_config": {"min-rate": "2000000"}, "external_ids": {**OURS, "class": "gold"}},
        },
    }


def test_queues_are_complete_and_so_is_each_of_them(bridge: Host) -> None:
    converge(
        bridge, **HTB, queues={0: {"max_rate": "1Mbit", "dscp": 1, "priority": 0}, 1: {}, 2: {"other_config": {"a": 1}}}
    )
    result = converge(bridge, queues={"0": {"min_rate": "1Mbit"}, 2: {"other_config": {"b": 2}}})
    after = qos(bridge)
    assert after
    assert after["queues"] == {
        0: {"other_config": {"min-rate": "1000000"}, "external_ids": OURS},
        2: {"other_config": {"b": "2"}, "external_ids": OURS},
    }
    assert set(result["diff"]["before"]["ports"]["tap0"]["qos"]["queues"]) == {"0", "1", "2"}
    assert len(bridge.ovs.rows("Queue")) == 2
    assert not converge(bridge, max_rate="10Mbit")["changed"], "an omitted mapping is left alone"
    converge(bridge, queues={})
    assert not bridge.ovs.rows("Queue")


@pytest.mark.parametrize(
    "kind", ["linux-hfsc", "linux-sfq", "linux-codel", "linux-fq_codel", "linux-netem", "linux-noop"]
)
def test_every_type_comes_and_goes(bridge: Host, kind: str) -> None:
    before = bridge.ovs.state()
    converge(bridge, type=kind, other_config={"x": 1}, **({"max_rate": "1Mbit"} if kind == "linux-hfsc" else {}))
    after = qos(bridge)
    assert after
    assert after["type"] == kind
    converge(bridge, type="")
    assert bridge.ovs.state() == before


def test_a_port_that_says_no_type_gets_htb_and_hears_of_the_limit_that_it_has_then(bridge: Host) -> None:
    (warning,) = converge(bridge, queues={0: {}})["warnings"]
    assert warning == (
        "port tap0: without max_rate Open vSwitch takes the speed of the link, or 100Mbit where it knows none; "
        "write max_rate"
    )
    assert not converge(bridge, max_rate="1Gbit")["warnings"]
    assert converge(bridge, max_rate="", other_config={"note": "x"})["diff"]["after"] == {
        "ports": {"tap0": {"qos": {"other_config": {"note": "x"}}}}
    }


def test_a_bond_is_shaped_as_a_port_and_its_members_are_policed(bridge: Host) -> None:
    before = bridge.ovs.state()
    converge(bridge, "bond0", **HTB)
    converge(bridge, "eth1", ingress_policing_rate="1Gbit")
    assert (policing(bridge, "eth1")[0], policing(bridge, "eth2")) == (1000000, UNPOLICED)
    assert converge(bridge, "eth1", state="absent")["changed"]
    assert qos(bridge, "bond0")
    converge(bridge, "bond0", state="absent")
    assert bridge.ovs.state() == before


# -- what would do nothing ---------------------------------------------------------------------------------------------


def test_what_the_datapath_does_not_do_is_recorded_only_when_told_to(bridge: Host) -> None:
    limits = {**HTB, "ingress_policing_rate": "1Mbit", "queues": {7: {"max_rate": "1Mbit"}}}
    assert "2 faults" in bridge.run("ovs_qos", interface="user0", **limits).message
    assert converge(bridge, "user0", **limits, require_effect=False)["warnings"] == [
        "interface user0: its policing would do nothing: the datapath of bridge br1 (netdev) reads frames before they "
        "are policed; limit it by an OpenFlow meter",
        "port user0: its queues other than 0 (7) would limit nothing: in the datapath of bridge br1 (netdev) all "
        "traffic takes queue 0; limit it by an OpenFlow meter",
    ]
    assert bridge.run("ovs_qos", interface="user0", **limits).message, "recorded is not done"
    converge(bridge, "user0", state="absent")


def test_the_userspace_datapath_has_queue_0_and_writes_dscp(bridge: Host) -> None:
    converge(bridge, "user0", max_rate="5Mbit", queues={0: {"max_rate": "1Mbit", "dscp": 12}, 7: {"dscp": 46}})
    bridge.ovs.ofctl("add-flow", "br1", "priority=5,udp,actions=set_queue:7,output:user0")
    bridge.ovs.ofctl("add-flow", "br1", "priority=5,tcp,actions=output:user0")
    for protocol, dscp in (("udp", 46), ("tcp", 12)):
        traced = bridge.ovs.appctl("ofproto/trace", "br1", f"in_port=LOCAL,{protocol},nw_tos=4")
        actions = traced.rpartition("Datapath actions: ")[2].split(",set_queue")[0]
        assert f"set(ipv4(tos={dscp << 2:#x}/0xfc))" in actions, traced
    converge(bridge, "user0", queues={})
    assert "tos=" not in bridge.ovs.appctl("ofproto/trace", "br1", "in_port=LOCAL,udp").rpartition("actions: ")[2]


def test_a_device_that_is_not_there_is_limited_later(real_host: Host) -> None:
    real_host.bridge(name="br0", datapath_type="netdev", ports=[{"name": "tap0"}], require_devices=False)
    (warning,) = converge(real_host, max_rate="5Mbit")["warnings"]
    assert warning.startswith("Not limited yet, Open vSwitch does it when the device appears: interface tap0: ")
    assert not converge(real_host, state="absent")["warnings"]


def test_a_shape_that_the_kernel_lacks_is_reported_on_every_run(real_host: Host) -> None:
    real_host.ovs.run("ip", "link", "add", "tap0", "type", "veth", "peer", "name", "peer0")
    real_host.bridge(name="br0", datapath_type="netdev", ports=[{"name": "tap0"}])
    converge(real_host, **HTB)
    lacking = []
    for kind in ("linux-hfsc", "linux-sfq", "linux-codel", "linux-fq_codel", "linux-netem"):
        failed = [real_host.run("ovs_qos", interface="tap0", type=kind, max_rate="") for dummy in range(2)]
        if real_host.ovs.appctl("qos/show", "tap0").startswith(f"QoS: tap0 {kind}"):
            assert not any(result.get("failed") for result in failed)
            continue
        lacking.append(kind)
        what = f"interface tap0: the kernel did not take type {kind}, see ovs-vswitchd.log"
        assert [what in result.message for result in failed] == [True, True]
        assert [result["changed"] for result in failed] == [True, False]
        assert not real_host.run("ovs_qos", interface="tap0", type=kind, require_effect=False)["changed"]
    if not lacking:
        pytest.skip("this kernel has all of them")


def test_an_interface_that_a_task_before_would_have_made_is_no_fault_of_the_check(bridge: Host) -> None:
    options = {"interface": "tap9", "ingress_policing_rate": "1Mbit", **HTB}
    predicted = bridge.run("ovs_qos", check=True, **options)
    assert (predicted["changed"], set(predicted["diff"]["after"])) == (True, {"ports"})
    what = "interface tap9: no bridge has it; add it first, with tenantry.sdn.ovs_bridge"
    assert bridge.run("ovs_qos", **options).message == what
    assert not converge(bridge, "tap9", state="absent")["changed"]


# -- whose it is -------------------------------------------------------------------------------------------------------


def owned(host: Host, *ports: dict[str, Any], owner: str = "dc1", **options: Any) -> Result:
    return converge(host, None, owner=owner, ports=list(ports), **options)


def test_an_owners_list_is_complete_for_the_owner_alone(bridge: Host) -> None:
    before = bridge.ovs.state()
    converge(bridge, "eth2", ingress_policing_rate="1Gbit")
    owned(bridge, {"interface": "bond0", **HTB}, {"interface": "eth1", "ingress_policing_rate": "9Mbit"}, owner="dc2")
    others = {"eth1": policing(bridge, "eth1"), "eth2": policing(bridge, "eth2"), "bond0": qos(bridge, "bond0")}
    owned(bridge, {"interface": "tap0", "ingress_policing_rate": "1Mbit", **HTB, "queues": {0: {}, 1: {}}})
    owned(bridge, {"interface": "tap1", "ingress_policing_rate": "2Mbit", **HTB})
    assert (policing(bridge), qos(bridge)) == (UNPOLICED, None)
    assert bridge.interface("tap1")["external_ids"] == {"tenantry-policing": "dc1"}
    assert converge(bridge, "tap0", owner="dc1", **HTB)["changed"], "one by itself purges nothing"
    assert policing(bridge, "tap1") == [2000, 1600, 0, 0]
    owned(bridge, allow_empty=True)
    assert others == {"eth1": policing(bridge, "eth1"), "eth2": policing(bridge, "eth2"), "bond0": qos(bridge, "bond0")}
    owned(bridge, owner="dc2", allow_empty=True)
    converge(bridge, "eth2", state="absent")
    assert bridge.ovs.state() == before


def test_policing_and_shaping_are_two_things_of_an_owner(bridge: Host) -> None:
    both = {"interface": "tap0", "ingress_policing_rate": "1Mbit", **HTB}
    owned(bridge, both)
    owned(bridge, {"interface": "tap0", **HTB})
    assert (policing(bridge), bridge.interface("tap0")["external_ids"]) == (UNPOLICED, {})
    owned(bridge, both)
    owned(bridge, {"interface": "tap0", "ingress_policing_rate": "1Mbit"})
    assert (policing(bridge)[0], qos(bridge)) == (1000, None)
    converge(bridge, owner="dc1", **HTB)
    assert policing(bridge)[0] == 1000, "one by itself leaves alone what it does not speak of"


BY_HAND = """
set Port tap0 qos=@q -- set Interface tap0 ingress_policing_rate=5 -- --id=@q create QoS type=linux-htb
external_ids:by=hand other_config:max-rate=9000000 queues=0=@u -- --id=@u create Queue other_config:max-rate=9
"""


def test_with_an_owner_what_others_made_is_taken_over_only_when_told_to(bridge: Host) -> None:
    bridge.ovs.vsctl(*shlex.split(BY_HAND))
    before = bridge.ovs.dump()
    task = {"owner": "dc1", "max_rate": "8Mbit", "ingress_policing_rate": "1Mbit"}
    for check in (True, False):
        message = bridge.run("ovs_qos", check, interface="tap0", **task).message
        assert f"port tap0: its QoS belongs to {NOBODY}" in message
        assert "interface tap0: its policing belongs to nobody (no tenantry-policing in its external_ids)" in message
    assert bridge.ovs.dump() == before
    converge(bridge, **task, adopt=True)
    taken = qos(bridge)
    assert taken
    assert taken["external_ids"] == {"by": "hand", "tenantry-owner": "dc1", **OURS}
    owned(bridge, allow_empty=True)
    assert (qos(bridge), policing(bridge), bridge.ovs.rows("QoS")) == (None, UNPOLICED, [])
    (queue,) = bridge.ovs.rows("Queue")  # the owner never took it over: it listed no queues
    assert plain(queue) == {"other_config": {"max-rate": "9"}}


def test_without_an_owner_the_limits_of_a_port_are_managed_whoever_made_them(bridge: Host) -> None:
    bridge.ovs.vsctl(*shlex.split(BY_HAND))
    uuids = {row["_uuid"][1] for table in ("QoS", "Queue") for row in bridge.ovs.rows(table)}
    assert not converge(bridge, max_rate="9Mbit")["changed"]
    converge(bridge, max_rate="8Mbit", queues={0: {"max_rate": "1Mbit"}})
    assert uuids == {row["_uuid"][1] for table in ("QoS", "Queue") for row in bridge.ovs.rows(table)}
    converge(bridge, state="absent")
    assert not bridge.ovs.rows("QoS") + bridge.ovs.rows("Queue")


SHARED = BY_HAND + "-- set Port tap1 qos=@q"
CHANGES: dict[str, dict[str, Any]] = {
    "the QoS": {"max_rate": "8Mbit"},
    "a queue": {"queues": {0: {"max_rate": "1Mbit"}}},
    "a queue more": {"queues": {0: {"max_rate": "9bit"}, 1: {}}},
    "a queue less": {"queues": {}},
    "all of it": {"state": "absent"},
    "and its owner": {"owner": "dc1", "adopt": True, "max_rate": "9Mbit"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_ports_share_is_never_changed(bridge: Host, change: dict[str, Any]) -> None:
    before = bridge.ovs.state()
    bridge.ovs.vsctl(*shlex.split(SHARED))
    shared = qos(bridge, "tap1")
    assert converge(bridge, **change)["changed"]
    assert qos(bridge, "tap1") == shared
    mine = qos(bridge)
    if mine:
        assert mine["external_ids"] == {**OURS, **({"tenantry-owner": "dc1"} if "owner" in change else {})}
    for port in ("tap0", "tap1"):
        converge(bridge, port, state="absent")
    assert bridge.ovs.state() == before


def test_both_ports_of_a_shared_qos_can_be_changed_at_once(bridge: Host) -> None:
    before = bridge.ovs.state()
    bridge.ovs.vsctl(*shlex.split(SHARED))
    ports = [{"interface": name, "queues": {0: {"max_rate": "1Mbit"}}} for name in ("tap0", "tap1")]
    converge(bridge, None, ports=ports)
    assert len(bridge.ovs.rows("QoS")) == len(bridge.ovs.rows("Queue")) == 2
    converge(bridge, None, ports=[{"interface": "tap0"}, {"interface": "tap1"}], state="absent")
    assert bridge.ovs.state() == before


# -- what is left ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("owner", [None, "dc1"])
@pytest.mark.parametrize("command", ["clear Port tap0 qos", "del-port tap0"])
def test_rows_that_another_program_orphaned_go_with_the_next_task(
    bridge: Host, owner: str | None, command: str
) -> None:
    options = {} if owner is None else {"owner": owner}
    converge(bridge, **HTB, **options, queues={0: {}, 1: {}})
    foreign = "--id=@u create Queue dscp=1 -- --id=@q create QoS type=linux-htb queues=0=@u external_ids:by=hand"
    bridge.ovs.vsctl(*foreign.split())
    bridge.ovs.vsctl(*command.split())
    assert (len(bridge.ovs.rows("QoS")), len(bridge.ovs.rows("Queue"))) == (2, 3)
    converge(bridge, "tap1", **HTB, **options)
    assert len(bridge.ovs.rows("QoS")) == 3, "only of ports that the task names"
    result = converge(bridge, state="absent", **options)
    assert set(result["diff"]["before"]["left_behind"]) == {"QoS", "Queue"}
    assert (len(bridge.ovs.rows("QoS")), len(bridge.ovs.rows("Queue"))) == (2, 1)


def test_a_port_takes_what_ovs_qos_made_with_it(bridge: Host) -> None:
    before = bridge.ovs.state()
    bridge.bridge(name="br0", ports=[{"name": "tap5"}, {"name": "tap6"}, {"name": "tap7"}])
    converge(bridge, "tap5", **HTB, queues={0: {}})
    converge(bridge, "tap6", owner="dc1", **HTB)
    bridge.ovs.vsctl(*shlex.split(BY_HAND.replace("tap0", "tap7")))
    absent = [{"name": name, "state": "absent"} for name in ("tap5", "tap6", "tap7")]
    result = bridge.converge("ovs_bridge", name="br0", ports=absent)
    assert set(result["diff"]["before"]["ports"]["tap5"]["qos"]["queues"]) == {"0"}
    (left,) = bridge.ovs.rows("QoS")  # which another program made, and may still want
    assert plain(left)["external_ids"] == {"by": "hand"}
    bridge.ovs.vsctl("--", "--all", "destroy", "QoS", "--", "--all", "destroy", "Queue")
    assert bridge.ovs.state() == before


def test_a_bridge_takes_what_ovs_qos_made_with_it(bridge: Host) -> None:
    for port in ("tap0", "bond0"):
        converge(bridge, port, **HTB, queues={0: {}})
    bridge.converge("ovs_bridge", name="br0", state="absent")
    assert not bridge.ovs.rows("QoS") + bridge.ovs.rows("Queue")


def test_many_ports_are_one_read_and_one_transaction(bridge: Host) -> None:
    names = [f"t{number}" for number in range(200)]
    bridge.bridge(name="br0", ports=[{"name": name} for name in names])
    ports = [{"interface": name, "ingress_policing_rate": "1Mbit", **HTB, "queues": {0: {}}} for name in names]
    result = owned(bridge, *ports)
    assert len(json.dumps(result["diff"]["after"]["ports"])) > 200 * len("linux-htb")
    owned(bridge, allow_empty=True)
    assert not bridge.ovs.rows("QoS") + bridge.ovs.rows("Queue")
