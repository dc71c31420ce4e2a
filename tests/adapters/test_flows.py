# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""of_flow on a real switch: what it installs, keeps, takes away and leaves alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flow_lab import COOKIE, IDS, VALUE, converge, packets, tables, task
from host import Host
from private_ovs import eventually

from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS

TALK = [
    "table=0,priority=200,ip,nw_src=10.0.0.66,actions=drop",
    "priority=100,in_port=tap1,actions=output:tap2",
    "priority=100,in_port=tap2,ip,actions=mod_nw_src:10.0.0.1,output:tap1",
    "priority=50,arp,actions=controller",
    "priority=0,actions=NORMAL",
]
TALK_IN_THE_SWITCH = [
    "priority=0 actions=NORMAL",
    "priority=100,in_port=1 actions=output:2",
    "priority=100,ip,in_port=2 actions=set_field:10.0.0.1->ip_src,output:1",
    "priority=200,ip,nw_src=10.0.0.66 actions=drop",
    "priority=50,arp actions=CONTROLLER:65535",
]
FAIL_OVER = {"group_id": 100, "type": "fast_failover", "buckets": ["watch_port:tap1,output:tap1", "watch_port:2,2"]}
POLICER = "meter=100,kbps,burst,stats,bands=type=drop,rate=1000,burst_size=100"
FRAME = "in_port(1),eth(src=52:54:00:00:00:01,dst=52:54:00:00:00:02),eth_type(0x1234)"


@pytest.fixture(autouse=True)
def bridge(host: Host) -> None:
    ports = [{"name": f"tap{number}", "ofport_request": number} for number in (1, 2, 3)]
    host.bridge(name="br0", fail_mode="secure", ports=ports)


def count(**counts: int) -> dict[str, int]:
    return {"wanted": 0, "added": 0, "changed": 0, "removed": 0, **counts}


def test_flows_come_change_and_go(host: Host) -> None:
    added = converge(host, **task(*TALK))
    assert added["counts"] == {"flows": count(wanted=5, added=5), "groups": count(), "meters": count()}
    assert tables(host)["flows"] == [f" cookie={VALUE:#x}, {flow}" for flow in TALK_IN_THE_SWITCH]
    changed = converge(host, **task("priority=100,in_port=tap1,actions=output:tap3", *TALK[2:]))
    assert changed["counts"]["flows"] == count(wanted=4, changed=1, removed=1)
    assert changed["diff"] == {
        "before": "cookie=0x7e4a000000000000,priority=100,in_port=1,actions=output:2\n"
        "cookie=0x7e4a000000000000,priority=200,ip,nw_src=10.0.0.66,actions=drop\n",
        "after": "cookie=0x7e4a000000000000,priority=100,in_port=1,actions=output:3\n",
    }
    gone = converge(host, bridge="br0", cookie=task()["cookie"], state="absent")
    assert gone["counts"]["flows"] == count(removed=4)
    assert tables(host)["flows"] == []


def test_a_mapping_is_the_text_that_it_stands_for(host: Host) -> None:
    texts = [
        "table=3,priority=10,in_port=tap1,tcp,tp_dst=80,actions=set_field:1->reg0,resubmit(,4)",
        "table=4,cookie=0x5,idle_timeout=300,importance=7,actions=drop",
        "table=5,priority=1,ip,nw_dst=10.0.0.0/8,actions=output:LOCAL",
    ]
    mappings = [
        {
            "table": 3,
            "priority": "10",
            "match": {"in_port": "tap1", "tcp": None, "tp_dst": 80},
            "actions": ["set_field:1->reg0", "resubmit(,4)"],
        },
        {"table": 4, "cookie": "0x5", "idle_timeout": 300, "importance": 7, "actions": "drop"},
        {"table": 5, "priority": 1, "match": "ip,nw_dst=10.0.0.0/8", "actions": "output:LOCAL"},
    ]
    converge(host, **task(*texts))
    assert not converge(host, **task(*mappings))["changed"]


def test_flows_of_others_stay(host: Host) -> None:
    for flow in ("cookie=0x5,priority=7,actions=drop", "priority=8,actions=NORMAL"):
        host.ovs.ofctl("add-flow", "br0", flow)
    theirs = tables(host)["flows"]
    converge(host, **task(*TALK))
    assert set(theirs) < set(tables(host)["flows"])
    converge(host, **task(allow_empty=True))
    assert tables(host)["flows"] == theirs


def test_a_flow_of_another_in_the_way_is_an_error(host: Host) -> None:
    host.ovs.ofctl("add-flow", "br0", "cookie=0x5,priority=0,actions=drop")
    before = tables(host)
    for check in (True, False):
        assert host.run("of_flow", check, **task(*TALK)).message == (
            "flows[4]: bridge br0 has a flow there with cookie 0x5, which is not the owner's: "
            "cookie=0x5,priority=0,actions=drop; choose another priority or match, or remove that flow first"
        )
    assert tables(host) == before


def test_two_owners_and_a_cookie_of_ones_own(host: Host) -> None:
    converge(host, **task("cookie=0x15,priority=5,actions=drop", "cookie=0x7e4a000000000016,priority=6,actions=drop"))
    other = task("priority=7,actions=drop", cookie="0x7e4b000000000000/0xffff000000000000")
    converge(host, **other)
    assert [flow.split(",")[0] for flow in tables(host)["flows"]] == [
        " cookie=0x7e4a000000000015",
        " cookie=0x7e4a000000000016",
        " cookie=0x7e4b000000000000",
    ]
    converge(host, **task(allow_empty=True))
    assert tables(host)["flows"] == [" cookie=0x7e4b000000000000, priority=7 actions=drop"]


def test_without_purge_what_is_not_listed_stays(host: Host) -> None:
    converge(host, **task(*TALK))
    changed = converge(host, **task("priority=0,actions=drop", purge=False))
    assert changed["counts"]["flows"] == count(wanted=1, changed=1)
    assert len(tables(host)["flows"]) == 5


def test_what_is_omitted_is_left_alone(host: Host) -> None:
    converge(host, **task("actions=meter:100,group:100", groups=[FAIL_OVER], meters=[POLICER]))
    before = tables(host)
    nothing = {"bridge": "br0", "cookie": task()["cookie"]}
    assert not converge(host, **nothing, **IDS)["changed"]
    assert not converge(host, **nothing, **IDS, groups=[FAIL_OVER])["changed"]
    assert tables(host) == before
    converge(host, **nothing, state="absent")
    assert tables(host) == {**before, "flows": []}


def test_flows_that_stay_keep_their_counters(host: Host) -> None:
    converge(host, **task("in_port=1,actions=output:2", "priority=1,actions=drop", groups=[FAIL_OVER]))
    for dummy in range(3):
        host.ovs.appctl("netdev-dummy/receive", "tap1", FRAME)
    eventually(lambda: packets(host, "in_port=1") == 3, "the count of three packets")
    converge(host, **task("in_port=1,actions=output:2", "priority=1,actions=normal", groups=[]), allow_empty=True)
    assert packets(host, "in_port=1") == 3


def test_groups_and_meters_that_stay_keep_their_counters_and_a_group_that_changes_starts_anew(host: Host) -> None:
    flow, group = "in_port=1,actions=meter:100,group:100", "group_id=100,type=all,bucket=output:2,bucket=output:3"
    converge(host, **task(flow, groups=[group], meters=[POLICER]))
    for dummy in range(3):
        host.ovs.appctl("netdev-dummy/receive", "tap1", FRAME)
    eventually(lambda: counted(host) == (3, 3, 3), "the count of three packets")
    more = {
        "groups": [group, "group_id=101,type=indirect,bucket=output:2"],
        "meters": [POLICER, "meter=101,pktps,bands=type=drop,rate=5"],
    }
    converge(host, **task(flow, "priority=1,actions=drop", **more))
    assert counted(host) == (3, 3, 3)
    converge(host, **task(flow, groups=[f"{group},bucket=output:LOCAL"], meters=[POLICER]))
    assert counted(host) == (0, 0, 3)


def counted(host: Host) -> tuple[int, ...]:
    """Return the packets that group 100, its first bucket, and meter 100 have had."""
    stats = host.ovs.ofctl("dump-group-stats", "br0", "group_id=100") + host.ovs.ofctl(
        "meter-stats", "br0", "meter=100"
    )
    patterns = (r"ref_count=\d+,packet_count=(\d+)", r"bucket0:packet_count=(\d+)", r"packet_in_count:(\d+)")
    return tuple(int(number) for pattern in patterns for number in re.findall(pattern, stats))


def test_groups_and_meters_come_before_what_uses_them_and_go_after(host: Host) -> None:
    flow = "in_port=1,actions=meter:100,group:100"
    balancer = "group_id=101,type=select,selection_method=dp_hash,bucket=tap1,bucket=weight:5,group:100"
    converge(host, **task(flow, groups=[balancer, FAIL_OVER], meters=[POLICER]))
    assert tables(host)["groups"] == [
        " group_id=100,type=ff,bucket=bucket_id:0,watch_port:1,actions=output:1,"
        "bucket=bucket_id:1,watch_port:2,actions=output:2",
        " group_id=101,type=select,selection_method=dp_hash,bucket=bucket_id:0,actions=output:1,"
        "bucket=bucket_id:1,weight:5,actions=group:100",
    ]
    faster = {"meter_id": 100, "flags": ["kbps"], "bands": [{"type": "drop", "rate": 2000}]}
    changed = converge(host, **task(flow, groups=[{**FAIL_OVER, "type": "all", "buckets": ["3"]}], meters=[faster]))
    assert changed["counts"]["groups"] == count(wanted=1, changed=1, removed=1)
    assert changed["counts"]["meters"] == count(wanted=1, changed=1)
    assert tables(host)["flows"] == [f" cookie={VALUE:#x}, in_port=1 actions=meter:100,group:100"]
    converge(host, **task(state="absent"))
    assert tables(host) == {"flows": [], "groups": [], "meters": []}


def test_groups_and_meters_of_others_stay(host: Host) -> None:
    host.ovs.ofctl("add-group", "br0", "group_id=99,type=all,bucket=output:1")
    host.ovs.ofctl("add-meter", "br0", "meter=200,pktps,bands=type=drop,rate=5")
    before = tables(host)
    converge(host, **task("actions=group:99", groups=[FAIL_OVER], meters=[POLICER]))
    converge(host, **task(state="absent"))
    assert tables(host) == before


def test_a_group_that_others_use_stays(host: Host) -> None:
    """With a group the switch would remove the flows that use it, whoever's they are."""
    converge(host, **task("actions=group:100", groups=[FAIL_OVER]))
    host.ovs.ofctl("add-flow", "br0", "cookie=0x5,table=9,priority=3,actions=group:100")
    before = tables(host)
    assert host.run("of_flow", **task("actions=drop", groups=[], allow_empty=True)).message == (
        "flow table=9,priority=3 of bridge br0: it uses group 100, and would vanish with it; keep it, or remove its "
        "users first"
    )
    assert tables(host) == before


def test_what_the_switch_refuses_leaves_nothing_behind(host: Host) -> None:
    converge(host, **task("priority=1,actions=drop", meters=[POLICER]))
    limit = ["--id=@two", "create", "Flow_Table", "flow_limit=2", "--", "set", "Bridge", "br0", "flow_tables:0=@two"]
    host.ovs.vsctl(*limit)
    before = tables(host)
    faster = POLICER.replace("rate=1000", "rate=2000")
    new = "meter=101,pktps,bands=type=drop,rate=5"
    flows = [f"priority={number},actions=meter:101,group:100" for number in (1, 2, 3)]
    refused = host.run("of_flow", **task(*flows, groups=[FAIL_OVER], meters=[faster, new]))
    assert refused.message == (
        "Bridge br0 refused the change, and nothing of it was made: OFPFMFC_TABLE_FULL for flows[2]."
    )
    assert tables(host) == before


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_version_of_openflow(host: Host, protocol: str) -> None:
    flows = ["priority=5,ip,nw_src=10.0.0.0/24,actions=mod_nw_dst:10.0.0.9,output:tap2", "table=1,actions=group:100"]
    groups = ["group_id=100,type=select,bucket=weight:3,output:1,bucket=weight:4,output:2"]
    whose = {"bridge": "br0", "cookie": COOKIE, "group_ids": "100-199", "protocol": protocol}
    converge(host, **whose, flows=flows, groups=groups)
    assert len(tables(host)["flows"]) == 2
    converge(host, **whose, flows=flows[:1], groups=[], allow_empty=True)
    assert not converge(host, **{**whose, "protocol": "OpenFlow15"}, flows=flows[:1])["changed"]


def test_the_version_is_the_newest_that_the_bridge_speaks(host: Host) -> None:
    host.bridge(name="br0", protocols=["OpenFlow10", "OpenFlow13"])
    assert host.run("of_flow", **task("actions=meter:100", meters=[POLICER]))["changed"]
    assert not host.run("of_flow", **task("actions=meter:100", meters=[POLICER]))["changed"]
    assert host.run("of_flow_info", bridge="br0")["protocol"] == "OpenFlow13"
    assert host.run("of_flow", **task("actions=drop", protocol="OpenFlow14")).message == (
        "Bridge br0 does not speak OpenFlow14, but OpenFlow10, OpenFlow13. Set protocol to one of these, or let "
        "tenantry.sdn.ovs_bridge set protocols."
    )


def test_a_version_without_bundles_on_a_bridge_that_has_one_with_them(host: Host) -> None:
    """What is read in the one goes as a bundle in the other."""
    host.bridge(name="br0", protocols=["OpenFlow10", "OpenFlow13"])
    wanted = task(*TALK, "table=1,actions=group:100", groups=[FAIL_OVER], protocol="OpenFlow10")
    assert converge(host, **wanted)["warnings"] == []


def test_a_bridge_that_is_not_there_yet(host: Host) -> None:
    missing = task(*TALK, "priority=3,in_port=tap9,actions=NORMAL", bridge="br9", groups=[FAIL_OVER])
    assert host.run("of_flow", check=True, **missing)["counts"]["flows"] == count(wanted=6, added=6)
    lossy = task("nw_src=10.0.0.1,actions=output:tap9", bridge="br9")
    assert "nw_src=10.0.0.1" in host.run("of_flow", check=True, **lossy).message
    dangling = task("actions=group:7", bridge="br9", protocol="OpenFlow10")
    assert "it uses group 7, which is not there" in host.run("of_flow", check=True, **dangling).message
    expected = "Bridge br9 does not exist. Create it first, with tenantry.sdn.ovs_bridge."
    assert host.run("of_flow", **missing).message == expected
    assert not host.run("of_flow", **task(bridge="br9", state="absent"))["changed"]


def test_what_is_there_is_returned_as_a_task_would_list_it(host: Host) -> None:
    wanted = task(*TALK, "cookie=0x5,table=7,actions=meter:100,group:100", groups=[FAIL_OVER], meters=[POLICER])
    converge(host, **wanted)
    host.ovs.ofctl("add-flow", "br0", "cookie=0x9,table=9,actions=drop")
    whose = {option: wanted[option] for option in ("bridge", "cookie", "group_ids", "meter_ids")}
    found = host.run("of_flow_info", **whose)
    assert found["protocol"] == "OpenFlow15"
    assert found["flows"][0] == "cookie=0x5,table=7,actions=meter:100,group:100"
    lists = {option: found[option] for option in ("flows", "groups", "meters")}
    assert not converge(host, **whose, **lists)["changed"]
    everybody = host.run("of_flow_info", bridge="br0")
    assert "cookie=0x9,table=9,actions=drop" in everybody["flows"]
    assert len(everybody["flows"]) == len(found["flows"]) + 1


def test_no_spelling_that_open_vswitch_keeps_is_refused(host: Host) -> None:
    lines = Path(__file__).with_name("accepted_flows.txt").read_text(encoding="utf-8").splitlines()
    flows = [f"table={table},{line}" for table, line in enumerate(line for line in lines if not line.startswith("#"))]
    assert len(flows) > 100
    assert converge(host, **task(*flows))["counts"]["flows"] == count(wanted=len(flows), added=len(flows))
