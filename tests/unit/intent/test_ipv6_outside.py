# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers that are outside by IPv6, too: what the intent may say, how it is routed, and what comes in."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from sample_intent import merged, raw
from test_wrong_intents import faults_of

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.program import routers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

CHANGE = """
fabric:
  hypervisors: {hv1: {uplinks: {physnet2: eth2}}, hv2: {uplinks: {physnet2: eth2}}}
  external_networks:
    internet:
      type: flat
      physical_network: physnet2
      subnet: ["2001:db8:113::/64", 203.0.113.0/24]
      allocation_pools: ["2001:db8:113::10-2001:db8:113::ff"]
tenants:
  acme:
    networks: {web: {subnet: [10.1.1.0/24, "2001:db8:a1::/64"]}}
    ports: {web-1: {ip: [10.1.1.20, "2001:db8:a1::20"]}}
    routers:
      edge:
        hypervisors: hv1
        networks: {web: {}, dmz: {}}
        external: {network: internet, ip: [203.0.113.10, "2001:db8:113::10"]}
        static_routes: {"2001:db8:a9::/48": "2001:db8:a1::5"}
        firewall:
          - {to: web-1, protocol: tcp, port: 443, remote_cidr: ["2001:db8:9::/48", 198.51.100.0/24]}
          - {to: web-1, protocol: icmp}
"""
EDGE = "tenants.acme.routers.edge"
OTHER = """
networks: {app: {subnet: [10.1.1.0/24, "2001:db8:a1:0:8000::/65"]}}
routers:
  out:
    hypervisors: hv1
    networks: {app: {}}
    external: {network: internet, ip: [203.0.113.11, "2001:db8:113::11"]}
"""


def intent(change: str = "{}", external: str = "{}", globex: str = "{}") -> dict[str, Any]:
    given = merged(raw(), yaml.safe_load(CHANGE))
    more = {"fabric": {"external_networks": {"internet": yaml.safe_load(external)}}}
    tenants = {"acme": {"routers": {"edge": yaml.safe_load(change)}}, "globex": yaml.safe_load(globex)}
    return merged(given, {**more, "tenants": tenants})


def compiled(change: str = "{}") -> dict[str, Any]:
    parsed = parse(intent(change))
    (router,) = routers(parsed, parsed.fabric.hypervisors["hv1"])
    return router


def rules(change: str = "{}") -> list[str]:
    return [line.strip() for line in compiled(change)["files"]["nftables.conf"].splitlines()]


def test_it_has_an_address_and_a_way_outside_by_both() -> None:
    (outside,) = (item for item in compiled()["interfaces"] if item["network"] == "internet")
    assert outside["addresses"] == ["203.0.113.10/24", "2001:db8:113::10/64"]
    hops = {route["to"]: route["via"] for route in compiled()["routes"]}
    assert hops == {
        "0.0.0.0/0": "203.0.113.1",
        "::/0": "2001:db8:113::1",
        "2001:db8:a9::/48": "2001:db8:a1::5",
    }


def test_its_leg_may_send_for_what_is_routed() -> None:
    (leg,) = (leg for leg in parse(intent()).tenants["acme"].legs if leg.network == "internet")
    assert [network for _mac, network in leg.pairs] == ["2001:db8:a1::/64", "2001:db8:a9::/48"]
    without = parse(intent("external: {ip: 203.0.113.10}\nfirewall: []"))
    (leg,) = (leg for leg in without.tenants["acme"].legs if leg.network == "internet")
    assert leg.pairs == ()


def test_nothing_is_translated_and_what_comes_in_is_what_the_firewall_says() -> None:
    routed, guest = "{ 2001:db8:a1::/64, 2001:db8:a9::/48 }", "2001:db8:a1::20"
    between = f"ct original ip6 daddr {guest} ct reply ip6 saddr {guest}"
    assert [line for line in rules() if "2001:db8" in line and "iifname" not in line] == [
        f"ct original ip6 saddr {routed} accept",
        f"meta l4proto tcp {between} ct original proto-dst 443 ct original ip6 saddr {{ 2001:db8:9::/48 }} accept",
        f"meta l4proto icmpv6 {between} accept",
        f"ct state related meta l4proto icmpv6 {between} accept",
    ]
    (spoofed,) = (line for line in rules() if "2001:db8" in line and "iifname" in line)
    assert spoofed.endswith(f"ip6 saddr {routed} drop")


def test_a_port_with_static_nat_is_reached_by_both() -> None:
    opened = [line for line in rules("static_nat: {web-1: 203.0.113.11}") if "proto-dst 443" in line]
    assert [line.rpartition("saddr ")[2] for line in opened] == [
        "{ 198.51.100.0/24 } accept",
        "{ 2001:db8:9::/48 } accept",
    ]


@pytest.mark.parametrize(
    ("change", "external", "expected"),
    [
        (
            'external: {ip: "2001:db8:113::10"}',
            "{}",
            [f"{EDGE}.external.ip: no address of IPv4; write one too, which guests without IPv6 go out by"],
        ),
        (
            'external: {ip: [203.0.113.10, "2001:db8:113::10", "2001:db8:113::11"]}',
            "{}",
            [f"{EDGE}.external.ip[2]: a second address of IPv6; write one of IPv4, and one of IPv6 or none"],
        ),
        (
            'external: {ip: [203.0.113.10, "2001:db8:113::1:10"]}',
            "{}",
            [
                f"{EDGE}.external.ip[1]: 2001:db8:113::1:10 is in none of fabric.external_networks.internet."
                "allocation_pools; write one that is, or widen them"
            ],
        ),
        (
            'external: {ip: [203.0.113.10, "2001:db8:114::10"]}',
            "{}",
            [
                f"{EDGE}.external.ip[1]: 2001:db8:114::10 is outside of fabric.external_networks.internet; write an "
                "address in 203.0.113.0/24 or 2001:db8:113::/64"
            ],
        ),
        (
            'static_routes: {"::/0": "2001:db8:a1::5"}',
            "{}",
            [f"{EDGE}.static_routes.::/0: ::/0 is the way outside, by the gateway of internet; leave it out"],
        ),
        (
            "firewall: [{to: web-2, protocol: tcp, port: 22}]",
            "{}",
            [
                f"{EDGE}.firewall[0].to: 'web-2' is no port with static_nat on this router, or with an IPv6 address on "
                "its networks; known are web-1"
            ],
        ),
        (
            'static_nat: {web-1: "2001:db8:113::20"}',
            "{}",
            [
                f"{EDGE}.static_nat.web-1: 2001:db8:113::20 is of IPv6, where nothing is translated; write an IPv4 "
                "address"
            ],
        ),
        (
            'port_forwards: {ssh: {protocol: tcp, port: 22, to: web-1, remote_cidr: "2001:db8:9::/48"}}',
            "{}",
            [
                f"{EDGE}.port_forwards.ssh.remote_cidr: 2001:db8:9::/48 is of IPv6, and public addresses are of IPv4; "
                "write a network of IPv4"
            ],
        ),
        (
            "{}",
            'allocation_pools: ["2001:db8:113::10-2001:db8:114::ff"]',
            [
                "fabric.external_networks.internet.allocation_pools[0]: '2001:db8:113::10-2001:db8:114::ff' is not "
                "within 203.0.113.0/24 or 2001:db8:113::/64; write a range of that subnet"
            ],
        ),
    ],
)
def test_what_is_wrong_is_told_exactly(change: str, external: str, expected: list[str]) -> None:
    assert faults_of(intent(change, external)) == expected


def test_two_tenants_with_the_same_networks_are_not_both_reached() -> None:
    assert faults_of(intent(globex=OTHER)) == [
        "tenants.globex.routers.out.networks: 2001:db8:a1:0:8000::/65 overlaps 2001:db8:a1::/64 of "
        "tenants.acme.routers.edge.networks, and both are reached by internet; write networks of their own, or leave "
        "the IPv6 address of external.ip out"
    ]


def test_a_route_to_more_than_its_network_is_routed_once() -> None:
    (leg,) = (
        leg
        for leg in parse(intent('static_routes: {"2001:db8:a0::/46": "2001:db8:a1::5"}')).tenants["acme"].legs
        if leg.network == "internet"
    )
    assert [network for _mac, network in leg.pairs] == ["2001:db8:a0::/46", "2001:db8:a9::/48"]


def test_a_network_that_is_the_outside_itself_is_refused() -> None:
    change = 'static_routes: {"2001:db8:113::/64": "2001:db8:a1::5"}'
    assert faults_of(intent(change)) == [
        f"{EDGE}.static_routes.2001:db8:113::/64: 2001:db8:113::/64 is in network internet, which the router is on; "
        "write a network beyond it"
    ]
