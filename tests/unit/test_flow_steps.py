# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes one after the other: what a packet meets at every moment between the old flows and the new ones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_steps import (
    flow_lines,
    group_lines,
    keys_in_order,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

Key = tuple[str, str]
Flows = Mapping[Key, str]
# What a flow of these tests matches, of the packets 0 to 3, by the port that it names.
MATCHES = {1: {0, 1, 2, 3}, 2: {0, 1}, 3: {1, 2}, 4: {3}}


def flow(table: int, priority: int, port: int, actions: str) -> tuple[Key, str]:
    head = f"table={table},priority={priority},in_port={port}"
    return ("flow", head), f"cookie=0x5,{head},actions={actions}"


def tables() -> st.SearchStrategy[Flows]:
    """Return flows of two tables, in any order."""
    places = st.tuples(st.integers(0, 1), st.integers(1, 4), st.sampled_from(sorted(MATCHES)))
    flows = st.dictionaries(places, st.sampled_from("abc"), max_size=8)
    return flows.map(lambda there: dict(flow(*place, actions) for place, actions in there.items()))


def found(flows: Flows, table: int, packet: int) -> set[str]:
    """Return what a packet can meet in a table: of one priority, the switch takes any that matches."""
    there = [
        (int(key[1].split("priority=")[1].split(",")[0]), line)
        for key, line in flows.items()
        if key[1].startswith(f"table={table},") and packet in MATCHES[int(key[1][-1])]
    ]
    highest = max(there)[0] if there else 0
    return {line for priority, line in there if priority == highest} or {"nothing"}


def moments(old: Flows, new: Flows) -> list[Flows]:
    """Return the tables as they are after each change."""
    plan = Plan.between(old, new)
    states = [dict(old)]
    for key in keys_in_order(plan):
        state = dict(states[-1])
        if key in plan.delete:
            del state[key]
        else:
            state[key] = plan.after[key]
        states.append(state)
    assert states[-1] == new
    return states


@given(tables(), tables())
def test_a_packet_meets_what_it_met_or_will_meet(old: Flows, new: Flows) -> None:
    for state in moments(old, new):
        for table in (0, 1):
            for packet in range(4):
                assert found(state, table, packet) <= found(old, table, packet) | found(new, table, packet)


@given(tables(), tables())
def test_ways_are_opened_from_their_ends_and_closed_from_their_starts(old: Flows, new: Flows) -> None:
    plan = Plan.between(old, new)
    order = [int(key[1][len("table=")]) for key in keys_in_order(plan)]
    coming = len(plan.after)
    assert order[:coming] == sorted(order[:coming], reverse=True)
    assert order[coming:] == sorted(order[coming:])


def test_a_flow_that_says_no_priority_has_the_usual_one() -> None:
    places = ["table=0,priority=32769,ip", "table=0,ip", "table=0,priority=32767,ip", "table=0,priority=0"]
    plan = Plan.between({}, {("flow", place): "" for place in sorted(places)})
    assert [place for kind, place in keys_in_order(plan)] == places


def group(number: int, bucket: str) -> tuple[Key, str]:
    return ("group", str(number)), f"group_id={number},type=all,bucket={bucket}"


def test_groups_come_behind_those_they_send_to_and_go_before_them() -> None:
    old = dict([group(1, "group:2"), group(2, "drop"), group(3, "drop"), group(9, "watch_group:8"), group(8, "drop")])
    new = dict([group(3, "group:4"), group(4, "group:5"), group(5, "drop")])
    new |= dict([flow(0, 5, 1, "group:3")])
    old |= dict([flow(0, 6, 1, "group:1")])
    numbers = [number if kind == "group" else kind for kind, number in keys_in_order(Plan.between(old, new))]
    assert numbers[:5] == ["5", "4", "3", "flow", "flow"]
    assert set(numbers[5:]) == {"1", "2", "8", "9"}
    assert numbers.index("1") < numbers.index("2")
    assert numbers.index("9") < numbers.index("8")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (None, "cookie=0x5,ip,actions=a", "add cookie=0x5,ip,actions=a"),
        ("cookie=0x5,ip,actions=a", None, "delete_strict table=0,ip,cookie=0x5/-1"),
        ("cookie=0x5,ip,actions=a", "cookie=0x5,ip,actions=b", "modify_strict table=0,ip,cookie=0x5/-1,actions=b"),
        ("cookie=0x5,ip,actions=a", "cookie=0x6,ip,actions=a", "add cookie=0x6,ip,actions=a"),
        ("cookie=0x5,ip,actions=a", "cookie=0x5,idle_timeout=5,ip,actions=a", None),
    ],
)
def test_a_change_touches_no_flow_that_another_has_put_there(
    old: str | None, new: str | None, line: str | None
) -> None:
    """But for one that comes: OpenFlow has no word for adding where nothing is."""
    key = ("flow", "table=0,ip")
    plan = Plan.between(*({key: flow} if flow else {} for flow in (old, new)))
    assert list(flow_lines(plan, [key])) == [line or f"add {new}"]


def test_lines_of_groups() -> None:
    plan = Plan.between(dict([group(1, "drop"), group(2, "drop")]), dict([group(2, "1"), group(3, "drop")]))
    assert list(group_lines(plan, keys_in_order(plan))) == [
        "add group_id=3,type=all,bucket=drop",
        "modify group_id=2,type=all,bucket=1",
        "delete group_id=1",
    ]
