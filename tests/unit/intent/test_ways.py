# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways between guests and the outside: which there are, who measures them, and what is made of what was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from sample_intent import merged, raw

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import parse_endpoints
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import parse_data
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways import parse_ways
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_chosen import (
    Asked,
    Choice,
    Outside,
    as_data,
    choose,
    not_seen,
    parse_asked,
    questions,
    services_of_ways,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_judged import judge_ways, outsiders, unseen

INTENT = """
fabric:
  external_networks:
    out: {type: vlan, physical_network: physnet1, subnet: [203.0.113.0/24, "2001:db8:113::/64"]}
    other: {type: vlan, physical_network: physnet1, subnet: 198.51.100.0/24}
tenants:
  acme:
    networks: {web: {subnet: [10.1.1.0/24, "2001:db8:a1::/64"]}}
    ports: {web-2: {ip: [10.1.1.21, "2001:db8:a1::21"]}}
    routers:
      edge:
        hypervisors: hv1
        networks: {web: {}, dmz: {}}
        external: {network: out, ip: [203.0.113.10, "2001:db8:113::10"]}
        static_nat: {web-1: 203.0.113.11}
        firewall:
          - {to: web-1, protocol: tcp, port: 443}
          - {to: web-1, protocol: icmp}
          - {to: web-2, protocol: udp, port: 53}
        port_forwards:
          ssh: {protocol: tcp, port: 2222, to: dmz-1, to_port: 22, remote_cidr: 203.0.113.0/24}
          dns: {protocol: udp, port: 53, to: dmz-1, to_port: 5353}
        load_balancers: {site: {port: 80, members: [web-1, web-2], to_port: 8080}}
"""
CORE = {"core": ["2001:db8:113::1", "203.0.113.1"]}
OUTWARD = """
acme.web-1 -> out icmp to 203.0.113.1 (static NAT): yes
acme.web-2 -> out icmp to 203.0.113.1 (source NAT): yes
acme.web-2 -> out icmp to 2001:db8:113::1 (IPv6): yes
acme.dmz-1 -> out icmp to 203.0.113.1 (source NAT): yes
"""
INWARD = """
out -> acme.dmz-1 tcp 2222 to 203.0.113.10 (port forward): yes
out -> acme.dmz-1 udp 53 to 203.0.113.10 (port forward): yes
out -> acme.web-1 http 80 to 203.0.113.10 (load balancer): yes
out -> acme.dmz-1 tcp 47021 to 203.0.113.10 (port forward): no
out -> acme.dmz-1 udp 47021 to 203.0.113.10 (port forward): no
out -> acme.dmz-1 icmp to 203.0.113.10 (port forward): no
out -> acme.web-1 tcp 443 to 203.0.113.11 (static NAT): yes
out -> acme.web-1 icmp to 203.0.113.11 (static NAT): yes
out -> acme.web-1 tcp 47021 to 203.0.113.11 (static NAT): no
out -> acme.web-1 udp 47021 to 203.0.113.11 (static NAT): no
out -> acme.web-2 udp 53 to 2001:db8:a1::21 (IPv6): yes
out -> acme.web-2 tcp 47021 to 2001:db8:a1::21 (IPv6): no
out -> acme.web-2 udp 47021 to 2001:db8:a1::21 (IPv6): no
out -> acme.web-2 icmp to 2001:db8:a1::21 (IPv6): no
"""
FROM_INSIDE = """
acme.web-1 -> out tcp 2222 to 203.0.113.10 (port forward): no
acme.web-1 -> out udp 53 to 203.0.113.10 (port forward): yes
acme.dmz-1 -> out http 80 to 203.0.113.10 (load balancer): yes
"""


def compiled(more: str = "{}") -> dict[str, Any]:
    intent = parse(raw(yaml.safe_dump(merged(yaml.safe_load(INTENT), yaml.safe_load(more)))))
    return compile_fabric(intent, allocate(intent, Record())[0])


def chosen(hosts: dict[str, list[str]], more: str = "{}", without: str = "") -> Choice:
    fabric = compiled(more)
    securities = {tenant: parse_data(data) for tenant, data in fabric["security"].items()}
    endpoints = [item for item in parse_endpoints(fabric["endpoints"]) if item.name != without]
    outside = Outside(hosts, fabric["external_networks"])
    return choose(parse_ways(fabric["ways"]), endpoints, securities, 47021, outside)


def table(asked: list[Asked]) -> list[str]:
    return sorted(f"{one.words}: {'yes' if one.wanted else 'no'}" for one in asked)


def lines(*tables: str) -> list[str]:
    return sorted(line for text in tables for line in text.strip().splitlines())


def changed(lines_before: list[str], *patterns: str, now: str = "no") -> list[str]:
    """Return a table in which what is about these is another answer."""
    found = [
        f"{line.rpartition(': ')[0]}: {now}" if any(pattern in line for pattern in patterns) else line
        for line in lines_before
    ]
    assert sorted(found) != sorted(lines_before)
    return sorted(found)


EVERYTHING = lines(OUTWARD, INWARD, FROM_INSIDE)


def test_ways_lead_out_and_in_as_the_router_says_and_nowhere_else() -> None:
    found = chosen(CORE)
    assert table(found.asked) == EVERYTHING
    assert not found.missing
    assert {one.asker for one in found.asked if one.sender == "out"} == {"core"}
    assert all(one.asker == one.sender for one in found.asked if one.receiver == "out")


def test_guests_of_another_gateway_ask_nothing_by_the_router() -> None:
    other = "{tenants: {acme: {networks: {dmz: {gateway: 10.1.2.99}}}}}"
    assert table(chosen(CORE, other).asked) == [line for line in EVERYTHING if not line.startswith("acme.dmz-1 -> ")]


def test_answers_are_expected_from_who_is_meant() -> None:
    asked = {(one.asker, one.protocol, one.port): one for one in chosen(CORE).asked if one.address == "203.0.113.10"}
    balanced = asked["core", "http", 80]
    assert (balanced.answerers, balanced.service, balanced.settles) == (("acme.web-1", "acme.web-2"), "http 8080", 6)
    forwarded = asked["core", "udp", 53]
    assert (forwarded.answerers, forwarded.service, forwarded.settles) == (("acme.dmz-1",), "udp 5353", 0)


@pytest.mark.parametrize(
    ("policy", "spreads"),
    [
        ("algorithm: leastconn", True),
        ("mode: http, stickiness: cookie", True),  # of which no asker has one
        ("algorithm: source", False),
        ("stickiness: source", False),
    ],
)
def test_each_member_shall_answer_where_each_has_its_turn(policy: str, spreads: bool) -> None:
    asked = chosen(CORE, edge(f"{{load_balancers: {{site: {{{policy}}}}}}}")).asked
    found = {one.asker: (one.spreads, one.answerers) for one in asked if one.protocol == "http"}
    assert found == dict.fromkeys(("core", "acme.dmz-1"), (spreads, ("acme.web-1", "acme.web-2")))
    assert {"answerers" in one for its in questions(asked).values() for one in its} == {spreads, False}


def test_a_load_balancer_is_given_no_more_than_a_minute() -> None:
    slow = "{tenants: {acme: {routers: {edge: {load_balancers: {site: {check: {interval: 3600}}}}}}}}"
    assert {one.settles for one in chosen(CORE, slow).asked if one.protocol == "http"} == {60}


@pytest.mark.parametrize(
    ("hosts", "more", "expected", "missing"),
    [
        # not of its remote_cidr, and of IPv4 alone
        ({"far": ["192.0.2.7"]}, "{}", changed(EVERYTHING, "out -> acme.dmz-1 tcp 2222"), 5),
        ({}, "{}", lines(OUTWARD, FROM_INSIDE), 15),  # the gateway answers, but nobody asks
        ({"nowhere": []}, "{}", lines(FROM_INSIDE), 19),
        ({"elsewhere": ["198.51.100.1"]}, "{}", lines(FROM_INSIDE), 19),
    ],
    ids=["far", "nobody", "nowhere", "elsewhere"],
)
def test_who_is_outside_measures_what_comes_in(
    hosts: dict[str, list[str]], more: str, expected: list[str], missing: int
) -> None:
    found = chosen(hosts, more)
    of_ipv6 = [line for line in expected if "(IPv6)" in line and hosts]
    assert table(found.asked) == [line for line in expected if line not in of_ipv6]
    assert found.missing == {"out": missing}


def test_what_nobody_measures_is_said() -> None:
    assert not_seen({"out": 3}, {"VPNs": 2}) == "Not measured of the outside: 3 ways by out, 2 VPNs."
    assert not_seen({}, {}) == ""
    vpn = "{type: ipsec, remote: 192.0.2.9, remote_subnets: 192.168.60.0/24, networks: web, psk: key}"
    fabric = compiled(f"{{tenants: {{acme: {{routers: {{edge: {{vpn: {{branch: {vpn}}}}}}}}}}}}}")
    assert fabric["ways_unmeasured"] == {"VPNs to elsewhere": 1}
    assert compiled()["ways_unmeasured"] == {}


def test_a_guest_that_is_not_in_the_sample_answers_nobody() -> None:
    found = chosen(CORE, without="acme.dmz-1")
    silent = [line.replace("dmz-1", "web-1") for line in EVERYTHING if "dmz-1" in line and line.endswith("no")]
    left = [line for line in EVERYTHING if "acme.dmz-1" not in line and "web-1 -> out udp" not in line]
    assert table(found.asked) == lines(*silent, *(line for line in left if "web-1 -> out tcp" not in line))
    others = chosen(CORE, without="acme.web-2").asked
    balanced = [(one.answerers, one.others) for one in others if one.protocol == "http"]
    assert balanced == [(("acme.web-1",), ("acme.web-2",))] * 2


def test_guests_answer_where_ways_lead_to() -> None:
    ways = parse_ways(compiled()["ways"])
    assert [sorted(services_of_ways(ways, f"acme.{name}", 47021)) for name in ("web-1", "web-2", "dmz-1")] == [
        ["http 8080", "tcp 443", "udp 47021"],
        ["http 8080", "udp 47021", "udp 53"],
        ["tcp 22", "udp 47021", "udp 5353"],
    ]


def rules(*rules: str) -> str:
    given = ", ".join(f"{{{rule}}}" for rule in rules)
    return f"{{tenants: {{acme: {{security_groups: {{default: {{rules: [{given}]}}}}}}}}}}"


OUT, IN = "direction: egress", "direction: ingress"


def test_groups_have_their_say_of_who_asks() -> None:
    found = chosen(CORE, rules(f"{OUT}, protocol: udp", IN))
    as_it_is = [line.replace("-> out http", "-> out tcp") for line in EVERYTHING]  # whether it gets to the router
    assert table(found.asked) == changed(as_it_is, "-> out icmp", "acme.dmz-1 -> out tcp")


def test_groups_have_their_say_of_who_answers_and_see_the_router_ask_for_a_load_balancer() -> None:
    found = chosen(CORE, rules(OUT, f"{IN}, protocol: tcp, port: 8080, remote_cidr: 10.1.1.1"))
    patterns = ("dmz-1 tcp 2222", "dmz-1 udp 53", "web-1 tcp 443", "web-1 icmp", "web-2 udp 53", "-> out udp 53")
    assert table(found.asked) == changed(EVERYTHING, *patterns)
    refused = chosen(CORE, rules(OUT, f"{IN}, protocol: tcp, port: 8080, remote_cidr: 203.0.113.0/24"))
    assert table(refused.asked) == changed(EVERYTHING, *patterns, "http")  # HAProxy itself answers by tcp


def test_from_inside_groups_see_the_address_of_the_router_ask() -> None:
    found = chosen(CORE, rules(OUT, f"{IN}, protocol: udp, port: 5353, remote_cidr: 203.0.113.11"))
    told = [line for line in table(found.asked) if "udp 53" in line]
    assert told == changed(
        [line for line in EVERYTHING if "udp 53" in line], "out -> acme.dmz-1 udp", "out -> acme.web-2 udp"
    )


def edge(more: str) -> str:
    return f"{{tenants: {{acme: {{routers: {{edge: {more}}}}}}}}}"


FAR = "remote_cidr: 192.0.2.0/24"


@pytest.mark.parametrize(
    ("firewall", "wanted"),
    [
        ("{to: web-1}", {"tcp 47021": True, "udp 47021": True, "icmp": True}),
        ("{to: web-1, protocol: udp}", {"tcp 47021": False, "udp 47021": True, "icmp": False}),
        (
            "{to: web-1, protocol: tcp, port: 47000-47100}",
            {"tcp 47000": True, "tcp 47021": True, "udp 47021": False, "icmp": False},
        ),
        (
            f"{{to: web-1, protocol: tcp, port: 443, {FAR}}}, {{to: web-1, protocol: icmp, {FAR}}}",
            {"tcp 443": False, "tcp 47021": False, "udp 47021": False, "icmp": False},
        ),
        (
            f"{{to: web-1, protocol: tcp, port: 443, {FAR}}}, {{to: web-1, protocol: tcp}}",
            {"tcp 443": True, "tcp 47021": True, "udp 47021": False, "icmp": False},
        ),
    ],
)
def test_what_is_open_is_what_all_rules_together_say(firewall: str, wanted: dict[str, bool]) -> None:
    asked = chosen(CORE, edge(f"{{firewall: [{firewall}]}}")).asked
    found = [one for one in asked if one.address == "203.0.113.11"]
    assert {f"{one.protocol} {one.port or ''}".strip(): one.wanted for one in found} == wanted


def test_guests_without_a_way_out_are_asked_whether_they_have_none() -> None:
    assert table(chosen(CORE, edge("{snat: false}")).asked) == changed(EVERYTHING, "(source NAT)")
    rules = "{to: web-1, protocol: tcp, port: 443}, {to: web-1, protocol: icmp}"
    without = edge(f"{{external: {{ip: 203.0.113.10}}, firewall: [{rules}]}}")
    found = [line for line in EVERYTHING if "out -> acme.web-2" not in line]
    assert table(chosen(CORE, without).asked) == changed(found, "(IPv6)")


def test_a_load_balancer_that_is_closed_to_who_asks_is_asked_whether_it_is() -> None:
    near = edge("{load_balancers: {site: {remote_cidr: 10.1.2.0/24}}}")
    told = {one.asker: (one.protocol, one.wanted) for one in chosen(CORE, near).asked if one.name == "load balancer"}
    assert told == {"core": ("tcp", False), "acme.dmz-1": ("http", True)}


def test_questions_are_those_of_each_asker_in_order() -> None:
    asked = chosen(CORE).asked
    assert list(parse_asked(as_data(asked))) == asked
    found = questions(asked)
    assert {host: len(its) for host, its in found.items()} == {
        "core": 14, "acme.web-1": 3, "acme.web-2": 2, "acme.dmz-1": 2,
    }  # fmt: skip
    assert found["acme.dmz-1"] == [
        {"protocol": "icmp", "address": "203.0.113.1", "port": None, "settles": 0},
        {
            **{"protocol": "http", "address": "203.0.113.10", "port": 80, "settles": 6},
            "answerers": ["acme.web-1", "acme.web-2"],
        },
    ]


def reply(*answerers: str, answered: bool = True, note: str = "") -> dict[str, Any]:
    return {"answered": answered, "answerers": list(answerers), "note": note}


WAY = {"address": "203.0.113.10", "name": "port forward"}
IN_80 = Asked("core", "out", "acme.db", protocol="tcp", port=80, wanted=True, answerers=("acme.db",), **WAY)
CLOSED = replace(IN_80, port=81, wanted=False, answerers=())
DNS = replace(IN_80, protocol="udp", port=53, service="udp 5353")
BALANCED = replace(IN_80, protocol="http", receiver="acme.web", answerers=("acme.web", "acme.db"))
GOES_OUT = Asked("acme.db", "acme.db", "out", protocol="icmp", port=0, wanted=True, **WAY)
SILENT = reply(answered=False, note="no reply")


def judged(asked: list[Asked], *replies: dict[str, Any], **busy: list[str]) -> list[tuple[str, str, str]]:
    of_guests = {f"acme.{name}": services for name, services in busy.items()}
    return [(cell.sender, cell.receiver, cell.state) for cell in judge_ways(asked, {"core": replies}, of_guests)]


def test_what_was_measured_is_judged() -> None:
    right = judge_ways([IN_80, CLOSED, GOES_OUT], {"core": [reply("acme.db"), SILENT], "acme.db": [reply()]}, {})
    assert [(cell.sender, cell.receiver, cell.state) for cell in right] == [
        ("out", "acme.db", "ok-reach"),
        ("acme.db", "out", "ok-reach"),
    ]
    own_server = reply(note="somebody else answered")
    assert judged([IN_80, CLOSED], own_server, SILENT) == [("out", "acme.db", "ok-reach")]
    assert judged([CLOSED], SILENT) == [("out", "acme.db", "ok-isolated")]
    assert [endpoint.name for endpoint in outsiders([IN_80, GOES_OUT])] == ["out"]


def test_of_members_the_one_counts_that_answered() -> None:
    assert judged([BALANCED], reply("acme.db")) == [("out", "acme.db", "ok-reach")]
    assert judged([BALANCED], reply("acme.web")) == [("out", "acme.web", "ok-reach")]
    assert judged([BALANCED], reply("acme.foreign")) == [("out", "acme.web", "unreachable")]
    assert judged([BALANCED], SILENT) == [("out", "acme.web", "unreachable")]


SPREAD = replace(BALANCED, spreads=True, service="http 8080")


def test_a_member_that_is_not_among_those_that_answered_is_named() -> None:
    assert judged([SPREAD], reply("acme.db", "acme.web")) == [
        ("out", "acme.db", "ok-reach"),
        ("out", "acme.web", "ok-reach"),
    ]
    assert judged([SPREAD], SILENT) == [("out", "acme.web", "unreachable")]
    [right, wrong] = judge_ways([SPREAD], {"core": [reply("acme.db", note="no reply")]}, {})
    assert (right.receiver, right.state, wrong.receiver, wrong.state) == (
        "acme.db",
        "ok-reach",
        "acme.web",
        "unreachable",
    )
    assert [fault.words for fault in wrong.faults] == [
        "out -> acme.web http 80 to 203.0.113.10 (port forward): expected an answer of acme.web, measured those of "
        "acme.db alone"
    ]
    inside = replace(SPREAD, asker="core", sender="acme.x", receiver="out")
    assert judged([inside], reply("acme.db")) == [("acme.x", "out", "unreachable")]
    assert judged([SPREAD], reply("acme.db", "acme.foreign", "acme.web"))[1] == ("out", "acme.foreign", "leak")


def test_a_member_with_a_server_of_its_own_is_taken_for_who_has_no_name() -> None:
    other = reply("acme.db", note="somebody else answered")
    assert [state for *_pair, state in judged([SPREAD], other)] == ["ok-reach", "unreachable"]
    assert [state for *_pair, state in judged([SPREAD], other, web=["http 8080"])] == ["ok-reach", "ok-reach"]
    assert [state for *_pair, state in judged([SPREAD], reply("acme.db"), web=["http 8080"])][1] == "unreachable"


def test_members_of_which_nothing_is_known_are_named() -> None:
    sticky = replace(BALANCED, others=("10.1.1.30",))
    balancer = "203.0.113.10:80"
    assert unseen([sticky], {"core": [reply("acme.db")]}) == {balancer: ["10.1.1.30", "acme.web"]}
    both = [sticky, replace(sticky, asker="acme.x")]
    assert unseen(both, {"core": [reply("acme.db")], "acme.x": [reply("acme.web")]}) == {balancer: ["10.1.1.30"]}
    assert unseen([SPREAD, IN_80], {"core": [reply("acme.db"), reply()]}) == {}
    assert unseen([replace(sticky, wanted=False)], {}) == {}


def test_a_server_of_the_guests_own_need_not_answer_datagrams() -> None:
    assert judged([DNS], SILENT) == [("out", "acme.db", "unreachable")]
    assert judged([DNS], SILENT, db=["udp 5353"]) == [("out", "acme.db", "ok-reach")]
    assert judged([DNS], SILENT, db=["udp 53"]) == [("out", "acme.db", "unreachable")]
    assert judged([IN_80], SILENT, db=["tcp 80"]) == [("out", "acme.db", "unreachable")]


def test_what_is_wrong_is_told_of_each_way() -> None:
    [wrong] = judge_ways([IN_80, CLOSED], {"core": [SILENT, reply("acme.db")]}, {})
    assert (wrong.state, [fault.words for fault in wrong.faults]) == (
        "leak",
        [
            "out -> acme.db tcp 80 to 203.0.113.10 (port forward): expected reachable, measured unreachable (no reply)",
            "out -> acme.db tcp 81 to 203.0.113.10 (port forward): expected unreachable, measured reachable",
        ],
    )
    [other, missing] = judge_ways([IN_80, GOES_OUT], {"core": [reply("acme.web")]}, {})
    assert other.faults[0].words.endswith("measured unreachable (answered by acme.web)")
    assert (missing.state, missing.faults[0].words) == (
        "unmeasured",
        "acme.db -> out icmp to 203.0.113.10 (port forward): expected reachable, measured nothing",
    )
