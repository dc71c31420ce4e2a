# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the diff, for any two states."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan, apply

STATES = st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=6)


@given(STATES, STATES)
def test_applying_the_plan_leads_to_the_desired_state(actual: dict[str, int], desired: dict[str, int]) -> None:
    assert apply(actual, Plan.between(actual, desired)) == desired


@given(STATES)
def test_nothing_is_planned_for_what_is_as_wanted(state: dict[str, int]) -> None:
    plan = Plan.between(state, dict(state))
    assert not plan
    assert plan.before == plan.after == {}


@given(STATES, STATES)
def test_a_plan_is_empty_only_for_equal_states(actual: dict[str, int], desired: dict[str, int]) -> None:
    assert bool(Plan.between(actual, desired)) == (actual != desired)


@given(STATES, STATES)
def test_before_and_after_hold_what_differs_and_nothing_else(actual: dict[str, int], desired: dict[str, int]) -> None:
    plan = Plan.between(actual, desired)
    assert plan.before.items() == actual.items() - desired.items()
    assert plan.after.items() == desired.items() - actual.items()


@given(STATES, STATES)
def test_the_plan_back_undoes_the_plan(actual: dict[str, int], desired: dict[str, int]) -> None:
    there, back = Plan.between(actual, desired), Plan.between(desired, actual)
    assert (back.create, back.delete) == (there.delete, there.create)
    assert (back.before, back.after) == (there.after, there.before)
