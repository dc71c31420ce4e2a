# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a flow's text and of what Open vSwitch made of it. More of it in tests/adapters/wrong_flows.txt."""

from __future__ import annotations

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_check import faults_of, group_faults_of

KEPT = [
    ("tcp,nw_src=10.0.0.1,tcp_dst=0x50,actions=drop", "tcp,nw_src=10.0.0.1,tp_dst=80,actions=drop"),
    ("table=0,priority=32768,ip,nw_src=0.0.0.0/0,actions=drop", "ip,actions=drop"),
    ("ip,nw_src=10.0.0.9/24,actions=drop", "ip,nw_src=10.0.0.0/24,actions=drop"),
    ("vlan_tci=0x0000,ct_state=+trk-inv,actions=drop", "ct_state=-inv+trk,vlan_tci=0x0000/0x1fff,actions=drop"),
    ("vlan_vid=0x1005,actions=drop", "dl_vlan=5,actions=drop"),
    ("dl_vlan=0xffff,actions=drop", "vlan_tci=0x0000/0x1fff,actions=drop"),
    ("dl_type=0x800,nw_proto=6,tp_dst=80,actions=drop", "tcp,tp_dst=80,actions=drop"),
    ("arp,nw_proto=1,nw_src=10.0.0.1,actions=drop", "arp,arp_spa=10.0.0.1,arp_op=1,actions=drop"),
    ("ip,ip_dscp=5,actions=drop", "ip,nw_tos=20,actions=drop"),
    ("xxreg0=0x1/0x1,reg0=1,actions=drop", "reg0=0x1,reg3=0x1/0x1,actions=drop"),
    ("ip,tcp,actions=drop", "tcp,actions=drop"),
    ("in_port=LOCAL,actions=learn(table=3,idle_timeout=5)", "in_port=LOCAL,actions=learn(table=3,idle_timeout=5)"),
    ("actions=set_field:70000->reg0,pop_vlan", "actions=set_field:0x11170->reg0,pop_vlan"),
]


@pytest.mark.parametrize(("flow", "normal"), KEPT, ids=[flow for flow, normal in KEPT])
def test_nothing_is_said_of_what_is_kept(flow: str, normal: str) -> None:
    assert list(faults_of(f"cookie=0x5,{flow}", f"cookie=0x5,{normal}")) == []


@pytest.mark.parametrize(
    ("flow", "normal", "faults"),
    [
        (
            "nw_src=10.0.0.1,actions=drop",
            "actions=drop",
            ["nw_src=10.0.0.1: would not be matched; write what it needs to be there too, as ip or tcp"],
        ),
        (
            "dl_vlan=4096,actions=drop",
            "dl_vlan=0,actions=drop",
            ["dl_vlan=4096: would become dl_vlan=0; write what fits field and mask"],
        ),
        (
            "ip,arp,actions=",
            "arp,actions=drop",
            ["arp: no packet is that and ip; write one of them", "actions: are empty, which drops; write actions=drop"],
        ),
        (
            "table=254,actions=drop",
            "table=254,actions=drop",
            ["table=254: is none of the switch; write a number from 0 to 253"],
        ),
        (
            "reset_counts,actions=drop",
            "reset_counts,actions=drop",
            ["reset_counts: is about how a flow is added, not what it is; leave it out"],
        ),
        (
            "priority=010,actions=drop",
            "priority=8,actions=drop",
            ["priority=010: has a leading zero, which some read as octal; leave it out"],
        ),
        (
            "actions=group:-1,NORMAL:3",
            "actions=group:4294967295,NORMAL",
            [
                "group:-1: is out of range, and would be another number; write one from 0 to 4294967040",
                "actions: NORMAL takes no value; write NORMAL alone",
            ],
        ),
    ],
)
def test_what_is_lost_or_changed_is_named(flow: str, normal: str, faults: list[str]) -> None:
    assert list(faults_of(f"cookie=0x5,{flow}", f"cookie=0x5,{normal}")) == faults


def test_groups() -> None:
    normal = "group_id=100,type=select,bucket=bucket_id:0,actions=drop"
    assert list(group_faults_of("group_id=0x64,type=select,bucket=drop", normal)) == []
    lost = "group_id=100,type=select,selection_method=hash,bucket=drop"
    assert list(group_faults_of(lost, normal)) == [
        "selection_method=hash: is not kept; leave it out, or set protocol to OpenFlow15"
    ]
