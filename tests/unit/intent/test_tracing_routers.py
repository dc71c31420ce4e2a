# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a packet across a router: whom it goes to in each network, and what the intent says in between."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from sample_intent import merged, raw
from test_tracing import answer, missed, out, rule

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Journey, Visit, resume, travel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import as_data, lines, verdict
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

# The router is on hv2, both guests on hv1: each packet goes to hv2 and comes back.
CHANGE = """
fabric: {{forwarding: static}}
tenants:
  acme:
    networks: {{web: {{subnet: [10.1.1.0/24, "fd00:1::/64"]}}, dmz: {{subnet: 10.1.2.0/24{gateway}}}}}
    ports:
      web-1: {{ip: [10.1.1.20, "fd00:1::20"], mac: "52:54:00:00:00:01"}}
      dmz-1: {{mac: "52:54:00:00:00:11"}}
    routers:
      edge:
        hypervisors: {hosts}
        networks: {{web: {{}}, dmz: {{}}}}
        static_routes: {{10.9.0.0/16: 10.1.1.21}}
        acl:
          - {{from: web, to: dmz, protocol: tcp, port: 22, action: deny}}
          - {{from: web, protocol: tcp, action: allow}}
"""
ASKED = {"from": "acme.web-1", "to": "acme.dmz-1"}
VTEPS = "192.168.1.151", "192.168.1.152"
THERE = {"type": "gre", "tun_id": 5001, "tun_src": VTEPS[0], "tun_dst": VTEPS[1]}
BACK = {**THERE, "tun_src": VTEPS[1], "tun_dst": VTEPS[0]}


def intent(hosts: str = "hv2", gateway: str = "") -> Intent:
    return parse(raw(CHANGE.format(hosts=hosts, gateway=gateway)))


def legs(of: Intent, host: str) -> dict[str, Any]:
    return {port.name.partition("/")[2]: port for port in of.ports_of[host] if "/" in port.name}


INTENT = intent()
WEB, DMZ = (legs(INTENT, "hv2")[name] for name in ("web", "dmz"))
WIRE = out("eth1", None, 120)
ALL = [
    *(answer(out(None, THERE)), answer(out(WEB.device)), answer(WIRE), answer(out("tap1"))),
    *(answer(WIRE), answer(out(DMZ.device)), answer(out(None, BACK)), answer(out("tap0"))),
]


def follow(*answers: dict[str, Any], of: Intent = INTENT, **asked: Any) -> tuple[Visit | None, Journey | None]:
    return resume(travel(of, parse_question(of, {**ASKED, **asked})), answers)


def told(*answers: dict[str, Any], of: Intent = INTENT, **asked: Any) -> str:
    visit, journey = follow(*answers, of=of, **asked)
    assert visit is None
    assert journey is not None
    return verdict(Names(of, allocate(of, Record())[0]), journey)


def test_in_each_network_it_is_from_and_for_the_router_there_and_back() -> None:
    asked = []
    for count in range(len(ALL)):
        visit, _journey = follow(*ALL[:count])
        assert visit is not None
        macs = [word.partition("=")[2] for word in visit.packet.flow.split(",")[1:3]]
        asked.append((visit.hypervisor, visit.in_port, *macs, visit.packet.target))
    web_1, dmz_1 = "52:54:00:00:00:01", "52:54:00:00:00:11"
    assert asked == [
        ("hv1", "tap0", web_1, WEB.mac, "10.1.2.20"),
        ("hv2", None, web_1, WEB.mac, "10.1.2.20"),
        ("hv2", DMZ.device, DMZ.mac, dmz_1, "10.1.2.20"),
        ("hv1", "eth1", DMZ.mac, dmz_1, "10.1.2.20"),
        ("hv1", "tap1", dmz_1, DMZ.mac, "10.1.1.20"),
        ("hv2", "eth1", dmz_1, DMZ.mac, "10.1.1.20"),
        ("hv2", WEB.device, WEB.mac, web_1, "10.1.1.20"),
        ("hv1", None, WEB.mac, web_1, "10.1.1.20"),
    ]
    assert told(*ALL) == "acme.web-1 reaches acme.dmz-1, and the answer comes back."


BETWEEN = "acme.web-1 does not reach acme.dmz-1: router acme.edge is between them, and"
DENIES = "tenants.acme.routers.edge.acl[0] denies it"


def test_what_the_router_drops() -> None:
    assert told(*ALL[:2], proto="tcp", port=22) == f"{BETWEEN} {DENIES}."
    assert told(*ALL, proto="tcp", port=23).endswith("reaches acme.dmz-1, and the answer comes back.")
    assert told(*ALL, proto="udp", port=22).endswith("reaches acme.dmz-1, and the answer comes back.")
    spoofed = "it drops what comes from acme.web with another source address, as 10.1.2.99"
    assert told(*ALL[:2], src_ip="10.1.2.99") == f"{BETWEEN} {spoofed}."
    assert told(*ALL[:4], src_ip="10.9.0.1") == "acme.web-1 reaches acme.dmz-1."  # which is behind acme.web-2


def test_what_does_not_get_to_the_router_or_from_it() -> None:
    lost = answer(rules=[rule(Table.INPUT, "port acme.web-1"), missed(Table.SWITCH)])
    assert told(lost) == (
        "acme.web-1 does not reach acme.dmz-1: on its way to router acme.edge, dropped by switch of network acme.web: "
        f"hv1 knows nobody in the network with the MAC address {WEB.mac}."
    )
    beyond = answer(rules=[missed(Table.SWITCH)], in_port=DMZ.device)
    assert told(*ALL[:2], beyond) == (
        "acme.web-1 does not reach acme.dmz-1: dropped by switch of network acme.dmz: hv2 knows nobody in the network "
        "with the MAC address 52:54:00:00:00:11."
    )
    gone = {"unreachable": "ssh: timed out"}
    assert told(*ALL[:5], gone) == (
        "acme.web-1 reaches acme.dmz-1; whether the answer comes back is not known: on its way to router acme.edge, "
        "hv2 could not be asked: ssh: timed out."
    )


@pytest.mark.parametrize(
    ("hosts", "place"),
    [
        ("hv2", "hv2: router acme.edge"),
        ("[hv2, hv1]", "hv2: router acme.edge, if it works here and not on hv1,"),
    ],
)
def test_the_story_has_what_the_intent_says_of_the_router(hosts: str, place: str) -> None:
    of = intent(hosts)
    names = Names(of, allocate(of, Record())[0])
    _visit, journey = follow(*ALL, of=of, proto="tcp", port=80)
    assert journey is not None
    asked_nobody = "by the intent; the router is not asked"
    assert [line for line in lines(names, journey) if "router" in line] == [
        f"  {place} passes it on: tenants.acme.routers.edge.acl[1] allows it, {asked_nobody}",
        f"  {place} passes it on, {asked_nobody}",
    ]
    data = as_data(names, journey)
    assert [(data[way]["routers"], len(data[way]["hops"])) for way in ("there", "back")] == [(["acme.edge"], 4)] * 2
    _visit, journey = follow(*ALL[:2], of=of, proto="tcp", port=22)
    assert journey is not None
    assert lines(names, journey)[-1] == f"  {place} drops it: {DENIES}, {asked_nobody}"


OTHER_GATEWAY = (
    "to: guests of acme.dmz have another gateway than router acme.edge, which a trace cannot ask; measure with the "
    "playbook verify"
)
NO_ARP = "proto: router acme.edge is between them, and passes no arp on; write another one, or ports of one network"


@pytest.mark.parametrize(
    ("of", "asked", "fault"),
    [(INTENT, {"proto": "arp"}, NO_ARP), (intent(gateway=", gateway: 10.1.2.99"), {}, OTHER_GATEWAY)],
)
def test_what_does_not_go_by_the_router_is_refused(of: Intent, asked: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_question(of, {**ASKED, **asked})
    assert caught.value.faults == [fault]


OUTSIDE = """
fabric:
  external_networks:
    internet: {type: flat, physical_network: physnet2, subnet: [203.0.113.0/24, "2001:db8:113::/64"]}
    other: {type: vlan, physical_network: physnet1, subnet: 198.51.100.0/24}
  hypervisors: {hv2: {uplinks: {physnet2: eth2}}}
tenants: {acme: {routers: {edge: {external: {network: internet, ip: 203.0.113.10}}}}}
"""
ROUTER = "tenants: {acme: {routers: {edge: %s}}}"


def outward(more: str = "{}") -> Intent:
    change = merged(yaml.safe_load(CHANGE.format(hosts="hv2", gateway="")), yaml.safe_load(OUTSIDE))
    return parse(raw(yaml.safe_dump(merged(change, yaml.safe_load(more)))))


def told_outward(*answers: dict[str, Any], more: str = "{}", **asked: Any) -> str:
    return told(*answers, of=outward(more), to="internet", **asked)


OUT_AND_BACK = [*ALL[:2], answer(out(None, BACK)), answer(out("tap0"))]
GETS_OUT = "acme.web-1 gets out to internet as %s by router acme.edge, and the answer comes back."
STAYS = "acme.web-1 does not reach internet: router acme.edge is between them, and"


def test_outside_it_is_seen_as_the_intent_says() -> None:
    assert told_outward(*OUT_AND_BACK) == GETS_OUT % "203.0.113.10"
    static = ROUTER % "{static_nat: {web-1: 203.0.113.11}}"
    assert told_outward(*OUT_AND_BACK, more=static) == GETS_OUT % "203.0.113.11"
    six = ROUTER % '{external: {ip: [203.0.113.10, "2001:db8:113::10"]}}'
    assert told_outward(*OUT_AND_BACK, more=six, family=6) == GETS_OUT % "fd00:1::20"
    assert told_outward(*ALL[:2], more=ROUTER % "{snat: false}") == (
        f"{STAYS} its snat is false, and 10.1.1.20 has no static_nat."
    )
    assert told_outward(*ALL[:2], family=6) == f"{STAYS} it has no IPv6 address outside."
    assert told_outward(*ALL[:2], src_ip="10.1.2.99") == (
        f"{STAYS} it drops what comes from acme.web with another source address, as 10.1.2.99."
    )


def test_no_guest_gets_to_where_hypervisors_are() -> None:
    closed = "fabric: {underlay: [192.168.0.0/16, 172.16.0.0/12]}"
    asked = {"of": outward(closed), "proto": "icmp"}
    assert told(*ALL[:2], to="172.16.0.9", **asked) == (
        "acme.web-1 does not reach 172.16.0.9: router acme.edge is between them, and 172.16.0.9 is in fabric.underlay."
    )
    assert told(*OUT_AND_BACK, to="172.32.0.9", **asked).startswith("acme.web-1 gets out to 172.32.0.9 as")


def test_the_way_out_is_to_the_router_and_told() -> None:
    of = outward()
    visit, _journey = follow(of=of, to="internet", proto="tcp", port=443)
    assert visit is not None
    web = legs(of, "hv2")["web"]
    assert visit.packet.flow.startswith(f"tcp,dl_src=52:54:00:00:00:01,dl_dst={web.mac},nw_src=10.1.1.20,")
    assert "nw_dst=203.0.113.1," in visit.packet.flow
    _visit, journey = follow(*OUT_AND_BACK, of=of, to="internet")
    assert journey is not None
    found = [line for line in lines(Names(of, allocate(of, Record())[0]), journey) if "router acme" in line]
    asked_nobody = "by the intent; the router is not asked"
    assert found == [
        f"  hv2: router acme.edge passes it on as 203.0.113.10, {asked_nobody}",
        f"  hv2: router acme.edge passes it on, {asked_nobody}",
    ]


def test_who_has_no_way_out_is_told() -> None:
    for sender, external in (("acme.web-1", "other"), ("globex.app-1", "internet")):
        with pytest.raises(InvalidInput) as caught:
            parse_question(outward(), {"from": sender, "to": external})
        network = {"acme.web-1": "acme.web", "globex.app-1": "globex.app"}[sender]
        assert caught.value.faults == [
            f"to: no router leads from {network} to {external}; write a port, or give it one"
        ]


def test_the_leg_of_the_same_router_on_another_hypervisor_is_no_stranger() -> None:
    of = intent("[hv2, hv1]")
    other = legs(of, "hv1")["web"].device
    first, *rest = ALL
    copied = {**first, "outputs": [*first["outputs"], out(other)]}
    arrives = "acme.web-1 reaches acme.dmz-1, and the answer comes back."
    assert told(copied, *rest, of=of) == arrives
    copied["outputs"][-1] = out("tap1")
    assert told(copied, *rest, of=of) == f"{arrives} It also goes to acme.dmz-1."
