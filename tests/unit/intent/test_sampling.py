# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from measured import endpoint

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.sampling import sample


def fabric(networks: int, hypervisors: int, ports: int) -> list[Endpoint]:
    """Return an intent in which each network has ports spread over the hypervisors."""
    return [
        endpoint(f"t{n}.p{p}", f"t{n}.web", hypervisor=f"hv{(n + p * (n + 1)) % hypervisors}")
        for n in range(networks)
        for p in range(ports)
    ]


def test_few_endpoints_are_all_measured() -> None:
    endpoints = fabric(2, 3, 3)
    chosen = sample(endpoints, 6)
    assert list(chosen.endpoints) == endpoints
    assert chosen.words == "30 ordered pairs of 6 endpoints"


def test_a_sample_says_that_it_is_one() -> None:
    chosen = sample(fabric(3, 4, 10), 8)
    assert len(chosen.endpoints) == 8
    assert chosen.words == (
        "SAMPLED, not all: 56 ordered pairs of 8 endpoints, of 30 in the intent; 3 of 3 networks, 4 of 4 hypervisors"
    )


def test_each_network_has_two_endpoints_on_two_hypervisors() -> None:
    chosen = sample(fabric(10, 7, 30), 20).endpoints
    for number in range(10):
        members = [item for item in chosen if item.network == f"t{number}.web"]
        assert len(members) == 2
        assert len({item.hypervisor for item in members}) == 2 or number in (6,)  # t6 has one hypervisor alone


def test_each_pair_of_hypervisors_is_measured_if_the_limit_allows() -> None:
    endpoints = fabric(2, 5, 40)
    chosen = sample(endpoints, 12).endpoints
    joined = {
        frozenset((one.hypervisor, other.hypervisor))
        for one, other in combinations(chosen, 2)
        if one.network == other.network and one.hypervisor != other.hypervisor
    }
    assert len(joined) == 10


@given(st.integers(2, 30), st.randoms(use_true_random=False))
def test_a_sample_keeps_the_limit_and_depends_on_names_alone(limit: int, random: object) -> None:
    endpoints = fabric(5, 4, 12)
    shuffled = list(endpoints)
    random.shuffle(shuffled)
    chosen = sample(endpoints, limit).endpoints
    assert 2 <= len(chosen) <= limit
    assert set(chosen) == set(sample(shuffled, limit).endpoints)


def test_a_hundred_thousand_ports_are_sampled_in_seconds() -> None:
    endpoints = fabric(5000, 10000, 20)
    started = time.process_time()
    chosen = sample(endpoints, 40)
    assert time.process_time() - started < 10
    assert len(chosen.endpoints) == 40
