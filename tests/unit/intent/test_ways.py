# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways between guests and the outside: which there are, who measures them, and what is made of what was measured."""

from __future__ import annotations

from typing import Any

import yaml
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import parse_endpoints
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import parse_data
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways import parse_ways
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_judged import (
    Asked,
    Outside,
    choose,
    judge_ways,
    not_seen,
    outsiders,
    services_of_ways,
)

INTENT = """
fabric:
  external_networks:
    out: {type: vlan, physical_network: physnet1, subnet: 203.0.113.0/24}
    other: {type: vlan, physical_network: physnet1, subnet: 198.51.100.0/24}
tenants:
  acme:
    routers:
      edge:
        hypervisors: hv1
        networks: {web: {}, dmz: {}}
        external: {network: out, ip: 203.0.113.10}
        static_nat: {web-1: 203.0.113.11}
        firewall: [{to: web-1, protocol: tcp, port: 443}, {to: web-1, protocol: icmp}]
        port_forwards:
          ssh: {protocol: tcp, port: 2222, to: dmz-1, to_port: 22, remote_cidr: 203.0.113.0/24}
          dns: {protocol: udp, port: 53, to: dmz-1}
        load_balancers: {site: {port: 80, members: [web-1]}}
"""
CORE = {"core": ["2001:db8::1", "203.0.113.1"]}
OUTWARD = [("acme.dmz-1", True), ("acme.web-1", True), ("acme.web-2", True)]
INWARD = [("port forward", 2222, True), ("static NAT", 443, True), ("static NAT", 47021, False)]


def compiled(**more: Any) -> dict[str, Any]:
    change = yaml.safe_load(INTENT)
    change["tenants"]["acme"].update(more)
    intent = parse(raw(yaml.safe_dump(change)))
    return compile_fabric(intent, allocate(intent, Record())[0])


def asked(hosts: dict[str, list[str]], **more: Any) -> list[Asked]:
    fabric = compiled(**more)
    securities = {tenant: parse_data(data) for tenant, data in fabric["security"].items()}
    outside = Outside(hosts, fabric["external_networks"])
    return list(choose(parse_ways(fabric["ways"]), parse_endpoints(fabric["endpoints"]), securities, 47021, outside))


def outward(found: list[Asked]) -> list[tuple[str, bool]]:
    return [(one.sender, one.wanted) for one in found if one.port is None]


def inward(found: list[Asked]) -> list[tuple[str, int, bool]]:
    return [(one.name, one.port, one.wanted) for one in found if one.port]


def test_ways_lead_out_and_in_as_the_router_says() -> None:
    found = asked(CORE)
    assert (outward(found), inward(found)) == (OUTWARD, INWARD)
    assert found[1] == Asked("acme.web-1", "acme.web-1", "out", "static NAT", "203.0.113.1", None, True)
    assert found[3] == Asked("core", "out", "acme.dmz-1", "port forward", "203.0.113.10", 2222, True)


def test_who_is_outside_measures_what_comes_in() -> None:
    assert inward(asked({"far": ["192.0.2.7"]})) == [(*INWARD[0][:2], False), *INWARD[1:]]  # not of its remote_cidr
    assert (outward(asked({})), inward(asked({}))) == (OUTWARD, [])
    assert asked({"elsewhere": ["198.51.100.1"]}) == []
    assert asked({"nowhere": []}) == []


def test_what_nobody_measures_is_said() -> None:
    fabric = compiled()
    ways, others = parse_ways(fabric["ways"]), fabric["ways_unmeasured"]
    rest = "1 load balancers, 2 openings for UDP or ICMP."
    assert not_seen(ways, asked(CORE), others) == f"Not measured of the outside: {rest}"
    assert not_seen(ways, asked({}), others) == f"Not measured of the outside: 3 ways by out, {rest}"
    assert not_seen([], [], {}) == ""


def test_guests_answer_where_ways_lead_to() -> None:
    ways = parse_ways(compiled()["ways"])
    assert [services_of_ways(ways, f"acme.{name}") for name in ("web-1", "dmz-1", "web-2")] == [
        {"tcp 443"},
        {"tcp 22"},
        set(),
    ]


def test_groups_have_their_say() -> None:
    rules = [{"direction": "ingress", "protocol": "tcp", "port": 443}, {"direction": "egress", "protocol": "udp"}]
    found = asked(CORE, security_groups={"default": {"rules": rules}})
    assert outward(found) == [(name, False) for name, _wanted in OUTWARD]
    assert inward(found) == [("port forward", 2222, False), *INWARD[1:]]


def reply(answerer: str = "", answered: bool = True, note: str = "") -> dict[str, Any]:
    return {"answered": answered, "answerer": answerer, "note": note}


WAY = {"address": "203.0.113.10", "name": "port forward"}
IN, CLOSED = (Asked("core", "out", "acme.db", port=port, wanted=port == 80, **WAY) for port in (80, 81))
GOES_OUT = Asked("acme.db", "acme.db", "out", port=None, wanted=True, **WAY)
SILENT = reply(answered=False, note="no reply")


def test_what_was_measured_is_judged() -> None:
    right = judge_ways([IN, CLOSED, GOES_OUT], {"core": [reply("acme.db"), SILENT], "acme.db": [reply()]})
    assert [(cell.sender, cell.receiver, cell.state) for cell in right] == [
        ("out", "acme.db", "ok-reach"),
        ("acme.db", "out", "ok-reach"),
    ]
    busy = judge_ways([IN, CLOSED], {"core": [reply(note="somebody else answered"), SILENT]})
    assert busy[0].state == "ok-reach"
    assert [endpoint.name for endpoint in outsiders([IN, GOES_OUT])] == ["out"]


def test_what_is_wrong_is_told_of_each_way() -> None:
    [wrong] = judge_ways([IN, CLOSED], {"core": [SILENT, reply("acme.db")]})
    assert (wrong.state, [fault.words for fault in wrong.faults]) == (
        "leak",
        [
            "out -> acme.db tcp 80 to 203.0.113.10 (port forward): expected reachable, measured unreachable (no reply)",
            "out -> acme.db tcp 81 to 203.0.113.10 (port forward): expected unreachable, measured reachable",
        ],
    )
    [other, missing] = judge_ways([IN, GOES_OUT], {"core": [reply("acme.web")]})
    assert other.faults[0].words.endswith("measured unreachable (answered by acme.web)")
    assert (missing.state, missing.faults[0].words) == (
        "unmeasured",
        "acme.db -> out icmp to 203.0.113.10 (port forward): expected reachable, measured nothing",
    )
