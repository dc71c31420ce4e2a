# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of ids: what is accepted, what is refused, and set arithmetic as the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import id_ranges, overlaps, without
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

spans = st.tuples(st.integers(1, 60), st.integers(0, 20)).map(lambda pair: range(pair[0], sum(pair)))
ranges_of = st.lists(spans.filter(bool), max_size=6)


def numbers(ranges: list[range]) -> set[int]:
    return {number for ids in ranges for number in ids}


@pytest.mark.parametrize(
    ("value", "kind", "ids"),
    [
        ("100-199,300", "vlan", [range(100, 200), range(300, 301)]),
        (" 300 , 100 - 199 ", "vlan", [range(100, 200), range(300, 301)]),
        ([300, "100-199"], "vlan", [range(100, 200), range(300, 301)]),
        (7, "vlan", [range(7, 8)]),
        ("1-4,5", "vlan", [range(1, 5), range(5, 6)]),
        ("1-4094", "vlan", [range(1, 4095)]),
        ("1-16777215", "vxlan", [range(1, 2**24)]),
        ("1-16777215", "geneve", [range(1, 2**24)]),
        ("1-4294967295", "gre", [range(1, 2**32)]),
        ([], "vlan", []),
    ],
)
def test_ids_are_written_as_people_write_them(value: Any, kind: str, ids: list[range]) -> None:
    faults = Faults()
    assert id_ranges(faults, "ids", value, kind) == ids
    faults.raise_any()


@pytest.mark.parametrize(
    ("value", "kind", "fault"),
    [
        ("0-10", "vlan", "ids: '0-10' is out of range; write vlan ids from 1 to 4094"),
        ("4095", "vlan", "ids: '4095' is out of range; write vlan ids from 1 to 4094"),
        (16777216, "vxlan", "ids: 16777216 is out of range; write vxlan ids from 1 to 16777215"),
        ("16777216", "geneve", "ids: '16777216' is out of range; write geneve ids from 1 to 16777215"),
        ("4294967296", "gre", "ids: '4294967296' is out of range; write gre ids from 1 to 4294967295"),
        ("199-100", "vlan", "ids: '199-100' ends before it starts; write '100-199'"),
        ("1-2-3", "vlan", "ids: '1-2-3' is no range of ids; write one as '100-199' or '300'"),
        ("5,", "vlan", "ids: '' is no range of ids; write one as '100-199' or '300'"),
        (-3, "vlan", "ids: -3 is no range of ids; write one as '100-199' or '300'"),
        (True, "vlan", "ids: True is no range of ids; write one as '100-199' or '300'"),
        (None, "vlan", "ids: None is no range of ids; write one as '100-199' or '300'"),
        ([1, {}], "vlan", "ids[1]: {} is no range of ids; write one as '100-199' or '300'"),
        ("1-6,5", "vlan", "ids: 1-6 and 5 overlap; write each id once"),
    ],
)
def test_ids_that_no_network_can_have_are_refused(value: Any, kind: str, fault: str) -> None:
    faults = Faults()
    id_ranges(faults, "ids", value, kind)
    with pytest.raises(InvalidInput) as caught:
        faults.raise_any()
    assert caught.value.faults == [fault]


@given(ranges_of, ranges_of)
def test_what_is_left_is_the_difference_of_the_sets(ranges: list[range], excluded: list[range]) -> None:
    left = without(ranges, excluded)
    assert numbers(left) == numbers(ranges) - numbers(excluded)
    assert all(left)


@given(ranges_of, ranges_of, ranges_of)
def test_overlaps_are_the_intersections_of_the_sets(a: list[range], b: list[range], c: list[range]) -> None:
    named = {"a": a, "b": b, "c": c}
    found = list(overlaps(named))
    for one, other in [("a", "b"), ("a", "c"), ("b", "c")]:
        shared = [ids for first, second, ids in found if (first, second) == (one, other)]
        assert numbers(shared) == numbers(named[one]) & numbers(named[other])
    assert all(overlap[2] for overlap in found)
