# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a packet by what hypervisors answer: whom to ask next, whether it arrives, and why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table, about_bits, cookie
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Journey, Visit, resume, travel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import as_data, lines, verdict

CHANGE = """
fabric: {forwarding: static}
tenants:
  acme:
    networks:
      web: {subnet: [10.1.1.0/24, "fd00:1::/64"]}
    ports:
      web-1: {ip: [10.1.1.20, "fd00:1::20"], mac: "52:54:00:00:00:01"}
      web-2: {ip: [10.1.1.21, "fd00:1::21"], mac: "52:54:00:00:00:02"}
      web-6: {hypervisor: hv2, network: web, ip: "fd00:1::26", interface: tap6}
      web-3: {hypervisor: hv1, network: web, ip: 10.1.1.23, interface: tap3, mac: "52:54:00:00:00:03"}
      dmz-1: {mac: "52:54:00:00:00:11"}
      dmz-2: {hypervisor: hv2, network: dmz, ip: 10.1.2.21, interface: tap9, mac: "52:54:00:00:00:12"}
  globex:
    ports:
      app-1: {mac: "52:54:00:00:00:21"}
"""
INTENT = parse(raw(CHANGE))
NAMES = Names(INTENT, allocate(INTENT, Record())[0])
OURS = {"from": "acme.web-1", "to": "acme.web-2"}
THERE = {"type": "gre", "tun_id": 5001, "tun_src": "192.168.1.151", "tun_dst": "192.168.1.152"}
BACK = {**THERE, "tun_src": "192.168.1.152", "tun_dst": "192.168.1.151"}


def out(port: str | None = None, tunnel: dict[str, Any] | None = None, *vlans: int, **more: Any) -> dict[str, Any]:
    plain = {"port": port, "tunnel": tunnel, "vlans": list(vlans), "dl_src": None, "dl_dst": None, "rewritten": []}
    return {**plain, **more}


def rule(table: Table | int, about: str = "", *steps: str, priority: int | None = 100, **more: Any) -> dict[str, Any]:
    ours = isinstance(table, Table) and priority is not None
    mark = f"{cookie(Table(table), about):#x}" if ours else "0x0"
    return {
        **{"bridge": "br-int", "table": int(table), "match": "", "priority": priority, "cookie": mark},
        **{"steps": list(steps), **more},
    }


def missed(table: Table) -> dict[str, Any]:
    return rule(table, "", "No match.", "drop", priority=None)


def answer(*outputs: dict[str, Any], in_port: str | None = "tap0", rules: Any = ()) -> dict[str, Any]:
    return {"in_port": in_port, "outputs": list(outputs), "rules": list(rules), "datapath_actions": []}


def follow(*answers: dict[str, Any], **asked: Any) -> tuple[Visit | None, Journey | None]:
    return resume(travel(INTENT, parse_question(INTENT, {**OURS, **asked})), answers)


def told(*answers: dict[str, Any], **asked: Any) -> str:
    visit, journey = follow(*answers, **asked)
    assert visit is None, f"{visit} is not answered"
    assert journey is not None
    return verdict(NAMES, journey)


# -- the question ------------------------------------------------------------------------------------------------------

FLOWS = {
    "{}": "icmp,dl_src=52:54:00:00:00:01,dl_dst=52:54:00:00:00:02,nw_src=10.1.1.20,nw_dst=10.1.1.21,nw_ttl=64,"
    "icmp_type=8,icmp_code=0",
    "{family: 6}": "icmp6,dl_src=52:54:00:00:00:01,dl_dst=52:54:00:00:00:02,ipv6_src=fd00:1::20,ipv6_dst=fd00:1::21,"
    "nw_ttl=64,icmpv6_type=128,icmpv6_code=0",
    "{proto: tcp, port: '3306'}": "tcp,dl_src=52:54:00:00:00:01,dl_dst=52:54:00:00:00:02,nw_src=10.1.1.20,"
    "nw_dst=10.1.1.21,nw_ttl=64,tcp_src=40000,tcp_dst=3306,tcp_flags=0x002",
    "{proto: udp, port: 53, family: '6', vlan: 0}": "udp6,dl_src=52:54:00:00:00:01,dl_dst=52:54:00:00:00:02,"
    "ipv6_src=fd00:1::20,ipv6_dst=fd00:1::21,nw_ttl=64,udp_src=40000,udp_dst=53,dl_vlan=0,dl_vlan_pcp=0",
    "{proto: arp}": "arp,dl_src=52:54:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff,arp_spa=10.1.1.20,arp_tpa=10.1.1.21,"
    "arp_sha=52:54:00:00:00:01,arp_op=1",
    "{proto: nd}": "icmp6,dl_src=52:54:00:00:00:01,dl_dst=33:33:ff:00:00:21,ipv6_src=fd00:1::20,"
    "ipv6_dst=ff02::1:ff00:21,nw_ttl=255,icmpv6_type=135,icmpv6_code=0,nd_target=fd00:1::21,nd_sll=52:54:00:00:00:01",
    "{src_ip: 'FD00:1:0::99', src_mac: '52:54:00:00:00:AA'}": "icmp6,dl_src=52:54:00:00:00:aa,"
    "dl_dst=52:54:00:00:00:02,ipv6_src=fd00:1::99,ipv6_dst=fd00:1::21,nw_ttl=64,icmpv6_type=128,icmpv6_code=0",
}
REPLIES = {
    "{}": "icmp,dl_src=52:54:00:00:00:02,dl_dst=52:54:00:00:00:01,nw_src=10.1.1.21,nw_dst=10.1.1.20,nw_ttl=64,"
    "icmp_type=0,icmp_code=0",
    "{proto: tcp, port: 80}": "tcp,dl_src=52:54:00:00:00:02,dl_dst=52:54:00:00:00:01,nw_src=10.1.1.21,nw_dst=10.1.1.20,"
    "nw_ttl=64,tcp_src=80,tcp_dst=40000,tcp_flags=0x012",
    "{proto: arp}": "arp,dl_src=52:54:00:00:00:02,dl_dst=52:54:00:00:00:01,arp_spa=10.1.1.21,arp_tpa=10.1.1.20,"
    "arp_sha=52:54:00:00:00:02,arp_op=2,arp_tha=52:54:00:00:00:01",
    "{proto: nd}": "icmp6,dl_src=52:54:00:00:00:02,dl_dst=52:54:00:00:00:01,ipv6_src=fd00:1::21,ipv6_dst=fd00:1::20,"
    "nw_ttl=255,icmpv6_type=136,icmpv6_code=0,nd_target=fd00:1::21,nd_tll=52:54:00:00:00:02",
}


@pytest.mark.parametrize(("asked", "flow"), FLOWS.items(), ids=FLOWS)
def test_the_packet_that_is_asked_about(asked: str, flow: str) -> None:
    visit, _journey = follow(**yaml.safe_load(asked))
    assert visit is not None
    assert visit.inquiry == {"in_port": "tap0", "flow": flow, "ct_states": ["trk,new"] * 8}
    assert visit.hypervisor == "hv1"


@pytest.mark.parametrize(("asked", "flow"), REPLIES.items(), ids=REPLIES)
def test_the_answer_to_it(asked: str, flow: str) -> None:
    arrived = answer(out(None, THERE)), answer(out("tap0"))
    visit, _journey = follow(*arrived, **yaml.safe_load(asked))
    assert visit is not None
    assert visit.inquiry == {"in_port": "tap0", "flow": flow, "ct_states": ["trk,est,rpl"] * 8}
    assert visit.hypervisor == "hv2"


WRONG = {
    "{from: null, to: ''}": [
        "from: missing; write the port that sends, as 'acme.dmz-1'",
        "to: missing; write the port that it is for, as 'acme.dmz-1'",
    ],
    "{from: acme.web1, to: web-2}": [
        "from: 'acme.web1' is no port of this intent; did you mean acme.web-1 or acme.web-6 or acme.web-3?",
        "to: 'web-2' is no port of this intent; did you mean acme.web-2?",
    ],
    "{from: 7}": [
        "from: 7 is no port of this intent; known are acme.dmz-1, acme.dmz-2, acme.web-1, acme.web-2, acme.web-3 "
        "and 2 more"
    ],
    "{to: acme.web-1}": ["to: acme.web-1 is where the packet comes from; write another port"],
    "{proto: icpm}": ["proto: 'icpm' is unknown; write one of tcp, udp, icmp, arp, nd"],
    "{proto: tcp}": ["port: missing; a tcp packet is for one, so write a number from 1 to 65535"],
    "{proto: udp, port: 0}": ["port: 0 is out of range; write a number from 1 to 65535"],
    "{port: 80}": ["port: icmp has none; leave it out, or write proto as one of tcp, udp"],
    "{src_ip: 10.1.1, src_mac: '33:33:00:00:00:01', vlan: 4096, family: 5, proto: udp, port: http}": [
        "family: 5 is no version of IP; write 4 or 6",
        "port: 'http' is not an integer; write a number from 1 to 65535",
        "src_ip: '10.1.1' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'",
        "src_mac: '33:33:00:00:00:01' is no unicast MAC address; its first byte must be even, and not all zero",
        "vlan: 4096 is out of range; write a number from 0 to 4095",
    ],
    "{to: acme.web-6, from: acme.web-3}": [
        "to: acme.web-3 and acme.web-6 do not both have an address of one family, which this packet needs: 10.1.1.23 "
        "and fd00:1::26; ask about another packet, or give them addresses in the intent"
    ],
    "{to: acme.web-6, proto: arp}": [
        "to: acme.web-1 and acme.web-6 do not both have an IPv4 address, which this packet needs: 10.1.1.20, "
        "fd00:1::20 and fd00:1::26; ask about another packet, or give them addresses in the intent"
    ],
    "{src_ip: 'fd00::1', proto: arp}": [
        "to: acme.web-1 and acme.web-2 do not both have an address of one family, which this packet needs: 10.1.1.20, "
        "fd00:1::20 and 10.1.1.21, fd00:1::21; ask about another packet, or give them addresses in the intent"
    ],
}


@pytest.mark.parametrize(("asked", "faults"), WRONG.items(), ids=WRONG)
def test_all_that_is_wrong_with_a_question(asked: str, faults: list[str]) -> None:
    with pytest.raises(InvalidInput) as error:
        follow(**yaml.safe_load(asked))
    assert error.value.faults == faults


def test_an_intent_without_ports() -> None:
    empty = parse({**raw(), "tenants": {}})
    with pytest.raises(InvalidInput) as error:
        parse_question(empty, {"from": "acme.web-1"})
    assert error.value.faults == [
        "from: 'acme.web-1' is no port of this intent; known are none",
        "to: missing; write the port that it is for, as 'acme.web-1'",
    ]


# -- the way -----------------------------------------------------------------------------------------------------------


def test_tunnel_key_and_ends_are_what_the_switch_says() -> None:
    odd = {**THERE, "tun_id": 77, "type": "vxlan"}
    visit, _journey = follow(answer(out(None, odd, dl_dst="52:54:00:00:00:77", dl_src="52:54:00:00:00:66")))
    assert visit is not None
    assert (visit.hypervisor, visit.in_port) == ("hv2", None)
    assert visit.inquiry["tunnel"] == odd
    assert visit.inquiry["flow"].startswith("icmp,dl_src=52:54:00:00:00:66,dl_dst=52:54:00:00:00:77,")


def test_a_tag_goes_over_the_wire_to_the_receivers_own_card() -> None:
    asked = {"from": "acme.dmz-1", "to": "acme.dmz-2"}
    visit, _journey = follow(answer(out("eth1", None, 120)), **asked)
    assert visit is not None
    assert (visit.hypervisor, visit.in_port, visit.tunnel) == ("hv2", "eth1", None)
    assert visit.inquiry["flow"].endswith(",dl_vlan=120,dl_vlan_pcp=0")


def test_there_and_back() -> None:
    hops = [
        answer(out(None, THERE)),
        answer(out("tap0"), in_port="gr-flow"),
        answer(out(None, BACK)),
        answer(out("tap0"), in_port="gr-flow"),
    ]
    assert told(*hops) == "acme.web-1 reaches acme.web-2, and the answer comes back."
    lost = [*hops[:2], answer(rules=[rule(Table.INPUT, "port acme.web-2"), missed(Table.GUARD)])]
    assert told(*lost) == (
        "acme.web-1 reaches acme.web-2, but the answer does not come back: dropped by guard of port acme.web-2: "
        "nothing that a guest may send has this form."
    )
    unknown = [*hops[:3], {"unreachable": "no route to host"}]
    assert told(*unknown) == (
        "acme.web-1 reaches acme.web-2; whether the answer comes back is not known: hv1 could not be asked: no "
        "route to host."
    )


def test_both_on_one_hypervisor() -> None:
    asked = {"to": "acme.web-3"}
    visit, _journey = follow(answer(out("tap3")), **asked)
    assert visit is not None
    assert (visit.hypervisor, visit.in_port) == ("hv1", "tap3")
    assert told(answer(out("tap3")), answer(out("tap0")), **asked).endswith(
        "reaches acme.web-3, and the answer comes back."
    )


def test_the_same_device_name_on_another_hypervisor_is_another_device() -> None:
    """Both guests are plugged in as tap0: what comes out of that of hv1 is no delivery on hv2."""
    assert (
        told(answer(out("tap0")))
        == "acme.web-1 does not reach acme.web-2: hv1 sends it elsewhere. It goes to acme.web-1."
    )
    assert told(answer(out("tap0")), proto="arp") == "hv1 itself answers acme.web-1 in the place of acme.web-2."


def test_a_packet_with_a_strange_source_has_no_answer_to_follow() -> None:
    arrived = answer(out(None, THERE)), answer(out("tap0"))
    assert told(*arrived, src_ip="10.1.1.99") == "acme.web-1 reaches acme.web-2."
    visit, _journey = follow(*arrived, src_ip="fd00:1::20")
    assert visit is not None, "its own other address is not strange"


def test_a_flood_reaches_it_and_others() -> None:
    third = {**THERE, "tun_dst": "192.168.1.159"}
    visit, journey = follow(
        answer(out("tap3"), out("br-int", None, 7), out("span0"), out(None, third), out(None, THERE)),
        answer(out("tap6"), out("tap0"), out("eth1", None, 120)),
        src_mac="52:54:00:00:00:99",
    )
    assert (visit, journey and journey.reaches) == (None, True)
    assert journey is not None
    assert as_data(NAMES, journey)["there"]["elsewhere"] == [
        "hv1: to acme.web-3 by tap3",
        "hv1: to hv1 itself by br-int, VLAN 7",
        "hv1: to span0, which is not of the intent by span0",
        "hv1: to 192.168.1.159, which is no hypervisor of this fabric through the gre tunnel, key 5001 (acme.web)",
        "hv2: to acme.web-6 by tap6",
        "hv2: to the wire of physnet1 by eth1, VLAN 120",
    ]


def test_the_verdict_names_who_else_gets_it() -> None:
    third = {**THERE, "tun_dst": "192.168.1.159"}
    flood = answer(out("tap3"), out(None, third), out("eth1", None, 7), out(None, THERE))
    assert told(flood, answer(in_port="eth1"), answer(out("tap0"), out("tap3"), out("eth1")), vlan=0) == (
        "acme.web-1 reaches acme.web-2. It also goes to 192.168.1.159, which is no hypervisor of this fabric, "
        "acme.web-3, tap3, which is not of the intent."
    )


def test_a_mirror_to_the_same_hypervisor_is_not_the_packet() -> None:
    said = told(answer(out(None, {**THERE, "type": "erspan"})))
    assert said == "acme.web-1 does not reach acme.web-2: hv1 sends it elsewhere. It goes to hv2."


def test_two_copies_are_told() -> None:
    copies = answer(out("tap0"), out("tap0"))
    assert told(answer(out(None, THERE)), copies, vlan=5) == "acme.web-1 reaches acme.web-2, with 2 copies."


# -- why not -----------------------------------------------------------------------------------------------------------

IN, GUARDED = rule(Table.INPUT, "port acme.web-1"), rule(Table.GUARD, "port acme.web-1")
THEIRS = rule(Table.INPUT, "network acme.web")
REASONS: dict[str, tuple[str, list[dict[str, Any]], str]] = {
    "spoofed address": (
        "{src_ip: 10.1.1.99}",
        [answer(rules=[IN, missed(Table.GUARD)])],
        "dropped by guard of port acme.web-1: source address 10.1.1.99 is not its own (10.1.1.20, fd00:1::20)",
    ),
    "spoofed all": (
        "{src_ip: 10.1.1.99, src_mac: '52:54:00:00:00:99', vlan: 5}",
        [answer(rules=[IN, missed(Table.GUARD)])],
        "dropped by guard of port acme.web-1: it has the VLAN tag 5; source MAC address 52:54:00:00:00:99 is not its "
        "own (52:54:00:00:00:01); source address 10.1.1.99 is not its own (10.1.1.20, fd00:1::20)",
    ),
    "a rule that drops": (
        "{proto: udp, port: 68}",
        [answer(rules=[IN, GUARDED, rule(Table.GUARD_L4, "", "drop")])],
        "dropped by guard_l4 of port acme.web-1: nothing that a guest may send has this form",
    ),
    "not plugged in": (
        "{}",
        [answer(in_port=None)],
        "tap0, the device of acme.web-1, is not plugged into br-int of hv1: nothing runs there, or site has not",
    ),
    "not programmed": (
        "{}",
        [answer(rules=[missed(Table.INPUT)])],
        "dropped by input of port acme.web-1: hv1 has no flow that takes it in; run site",
    ),
    "nobody with this MAC": (
        "{}",
        [answer(rules=[IN, GUARDED, missed(Table.SWITCH)])],
        "dropped by switch of network acme.web: hv1 knows nobody in the network with the MAC address 52:54:00:00:00:02",
    ),
    "no receive flow": (
        "{}",
        [answer(out(None, THERE)), answer(rules=[missed(Table.INPUT)], in_port="gr-flow")],
        "dropped by input of network acme.web: hv2 has no flow that takes it in; run site",
    ),
    "no tunnel at the other end": (
        "{}",
        [answer(out(None, THERE)), answer(in_port=None)],
        "hv2 has no gre tunnel that takes it from hv1; run site",
    ),
    "receiver not plugged in": (
        "{}",
        [
            answer(out(None, THERE)),
            answer(
                rules=[
                    THEIRS,
                    rule(Table.SWITCH, "port acme.web-2"),
                    rule(Table.OUTPUT, "", "output:7", ">> Nonexistent output port"),
                ]
            ),
        ],
        "dropped by output of network acme.web: the device that it is sent to is not plugged into br-int of hv2",
    ),
    "the underlay": (
        "{}",
        [answer(rules=[IN, rule(Table.OUTPUT, "", "-> neighbor cache miss for 192.168.1.152 on bridge br-phy")])],
        "hv1 does not know the MAC address at the tunnel's other end, and nobody there answers when it asks: the "
        "underlay does not join them",
    ),
    "a tag at its end": (
        "{}",
        [answer(out(None, THERE)), answer(out("tap0", None, 7))],
        "it comes out of tap0 with the VLAN tag 7, which a guest does not take off",
    ),
    "another network": (
        "{to: globex.app-1}",
        [answer(out(None, THERE))],
        "it is in network globex.app and the sender in acme.web, and nothing joins them; hv1 sends it elsewhere. "
        "It goes to hv2",
    ),
    "no table at all": ("{}", [answer()], "hv1 drops it before its first table"),
    "somebody else's flow": (
        "{}",
        [answer(rules=[rule(7, "", "drop", ">>>> dropping, as I like <<<<", cookie="0x99")])],
        "dropped by table 7 of port acme.web-1: the switch says 'dropping, as I like'",
    ),
    "a flow that drops": (
        "{}",
        [answer(rules=[rule(Table.INPUT, "", "drop")])],
        "dropped by input of port acme.web-1: its flow says so",
    ),
}


@pytest.mark.parametrize(("asked", "answers", "why"), REASONS.values(), ids=REASONS)
def test_why_it_does_not_arrive(asked: str, answers: list[dict[str, Any]], why: str) -> None:
    question = yaml.safe_load(asked)
    assert told(*answers, **question) == f"acme.web-1 does not reach {question.get('to', 'acme.web-2')}: {why}."


UNKNOWN = {
    "a host that is gone": ([{"unreachable": "ssh: timed out"}], "hv1 could not be asked: ssh: timed out"),
    "two tags": (
        [answer(out(None, THERE, 5, 6))],
        "what hv1 makes of it cannot be followed (VLAN tag 5, VLAN tag 6)",
    ),
    "a rewritten packet": (
        [answer(out(None, THERE, rewritten=["ipv4(ttl=63)"]))],
        "what hv1 makes of it cannot be followed (ipv4(ttl=63))",
    ),
}


@pytest.mark.parametrize(("answers", "why"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_known_is_not_guessed(answers: list[dict[str, Any]], why: str) -> None:
    assert told(*answers) == f"Whether acme.web-1 reaches acme.web-2 is not known: {why}."


# -- the story ---------------------------------------------------------------------------------------------------------


def test_the_story() -> None:
    learned = rule(
        Table.OUTPUT,
        "network acme.web",
        "push_vlan:0x8100",
        *("NORMAL", "-> forwarding to learned port", "-> output to native tunnel", "-> tunneling to 192.168.1.152"),
    )
    learns = rule(
        Table.TUNNEL, "network acme.web", "clone(x,NORMAL)", "NORMAL", "-> learned port is input port, dropping"
    )
    underlay = rule(Table.INPUT, "", "NORMAL", bridge="br-phy")
    gone, foreign = "port acme.gone", rule(42, "", "NORMAL", ">> no good", cookie="0x99")
    _visit, journey = follow(
        answer(out(None, THERE), rules=[IN, rule(Table.RESPOND), rule(Table.TRACK), learned, underlay]),
        answer(rules=[learns, rule(Table.SWITCH, gone), foreign, missed(Table.COPY)], in_port="gr-flow"),
    )
    assert journey is not None
    bits = f"{cookie(Table.SWITCH, gone):#x}"
    assert lines(NAMES, journey) == [
        "acme.web-1 -> acme.web-2",
        "",
        "icmp echo request from 10.1.1.20 to 10.1.1.21",
        "  hv1: comes from acme.web-1 by tap0",
        "      input        port acme.web-1",
        "      respond, track",
        "      output       network acme.web: NORMAL; forwarding to learned port",
        "    leaves to hv2 through the gre tunnel, key 5001 (acme.web)",
        "  hv2: comes from hv1 through the gre tunnel, key 5001 (acme.web) by gr-flow",
        "      tunnel       network acme.web",
        f"      switch       what the intent no longer has (cookie {bits})",
        "      table 42     a flow of somebody else, cookie 0x99: NORMAL; no good",
        "      copy         no flow matches",
        "    does not leave",
    ]
    data = as_data(NAMES, journey)
    assert data["back"] is None
    assert data["there"]["reaches"] is False
    assert data["there"]["hops"][1]["tables"][0] == {"table": "tunnel", "about": "network acme.web", "remark": ""}


@pytest.mark.parametrize("forwarding", ["plain", "controller"])
def test_where_we_program_nothing_tables_have_no_names(forwarding: str) -> None:
    plain = replace(INTENT, fabric=replace(INTENT.fabric, forwarding=forwarding))
    names = Names(plain, allocate(plain, Record())[0])
    normal = rule(0, "", "NORMAL", "-> no learned MAC for destination, flooding")
    journey = resume(travel(plain, parse_question(plain, OURS)), [answer(rules=[normal])])[1]
    assert journey is not None
    assert lines(names, journey)[4] == (
        "      table 0      a flow of nobody: NORMAL; no learned MAC for destination, flooding"
    )


def test_a_cookie_says_what_its_flow_is_about() -> None:
    assert about_bits(cookie(Table.SWITCH, "")) == 0
    assert about_bits(cookie(Table.SWITCH, "port a.b")) == about_bits(cookie(Table.INPUT, "port a.b")) != 0
    assert about_bits(0x7E4B << 48 | 5) is None
