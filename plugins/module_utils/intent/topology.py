# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a tunnel to whom, and what that costs, without ever holding all pairs.

A full mesh of 10,000 hosts is 49,995,000 tunnels: listing them takes more than 10 GB, so peers are found for one host
at a time. In a placement a network is a bit mask over the sorted hosts, one bit a host. The union of a host's networks
is then a few ``|`` of 1,250 bytes, already sorted, and costs the same whether its tenants have 20 ports or 10,000.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import compress
from operator import or_
from typing import Optional

Segment = tuple[str, Optional[str]]  # a network, and the zone that this part of it is in

_DIGIT_TO_BIT = bytes.maketrans(b"01", b"\x00\x01")


@dataclass(frozen=True)
class Spread:
    """How many of something a host has, as tunnels that end there, over all hosts; p99 by nearest rank."""

    min: int
    mean: float  # two decimals
    p99: int
    max: int


@dataclass(frozen=True)
class Cost:
    """Tunnels in all, each counted once though it is a port at both of its ends, and how many end at a host."""

    total: int
    per_host: Spread


@dataclass(frozen=True)
class PlacementCost:
    """A placement counted in two ways: two hosts that share three networks are three tunnels, or one pair."""

    tunnels: Cost  # one per network and pair of hosts: the tunnel ports that ``plain`` forwarding makes
    pairs: Cost  # one per pair of hosts, whatever they share: one port per peer with ``key=flow``


def cost_of(degrees: Mapping[int, int]) -> Cost:
    """Return the cost of a topology from the number of hosts that have each number of tunnels."""
    return Cost(sum(degree * count for degree, count in degrees.items()) // 2, spread_of(degrees))


def spread_of(counts: Mapping[int, int]) -> Spread:
    """Return the spread of a figure from the number of hosts that have each value of it."""
    hosts = sum(counts.values())
    if not hosts:
        return Spread(0, 0.0, 0, 0)
    total = sum(value * count for value, count in counts.items())
    beyond = hosts // 100  # this many hosts may have more than the 99th percentile
    p99 = max(counts)
    for value in sorted(counts, reverse=True):
        p99 = value
        beyond -= counts[value]
        if beyond < 0:
            break
    return Spread(min(counts), round(total / hosts, 2), p99, max(counts))


@dataclass(frozen=True)
class Mesh:
    """Hubs have a tunnel to every host, spokes to the hubs alone; where every host is a hub, it is a full mesh."""

    hosts: tuple[str, ...]  # sorted, hubs among them
    hubs: frozenset[str]

    def peers_of(self, host: str) -> list[str]:
        """Return the sorted peers of a host; one that is not in the mesh has none."""
        if host in self.hubs:
            return [peer for peer in self.hosts if peer != host]
        return sorted(self.hubs) if host in self.hosts else []

    def degrees(self) -> Counter[int]:
        hubs, spokes = len(self.hubs), len(self.hosts) - len(self.hubs)
        return Counter({hubs + spokes - 1: hubs}) + Counter({hubs: spokes})

    def cost(self) -> Cost:
        return cost_of(self.degrees())


def full_mesh(hosts: Iterable[str]) -> Mesh:
    members = frozenset(hosts)
    return Mesh(tuple(sorted(members)), members)


def hub_and_spoke(hosts: Iterable[str], hubs: Iterable[str]) -> Mesh:
    centre = frozenset(hubs)
    return Mesh(tuple(sorted(centre.union(hosts))), centre)


@dataclass(frozen=True)
class Zones:
    """Meshes side by side: no tunnel leads from one zone to another."""

    zone_of: Mapping[str, str]
    meshes: Mapping[str, Mesh]

    def peers_of(self, host: str) -> list[str]:
        """Return the sorted peers of a host; one without a zone has none."""
        return self.meshes[self.zone_of[host]].peers_of(host) if host in self.zone_of else []

    def cost(self) -> Cost:
        return cost_of(sum((mesh.degrees() for mesh in self.meshes.values()), Counter()))


def within_zones(zone_of: Mapping[str, str], hubs: Iterable[str] | None = None) -> Zones:
    """Return a full mesh in each zone or, where ``hubs`` are given, a hub and spoke topology in each."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for host, zone in zone_of.items():
        hosts[zone].append(host)
    centre = frozenset(zone_of if hubs is None else hubs)
    meshes = {zone: hub_and_spoke(members, centre.intersection(members)) for zone, members in hosts.items()}
    return Zones(zone_of, meshes)


class Index:
    """The hosts that have ports on each network. Build it once (``placement_index``), then ask it for any host."""

    def __init__(self, members: Mapping[Segment, Iterable[str]], zone_of: Mapping[str, str]) -> None:
        self._zone_of = zone_of
        self._members = {segment: tuple(sorted(hosts)) for segment, hosts in members.items()}
        self._hosts = tuple(sorted({host for hosts in self._members.values() for host in hosts}))
        self._bit = {host: 1 << position for position, host in enumerate(self._hosts)}
        self._segments: dict[str, list[Segment]] = {host: [] for host in self._hosts}
        self._mask: dict[Segment, int] = {}
        for segment, hosts in self._members.items():
            self._mask[segment] = reduce(or_, map(self._bit.__getitem__, hosts))
            for host in hosts:
                self._segments[host].append(segment)

    def peers(self, network: str, host: str) -> list[str]:
        """Return the sorted peers of a host in one network; a host without a port on it has none."""
        hosts = self._members.get((network, self._zone_of.get(host)), ())
        return [peer for peer in hosts if peer != host] if host in hosts else []

    def peers_of(self, host: str) -> list[str]:
        """Return the sorted peers of a host over all of its networks; a host without ports has none."""
        return list(compress(self._hosts, bin(self._reach(host))[:1:-1].encode().translate(_DIGIT_TO_BIT)))

    def cost(self) -> PlacementCost:
        """Count the tunnels; hosts without ports are not counted in the figures per host."""
        tunnels = Counter(
            sum(len(self._members[segment]) - 1 for segment in segments) for segments in self._segments.values()
        )
        pairs = Counter(bin(self._reach(host)).count("1") for host in self._hosts)
        return PlacementCost(cost_of(tunnels), cost_of(pairs))

    def _reach(self, host: str) -> int:
        """Return the peers of a host as a bit mask over the sorted hosts."""
        masks = [self._mask[segment] for segment in self._segments.get(host, ())]
        return reduce(or_, masks) & ~self._bit[host] if masks else 0


def placement_index(placements: Iterable[tuple[str, str]], zone_of: Mapping[str, str] | None = None) -> Index:
    """Index pairs of network and host, in any order, repeated or not: one pair for each port of a tenant will do.

    With ``zone_of`` a network that lies in two zones has no tunnel between them.
    """
    zones = zone_of or {}
    members: dict[Segment, set[str]] = defaultdict(set)
    for network, host in placements:
        members[network, zones.get(host)].add(host)
    return Index(members, zones)
