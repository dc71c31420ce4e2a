# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that tenants share: whose addresses a firewall knows, what a member costs, and what routers pass on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from measured import endpoint, faultless

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric, compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import LEAK
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import firewalls
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import judge
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record, parse_record, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports, Rule, Security, group_set
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.services import permitted
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import FLOOD, Sighting

FABRIC = """
name: dc2
hypervisors:
  hv1: {vtep: 10.0.0.1, pod: p1, uplinks: {guests: eth1}}
  hv2: {vtep: 10.0.0.2, pod: p2, uplinks: {guests: eth1}}
  hv3: {vtep: 10.0.0.3, pod: p2, uplinks: {guests: eth1}}
networks:
  cloud:
    type: flat
    physical_network: guests
    pods:
      p1: {subnet: [10.1.0.0/21, "fd00:1::/64"]}
      p2: {subnet: [10.1.8.0/21, "fd00:2::/64"], gateway: ["fd00:2::fe", 10.1.15.254]}
"""
TENANT = """
security_groups:
  web: {rules: [{direction: ingress, protocol: tcp, port: 80}]}
  db: {rules: [{direction: ingress, protocol: tcp, port: 3306, remote_group: web}]}
ports:
  db: {hypervisor: hv1, network: cloud, ip: 10.1.0.NUMBER, security_groups: db}
  web: {hypervisor: hv2, network: cloud, ip: [10.1.8.NUMBER, "fd00:2::NUMBER"], security_groups: web}
"""
HOSTS = ("hv1", "hv2", "hv3")


def raw(**red: dict[str, Any]) -> dict[str, Any]:
    tenants = {name: yaml.safe_load(TENANT.replace("NUMBER", number)) for name, number in NUMBERS.items()}
    tenants["red"]["ports"].update(red)
    return {"fabric": yaml.safe_load(FABRIC), "tenants": tenants}


NUMBERS = {"red": "10", "blue": "20"}


def test_a_network_is_one_in_each_pod_and_the_record_keeps_it() -> None:
    intent = parse(raw())
    allocations, record = allocate(intent, Record())
    fabric = compile_fabric(intent, allocations)
    assert list(fabric["networks"]) == ["cloud@p1", "cloud@p2"]
    assert fabric["gateways"] == [
        {"segment": "guests@p1", "addresses": ["10.1.0.1/21", "fd00:1::1/64"]},
        {"segment": "guests@p2", "addresses": ["10.1.15.254/21", "fd00:2::fe/64"]},
    ]
    assert [host["segments"] for host in fabric["hypervisors"]] == [
        {"guests": "guests@p1"},
        {"guests": "guests@p2"},
        {"guests": "guests@p2"},
    ]
    assert parse_record(yaml.safe_load(render(record))) == record


def test_a_set_has_the_members_of_its_own_tenant_in_every_pod() -> None:
    sets = {name: found.sets for name, found in firewalls(parse(raw()), "hv1").items()}
    assert sets == {
        tenant: {"cloud@p1": {"group web": [f"10.1.8.{number}/32", f"fd00:2::{number}/128"]}}
        for tenant, number in NUMBERS.items()
    }


def test_a_member_in_one_pod_is_an_element_in_another_and_nothing_anywhere_else() -> None:
    new = {"hypervisor": "hv3", "network": "cloud", "ip": "10.1.8.11", "security_groups": "web"}
    before, after = (flows(raw(**ports)) for ports in ({}, {"web-2": new}))
    changed = {host: {flow for flow in before[host] ^ after[host] if "10.1.8.11" in flow} for host in ("hv1", "hv2")}
    assert {host: len(found) for host, found in changed.items()} == {"hv1": 1, "hv2": 0}
    assert before["hv1"] ^ after["hv1"] == changed["hv1"]


def flows(intent: dict[str, Any]) -> dict[str, set[str]]:
    parsed = parse(intent)
    allocations = allocate(parsed, Record())[0]
    return {host: set(compile_host(parsed, allocations, host)["flows"]) for host in HOSTS}


DB = Security({"db": [Rule("ingress", 6, Ports(80, 80), remote_set=group_set("db"))]})
HERE = replace(endpoint("red.here", "cloud@p1", "10.1.0.2/21"), groups=("db",))
THERE = replace(endpoint("red.there", "cloud@p2", "10.1.8.2/21"), groups=("db",))
OTHER = replace(endpoint("blue.there", "cloud@p2", "10.1.8.3/21"), groups=("db",), mac="02:00:00:00:00:02")


def test_groups_of_the_same_name_are_not_the_same_group() -> None:
    """Neither is anything flooded from pod to pod, whatever the groups allow."""
    open_groups = Security({"db": [Rule("ingress", remote_set=group_set("db")), Rule("egress")]})
    found = permitted({"red": open_groups, "blue": open_groups}, [HERE, THERE, OTHER], 47021)
    assert found["red.here"] == {"red.there": ["icmp to 10.1.8.2", "tcp to 10.1.8.2"], "blue.there": []}


@pytest.mark.parametrize("kind", FLOOD)
def test_what_is_flooded_into_another_pod_is_a_leak(kind: str) -> None:
    ends = [HERE, THERE]
    measured = faultless(ends)
    assert judge(ends, measured, permitted({"red": DB}, ends, 47021)).counts() == {"ok-isolated": 2}
    own = measured["red.there"]
    measured["red.there"] = replace(own, sightings=(*own.sightings, Sighting("red.here", kind, "", "", 3, 1)))
    (cell,) = judge(ends, measured, permitted({"red": DB}, ends, 47021)).wrong
    assert (cell.sender, cell.receiver, cell.state) == ("red.here", "red.there", LEAK)
    assert cell.faults[0].words == (
        f"red.here -> red.there {kind}: expected denied by security groups, measured delivered"
    )


def test_what_a_router_should_pass_on_and_does_not_is_missed() -> None:
    ends = [HERE, THERE]
    open_groups = {"red": Security({"db": [Rule("ingress"), Rule("egress")]})}
    found = judge(ends, faultless(ends), permitted(open_groups, ends, 47021))
    words = [fault.words for cell in found.wrong for fault in cell.faults]
    assert "red.here -> red.there icmp to 10.1.8.2: expected reachable, measured unreachable (no reply)" in words


def test_where_iptables_judges_each_tenant_has_sets_and_rules_of_its_own() -> None:
    given = raw()
    given["fabric"]["security_driver"] = "ipset"
    intent = parse(given)
    wall = compile_host(intent, allocate(intent, Record())[0], "hv1")["firewall"]
    assert sorted(one["members"] for one in wall["sets"] if one["family"] == "inet") == [["10.1.8.10"], ["10.1.8.20"]]
    names = [chain["name"] for chain in wall["rules"]["chains"]]
    assert len(names) == len(set(names))
    assert len([name for name in names if name.startswith("dc2.tg-")]) == 2


def test_where_what_is_for_one_goes_to_all_tenants_share_no_network() -> None:
    given = raw()
    given["fabric"].update(security_driver="ipset", forwarding="plain")
    with pytest.raises(InvalidInput) as caught:
        parse(given)
    assert caught.value.faults == [
        "fabric.networks.cloud: tenants share it, and forwarding plain may send all of them what is for one; set "
        "fabric.forwarding to learning or static"
    ]
