# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the topologies, each against the plainest way to say the same."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology import (
    Spread,
    cost_of,
    full_mesh,
    hub_and_spoke,
    placement_index,
    within_zones,
)

HOSTS = [f"hv{number}" for number in range(12)]
NETWORKS = ["acme.db", "acme.web", "globex.lan", "globex.web"]
Edges = set[frozenset[str]]

hosts_of = st.sets(st.sampled_from(HOSTS))
some_hosts = st.sets(st.sampled_from(HOSTS), min_size=1)
placements = st.lists(st.tuples(st.sampled_from(NETWORKS), st.sampled_from(HOSTS)), max_size=40)
zones = st.fixed_dictionaries({host: st.sampled_from(["z1", "z2", "z3"]) for host in HOSTS})


def edges(topology: Any) -> Edges:
    """Return all tunnels, after checking that each has two ends, and that peers are sorted and listed once."""
    peers = {host: topology.peers_of(host) for host in HOSTS}
    for host, found in peers.items():
        assert found == sorted(set(found) - {host})
        assert all(host in peers[peer] for peer in found), f"{host} has a tunnel that its peer does not have"
    return {frozenset((host, peer)) for host, found in peers.items() for peer in found}


def without_host(found: Edges, host: str) -> Edges:
    return {edge for edge in found if host not in edge}


def degrees(found: Edges, hosts: set[str]) -> list[int]:
    return sorted(sum(host in edge for edge in found) for host in hosts)


def spread(values: list[int]) -> Spread:
    """Count the long way."""
    rank = math.ceil(99 * len(values) / 100) - 1
    return Spread(values[0], round(sum(values) / len(values), 2), values[rank], values[-1])


@given(some_hosts)
def test_a_full_mesh_joins_every_two_hosts(hosts: set[str]) -> None:
    mesh = full_mesh(hosts)
    found = edges(mesh)
    assert found == {frozenset(pair) for pair in combinations(hosts, 2)}
    assert mesh.cost().total == len(found) == len(hosts) * (len(hosts) - 1) // 2
    assert mesh.cost().per_host == spread(degrees(found, hosts))


@given(some_hosts, hosts_of)
def test_a_spoke_has_tunnels_to_hubs_alone(hosts: set[str], hubs: set[str]) -> None:
    topology = hub_and_spoke(hosts, hubs)
    found = edges(topology)
    assert found == {frozenset(pair) for pair in combinations(hosts | hubs, 2) if hubs.intersection(pair)}
    assert topology.cost().total == len(found)
    assert topology.cost().per_host == spread(degrees(found, hosts | hubs))


@given(some_hosts, zones, st.none() | some_hosts)
def test_no_tunnel_leaves_its_zone(hosts: set[str], zone_of: dict[str, str], hubs: set[str] | None) -> None:
    zone_of = {host: zone_of[host] for host in hosts}
    topology = within_zones(zone_of, hubs)
    everywhere = full_mesh(hosts) if hubs is None else hub_and_spoke(hosts, hubs & hosts)
    found = edges(topology)
    assert found == {edge for edge in edges(everywhere) if len({zone_of[host] for host in edge}) == 1}
    assert topology.cost().total == len(found)
    assert topology.cost().per_host == spread(degrees(found, hosts))


@given(placements)
def test_a_placement_joins_hosts_that_share_a_network(placed: list[tuple[str, str]]) -> None:
    index = placement_index(placed)
    members = {network: {host for found, host in placed if found == network} for network in NETWORKS}
    tunnels = [
        (network, frozenset(pair)) for network, hosts in members.items() for pair in combinations(sorted(hosts), 2)
    ]
    assert edges(index) == {pair for dummy, pair in tunnels}
    for network in NETWORKS:
        for host in HOSTS:
            assert index.peers(network, host) == sorted(
                peer for found, pair in tunnels for peer in pair - {host} if found == network and host in pair
            )
    assert index.cost().tunnels.total == len(tunnels)
    assert index.cost().pairs.total == len(edges(index))
    hosts = {host for dummy, host in placed}
    if hosts:
        ends = Counter(host for dummy, pair in tunnels for host in pair)
        assert index.cost().tunnels.per_host == spread(sorted(ends[host] for host in hosts))
        assert index.cost().pairs.per_host == spread(degrees(edges(index), hosts))


@given(placements, zones)
def test_a_placement_within_zones_is_the_part_of_it_that_stays_in_one(
    placed: list[tuple[str, str]], zone_of: dict[str, str]
) -> None:
    index = placement_index(placed, zone_of)
    found = edges(index)
    assert found == {edge for edge in edges(placement_index(placed)) if len({zone_of[host] for host in edge}) == 1}
    assert index.cost().pairs.total == len(found)
    for network in NETWORKS:
        for host in HOSTS:
            assert all(zone_of[peer] == zone_of[host] for peer in index.peers(network, host))


@given(st.permutations(HOSTS), st.lists(st.tuples(st.sampled_from(NETWORKS), st.sampled_from(HOSTS)), unique=True))
def test_the_order_of_the_input_means_nothing(hosts: list[str], placed: list[tuple[str, str]]) -> None:
    assert full_mesh(hosts) == full_mesh(HOSTS)
    assert hub_and_spoke(hosts, hosts[:3]) == hub_and_spoke(HOSTS, sorted(hosts[:3]))
    there, back = placement_index(placed), placement_index(reversed(placed))
    assert [there.peers_of(host) for host in HOSTS] == [back.peers_of(host) for host in HOSTS]
    assert there.cost() == back.cost()


@given(some_hosts, hosts_of, placements, zones, st.sampled_from(HOSTS))
def test_a_host_that_leaves_takes_its_own_tunnels_alone(
    hosts: set[str], hubs: set[str], placed: list[tuple[str, str]], zone_of: dict[str, str], gone: str
) -> None:
    left = hosts - {gone}
    zone_of_left = {host: zone_of[host] for host in left}
    placed_left = [(network, host) for network, host in placed if host != gone]
    for before, after in [
        (full_mesh(hosts), full_mesh(left)),
        (hub_and_spoke(hosts, hubs), hub_and_spoke(left, hubs - {gone})),
        (within_zones({host: zone_of[host] for host in hosts}), within_zones(zone_of_left)),
        (placement_index(placed), placement_index(placed_left)),
    ]:
        assert edges(after) == without_host(edges(before), gone)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=350))
def test_the_figures_per_host_are_those_of_the_sorted_list(values: list[int]) -> None:
    assert cost_of(Counter(values)).per_host == spread(sorted(values))


@pytest.mark.parametrize(
    ("hosts", "tunnels"), [(0, 0), (1, 0), (2, 1), (10, 45), (100, 4_950), (1_000, 499_500), (10_000, 49_995_000)]
)
def test_seed_erratum_a_full_mesh_of_10000_hosts_is_49995000_tunnels(hosts: int, tunnels: int) -> None:
    cost = full_mesh(f"hv{number}" for number in range(hosts)).cost()
    assert cost.total == tunnels
    ports = max(0, hosts - 1)
    assert cost.per_host == Spread(ports, float(ports), ports, ports)


def test_a_host_that_is_not_part_of_it_has_no_peers() -> None:
    for topology in (full_mesh(["hv1"]), hub_and_spoke(["hv1"], ["hv2"]), within_zones({"hv1": "z1"})):
        assert topology.peers_of("hv9") == []
    index = placement_index([("acme.web", "hv1"), ("acme.web", "hv2")])
    assert index.peers_of("hv9") == index.peers("acme.web", "hv9") == index.peers("acme.db", "hv1") == []
