# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which a module changes a host, over a host that is a dict."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils import reconcile as reconcile_module
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import (
    BackendError,
    ConflictError,
    InvalidInput,
    NotConvergedError,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan, apply
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import ATTEMPTS, reconcile, surfacing

Key = tuple[str, ...]


class Host:
    """A host in memory: ``rivals`` are what another writer does just before each of our first writes."""

    def __init__(
        self, state: dict[Key, int], desired: dict[Key, int], rivals: list[dict[Key, int]] | None = None
    ) -> None:
        self.state, self.desired, self.rivals = state, desired, list(rivals or [])
        self.reads = self.writes = 0
        self.drops: set[Key] = set()  # what the host takes without doing it

    def plan(self) -> Plan[Key, int]:
        self.reads += 1
        return Plan.between(self.state, self.desired)

    def apply(self, plan: Plan[Key, int]) -> None:
        if self.rivals:
            self.state = self.rivals.pop(0)
            raise ConflictError("another writer")
        self.writes += 1
        self.state = {key: value for key, value in apply(self.state, plan).items() if key not in self.drops}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(reconcile_module.time, "sleep", taken.append)
    return taken


def test_a_change_is_made_proved_and_reported() -> None:
    host = Host({("a",): 1}, {("a",): 2, ("b",): 3})
    plan = reconcile(host, check_mode=False)
    assert host.state == host.desired
    assert plan.after == {("a",): 2, ("b",): 3}
    assert (host.reads, host.writes) == (2, 1)


def test_nothing_to_do_is_one_read_and_no_write() -> None:
    host = Host({("a",): 1}, {("a",): 1})
    assert not reconcile(host, check_mode=False)
    assert (host.reads, host.writes) == (1, 0)


def test_check_mode_predicts_and_writes_nothing() -> None:
    host, twin = Host({("a",): 1}, {("b",): 2}), Host({("a",): 1}, {("b",): 2})
    predicted = reconcile(host, check_mode=True)
    assert (host.state, host.reads, host.writes) == ({("a",): 1}, 1, 0)
    assert predicted == reconcile(twin, check_mode=False)


def test_a_conflict_is_planned_anew_from_what_the_rival_left() -> None:
    host = Host({}, {("a",): 1}, rivals=[{("x",): 9}])
    plan = reconcile(host, check_mode=False)
    assert host.state == {("a",): 1}
    assert plan.delete == {("x",): 9}


def test_a_rival_that_did_what_we_wanted_leaves_nothing_to_report() -> None:
    host = Host({}, {("a",): 1}, rivals=[{("a",): 1}])
    assert not reconcile(host, check_mode=False)
    assert host.writes == 0


def test_endless_conflicts_are_given_up_after_growing_pauses(pauses: list[float]) -> None:
    host = Host({}, {("a",): 1}, rivals=[{}] * ATTEMPTS)
    with pytest.raises(ConflictError):
        reconcile(host, check_mode=False)
    assert host.writes == 0
    assert len(pauses) == ATTEMPTS - 1
    assert sum(pauses) < 5


def test_what_the_host_took_but_did_not_do_is_named() -> None:
    host = Host({}, {("Port", "a"): 1, ("Port", "b"): 2})
    host.drops = {("Port", "b")}
    with pytest.raises(NotConvergedError, match=r"reading it back shows another state.* Differing: Port b\."):
        reconcile(host, check_mode=False)


class Module:
    def fail_json(self, **result: Any) -> NoReturn:
        raise SystemExit(result)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (BackendError("It is down.", changed=True), {"msg": "It is down.", "changed": True}),
        (
            InvalidInput(["b: 2", "a: 1"]),
            {"msg": "2 faults, nothing was changed:\n- a: 1\n- b: 2", "faults": ["a: 1", "b: 2"]},
        ),
    ],
)
def test_an_error_for_the_user_becomes_the_modules_answer(error: Exception, result: dict[str, Any]) -> None:
    with pytest.raises(SystemExit) as caught, surfacing(Module()):
        raise error
    assert caught.value.code == result


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(KeyError), surfacing(Module()):
        {}["no such key"]
