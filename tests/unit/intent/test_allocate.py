# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of pools, and of numbers that stay with their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool, allocate

POOL = Pool([range(100, 120), range(200, 220, 2), range(300, 310)])
CROWDED = Pool([range(100, 105), range(200, 214, 2)])  # as many as there are names, so that they meet
NAMES = [f"{tenant}.{network}" for tenant in ("acme", "globex", "initech") for network in ("db", "dmz", "lan", "web")]

names_of = st.sets(st.sampled_from(NAMES))


def fault_of(*arguments: object) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        allocate(*arguments)  # type: ignore[arg-type]
    return caught.value.faults


def test_a_pool_is_its_ranges_one_after_the_other() -> None:
    numbers = [*range(100, 120), *range(200, 220, 2), *range(300, 310)]
    assert POOL.listed() == [POOL[place] for place in range(POOL.size)] == numbers
    assert [number for number in range(90, 320) if number in POOL] == numbers
    assert str(POOL) == "100-119,200-218,300-309"
    assert str(Pool([range(1)] * 9)) == "0,0,0,0,0,..."
    assert Pool([range(5, 5)]).size == 0
    assert str(Pool([])) == "(empty)"


def test_a_pool_may_be_larger_than_a_list() -> None:
    pool = Pool([range(2**127, 2**127 + 2**70)])
    assert pool.size == 2**70
    assert pool[2**70 - 1] == 2**127 + 2**70 - 1
    with pytest.raises(InvalidInput, match="values are too many for a list"):
        pool.listed()


@given(names_of)
def test_every_name_has_a_number_of_its_own(names: set[str]) -> None:
    found = allocate(names, CROWDED, {})
    assert list(found) == sorted(names)
    assert len(set(found.values())) == len(names)
    assert all(number in CROWDED for number in found.values())


@given(names_of, names_of, names_of)
def test_a_name_keeps_its_number_whoever_joins_or_leaves(first: set[str], joins: set[str], leaves: set[str]) -> None:
    before = allocate(first, CROWDED, {})
    after = allocate(first.union(joins) - leaves, CROWDED, before)
    assert {name: after[name] for name in first - leaves} == {name: before[name] for name in first - leaves}
    newcomers = {after[name] for name in joins - first - leaves}
    assert not newcomers.intersection(before.values()), "a number of a name that is gone was given away"
    assert allocate(first, CROWDED, {**before, **after}) == before


@given(st.permutations(NAMES))
def test_the_order_of_names_and_record_means_nothing(names: list[str]) -> None:
    whole = allocate(NAMES, CROWDED, {})
    assert allocate(names, CROWDED, {}) == whole
    assert allocate(names, CROWDED, {name: whole[name] for name in reversed(names)}) == whole


@pytest.mark.parametrize("size", range(1, 41))
def test_a_pool_can_be_used_up_to_the_last_number(size: int) -> None:
    pool = Pool([range(size)])
    names = [f"n{number}" for number in range(size)]
    assert sorted(allocate(names, pool, {}).values()) == pool.listed()


def test_the_number_of_a_name_never_changes() -> None:
    """A pinned value: another hash would renumber the networks of everybody who keeps no record."""
    pool = Pool([range(5000, 2**24)])
    assert allocate(["acme.web", "acme.db"], pool, {}) == {"acme.db": 8416114, "acme.web": 8106680}


def test_all_faults_of_a_record_are_told_at_once() -> None:
    assert fault_of(["acme.web", "acme.db"], POOL, {"acme.web": 99, "acme.db": 110, "globex.lan": 110}) == [
        "recorded.acme.web: 99 is not in the pool 100-119,200-218,300-309; widen the pool, or remove the entry to "
        "renumber acme.web",
        "recorded.globex.lan: 110 is recorded for acme.db too; remove the wrong entry",
    ]


def test_a_pool_that_is_used_up_says_what_holds_it() -> None:
    pool = Pool([range(7, 9)])
    assert fault_of("abc", pool, {}) == ["pool: 7-8 has room for 2 of 3 new names; widen it"]
    assert fault_of("ab", pool, {"z": 7}) == [
        "pool: 7-8 has room for 1 of 2 new names; widen it, or remove the entries of names that are gone (z)"
    ]
    assert allocate("a", pool, {"z": 7, "y": 300}) == {"a": 8}, "what is outside of the pool takes nothing from it"
