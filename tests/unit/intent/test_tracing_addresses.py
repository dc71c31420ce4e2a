# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a packet to an address, and from somewhere outside to a public one: what the routers on its way do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from sample_intent import merged
from test_tracing import answer, out
from test_tracing_routers import ALL, ASKED, BACK, DMZ, THERE, WEB, WIRE, follow, outward, told

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Journey, Visit
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import lines, verdict

PUBLIC = """
fabric: {hypervisors: {hv2: {uplinks: {physnet2: eth2}}}}
tenants:
  acme:
    routers:
      edge:
        static_nat: {web-1: 203.0.113.11}
        firewall: [{to: web-1, protocol: tcp, port: 443}, {to: web-1, protocol: icmp, remote_cidr: 198.51.100.0/24}]
        port_forwards:
          ssh: {protocol: tcp, port: 2222, to: dmz-1, to_port: 22, remote_cidr: [198.51.100.0/24, 10.1.1.0/24]}
        load_balancers: {site: {port: 80, members: [dmz-1, web-1], to_port: 8080}}
        vpn:
          branch: {type: ipsec, remote: 192.0.2.9, remote_subnets: 192.168.60.0/24, networks: dmz, psk: key}
  globex:
    networks: {app: {subnet: 10.1.1.0/24}}
    routers: {gate: {hypervisors: hv1, networks: {app: {}}, external: {network: other, ip: 198.51.100.20}}}
"""


def follow_public(*answers: dict[str, Any], **asked: Any) -> tuple[Visit | None, Journey | None]:
    return follow(*answers, of=outward(PUBLIC), **asked)


def told_public(*answers: dict[str, Any], **asked: Any) -> str:
    return told(*answers, of=outward(PUBLIC), **asked)


EDGE = "tenants.acme.routers.edge"
TAGGED = ", with the VLAN tag 120"
CROSSES = {
    "{to: 192.0.2.7}": "acme.edge passes it on as 203.0.113.11",
    "{from: acme.dmz-1, to: 192.0.2.7}": "acme.edge passes it on as 203.0.113.10",
    "{from: 192.0.2.7, to: 203.0.113.11, proto: tcp, port: 443}": (
        "acme.edge passes it on to 10.1.1.20: firewall[0] allows it; 192.0.2.7 to 10.1.1.20 443"
    ),
    "{from: 192.0.2.7, to: acme.web-1}": "acme.edge drops it: firewall lets no icmp of 203.0.113.11 in from 192.0.2.7",
    "{from: 198.51.100.9, to: acme.web-1}": (
        "acme.edge passes it on to 10.1.1.20: firewall[1] allows it; 198.51.100.9 to 10.1.1.20 0"
    ),
    "{from: acme.dmz-1, to: 203.0.113.11, proto: tcp, port: 443}": (
        "acme.edge passes it on to 10.1.1.20: firewall[0] allows it; 203.0.113.10 to 10.1.1.20 443"
    ),
    "{from: 192.0.2.7, to: 203.0.113.10, proto: tcp, port: 2222}": (
        "acme.edge drops it: port_forwards.ssh is not open to 192.0.2.7"
    ),
    "{from: 198.51.100.9, to: 203.0.113.10, proto: tcp, port: 2222}": (
        "acme.edge passes it on: port_forwards.ssh leads to 10.1.2.20 port 22; 198.51.100.9 to 10.1.2.20 22"
    ),
    "{to: 203.0.113.10, proto: tcp, port: 2222}": (
        "acme.edge passes it on: port_forwards.ssh leads to 10.1.2.20 port 22; 203.0.113.11 to 10.1.2.20 22"
    ),
    "{from: 192.0.2.7, to: 203.0.113.10, proto: tcp, port: 80}": (
        "acme.edge passes it on: load_balancers.site asks dmz-1 port 8080, one of 2 members; 10.1.2.1 to 10.1.2.20 8080"
    ),
    "{from: 192.0.2.7, to: 203.0.113.10, proto: udp, port: 80}": (
        "acme.edge drops it: neither port_forwards nor load_balancers leads on udp port 80 of 203.0.113.10; whether it "
        "answers itself is not asked"
    ),
    "{from: 10.1.2.20, to: 203.0.113.11, proto: tcp, port: 443}": (
        "acme.edge drops it: 10.1.2.20 is of its own networks, and comes from outside"
    ),
    "{from: acme.dmz-1, to: 192.168.60.7}": "acme.edge passes it on to VPN branch",
    "{to: 192.168.60.7}": "acme.edge drops it: vpn.branch does not join acme.web",
    "{from: 192.168.60.7, to: acme.dmz-1}": "acme.edge passes it on from VPN branch; 192.168.60.7 to 10.1.2.20 0",
    "{from: 192.168.60.7, to: acme.web-1}": "acme.edge drops it: vpn.branch does not join acme.web",
    "{from: acme.dmz-1, to: 10.9.0.9}": "acme.edge passes it on: acl does not speak of it; 10.1.2.20 to 10.9.0.9 0",
    "{to: 10.1.2.20}": "acme.edge passes it on: acl does not speak of it; 10.1.1.20 to 10.1.2.20 0",
    "{from: globex.app-1, to: 203.0.113.11, proto: tcp, port: 443}": (
        "globex.gate passes it on as 198.51.100.20, acme.edge passes it on to 10.1.1.20: firewall[0] allows it; "
        "198.51.100.20 to 10.1.1.20 443"
    ),
    "{from: globex.app-1, to: 192.168.60.7}": "globex.gate passes it on as 198.51.100.20",
}


@pytest.mark.parametrize(("asked", "told"), CROSSES.items(), ids=CROSSES)
def test_what_routers_do_to_what_is_for_an_address(asked: str, told: str) -> None:
    crossings = parse_question(outward(PUBLIC), {**ASKED, **yaml.safe_load(asked)}).crossings
    does = [f"drops it: {one.refusal}" if one.refusal else one.does for one in crossings]
    after = crossings[-1].after
    arrives = crossings[-1].exit and not crossings[-1].refusal
    ends = f"; {after.source} to {after.target} {after.tp_dst}" if arrives else ""
    said = ", ".join(f"{one.router.name} {does}" for one, does in zip(crossings, does))
    assert said.replace(f"{EDGE}.", "") + ends == told


NOWHERE = {
    "{to: 10.1.2.99}": "10.1.2.99 is in acme.dmz, and no port there has it; write the address of one",
    "{to: 10.1.1.20}": "10.1.1.20 is where the packet comes from; write another address",
    "{to: 10.9.0.9}": (
        "10.9.0.9 is behind acme.web-2, in the network of the sender, whom it answers past the router; write acme.web-2"
    ),
    "{from: 192.0.2.7, to: 203.0.113.99}": (
        "no router of the intent answers for 203.0.113.99 outside; write a public address of one"
    ),
    "{from: 192.0.2.7, to: internet}": (
        "192.0.2.7 and internet are both outside; write a port, or a public address of a router"
    ),
    "{from: 192.0.2.7, to: acme.dmz-1}": (
        "acme.dmz-1 has no address at which 192.0.2.7 reaches it; write the public address, if a port forward or a "
        "load balancer leads to it"
    ),
}


@pytest.mark.parametrize(("asked", "fault"), NOWHERE.items(), ids=NOWHERE)
def test_an_address_that_leads_nowhere_is_refused(asked: str, fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_question(outward(PUBLIC), {**ASKED, **yaml.safe_load(asked)})
    assert caught.value.faults == [f"to: {fault}"]


def test_from_outside_the_switches_are_asked_from_the_router_on() -> None:
    asked = {"from": "198.51.100.9", "to": "203.0.113.10", "proto": "tcp", "port": 2222}
    seen = []
    for count in range(4):
        visit, _journey = follow_public(*ALL[2 : 2 + count], **asked)
        assert visit is not None
        seen.append((visit.hypervisor, visit.in_port, visit.packet.dl_src, visit.packet.words))
    there = "tcp from 198.51.100.9 port 40000 to 10.1.2.20 port 22"
    back = "tcp from 10.1.2.20 port 22 to 198.51.100.9 port 40000"
    assert seen == [
        *(("hv2", DMZ.device, DMZ.mac, there), ("hv1", "eth1", DMZ.mac, there + TAGGED)),
        *(("hv1", "tap1", "52:54:00:00:00:11", back), ("hv2", "eth1", "52:54:00:00:00:11", back + TAGGED)),
    ]
    arrives = "198.51.100.9 reaches acme.dmz-1 by 203.0.113.10"
    assert told_public(*ALL[2:6], **asked) == f"{arrives}, and the answer comes back."
    assert told_public(*ALL[2:5], answer(), **asked).startswith(f"{arrives}, but the answer does not come back: on its")
    assert told_public(**{**asked, "from": "192.0.2.7"}) == (
        f"192.0.2.7 does not reach acme.dmz-1: router acme.edge is between them, and {EDGE}.port_forwards.ssh is not "
        "open to 192.0.2.7."
    )


def test_from_inside_the_answer_comes_back_as_the_question_went() -> None:
    asked = {"to": "203.0.113.10", "proto": "tcp", "port": 2222}
    assert told_public(*ALL, **asked) == "acme.web-1 reaches acme.dmz-1 by 203.0.113.10, and the answer comes back."
    visits = [follow_public(*ALL[:count], **asked)[0] for count in range(len(ALL))]
    words = [visit.packet.words for visit in visits if visit]
    assert words[::2] == [
        "tcp from 10.1.1.20 port 40000 to 203.0.113.10 port 2222",
        "tcp from 203.0.113.11 port 40000 to 10.1.2.20 port 22",
        "tcp from 10.1.2.20 port 22 to 203.0.113.11 port 40000",
        "tcp from 203.0.113.10 port 2222 to 10.1.1.20 port 40000",
    ]


def test_behind_a_guest_it_is_followed_to_that() -> None:
    to_web = [answer(WIRE), answer(out(DMZ.device)), answer(out(None, BACK)), answer(out("tap0"))]
    back = [answer(out(None, THERE)), answer(out(WEB.device)), answer(WIRE), answer(out("tap1"))]
    of = outward("{tenants: {acme: {routers: {edge: {static_routes: {10.9.0.0/16: 10.1.1.20}}}}}}")
    _visit, journey = follow(*to_web, *back, of=of, **{"from": "acme.dmz-1", "to": "10.9.0.9"})
    assert journey is not None
    told = verdict(Names(of, allocate(of, Record())[0]), journey)
    assert told == "acme.dmz-1 reaches acme.web-1, which 10.9.0.9 is behind, and the answer comes back."


def test_into_a_vpn_it_is_followed_to_the_router() -> None:
    to_branch = [answer(WIRE), answer(out(DMZ.device)), answer(WIRE), answer(out("tap1"))]
    assert told_public(*to_branch, **{"from": "acme.dmz-1", "to": "192.168.60.7"}) == (
        "acme.dmz-1 gets to 192.168.60.7 by VPN branch of router acme.edge, and the answer comes back."
    )


def test_where_groups_judge_each_side_sees_its_own_connection() -> None:
    of = outward(yaml.safe_dump(merged(yaml.safe_load(PUBLIC), {"tenants": {"acme": {"security_groups": {}}}})))
    asked = {"to": "203.0.113.10", "proto": "tcp", "port": 2222}
    visits = [follow(*ALL[:count], of=of, **asked)[0] for count in range(len(ALL))]
    ends = [visit.connection.partition("ct_nw_src=")[2].split(",") for visit in visits if visit]
    outer = ["10.1.1.20", "ct_nw_dst=203.0.113.10", "ct_nw_proto=6", "ct_tp_src=40000", "ct_tp_dst=2222"]
    inner = ["203.0.113.11", "ct_nw_dst=10.1.2.20", "ct_nw_proto=6", "ct_tp_src=40000", "ct_tp_dst=22"]
    assert ends == [outer] * 2 + [inner] * 4 + [outer] * 2


SIX = """
tenants:
  acme: {routers: {edge: {external: {ip: [203.0.113.10, "2001:db8:113::10"]}, firewall: [{to: web-2, protocol: tcp}]}}}
  globex:
    networks: {app: {subnet: [10.1.1.0/24, "fd00:7::/64"]}}
    ports: {app-1: {ip: [10.1.1.20, "fd00:7::20"]}}
    routers:
      gate:
        hypervisors: hv2
        networks: {app: {}}
        external: {network: internet, ip: [203.0.113.20, "2001:db8:113::20"]}
"""


@pytest.mark.parametrize(
    ("asked", "routers", "refusal"),
    [
        ({"proto": "tcp", "port": 22}, ["globex.gate", "acme.edge"], ""),
        ({}, ["globex.gate", "acme.edge"], "firewall lets no icmp of fd00:1::21 in from fd00:7::20"),
        ({"family": 4}, [], ""),  # which is the sender's own network, too
    ],
)
def test_a_guest_of_another_router_is_reached_by_ipv6_alone(
    asked: dict[str, Any], routers: list[str], refusal: str
) -> None:
    ports = '{tenants: {acme: {ports: {web-2: {ip: [10.1.1.21, "fd00:1::21"]}}}}}'
    of = outward(yaml.safe_dump(merged(yaml.safe_load(SIX), yaml.safe_load(ports))))
    question = parse_question(of, {"from": "globex.app-1", "to": "acme.web-2", "family": 6, **asked})
    assert question.receiver.name == "acme.web-2"
    assert [one.router.name for one in question.crossings] == routers
    assert [one.refusal.replace(f"{EDGE}.", "") for one in question.crossings if one.refusal] == [refusal] * bool(
        refusal
    )


MEETING = """
fabric: {hypervisors: {hv1: {uplinks: {physnet2: eth2}}}}
tenants: {globex: {routers: {gate: {external: {network: internet, ip: 203.0.113.20}}}}}
"""
ASKS = {"from": "globex.app-1", "to": "203.0.113.11", "proto": "tcp", "port": 443}


def test_between_two_routers_it_is_asked_in_the_network_outside() -> None:
    of = outward(yaml.safe_dump(merged(yaml.safe_load(PUBLIC), yaml.safe_load(MEETING))))
    app, gate, edge, web = (
        next(port for port in of.ports if port.name == name)
        for name in ("globex.gate/app", "globex.gate/internet", "acme.edge/internet", "acme.edge/web")
    )
    guests = {port.name: port for port in of.guests}
    asks, asked = guests["globex.app-1"], guests["acme.web-1"]
    wire = answer(out("eth2"))
    there = [answer(out(app.device)), wire, answer(out(edge.device)), answer(out(None, BACK)), answer(out("tap0"))]
    back = [answer(out(None, THERE)), answer(out(web.device)), wire, answer(out(gate.device)), answer(out(asks.device))]
    answers = [*there, *back]
    ways = []
    for count in range(len(answers)):
        visit, _journey = follow(*answers[:count], of=of, **ASKS)
        assert visit is not None
        packet = visit.packet
        ways.append((visit.hypervisor, visit.in_port, packet.dl_src, packet.dl_dst, packet.source, packet.target))
    assert ways == [
        ("hv1", asks.device, asks.mac, app.mac, "10.1.1.20", "203.0.113.11"),
        ("hv1", gate.device, gate.mac, edge.mac, "203.0.113.20", "203.0.113.11"),
        ("hv2", "eth2", gate.mac, edge.mac, "203.0.113.20", "203.0.113.11"),
        ("hv2", web.device, web.mac, asked.mac, "203.0.113.20", "10.1.1.20"),
        ("hv1", None, web.mac, asked.mac, "203.0.113.20", "10.1.1.20"),
        ("hv1", "tap0", asked.mac, web.mac, "10.1.1.20", "203.0.113.20"),
        ("hv2", None, asked.mac, web.mac, "10.1.1.20", "203.0.113.20"),
        ("hv2", edge.device, edge.mac, gate.mac, "203.0.113.11", "203.0.113.20"),
        ("hv1", "eth2", edge.mac, gate.mac, "203.0.113.11", "203.0.113.20"),
        ("hv1", app.device, app.mac, asks.mac, "203.0.113.11", "10.1.1.20"),
    ]
    assert (
        told(*answers, of=of, **ASKS) == "globex.app-1 reaches acme.web-1 by 203.0.113.11, and the answer comes back."
    )
    _visit, journey = follow(*answers, of=of, **ASKS)
    assert journey is not None
    names = Names(of, allocate(of, Record())[0])
    assert [line.split(" by ")[0].strip() for line in lines(names, journey) if line.startswith("  hv")][:6] == [
        "hv1: comes from globex.app-1",
        "hv1: router globex.gate passes it on as 203.0.113.20,",
        "hv1: comes from globex.gate/internet",
        "hv2: comes from the wire of physnet2",
        "hv2: router acme.edge passes it on to 10.1.1.20: tenants.acme.routers.edge.firewall[0] allows it,",
        "hv2: comes from acme.edge/web",
    ]
    lost = {"unreachable": "ssh: timed out"}
    assert told(*there[:2], lost, of=of, **ASKS) == (
        "Whether globex.app-1 reaches acme.web-1 is not known: on its way to router acme.edge, hv2 could not be asked: "
        "ssh: timed out."
    )
