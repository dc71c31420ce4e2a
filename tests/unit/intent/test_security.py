# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What security groups compile to: on whom a change of membership costs what, and that nothing else is touched."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric, compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import concerned, covered, firewalls
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.permissions import _masked
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import as_data, parse_data
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports, Rule

FABRIC = """
name: dc1
segments: {tunnel: 5000-5999}
hypervisors: {hv1: {vtep: 10.0.0.1}, hv2: {vtep: 10.0.0.2}, hv3: {vtep: 10.0.0.3}, hv4: {vtep: 10.0.0.4}}
"""
TENANT = """
security_groups:
  web: {rules: [{direction: ingress, protocol: tcp, port: 80}]}
  db: {rules: [{direction: ingress, protocol: tcp, port: 3306, remote_group: web}]}
  lone: {rules: [], open_egress: false}
networks: {app: {type: gre, subnet: 10.1.0.0/16}}
ports:
  web-1: {hypervisor: hv1, network: app, ip: 10.1.0.1, security_groups: web}
  db-1: {hypervisor: hv2, network: app, ip: 10.1.0.2, security_groups: db}
  db-2: {hypervisor: hv3, network: app, ip: 10.1.0.3, security_groups: [db, web]}
  lone-1: {hypervisor: hv4, network: app, ip: 10.1.0.4, security_groups: lone}
"""
LONE = {"hypervisor": "hv4", "network": "app", "ip": "10.1.0.5"}
HOSTS = ("hv1", "hv2", "hv3", "hv4")


def raw(mode: str = "learning", **ports: dict[str, Any]) -> dict[str, Any]:
    tenant = yaml.safe_load(TENANT)
    tenant["ports"].update(ports)
    return {"fabric": {**yaml.safe_load(FABRIC), "forwarding": mode}, "tenants": {"acme": tenant}}


def flows(intent: dict[str, Any], record: Record) -> tuple[dict[str, set[str]], Record]:
    parsed = parse(intent)
    allocations, after = allocate(parsed, record)
    return {host: set(compile_host(parsed, allocations, host)["flows"]) for host in HOSTS}, after


def tables(changed: set[str]) -> Counter[str]:
    numbers = (int(flow.partition("table=")[2].partition(",")[0] or 0) for flow in changed)
    return Counter(Table(number).name for number in numbers)


def test_a_member_changes_sets_where_rules_refer_to_its_group_and_nothing_else_anywhere() -> None:
    before, record = flows(raw(), Record())
    joined = {"hypervisor": "hv1", "network": "app", "ip": "10.1.0.9", "security_groups": "web"}
    after, _record = flows(raw(**{"web-9": joined}), record)
    added = {host: tables(after[host] - before[host]) for host in HOSTS}
    assert {host: before[host] - after[host] for host in ("hv2", "hv3", "hv4")} == {host: set() for host in HOSTS[1:]}
    assert added["hv2"] == added["hv3"] == {"JUDGE_REMOTE": 1}, "db there asks who is in web"
    assert added["hv4"] == {}, "nobody there does"
    own = {"INPUT", "GUARD", "GUARD_SOURCE", "JUDGE_MEMBER", "SWITCH", "COPY"}
    assert added["hv1"].keys() == own, "the port itself: no rule, and no set, since web asks about nobody"


def test_a_port_that_changes_its_group_is_one_flow_at_home_and_one_where_it_is_asked_for() -> None:
    before, record = flows(raw(), Record())
    changed = {"hypervisor": "hv1", "network": "app", "ip": "10.1.0.1", "security_groups": ["web", "default"]}
    after, _record = flows(raw(**{"web-1": changed}), record)
    assert tables(after["hv1"] - before["hv1"])["JUDGE_MEMBER"] == 1
    assert {host: after[host] ^ before[host] for host in HOSTS[1:]} == {host: set() for host in HOSTS[1:]}


def test_a_host_has_only_the_groups_and_sets_that_its_ports_need() -> None:
    intent = parse(raw())
    needs = {host: firewalls(intent, host)["acme"] for host in HOSTS}
    assert {host: sorted(firewall.groups) for host, firewall in needs.items()} == {
        "hv1": ["web"],
        "hv2": ["db"],
        "hv3": ["db", "web"],
        "hv4": ["lone"],
    }
    assert needs["hv2"].sets == {"acme.app": {"group web": ["10.1.0.3/32", "10.1.0.1/32"]}}
    assert [needs[host].set_names for host in ("hv1", "hv4")] == [set(), set()]


def test_stateless_ports_have_a_wall_of_their_own() -> None:
    given = raw()
    given["tenants"]["acme"]["security_groups"]["lone"]["stateless"] = True
    given["tenants"]["acme"]["ports"]["web-2"] = {**LONE, "security_groups": "web"}
    found = firewalls(parse(given), "hv4")
    assert {name: sorted(wall.groups) for name, wall in found.items()} == {"acme": ["web"], "acme stateless": ["lone"]}


def test_a_change_of_members_concerns_whoever_is_in_the_group_or_asks_about_it() -> None:
    intent = parse(raw())
    assert {group: sorted(concerned(intent, f"acme.{group}")) for group in ("web", "db", "lone", "default")} == {
        "web": ["hv1", "hv2", "hv3"],
        "db": ["hv2", "hv3"],
        "lone": ["hv4"],
        "default": [],
    }


def test_networks_that_are_not_judged_cost_nothing() -> None:
    intent = raw()
    del intent["tenants"]["acme"]["security_groups"]
    for port in intent["tenants"]["acme"]["ports"].values():
        del port["security_groups"]
    plain, _record = flows(intent, Record())
    for host in HOSTS:
        assert {
            table: count for table, count in tables(plain[host]).items() if "JUDGE" in table or "VERDICT" in table
        } == {"JUDGE_IN": 1}
        assert not any("ct" in flow.split("actions=")[1] for flow in plain[host])


def test_more_groups_than_flows_can_tell_apart_are_refused_where_they_meet() -> None:
    intent = raw()
    tenant = intent["tenants"]["acme"]
    names = [f"g{number}" for number in range(130)]
    tenant["security_groups"].update({name: {} for name in names})
    tenant["ports"] = {
        name: {"hypervisor": "hv1" if number < 129 else "hv2", "network": "app", "ip": f"10.1.1.{number + 1}"}
        for number, name in enumerate(names)
    }
    for name, port in tenant["ports"].items():
        port["security_groups"] = name
    with pytest.raises(InvalidInput) as caught:
        parse(intent)
    assert caught.value.faults == [
        "tenants.acme.security_groups: 129 groups have ports on hv1; the flows of a hypervisor tell 128 of a tenant "
        "apart, so use fewer there, or split the tenant"
    ]
    tenant["ports"]["g0"]["hypervisor"] = "hv2"
    assert parse(intent)


def test_rules_survive_the_way_through_ansible() -> None:
    intent = parse(raw())
    security = intent.tenants["acme"].security
    data = compile_fabric(intent, allocate(intent, Record())[0])["security"]["acme"]
    assert data == as_data(security)
    assert {name: list(rules) for name, rules in (parse_data(data).groups or {}).items()} == {
        name: list(rules) for name, rules in (security.groups or {}).items()
    }
    assert parse_data(as_data(security)).rules_of(["web"])[0] == Rule("ingress", 6, Ports(80, 80))


@given(st.integers(1, 65535), st.integers(1, 65535))
def test_masks_are_exactly_the_range(one: int, other: int) -> None:
    first, last = sorted((one, other))
    spans = []
    for text in _masked(Ports(first, last)):
        value, _slash, mask = text.partition("/")
        size = 0x10000 - int(mask, 16) if mask else 1
        start = int(value, 0)
        assert start % size == 0
        spans.append((start, start + size - 1))
    assert spans[0][0] == first
    assert spans[-1][1] == last
    assert all(later[0] == earlier[1] + 1 for earlier, later in zip(spans, spans[1:]))


networks = st.builds(
    lambda address, length: str(ipaddress.ip_network((address & 0xC0000007, length), strict=False)),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 1, 2, 8, 29, 30, 31, 32]),
)


@given(st.dictionaries(networks, st.sets(st.integers(0, 127), min_size=1), max_size=12))
def test_what_is_said_of_a_network_holds_for_all_within(found: dict[str, set[int]]) -> None:
    parsed = {ipaddress.ip_network(name): values for name, values in found.items()}
    expected = {
        str(inner): set().union(*(values for outer, values in parsed.items() if inner.subnet_of(outer)))  # type: ignore
        for inner in parsed
    }
    assert covered(found) == expected
