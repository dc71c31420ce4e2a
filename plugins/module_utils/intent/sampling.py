# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoints of a large inventory are measured, when all pairs would be too many.

The choice is a function of names, so that the same intent is measured the same way each time. First come two
endpoints of each network, on two hypervisors; then what is needed for each pair of hypervisors that share a network;
then the rest, until the limit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest


@dataclass(frozen=True)
class Sample:
    endpoints: tuple[Endpoint, ...]  # in the order of the inventory
    words: str  # what is measured, and what is not


def sample(endpoints: Sequence[Endpoint], limit: int) -> Sample:
    """Return at most ``limit`` endpoints, all of them if they are no more."""
    if len(endpoints) <= limit:
        return Sample(tuple(endpoints), _pairs(len(endpoints)))
    chosen: set[str] = set()
    for group in _by_importance(endpoints):
        missing = {endpoint.name for endpoint in group} - chosen
        if len(chosen) + len(missing) > limit:
            break
        chosen |= missing
    taken = tuple(endpoint for endpoint in endpoints if endpoint.name in chosen)
    return Sample(taken, f"SAMPLED, not all: {_pairs(len(taken))}, {_coverage(taken, endpoints)}")


def _pairs(count: int) -> str:
    return f"{count * (count - 1):,} ordered pairs of {count:,} endpoints"


def _coverage(taken: Sequence[Endpoint], endpoints: Sequence[Endpoint]) -> str:
    def share(what: str) -> str:
        part, whole = ({getattr(endpoint, what) for endpoint in group} for group in (taken, endpoints))
        return f"{len(part):,} of {len(whole):,} {what}s"

    return f"of {len(endpoints):,} in the intent; {share('network')}, {share('hypervisor')}"


def _by_importance(endpoints: Sequence[Endpoint]) -> Iterator[tuple[Endpoint, ...]]:
    """Yield groups of endpoints of which each shall be measured as a whole, the most telling first."""
    shuffled = sorted(endpoints, key=lambda endpoint: (digest(endpoint.name, 16), endpoint.name))
    networks: dict[str, dict[str, list[Endpoint]]] = defaultdict(lambda: defaultdict(list))
    for endpoint in shuffled:
        networks[endpoint.network][endpoint.hypervisor].append(endpoint)
    for hypervisors in networks.values():
        yield _two_of(hypervisors)
    covered: set[frozenset[str]] = set()
    for hypervisors in networks.values():
        for pair in combinations(hypervisors, 2):
            if frozenset(pair) not in covered:
                covered.add(frozenset(pair))
                yield hypervisors[pair[0]][0], hypervisors[pair[1]][0]
    for endpoint in shuffled:
        yield (endpoint,)


def _two_of(hypervisors: Mapping[str, Sequence[Endpoint]]) -> tuple[Endpoint, ...]:
    """Return two endpoints of a network on different hypervisors, or on one if it has no other."""
    members = list(hypervisors.values())
    if len(members) > 1:
        return members[0][0], members[1][0]
    return tuple(members[0][:2])
