# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A, then B, then A again is A: of flows, groups and meters nothing of B is left, and others' are never touched."""

from __future__ import annotations

from typing import Any

import pytest
from flow_lab import converge, tables, task
from host import Host

Task = dict[str, Any]
ALL = "group_id=100,type=all,bucket=output:1,bucket=output:2"
SLOW = "meter=100,kbps,bands=type=drop,rate=100"
# One flow of each kind of the fabric's own pipeline: registers, conntrack, clone, resubmit, move, learning.
PIPELINE = [
    "cookie=0x100000001,table=0,priority=100,in_port=1,actions=set_field:7->reg1,set_field:9->reg5,"
    "set_field:0x50000/0xffff0000->reg0,set_field:1->reg2,goto_table:10",
    "table=0,priority=100,in_port=2,actions=set_field:7->reg1,set_field:1/1->reg0,"
    "clone(move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],NORMAL),goto_table:40",
    "table=0,priority=100,in_port=3,tun_src=192.0.2.1,actions=goto_table:5",
    "table=5,priority=100,tun_id=5001,actions=set_field:7->reg1,goto_table:40",
    "table=10,priority=100,in_port=1,vlan_tci=0x0000,dl_src=52:54:00:00:00:01,arp,arp_op=1,arp_spa=10.1.1.20,"
    "arp_sha=52:54:00:00:00:01,actions=goto_table:30",
    "table=10,priority=100,in_port=1,vlan_tci=0x0000,dl_src=52:54:00:00:00:01,udp,nw_src=0.0.0.0,"
    "nw_dst=255.255.255.255,tp_src=68,tp_dst=67,actions=goto_table:30",
    "table=10,priority=110,in_port=1,icmp6,ipv6_src=fe80::5054:ff:fe00:1,icmp_type=135,icmp_code=0,"
    "nd_sll=52:54:00:00:00:01,ip_frag=no,actions=goto_table:30",
    "table=20,priority=100,udp6,tp_src=547,tp_dst=546,actions=drop",
    "table=30,priority=100,reg1=7,arp,arp_op=1,arp_tpa=10.1.1.21,actions=move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],"
    "set_field:52:54:00:00:00:02->eth_src,set_field:2->arp_op,move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[],"
    "move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[],set_field:52:54:00:00:00:02->arp_sha,set_field:10.1.1.21->arp_spa,IN_PORT",
    "table=40,priority=90,tcp,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,actions=set_field:2/2->reg0,"
    "ct(table=50,zone=NXM_NX_REG0[16..31])",
    "table=40,priority=90,ipv6,nw_proto=44,actions=ct(table=50,zone=NXM_NX_REG0[16..31])",
    "table=50,priority=120,ct_state=+trk+inv,actions=drop",
    "table=50,priority=100,ct_state=+trk+rpl,actions=set_field:4/4->reg0,move:NXM_NX_REG2[]->NXM_NX_REG4[],"
    "resubmit(,60),resubmit(,65)",
    "table=60,priority=100,reg4=1,actions=set_field:0x5->xxreg2,set_field:0->xxreg3,resubmit(,61)",
    "table=61,priority=100,ct_state=+trk-inv,reg0=4/4,reg1=7,ip,ct_nw_src=10.1.1.22,actions=set_field:2->xxreg3,"
    "resubmit(,62)",
    "table=62,priority=100,ct_state=+trk-inv,reg0=0/4,reg5=9,xxreg2=0x1/0x1,xxreg3=0x2/0x2,ip,ct_nw_proto=6,"
    "ct_tp_dst=80,ct_nw_src=10.0.0.0/8,actions=set_field:8/8->reg0",
    "table=70,priority=90,reg1=7,reg0=0/1,dl_dst=52:54:00:00:00:03,actions=set_field:5001->tun_id,"
    "set_field:192.0.2.2->tun_dst,set_field:3->reg3,resubmit(,90)",
    "table=90,priority=100,ip,ct_state=+trk+new,reg0=0/2,actions=ct(commit,zone=NXM_NX_REG0[16..31]),resubmit(,91)",
    "table=91,priority=100,reg3=0,reg1=7,actions=push_vlan:0x8100,set_field:4108->vlan_vid,"
    "set_field:65534->in_port,NORMAL",
    "table=91,priority=90,actions=output:NXM_NX_REG3[]",
    "table=92,actions=learn(table=93,cookie=0x1,hard_timeout=60,NXM_OF_VLAN_TCI[0..11],"
    "NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])",
]
PAIRS = {
    "actions": (task("priority=5,actions=drop"), task("priority=5,actions=NORMAL")),
    "nothing": (task(allow_empty=True), task("priority=5,actions=drop", "table=3,actions=drop")),
    "match and timeouts": (
        task("priority=5,tcp,tp_dst=80,idle_timeout=600,actions=drop"),
        task("priority=5,tcp,tp_dst=81,actions=drop", "priority=5,tcp,tp_dst=80,send_flow_rem,actions=drop"),
    ),
    "flags": (
        task("send_flow_rem,actions=drop", "table=1,send_flow_rem,importance=1,actions=drop"),
        task("actions=drop", "table=1,send_flow_rem,importance=2,actions=drop"),
    ),
    "cookies": (task("cookie=0x1,actions=drop"), task("cookie=0x2,actions=drop")),
    "pipeline": (task(*PIPELINE), task(*[flow.replace("priority=100", "priority=101") for flow in PIPELINE])),
    "groups": (
        task("actions=group:100", groups=[ALL]),
        task("actions=group:101", groups=["group_id=101,type=indirect,bucket=output:LOCAL"]),
    ),
    "group types": (
        task("actions=group:100", groups=[ALL]),
        task("actions=group:100", groups=["group_id=100,type=select,selection_method=hash,fields(ip_dst),bucket=drop"]),
    ),
    "meters": (
        task("actions=meter:100,output:1", meters=[SLOW]),
        task("actions=output:1", meters=[SLOW.replace("=100", "=101"), SLOW.replace("rate=100", "rate=200")]),
    ),
    "everything": (
        task(allow_empty=True, groups=[], meters=[]),
        task("actions=meter:100,group:100", groups=[ALL], meters=[SLOW]),
    ),
}


@pytest.mark.parametrize(("there", "back"), PAIRS.values(), ids=PAIRS)
def test_there_and_back(host: Host, there: Task, back: Task) -> None:
    ports = [{"name": f"tap{number}", "ofport_request": number} for number in (1, 2, 3)]
    host.bridge(name="br0", fail_mode="secure", ports=ports)
    host.ovs.ofctl("add-group", "br0", "group_id=9,type=all,bucket=output:1")
    host.ovs.ofctl("add-flow", "br0", "cookie=0x9,table=9,actions=group:9")
    converge(host, **there)
    first = tables(host)
    assert converge(host, **back)["changed"]
    assert tables(host) != first
    converge(host, **there)
    assert tables(host) == first
