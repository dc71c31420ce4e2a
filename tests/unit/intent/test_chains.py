# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What security groups compile to with IP sets and iptables: on whom a change costs what, and that modules take it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from test_security import HOSTS, raw

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.names import FROM, TO, Names, Place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.permits import permits
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.program import EMPTY
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record, parse_record, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports, Rule
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.switching import FORWARDING
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_input import parse_sets
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_input import parse_rules
from ansible_collections.tenantry.sdn.plugins.module_utils.model.plug_input import parse_plugs

PLACE = Place("acme", "acme.app")
NAMES = Names("dc1")
WEB = NAMES.members(PLACE, "group web", 4)


def intent(mode: str = "plain", driver: str = "ipset", **ports: dict[str, Any]) -> dict[str, Any]:
    given = raw(mode, **ports)
    given["fabric"]["security_driver"] = driver
    if mode == "controller":
        given["fabric"]["controllers"] = {"targets": ["tcp:192.0.2.33:6653"]}
    return given


def states(given: dict[str, Any], record: Record | None = None) -> tuple[dict[str, dict[str, Any]], Record]:
    parsed = parse(given)
    allocations, after = allocate(parsed, record or Record())
    return {host: compile_host(parsed, allocations, host) for host in HOSTS}, after


def walls(given: dict[str, Any], record: Record | None = None) -> tuple[dict[str, dict[str, Any]], Record]:
    found, after = states(given, record)
    return {host: state["firewall"] for host, state in found.items()}, after


def rules(wall: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (chain["name"], str(rule))
        for part in ("zones", "rules")
        for chain in wall[part]["chains"]
        for rule in chain["rules"]
    ]


def members(wall: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["name"], member) for one in wall["sets"] for member in one["members"]}


@pytest.mark.parametrize("mode", FORWARDING)
def test_the_modules_take_what_every_forwarding_compiles_to(mode: str) -> None:
    for host, wall in walls(intent(mode))[0].items():
        options = {"owner": "dc1", "allow_empty": True}
        assert len(parse_sets({**options, "sets": wall["sets"]})) == len(wall["sets"])
        for table, part in (("raw", "zones"), ("filter", "rules")):
            task = {
                **options,
                "table": table,
                "family": "both",
                "chains": wall[part]["chains"],
                "jumps": wall[part]["jumps"],
            }
            assert parse_rules(task).chains
        assert [plug.interface for plug in parse_plugs({**options, "plugs": wall["plugs"]})] == [
            plug["interface"] for plug in wall["plugs"]
        ], host


def test_fragments_of_a_plug_are_put_together_in_the_zone_of_its_connections() -> None:
    for wall in walls(intent())[0].values():
        tracked = [chain["rules"] for chain in wall["zones"]["chains"] if chain["name"] == NAMES.common("tracked")]
        assert [(plug_links(plug["name"]).bridge, plug["zone"]) for plug in wall["plugs"]] == [
            (rule["in_interface"], rule["zone"]) for rules in tracked for rule in rules
        ]


def test_a_member_changes_one_set_for_each_family_where_rules_refer_to_its_group_and_nothing_else() -> None:
    before, record = walls(intent())
    joined = {"hypervisor": "hv1", "network": "app", "ip": "10.1.0.9", "security_groups": "web"}
    after, _record = walls(intent(**{"web-9": joined}), record)
    for host in ("hv2", "hv3", "hv4"):
        assert rules(after[host]) == rules(before[host])
        assert after[host]["plugs"] == before[host]["plugs"]
        asks = host != "hv4"
        assert members(after[host]) - members(before[host]) == {(WEB, "10.1.0.9") for dummy in range(asks)}
        assert members(before[host]) <= members(after[host])
    new = [chain for chain, dummy in set(rules(after["hv1"])) - set(rules(before["hv1"]))]
    own = [NAMES.common(name) for name in ("forward", "to", "tracked")]
    port = "acme.web-9"
    ports = [NAMES.port(FROM, port), NAMES.port(TO, port), NAMES.guard(port), NAMES.neighbours(port)]
    assert set(new) == {*own, *ports}, "the port itself: no rule of a group"


def test_a_rule_is_a_rule_on_each_way_however_many_are_members() -> None:
    def count(members: int) -> int:
        ports = {
            f"m-{number}": {
                "hypervisor": "hv1",
                "network": "app",
                "ip": f"10.1.1.{number + 1}",
                "security_groups": "web",
            }
            for number in range(members)
        }
        return len(rules(walls(intent(**ports))[0]["hv2"]))

    assert count(0) == count(100)


def test_a_change_of_the_driver_gives_a_port_another_number_and_the_old_one_back() -> None:
    flows, record = states(intent("learning", "openflow"))
    plugged, between = states(intent("learning"), record)
    again, dummy = states(intent("learning", "openflow"), parse_record_of(between))
    numbers = [
        {port["ofport_request"] for port in state["hv1"]["ports"] if "mtu_request" in port}
        for state in (flows, plugged)
    ]
    assert numbers[0].isdisjoint(numbers[1]), "else flows of the one would serve the other for a moment"
    assert again == flows
    assert [state["firewall"] for state in flows.values()] == [EMPTY] * len(HOSTS)
    assert not any("ct(" in flow for flow in plugged["hv1"]["flows"]), "no flow judges as well"
    assert any("ct(" in flow for flow in flows["hv1"]["flows"])


def parse_record_of(record: Record) -> Record:
    return parse_record(yaml.safe_load(render(record)))


IN, OUT = "ingress", "egress"


@pytest.mark.parametrize(
    ("rule", "to_guest", "from_guest"),
    [
        (
            Rule(IN, 6, Ports(80, 90)),
            [{"ctdir": "ORIGINAL", "ctproto": "6", "ctorigdstport": "80-90"}],
            [{"ctdir": "REPLY", "ctproto": "6", "ctorigdstport": "80-90"}],
        ),
        (
            Rule(OUT, 17, Ports(53, 53), families=(6,), remote_cidrs=("fd00::/64",)),
            [{"ctdir": "REPLY", "ctproto": "17", "ctorigdstport": "53-53", "family": "ipv6", "ctorigdst": "fd00::/64"}],
            [
                {
                    "ctdir": "ORIGINAL",
                    "ctproto": "17",
                    "ctorigdstport": "53-53",
                    "family": "ipv6",
                    "ctorigdst": "fd00::/64",
                }
            ],
        ),
        (Rule(OUT), [{"ctdir": "REPLY"}], [{"ctdir": "ORIGINAL"}, {"ctstate": ["UNTRACKED"]}]),
        (
            Rule(IN, 1, icmp=(8, None), families=(4,)),
            [{"ctdir": "ORIGINAL", "ctproto": "1", "ctorigdstport": "2048-2303", "family": "ipv4"}],
            [{"ctdir": "REPLY", "ctproto": "1", "ctorigdstport": "2048-2303", "family": "ipv4"}],
        ),
        (
            Rule(IN, 58, icmp=(131, 0), families=(6,)),
            [
                {"ctdir": "ORIGINAL", "ctproto": "58", "ctorigdstport": "33536-33536", "family": "ipv6"},
                {"ctstate": ["UNTRACKED"], "protocol": "icmpv6", "icmp_type": 131, "icmp_code": 0, "family": "ipv6"},
            ],
            [{"ctdir": "REPLY", "ctproto": "58", "ctorigdstport": "33536-33536", "family": "ipv6"}],
        ),
        (
            Rule(IN, 112, remote_cidrs=("10.0.0.0/8",)),
            [{"ctstate": ["UNTRACKED"], "protocol": "112", "family": "ipv4", "source": "10.0.0.0/8"}],
            [],
        ),
        (
            Rule(OUT, 132, Ports(5, 6)),
            [],
            [{"ctstate": ["UNTRACKED"], "protocol": "sctp", "destination_ports": ["5-6"]}],
        ),
        (
            Rule(IN, 6, families=(4,), remote_set="group web"),
            [{"ctdir": "ORIGINAL", "ctproto": "6", "sets": [{"set": WEB, "direction": "src"}]}],
            [{"ctdir": "REPLY", "ctproto": "6", "sets": [{"set": WEB, "direction": "dst"}]}],
        ),
    ],
)
def test_a_rule_permits_by_the_first_packet_of_a_connection(
    rule: Rule, to_guest: list[dict[str, Any]], from_guest: list[dict[str, Any]]
) -> None:
    for way, expected in ((TO, to_guest), (FROM, from_guest)):
        assert list(permits(rule, way, PLACE, NAMES)) == expected


def test_at_a_plug_a_port_says_of_its_own_addresses_alone_that_it_has_them() -> None:
    port = "acme.web-1"
    (wall,) = [wall for wall in walls(intent())[0].values() if port in {plug["name"] for plug in wall["plugs"]}]
    (said,) = [chain["rules"] for chain in wall["rules"]["chains"] if chain["name"] == NAMES.neighbours(port)]
    assert {(rule["protocol"], rule["icmp_type"]) for rule in said} == {("icmpv6", 136)}
    assert all(rule["target"] == "RETURN" and rule["nd_target"] for rule in said[:-1])
    assert (said[-1]["target"], "nd_target" in said[-1]) == ("DROP", False)
    (way_out,) = [chain["rules"] for chain in wall["rules"]["chains"] if chain["name"] == NAMES.port(FROM, port)]
    assert way_out[0] == {"protocol": "icmpv6", "target": NAMES.neighbours(port)}
