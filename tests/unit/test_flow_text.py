# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal form of flows, from what ovs-ofctl prints of the switch and of what a user wrote: both give the same."""

from __future__ import annotations

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.model import flow_text
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_parsed import (
    is_normal,
    need_no_look,
    parsed,
    with_port_numbers,
)

# What dump-flows and parse-flows print of a flow, its normal form, and what tells it from others in the switch.
FLOWS = [
    ("actions=drop", "ADD actions=drop", "actions=drop", "table=0"),
    ("cookie=0x5, actions=drop", "ADD cookie:0x5 actions=drop", "cookie=0x5,actions=drop", "table=0"),
    ("table=1, ip actions=drop", "ADD table:1 ip actions=drop", "table=1,ip,actions=drop", "table=1,ip"),
    (
        "cookie=0x5, table=3, priority=0 actions=NORMAL",
        "ADD table:3 priority=0 cookie:0x5 actions=NORMAL",
        "cookie=0x5,table=3,priority=0,actions=NORMAL",
        "table=3,priority=0",
    ),
    (
        "cookie=0x5, table=4, idle_timeout=500, hard_timeout=7, send_flow_rem importance=3, priority=5,tcp,tp_dst=80 "
        "actions=set_field:0x5->reg0,resubmit(,4)",
        "ADD table:4 priority=5,tcp,tp_dst=80 cookie:0x5 idle:500 hard:7 importance:3 send_flow_rem "
        "actions=set_field:0x5->reg0,resubmit(,4)",
        "cookie=0x5,table=4,idle_timeout=500,hard_timeout=7,send_flow_rem,importance=3,priority=5,tcp,tp_dst=80,"
        "actions=set_field:0x5->reg0,resubmit(,4)",
        "table=4,priority=5,tcp,tp_dst=80",
    ),
    (
        "send_flow_rem check_overlap actions=drop",
        "ADD send_flow_rem check_overlap actions=drop",
        "send_flow_rem,check_overlap,actions=drop",
        "table=0",
    ),
    (
        "packet_type=(1,0x800) actions=output:1",
        "ADD packet_type=(1,0x800) actions=output:1",
        "packet_type=(1,0x800),actions=output:1",
        "table=0,packet_type=(1,0x800)",
    ),
    ("ip actions=drop", "ADD table:255 ip actions=drop", "ip,actions=drop", "table=0,ip"),  # as OpenFlow 1.0 prints it
]


@pytest.mark.parametrize(("dump", "message", "normal", "rule"), FLOWS, ids=[flow[2] for flow in FLOWS])
def test_a_flow_of_the_switch_and_one_that_was_written(dump: str, message: str, normal: str, rule: str) -> None:
    assert flow_text.dumped(f"NXST_FLOW reply (xid=0x4):\n {dump}\n") == [normal]
    for prefix in ("OFPT_FLOW_MOD (OF1.5) (xid=0x1): ", "NXT_FLOW_MOD (xid=0x1f): "):
        assert parsed(prefix + message) == normal
    assert flow_text.rule(normal) == rule


def test_what_is_seen_to_be_normal_at_once_is_what_reading_makes_of_it() -> None:
    messages = [f"OFPT_FLOW_MOD (OF1.5) (xid=0x1): {message}" for dummy, message, dummy, dummy in FLOWS]
    seen = {
        (normal, message) for dummy, dummy, normal, dummy in FLOWS for message in messages if is_normal(normal, message)
    }
    assert all(parsed(message) == normal for normal, message in seen)
    assert [normal for normal, dummy in seen] == ["cookie=0x5,table=3,priority=0,actions=NORMAL"]


@pytest.mark.parametrize(
    "words", ["table=254", "table=255", "reset_counts", "allow_hidden_fields", "goto_table:255", "group:4294967042"]
)
def test_a_flow_that_is_kept_and_wrong_all_the_same_is_looked_at(words: str) -> None:
    flow = "cookie=0x5,table=3,priority=0,actions=NORMAL"
    assert need_no_look([flow, flow])
    for other in (flow.replace("table=3", words), flow.replace("NORMAL", words)):
        assert not need_no_look([flow, other])


def test_a_message_that_cannot_be_read() -> None:
    assert parsed("OFPT_FLOW_MOD (OF1.5) (xid=0x1): ***decode error: OFPBMC_BAD_PREREQ***") is None


def test_cookies() -> None:
    assert flow_text.cookie_of("cookie=0x7e4a000000000005,actions=drop") == 0x7E4A000000000005
    assert flow_text.cookie_of("table=5,actions=drop") == 0


def test_groups_and_meters_of_the_switch() -> None:
    groups = (
        "OFPST_GROUP_DESC reply (OF1.5) (xid=0x2):\n group_id=7,type=all\n group_id=8,type=ff,bucket=watch_port:1\n"
    )
    assert flow_text.dumped_groups(groups) == ["group_id=7,type=all", "group_id=8,type=ff,bucket=watch_port:1"]
    meters = (
        "OFPST_METER_CONFIG reply (OF1.5) (xid=0x2):\nmeter=1 kbps burst stats bands=\n"
        "type=drop rate=1000 burst_size=100\ntype=drop rate=5000 burst_size=10\n\nmeter=slowpath pktps bands=\n"
        "type=drop rate=5\n"
    )
    assert flow_text.dumped_meters(meters) == [
        "meter=1,kbps,burst,stats,bands=type=drop,rate=1000,burst_size=100,type=drop,rate=5000,burst_size=10",
        "meter=slowpath,pktps,bands=type=drop,rate=5",
    ]
    assert flow_text.number_of("group", "type=all,group_id=0x10,bucket=drop") == 16
    assert flow_text.number_of("meter", "meter=12,kbps,bands=type=drop,rate=5") == 12
    assert flow_text.number_of("meter", "meter=slowpath,pktps,bands=type=drop,rate=5") is None


PORTS = {"tap0": "1", "tap-1.2": "2", "drop": "3", "7": "4", "br0": "LOCAL", "load": "5"}


@pytest.mark.parametrize(
    ("text", "numbered"),
    [
        ("in_port=tap0,actions=output:tap-1.2", "in_port=1,actions=output:2"),
        ('in_port="tap0",actions=output:"tap-1.2"', "in_port=1,actions=output:2"),
        ("actions=tap0,tap-1.2", "actions=1,2"),
        ("actions=clone(tap0),enqueue:tap0:5", "actions=clone(1),enqueue:1:5"),
        ("actions=resubmit(tap0,3),resubmit:tap0", "actions=resubmit(1,3),resubmit:1"),
        ("actions=output(port=tap0,max_len=100)", "actions=output(port=1,max_len=100)"),
        ("actions=set_field:tap0->in_port", "actions=set_field:1->in_port"),
        ("bucket=watch_port:tap0,output:tap0,bucket=tap-1.2", "bucket=watch_port:1,output:1,bucket=2"),
        ("actions=br0", "actions=LOCAL"),
        ("actions=drop", "actions=drop"),  # a word of Open vSwitch's own
        ("actions=output:7", "actions=output:7"),  # a number
        ("actions=load:5->reg0", "actions=load:5->reg0"),  # an action with a value
        ("in_port=tap9,actions=output:tap9", "in_port=tap9,actions=output:tap9"),
        ("dl_src=52:54:00:00:00:01,actions=note:00.01", "dl_src=52:54:00:00:00:01,actions=note:00.01"),
    ],
)
def test_names_of_ports(text: str, numbered: str) -> None:
    assert with_port_numbers(text, PORTS) == numbered
