# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the compiled state, whatever the intent: what any host has, it has for a reason, and its peers agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import (
    MANY_TUNNELS,
    compile_fabric,
    compile_host,
    host_warnings,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

HOSTS = [f"hv{number}" for number in range(1, 6)]
NETWORKS = {
    "web": {"type": "gre", "subnet": "10.1.0.0/24"},
    "db": {"type": "vxlan", "subnet": ["10.2.0.0/24", "fd00::/64"]},
    "dmz": {"type": "vlan", "physical_network": "physnet1", "subnet": "10.3.0.0/24"},
    "old": {"type": "flat", "physical_network": "physnet2", "subnet": "10.4.0.0/24"},
}


def compiled(intent: dict[str, Any]) -> tuple[Intent, Allocations]:
    parsed = parse(intent)
    return parsed, allocate(parsed, Record())[0]


@st.composite
def intents(draw: st.DrawFn) -> dict[str, Any]:
    """An intent of up to three tenants, of whom only the first has a flat network."""
    uplinks = {"physnet1": "eth1", "physnet2": "eth2"}
    hypervisors = {name: {"vtep": f"192.168.1.{number}", "uplinks": uplinks} for number, name in enumerate(HOSTS, 1)}
    tenants = {}
    for tenant in draw(st.lists(st.sampled_from(["acme", "globex", "initech"]), unique=True)):
        networks = {name: value for name, value in NETWORKS.items() if name != "old" or tenant == "acme"}
        places = draw(st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(list(networks))), max_size=8))
        ports = {
            f"p{number}": {"hypervisor": host, "network": network, "ip": str(networks[network]["subnet"])}
            for number, (host, network) in enumerate(places)
        }
        for number, port in enumerate(ports.values(), 10):
            port["ip"] = f"10.{list(NETWORKS).index(port['network']) + 1}.0.{number}"
        tenants[tenant] = {"networks": networks, "ports": ports}
    segments = {"vlan": "100-199", "tunnel": "5000-5999"}
    fabric = {"name": "dc1", "segments": segments, "hypervisors": hypervisors, "forwarding": "plain"}
    return {"fabric": fabric, "tenants": tenants}


@given(intents())
@settings(deadline=None)
def test_tunnels_are_symmetric_and_only_where_a_network_is(given_intent: dict[str, Any]) -> None:
    intent, allocations = compiled(given_intent)
    states = {host: compile_host(intent, allocations, host) for host in HOSTS}
    assert all(mesh["remotes"] for state in states.values() for mesh in state["networks"])
    ends = {
        (mesh["name"], mesh["type"], mesh["key"], state["vtep"], remote)
        for state in states.values()
        for mesh in state["networks"]
        for remote in mesh["remotes"]
    }
    assert ends == {(name, kind, key, there, here) for name, kind, key, here, there in ends}
    hosts_of: dict[str, set[str]] = {}
    for port in intent.ports:
        hosts_of.setdefault(port.network, set()).add(intent.fabric.hypervisors[port.hypervisor].vtep)
    tunneled = {name: hosts for name, hosts in hosts_of.items() if intent.networks[name].type in ("gre", "vxlan")}
    assert {(name, here, there) for name, kind, key, here, there in ends} == {
        (name, here, there) for name, hosts in tunneled.items() for here in hosts for there in hosts - {here}
    }
    assert compile_fabric(intent, allocations)["summary"]["tunnels"]["total"] == len(ends) / 2


@given(intents())
@settings(deadline=None)
def test_two_networks_never_share_a_vlan_on_a_host(given_intent: dict[str, Any]) -> None:
    intent, allocations = compiled(given_intent)
    for host in HOSTS:
        state = compile_host(intent, allocations, host)
        network_of = {}
        for port in state["ports"]:
            if "external_ids" not in port:
                continue
            assert (port["vlan_mode"], port["trunks"]) == ("access", [])
            assert (
                network_of.setdefault(port["tag"], port["external_ids"]["tenantry-network"])
                == (port["external_ids"]["tenantry-network"])
            )
        assert all(network_of[mesh["tag"]] == mesh["name"] and mesh["protected"] for mesh in state["networks"])


@given(intents())
@settings(deadline=None)
def test_an_uplink_carries_the_vlans_that_live_here_and_no_other(given_intent: dict[str, Any]) -> None:
    intent, allocations = compiled(given_intent)
    for host in HOSTS:
        state = compile_host(intent, allocations, host)
        assert state["ports"][:2] == state["uplinks"]
        physnet1, physnet2 = state["uplinks"]
        here = {port.network for port in intent.ports if port.hypervisor == host}
        vlans = sorted(allocations[name].local_vlan for name in here if intent.networks[name].type == "vlan")
        assert physnet1 == {"name": "eth1", "vlan_mode": "trunk", "tag": "", "trunks": vlans or [4095]}
        flat = allocations["acme.old"].local_vlan if "acme.old" in here else None
        if flat:
            assert physnet2 == {"name": "eth2", "vlan_mode": "access", "tag": flat, "trunks": []}
        else:
            assert physnet2 == {"name": "eth2", "vlan_mode": "trunk", "tag": "", "trunks": [4095]}


@given(intents())
@settings(deadline=None)
def test_a_tenant_that_leaves_changes_nothing_of_the_others(given_intent: dict[str, Any]) -> None:
    intent, allocations = compiled(given_intent)
    for host in HOSTS:
        whole, rest = (compile_host(part, allocations, host) for part in (intent, intent.without({"globex"})))
        taps = [port for port in whole["ports"] if "external_ids" in port]
        others = [port for port in taps if not port["external_ids"]["tenantry-port"].startswith("globex.")]
        assert [port for port in rest["ports"] if "external_ids" in port] == others
        assert rest["networks"] == [mesh for mesh in whole["networks"] if not mesh["name"].startswith("globex.")]


def test_a_host_that_left_the_intent_is_emptied_and_a_typing_error_is_not() -> None:
    intent, allocations = compiled(raw())
    assert compile_host(intent, allocations, "hv9", {"hv1", "hv2", "hv9"}) == {
        "hypervisor": "hv9",
        "owner": "dc1",
        "vtep": None,
        "forwarding": "learning",
        "security_driver": "openflow",
        "cookie": "0x7e4a000000000000/0xffff000000000000",
        "ssl": None,
        "bridge": {"name": "br-int", "state": "absent"},
        "uplinks": [],
        "ports": [],
        "networks": [],
        "flows": [],
        "firewall": {
            "plugs": [],
            "sets": [],
            "zones": {"chains": [], "jumps": []},
            "rules": {"chains": [], "jumps": [], "coming_sets": []},
        },
        "routed": {"subnets": [], "ports": [], "routes": []},
        "routers": [],
        "gateways": {"addresses": [], "rules": {"chains": [], "jumps": []}},
        "qos": [],
        "mirrors": [],
        "exports": {},
    }
    with pytest.raises(InvalidInput) as caught:
        compile_host(intent, allocations, "hv9", {"hv1", "hv2"})
    assert caught.value.faults == ["hypervisor: 'hv9' is no hypervisor of this fabric; known are hv1, hv2"]


def test_a_host_with_very_many_tunnels_is_warned_of() -> None:
    hosts = {f"h{number}": {"vtep": f"10.0.{number // 250}.{number % 250 + 1}"} for number in range(MANY_TUNNELS + 2)}
    ports = {
        name: {"hypervisor": name, "network": "web", "ip": f"10.1.{number // 250}.{number % 250 + 1}"}
        for number, name in enumerate(hosts)
    }
    web = {"networks": {"web": {"type": "gre", "subnet": "10.1.0.0/16"}}, "ports": ports}
    fabric = {"name": "dc1", "segments": {"tunnel": "1-9"}, "hypervisors": hosts}
    intent, allocations = compiled({"fabric": fabric, "tenants": {"acme": web}})
    advice = (
        "Every later change of one of them costs ovs-vswitchd a walk over all, and removing thousands at once stalls "
        "it for minutes. Keep the networks with the most hosts smaller, or on fewer hosts."
    )
    assert compile_fabric(intent, allocations)["warnings"] == [
        "More than 1000 tunnels end at h0 (1001), h1 (1001), h10 (1001), h100 (1001), h1000 (1001) and 997 more. "
        + advice
    ]
    state = compile_host(intent, allocations, "h7")
    assert host_warnings(state) == ["More than 1000 tunnels end at h7 (1001). " + advice]
    del ports["h8"]
    intent, allocations = compiled({"fabric": fabric, "tenants": {"acme": web}})
    assert compile_fabric(intent, allocations)["warnings"] == []
