# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that hypervisors route: what each of them does, and what Open vSwitch does not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric, compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.planning import inputs_of, neighbours
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import parse_question

INTENT = """
fabric:
  name: dc2
  security_driver: ipset
  hypervisors: {hv1: {vtep: 10.0.0.1}, hv2: {vtep: 10.0.0.2}, hv3: {vtep: 10.0.0.3}}
  networks:
    edge: {type: routed, subnet: [10.9.0.0/24, 10.9.8.0/24]}
tenants:
  red:
    security_groups:
      db: {rules: [{direction: ingress, protocol: tcp, port: 3306, remote_group: default}]}
    ports:
      web: {hypervisor: hv1, network: edge, ip: [10.9.0.11, 10.9.8.11], interface: tap0, mac: "02:00:00:00:00:01"}
      db: {hypervisor: hv2, network: edge, ip: 10.9.0.12, security_groups: db}
  blue:
    security_groups: {default: {stateless: true, rules: [{direction: ingress, protocol: udp, port: 53}]}}
    ports:
      web: {hypervisor: hv1, network: edge, ip: 10.9.0.21}
"""
FORWARDINGS = ("learning", "static", "plain")


def states(forwarding: str = "learning", **red: Any) -> dict[str, dict[str, Any]]:
    given = yaml.safe_load(INTENT)
    given["fabric"]["forwarding"] = forwarding
    given["tenants"]["red"]["ports"].update(red)
    intent = parse(given)
    allocations = allocate(intent, Record())[0]
    return {host: compile_host(intent, allocations, host) for host in intent.fabric.hypervisors}


@pytest.mark.parametrize("forwarding", FORWARDINGS)
def test_a_hypervisor_has_ways_to_its_own_guests_and_to_those_of_others(forwarding: str) -> None:
    found = {host: state["routed"] for host, state in states(forwarding).items()}
    assert found["hv1"]["subnets"] == ["10.9.0.0/24", "10.9.8.0/24"]
    assert found["hv1"]["ports"][1] == {
        "interface": "tap0",
        "mac": "02:00:00:00:00:01",
        "addresses": ["10.9.0.11", "10.9.8.11"],
        "mtu": 1500,
    }
    assert found["hv1"]["routes"] == [{"destination": "10.9.0.12", "via": "10.0.0.2"}]
    assert [route["destination"] for route in found["hv2"]["routes"]] == ["10.9.0.21", "10.9.0.11", "10.9.8.11"]
    assert found["hv3"] == {"subnets": [], "ports": [], "routes": []}


@pytest.mark.parametrize("forwarding", FORWARDINGS)
def test_open_vswitch_has_no_part_in_it(forwarding: str) -> None:
    state = states(forwarding)["hv1"]
    assert [port["name"] for port in state["ports"]] == ["br-int"]
    assert (state["firewall"]["plugs"], state["networks"]) == ([], [])
    assert "tap0" not in "".join(state["flows"])


def test_the_record_has_no_ids_of_it() -> None:
    intent = parse(yaml.safe_load(INTENT))
    allocations, record = allocate(intent, Record())
    assert (record.networks, record.ofports) == ({}, {})
    fabric = compile_fabric(intent, allocations)
    assert (fabric["gateways"], fabric["networks"]["edge"]["local_vlan"]) == ([], None)
    ends = {end["name"]: (end["addresses"], end["gateways"]) for end in fabric["endpoints"]}
    assert ends["red.db"] == (["10.9.0.12/32"], ["169.254.1.1/32"])


def test_a_plan_knows_whose_tenants_a_host_is_a_function_of() -> None:
    raw = yaml.safe_load(INTENT)
    intent = parse(raw)
    assert neighbours(intent) == {"hv1": ["blue", "red"], "hv2": ["blue", "red"], "hv3": []}
    assert inputs_of(intent, allocate(intent, Record())[0], raw, "code", str).keys() == {"hv1", "hv2", "hv3"}


def test_what_the_sender_may_is_asked_of_the_receiver_before_it_passes() -> None:
    rules = states()["hv1"]["firewall"]["rules"]
    chains = {chain["name"]: chain["rules"] for chain in rules["chains"]}
    of_guests = [chains[rule["goto"]] for rule in chains["dc2.routed"] if "in_interface" in rule]
    assert len(of_guests) == 2
    for rules_of in of_guests:
        assert rules_of[-1]["target"] == "DROP"
        groups = [rule["target"] for rule in rules_of if rule.get("comment", "").startswith("group ")]
        assert groups
        for group in groups:
            assert all(rule.get("goto") == "dc2.onward" for rule in chains[group])
    assert chains["dc2.onward"][-1] == {"target": "ACCEPT"}
    assert {jump["chain"]: jump["target"] for jump in rules["jumps"]} == {
        "INPUT": "dc2.routed-host",
        "FORWARD": "dc2.routed",
    }


def test_a_stateless_member_is_asked_for_no_connection() -> None:
    chains = {chain["name"]: chain["rules"] for chain in states()["hv1"]["firewall"]["rules"]["chains"]}
    stateful = [any("ctstate" in rule for rule in chains[rule["goto"]]) for rule in chains["dc2.routed"]]
    assert sorted(stateful) == [False, False, True, True]


def test_a_new_guest_is_a_route_elsewhere_and_nothing_else() -> None:
    new = {"hypervisor": "hv2", "network": "edge", "ip": "10.9.0.13", "security_groups": "db"}
    before, after = states()["hv1"], states(new=new)["hv1"]
    assert after["routed"]["routes"] == [
        *before["routed"]["routes"],
        {"destination": "10.9.0.13", "via": "10.0.0.2"},
    ]
    assert {**before, "routed": None} == {**after, "routed": None}


def test_a_trace_asks_open_vswitch_alone() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_question(parse(yaml.safe_load(INTENT)), {"from": "red.web", "to": "red.db"})
    assert caught.value.faults == [
        "to: hypervisors route what is of red.db and red.web, without Open vSwitch, which is traced; measure "
        "with the playbook verify"
    ]


def dual() -> dict[str, Any]:
    """Return the intent where the network and red.web are of IPv6 too, and red.db of IPv6 alone."""
    given: dict[str, Any] = yaml.safe_load(INTENT)
    for number, host in enumerate(given["fabric"]["hypervisors"].values(), 1):
        host["next_hop"] = f"fd00::{number}"
    given["fabric"]["networks"]["edge"]["subnet"] = ["10.9.0.0/24", "fd00:9::/64"]
    ports = given["tenants"]["red"]["ports"]
    ports["web"]["ip"], ports["db"]["ip"] = ["10.9.0.11", "fd00:9::11"], "fd00:9::12"
    return given


def compiled(given: dict[str, Any], host: str) -> dict[str, Any]:
    intent = parse(given)
    return compile_host(intent, allocate(intent, Record())[0], host)


def test_guests_of_ipv6_are_reached_by_the_addresses_that_hypervisors_have_of_it() -> None:
    given = dual()
    routed = compiled(given, "hv1")["routed"]
    assert routed["subnets"] == ["10.9.0.0/24", "fd00:9::/64"]
    assert routed["ports"][1]["addresses"] == ["10.9.0.11", "fd00:9::11"]
    assert routed["routes"] == [{"destination": "fd00:9::12", "via": "fd00::2"}]
    assert compiled(given, "hv2")["routed"]["routes"] == [{"destination": "fd00:9::11", "via": "fd00::1"}]
    intent = parse(given)
    ends = {end["name"]: end for end in compile_fabric(intent, allocate(intent, Record())[0])["endpoints"]}
    assert ends["red.db"]["addresses"] == ["fd00:9::12/128"]
    assert ends["red.web"]["gateways"] == ["169.254.1.1/32", "fe80::1/128"]


def test_a_host_routes_no_ipv6_that_none_of_its_guests_has() -> None:
    given = dual()
    given["tenants"]["red"]["ports"]["web"]["ip"] = "10.9.0.11"
    found = compiled(given, "hv1")["routed"]
    assert (found["subnets"], found["routes"]) == (["10.9.0.0/24"], [])


def test_of_a_guest_of_ipv6_the_host_hears_who_asks_for_its_gateway_as_itself_and_nothing_else() -> None:
    chains = {chain["name"]: chain["rules"] for chain in compiled(dual(), "hv1")["firewall"]["rules"]["chains"]}
    heard = [rule for rule in chains["dc2.routed-host"] if rule["in_interface"] == "tap0"]
    asked = {"in_interface": "tap0", "protocol": "icmpv6", "icmp_type": 135, "nd_target": "fe80::1"}
    guard = next(rule["target"] for rule in chains[heard_from(chains, "tap0")])
    assert heard == [
        {**asked, "target": guard},
        {**asked, "target": "ACCEPT"},
        {"in_interface": "tap0", "target": "DROP"},
    ]
    sources = [rule["source"] for rule in chains[guard] if "source" in rule and "protocol" not in rule]
    assert sources == ["10.9.0.11", "fd00:9::11", "fe80::ff:fe00:1"]


def heard_from(chains: dict[str, Any], interface: str) -> str:
    return str(next(rule["goto"] for rule in chains["dc2.routed"] if rule.get("in_interface") == interface))


def test_vteps_of_ipv6_route_no_ipv4() -> None:
    given = yaml.safe_load(INTENT)
    for number, host in enumerate(given["fabric"]["hypervisors"].values()):
        host["vtep"] = f"fd00::{number + 1}"
    with pytest.raises(InvalidInput) as caught:
        parse(given)
    assert caught.value.faults == [
        f"fabric.networks.edge.subnet: {subnet} is IPv4, and hv1 has no such address by which others reach its guests; "
        "write fabric.hypervisors.hv1.next_hop, as 192.168.1.151, or type: flat"
        for subnet in ("10.9.0.0/24", "10.9.8.0/24")
    ]
