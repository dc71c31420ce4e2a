# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes from guests of one router to those of another, and how measurements of it are judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from measured import endpoint, faultless
from sample_intent import merged, raw

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint, parse_endpoints
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import parse_passages
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import parse_data
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import judge
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.services import permitted
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import Measurement, Reply, Sighting

KEYS = {
    "near": "nZ0wBbgXqbc+e/k2E2kqivPE+F7NgB0PY3L9h02LjFg=",
    "far": "C37u0P8VSRsw5poCHPQ/OoSWtVISMpeDdpWlLpm9BkQ=",
}
# acme.web, not acme.dmz, is joined with globex.lab; globex.app has the same addresses as acme.web.
INTENT = """
fabric:
  external_networks:
    out: {type: vlan, physical_network: physnet1, subnet: [203.0.113.0/24, "2001:db8:113::/64"]}
tenants:
  acme:
    routers:
      near: {hypervisors: hv1, networks: {web: {}, dmz: {}}, external: {network: out, ip: 203.0.113.10}}
  globex:
    networks: {lab: {type: gre, subnet: 10.2.1.0/24}}
    ports: {lab-1: {hypervisor: hv2, network: lab, ip: 10.2.1.10}}
    routers:
      far: {hypervisors: hv2, networks: {lab: {}}, external: {network: out, ip: 203.0.113.20}}
"""
TO_FAR = {"public_key": KEYS["far"], "allowed_ips": ["10.99.0.2", "10.2.1.0/24"], "networks": "web"}
TO_NEAR = {"public_key": KEYS["near"], "allowed_ips": ["10.99.0.1", "10.1.1.0/24"]}
NEAR_ENDPOINT, FAR_ENDPOINT, ELSEWHERE = "203.0.113.10:51820", "203.0.113.20:51820", "198.51.100.7:51820"
CALLED = {**TO_FAR, "endpoint": FAR_ENDPOINT}
SITE_FAR = {"type": "ipsec", "remote": "203.0.113.20", "remote_subnets": "10.2.1.0/24", "networks": "web", "psk": "k"}
SITE_NEAR = {"type": "ipsec", "remote": "203.0.113.10", "remote_subnets": "10.1.1.0/24", "psk": "k"}
EVERYTHING = ["icmp", "tcp"]
BOTH_WAYS = {
    **{f"acme.web-{at} > globex.lab-1": EVERYTHING for at in (1, 2)},
    **{f"globex.lab-1 > acme.web-{at}": EVERYTHING for at in (1, 2)},
}


def wireguard(at: int, **peers: Any) -> dict[str, Any]:
    return {"office": {"type": "wireguard", "address": f"10.99.0.{at}/24", "peers": peers}}


def compiled(near: dict[str, Any], far: dict[str, Any], more: str = "{}") -> dict[str, Any]:
    change = merged(yaml.safe_load(INTENT), yaml.safe_load(more))
    for tenant, name, vpn in (("acme", "near", near), ("globex", "far", far)):
        change["tenants"][tenant]["routers"][name].update({"vpn": vpn} if vpn else {})
    intent = parse(raw(yaml.safe_dump(change)))
    return compile_fabric(intent, allocate(intent, Record())[0])


def passing(fabric: dict[str, Any], *services: str) -> dict[str, list[str]]:
    """Return what passes between guests of different domains, without addresses."""
    endpoints = [replace(item, services=services) for item in parse_endpoints(fabric["endpoints"])]
    domains = {item.name: item.domain for item in endpoints}
    securities = {tenant: parse_data(data) for tenant, data in fabric["security"].items()}
    found = permitted(securities, endpoints, 47021, {}, parse_passages(fabric["passages"]))
    return {
        f"{sender} > {receiver}": [one.partition(" to ")[0] for one in its]
        for sender, receivers in found.items()
        for receiver, its in receivers.items()
        if domains[sender] != domains[receiver]
    }


def without(left: dict[str, list[str]], word: str) -> dict[str, list[str]]:
    return {pair: its for pair, its in left.items() if word not in pair}


@pytest.mark.parametrize(
    ("to_far", "to_near", "left"),
    [
        (CALLED, TO_NEAR, BOTH_WAYS),
        (CALLED, {**TO_NEAR, "endpoint": NEAR_ENDPOINT}, BOTH_WAYS),
        (CALLED, {**TO_NEAR, "endpoint": ELSEWHERE}, {}),
        ({**TO_FAR, "endpoint": ELSEWHERE}, TO_NEAR, {}),
        ({**TO_FAR, "endpoint": "203.0.113.20:51821"}, TO_NEAR, {}),
        (TO_FAR, TO_NEAR, {}),  # nobody calls
        ({**CALLED, "allowed_ips": ["10.99.0.2"]}, TO_NEAR, {}),
        ({**CALLED, "networks": "dmz"}, TO_NEAR, {}),  # whose addresses the other end does not take
        (CALLED, {**TO_NEAR, "allowed_ips": ["10.1.1.21"]}, without(BOTH_WAYS, "web-1")),
    ],
)
def test_sites_of_wireguard_are_joined_as_both_ends_say(to_far: Any, to_near: Any, left: dict[str, list[str]]) -> None:
    assert passing(compiled(wireguard(1, far=to_far), wireguard(2, near=to_near))) == left


@pytest.mark.parametrize(
    ("to_far", "to_near", "left"),
    [
        (SITE_FAR, SITE_NEAR, BOTH_WAYS),
        (SITE_FAR, {**SITE_NEAR, "remote": "198.51.100.9"}, {}),
        (SITE_FAR, {**SITE_NEAR, "remote_subnets": "10.1.2.0/24"}, {}),
        (SITE_FAR, {**SITE_NEAR, "remote_subnets": "10.1.1.20/32"}, without(BOTH_WAYS, "web-2")),
    ],
)
def test_sites_of_ipsec_are_joined_as_both_ends_say(to_far: Any, to_near: Any, left: dict[str, list[str]]) -> None:
    assert passing(compiled({"far": to_far}, {"near": to_near})) == left


def test_ends_of_different_kinds_are_not_joined() -> None:
    fabric = compiled(wireguard(1, far=CALLED), {"near": SITE_NEAR})
    assert (passing(fabric), fabric["ways_unmeasured"]) == ({}, {"VPNs to elsewhere": 2})


def test_what_nobody_measures_are_vpns_to_elsewhere() -> None:
    laptop = {"public_key": "q6S+T8whGFyyHcvI9Gm4E+QpxrtH72fVXT/p3nDFu3Q=", "allowed_ips": "10.99.0.3"}
    near = {**wireguard(1, far=CALLED, laptop=laptop), "branch": {**SITE_FAR, "remote": ELSEWHERE.partition(":")[0]}}
    near["branch"]["remote_subnets"] = "192.168.60.0/24"
    assert compiled(near, wireguard(2, near=TO_NEAR))["ways_unmeasured"] == {"VPNs to elsewhere": 2}
    assert compiled(wireguard(1, far=CALLED), wireguard(2, near=TO_NEAR))["ways_unmeasured"] == {}


def test_groups_have_their_say() -> None:
    rules = "[{direction: ingress, protocol: tcp, port: 22, remote_cidr: 10.2.1.0/24}, {direction: egress}]"
    fabric = compiled(
        wireguard(1, far=CALLED),
        wireguard(2, near=TO_NEAR),
        f"{{tenants: {{acme: {{security_groups: {{default: {{rules: {rules}}}}}}}}}}}",
    )
    assert passing(fabric, "tcp 22") == {
        **{f"acme.web-{at} > globex.lab-1": [*EVERYTHING, "tcp 22"] for at in (1, 2)},
        **{f"globex.lab-1 > acme.web-{at}": ["tcp 22"] for at in (1, 2)},
    }


IPV6 = """
tenants:
  acme:
    networks: {web: {subnet: [10.1.1.0/24, "2001:db8:a1::/64"]}}
    ports: {web-1: {ip: [10.1.1.20, "2001:db8:a1::20"]}}
    routers:
      near:
        external: {ip: [203.0.113.10, "2001:db8:113::10"]}
        firewall:
          - {to: web-1, protocol: tcp, port: 443, remote_cidr: "2001:db8:b1::/64"}
          - {to: web-1, protocol: icmp}
          - {to: web-1, protocol: udp, port: 53, remote_cidr: "2001:db8:c1::/64"}
  globex:
    networks: {lab: {subnet: [10.2.1.0/24, "2001:db8:b1::/64"]}}
    ports: {lab-1: {ip: [10.2.1.10, "2001:db8:b1::10"]}}
"""
WITH_IPV6 = '{tenants: {globex: {routers: {far: {external: {ip: [203.0.113.20, "2001:db8:113::20"]}}}}}}'
SERVICES = "tcp 443", "udp 53"


def test_by_ipv6_outside_passes_what_the_firewall_of_the_other_lets_in() -> None:
    both = yaml.safe_dump(merged(yaml.safe_load(IPV6), yaml.safe_load(WITH_IPV6)))
    assert passing(compiled({}, {}, both), *SERVICES) == {"globex.lab-1 > acme.web-1": ["icmp", "tcp 443"]}
    assert passing(compiled({}, {}, IPV6), *SERVICES) == {}  # who has no IPv6 outside reaches nobody by it


WEB, LAB = (
    replace(endpoint(f"{site}.a", f"{site}.net", f"10.{number}.0.1/24"), joined=f"{site}.edge")
    for number, site in enumerate(("acme", "globex"), 1)
)
PERMITTED = {WEB.name: {LAB.name: ["icmp to 10.2.0.1", "tcp to 10.2.0.1"]}}


def joined() -> dict[str, Measurement]:
    """Return measurements of one who reaches the other by a tunnel that is narrower than their networks."""
    found = faultless([WEB, LAB])
    answered = {"icmp": "", "tcp": LAB.name}
    replies = [
        replace(one, answered=True, answerer=answered[one.check], note="") if one.check in answered else one
        for one in found[WEB.name].replies
    ]
    seen = Sighting(WEB.name, "icmp", LAB.name, "10.2.0.1", 1, 1)
    return {
        WEB.name: replace(found[WEB.name], replies=tuple(replies)),
        LAB.name: replace(found[LAB.name], sightings=(seen,)),
    }


def judged(measurements: dict[str, Measurement]) -> list[tuple[str, str, list[str]]]:
    verdict = judge([WEB, LAB], measurements, PERMITTED)
    return [(cell.sender, cell.state, [fault.words for fault in cell.faults]) for cell in verdict.cells]


def change(measurements: dict[str, Measurement], own: Endpoint, check: str, **to: Any) -> None:
    def changed(reply: Reply) -> Reply:
        return replace(reply, **to) if reply.check == check else reply

    replies = tuple(map(changed, measurements[own.name].replies))
    measurements[own.name] = replace(measurements[own.name], replies=replies)


def test_who_is_joined_reaches_and_the_way_back_is_judged_by_itself() -> None:
    assert judged(joined()) == [(WEB.name, "ok-reach", []), (LAB.name, "ok-isolated", [])]


def test_a_tunnel_that_is_down_and_one_that_lets_too_much_through_are_told() -> None:
    measured = joined()
    change(measured, WEB, "tcp", answered=False, answerer="", note="no reply")
    change(measured, LAB, "tcp", answered=True, answerer=WEB.name)
    [(_sender, state, words), (_other, leak, others)] = judged(measured)
    way = "acme.a -> globex.a tcp to 10.2.0.1"
    assert (state, words) == ("unreachable", [f"{way}: expected reachable, measured unreachable (no reply)"])
    assert (leak, others) == ("leak", ["globex.a -> acme.a tcp: expected isolated, measured reachable"])
