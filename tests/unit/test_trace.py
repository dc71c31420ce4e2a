# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces as Open vSwitch 3.1 printed them on a hypervisor of the example (traces/), and what is read in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.model.datapath import (
    Datapath,
    Output,
    Port,
    Tunnel,
    UnknownActionError,
    Walk,
    parse_datapaths,
    split,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.trace import Trace, entered_by, parse_trace

TRACES = Path(__file__).with_name("traces")
(HV1,) = parse_datapaths((TRACES / "dpif-show.txt").read_text())
TO_HV2, TO_HV3 = (Tunnel("gre", 5001, "192.168.1.151", f"192.168.1.15{number}") for number in (2, 3))
WEB_2 = "02:35:6d:e4:5c:44"


def recorded(name: str) -> Trace:
    return parse_trace((TRACES / f"{name}.txt").read_text())


def outputs(trace: Trace, datapath: Datapath = HV1) -> list[Output]:
    walk = Walk(datapath, trace.vlans)
    return [output for resumed, actions in trace.passes for output in walk.outputs(resumed, actions)]


def walked(*passes: str) -> list[Output]:
    """Return where actions lead, the first pass and those that follow its recirculations 1, 2, ..."""
    return outputs(Trace((), [], list(enumerate(passes))))


def leaves(port: str | None = None, tunnel: Tunnel | None = None, *vlans: int) -> Output:
    return Output(port, tunnel, vlans, None, None, ())


EXPECTED = {
    "learning-unlearned": [leaves(None, TO_HV3), leaves(None, TO_HV2)],
    "learning-unlearned-kernel": [leaves(None, TO_HV3), leaves(None, TO_HV2)],
    "learning-learned": [leaves(None, TO_HV2)],
    "guard-spoofed": [],
    "vlan": [leaves("eth1", None, 120)],
    "static-unicast": [leaves(None, TO_HV2)],
    "static-broadcast": [leaves(None, TO_HV2), leaves(None, TO_HV3)],
    "plain-learned": [leaves(None, TO_HV2)],
    "plain-unlearned": [leaves(None, TO_HV3), leaves(None, TO_HV2)],
    "plain-arp": [leaves(None, TO_HV3), leaves(None, TO_HV2)],
    "static-arp": [
        Output(
            *("tap0", None, (), WEB_2, "52:54:00:01:01:20"),
            (f"arp(sip=10.1.1.21,tip=10.1.1.20,op=2,sha={WEB_2},tha=52:54:00:01:01:20)",),
        )
    ],
}


def test_every_recording_is_looked_at() -> None:
    assert {path.stem for path in TRACES.glob("*.txt")} == {*EXPECTED, "dpif-show"}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_where_a_packet_goes(name: str, expected: list[Output]) -> None:
    assert outputs(recorded(name)) == expected


TABLES = {
    "learning-unlearned": [0, 10, 20, 30, 40, 70, 91],
    "guard-spoofed": [0, 10],
    "static-arp": [0, 10, 30],
    "static-broadcast": [0, 10, 30, 40, 70, 75, 80, 91],
    "plain-unlearned": [0],
}


@pytest.mark.parametrize(("name", "tables"), TABLES.items(), ids=TABLES)
def test_which_tables_it_passes_on_its_bridge(name: str, tables: list[int]) -> None:
    assert [rule.table for rule in recorded(name).rules if rule.bridge == "br-int"] == tables


def test_a_rule_and_what_it_did() -> None:
    rules = recorded("learning-unlearned").rules
    assert rules[1] == (
        "br-int",
        10,
        "ip,in_port=51376,vlan_tci=0x0000/0x1fff,dl_src=52:54:00:01:01:20,nw_src=10.1.1.20",
        90,
        0x7E4A0AFD96027C18,
        ["goto_table:20"],
    )
    assert rules[6].steps[3:6] == [
        "NORMAL",
        "-> no learned MAC for destination, flooding",
        "-> output to native tunnel",
    ]
    assert rules[6].steps[-1].endswith("to 02:f7:69:9d:a8:17 192.168.1.152"), "what follows the underlay's bridge"
    assert [(rule.bridge, rule.steps) for rule in rules[7:]] == [
        ("br-phy", ["NORMAL", "-> no learned MAC for destination, flooding"]),
        ("br-phy", ["NORMAL", "-> forwarding to learned port"]),
    ]
    missed = recorded("guard-spoofed").rules[1]
    assert (missed.table, missed.priority, missed.cookie, missed.steps) == (10, None, 0, ["No match.", "drop"])


def test_a_rule_after_another_bridge_is_of_the_bridge_that_it_is_indented_below() -> None:
    text = """
bridge("br-int")
----------------
 0. priority 1
    output:1
     -> output to native tunnel

    bridge("br-phy")
    ----------------
         0. priority 2
            NORMAL
    resubmit(,7)
     7. priority 3
            output:2
    resubmit(,8)
 8. priority 4
    output:3

Datapath actions: drop
"""
    assert [(rule.bridge, rule.priority, rule.steps) for rule in parse_trace(text).rules] == [
        ("br-int", 1, ["output:1", "-> output to native tunnel", "resubmit(,7)", "resubmit(,8)"]),
        ("br-phy", 2, ["NORMAL"]),
        ("br-int", 3, ["output:2"]),
        ("br-int", 4, ["output:3"]),
    ]


def test_where_it_entered() -> None:
    assert entered_by((TRACES / "vlan.txt").read_text()) == ("br-int", 56452)
    assert entered_by('Flow: tcp,in_port=LOCAL\n\nbridge("br0")\n') == ("br0", 65534)
    with pytest.raises(ValueError, match=r"it does not say where the packet enters"):
        entered_by("Flow: in_port=3")


def test_text_without_a_datapath_is_no_trace() -> None:
    with pytest.raises(ValueError, match="there is no line 'Datapath actions:'"):
        parse_trace('Flow: tcp\n\nbridge("br0")\n----\n 0. priority 0\n    drop\n')


def test_the_ports_of_a_datapath() -> None:
    assert HV1.name == "ovs-netdev"
    assert list(HV1.bridges) == ["br-int", "br-phy"]
    assert Port("gr-24c42cb371ed", 10, 3, "gre") in HV1.bridges["br-int"]
    assert HV1.bridges["br-phy"] == [Port("br-phy", 65534, 2, "tap"), Port("underlay0", 1, 1, "system")]
    two = parse_datapaths(
        "netdev@a: hit:0\n  br0:\n    p 1/1: (tap)\nsystem@b: hit:0\n  br1:\n    q 2/none: (system)\n"
    )
    assert two == [Datapath("a", {"br0": [Port("p", 1, 1, "tap")]}), Datapath("b", {"br1": []})]


def test_actions_are_taken_apart_at_their_own_commas_alone() -> None:
    assert list(split("clone(a(1,2),3),drop,push_vlan(vid=5,pcp=0)")) == [
        ("clone", "a(1,2),3"),
        ("drop", ""),
        ("push_vlan", "vid=5,pcp=0"),
    ]


GRE = "header(size=42,ipv4(src=192.168.1.151,dst=192.168.1.152,proto=47),gre((flags=0x2000),key=0x1389))"
PUSH = f"tnl_push(tnl_port(3),{GRE},out_port(2))"


def test_what_follows_a_tunnel_header_concerns_the_tunnel() -> None:
    wrapped = f"{PUSH},push_vlan(vid=7,pcp=0),check_pkt_len(9),1,6"
    assert walked(f"clone({wrapped}),8") == [leaves(None, TO_HV2), leaves("tap0")]
    assert walked(wrapped) == [leaves(None, TO_HV2)]


def test_tags_survive_a_recirculation_and_not_a_clone() -> None:
    tag = "push_vlan(vid=5,pcp=0)"
    assert walked(f"{tag},ct(zone=1),recirc(0x1)", "8,push_vlan(tpid=0x88a8,vid=6,pcp=0),6,pop_vlan,pop_vlan,7") == [
        leaves("tap0", None, 5),
        leaves("eth1", None, 6, 5),
        leaves("tap-870ae626e98"),
    ]
    assert walked(f"clone({tag},6),8") == [leaves("eth1", None, 5), leaves("tap0")]
    assert walked(f"{tag},clone(6,pop_vlan),8") == [leaves("eth1", None, 5), leaves("tap0", None, 5)]


def test_what_concerns_the_packet_only_beside_its_way() -> None:
    beside = (
        "ct(commit,zone=5),ct_clear,meter(1),hash(l4(0)),userspace(pid=1,slow_path(action)),set(skb_priority(0x10001))"
    )
    assert walked(f"{beside},trunc(64),8") == [leaves("tap0")]
    assert walked("sample(sample=10.0%,actions(userspace(pid=1,sFlow(vid=0,output=1)))),8") == [leaves("tap0")]
    assert walked("sample(sample=10.0%,actions(6)),8") == [leaves("eth1"), leaves("tap0")], "a tenth of a leak is one"


def test_changes_of_the_packet_go_with_each_copy() -> None:
    first, second = walked("set(eth(dst=02:00:00:00:00:07)),6,set(eth(src=02:00:00:00:00:08)),set(ipv4(ttl=63)),8")
    assert first == leaves("eth1")._replace(dl_dst="02:00:00:00:00:07")
    assert second == Output("tap0", None, (), "02:00:00:00:00:08", "02:00:00:00:00:07", ("ipv4(ttl=63)",))


@pytest.mark.parametrize(
    ("actions", "unknown"),
    [
        ("check_pkt_len(size=1400,gt(6),le(8))", "check_pkt_len(size=1400,gt(6),le(8))"),
        ("pop_eth,8", "pop_eth"),
        ("lb_output(1)", "lb_output(1)"),
        ("77", "77"),
        ("3", "3"),  # a tunnel port, and nothing says which tunnel
        ("tnl_push(tnl_port(8),header(size=42)),1", "tnl_push(tnl_port(8),header(size=42))"),
        ("tnl_push(tnl_port(3),header(size=42)),1", "size=42"),
        ("push_vlan(tci=5)", "push_vlan(tci=5)"),
    ],
)
def test_what_is_not_known_is_no_guess(actions: str, unknown: str) -> None:
    with pytest.raises(UnknownActionError) as error:
        walked(actions)
    assert str(error.value) == unknown


def test_a_pass_that_nothing_led_to_is_not_known() -> None:
    with pytest.raises(UnknownActionError, match=r"recirc\(0x1\)"):
        walked("8", "6")


def test_masked_addresses_are_no_whole_change() -> None:
    (output,) = walked("set(eth(dst=02:00:00:00:00:07/ff:ff:ff:00:00:00)),8")
    assert output == leaves("tap0")._replace(rewritten=("eth(dst=02:00:00:00:00:07/ff:ff:ff:00:00:00)",))
