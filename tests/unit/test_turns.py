# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at once on a host that is a dict, in every order that their turns can have, with a cut anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import lock
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan, apply

THINGS = ("bridge", "flows", "rules")
ONE, OTHER = "1.one@controller", "2.other@controller"
ORDERS = sorted(set(permutations((ONE, OTHER) * len(THINGS))))
STARTS = list(product(("", ONE, OTHER), repeat=len(THINGS)))
MISSED = (
    f"Another run has changed this host since this one began: {OTHER}. This one has changed nothing since. "
    "Run it again when the other has ended."
)
BUSY = f"Another run changes this host: {ONE}. This one has changed nothing. Run it again when the other has ended."


class Clock:
    """Time that passes when somebody waits, and what happens meanwhile."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.meanwhile: list[Callable[[], object]] = []

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 2.0)
        if self.meanwhile:
            self.meanwhile.pop()()


@pytest.fixture(autouse=True)
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for name, file in (("PATH", "lock"), ("RUNS", "runs"), ("RUN_HOLDS", "run.")):
        monkeypatch.setattr(lock, name, str(tmp_path / file))
    monkeypatch.setattr(lock, "_now", lambda: clock.now)
    monkeypatch.setattr(lock.time, "sleep", clock.sleep)
    return clock


class Run:
    """A run that wants its own value of each thing of a host, and takes a turn for each."""

    def __init__(self, name: str, host: dict[str, str], check_mode: bool = False) -> None:
        self.name, self.host = name, host
        self.things = iter(THINGS)
        self.module = SimpleNamespace(check_mode=check_mode, params={"run": name})
        self.wrote = self.ended = False
        self.fault = ""

    def step(self) -> None:
        """Take a turn; at the end look whether the host is as this run wants it."""
        thing = next(self.things, None)
        if self.fault or not thing:
            return
        try:
            with lock.turn(self.module, alone=False) as own:
                own.reconcile(Thing(self, thing))
        except BackendError as error:
            self.fault = error.message
            return
        if thing == THINGS[-1]:
            self.ended = True
            assert self.host == dict.fromkeys(THINGS, self.name), "it has ended well, and the host is not as it wants"


class Thing:
    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name = run, name

    def plan(self) -> Plan[str, str]:
        return Plan.between({self.name: self.run.host[self.name]}, {self.name: self.run.name})

    def apply(self, plan: Plan[str, str]) -> None:
        self.run.wrote = True
        self.run.host.update(apply({self.name: self.run.host[self.name]}, plan))


def meet(order: tuple[str, ...], before: tuple[str, ...]) -> tuple[dict[str, str], list[Run]]:
    for file in Path(lock.PATH).parent.iterdir():
        file.unlink()
    host = dict(zip(THINGS, before))
    runs = {name: Run(name, host) for name in (ONE, OTHER)}
    for name in order:
        runs[name].step()
    return host, list(runs.values())


def test_one_of_two_runs_is_there_whole() -> None:
    assert len(ORDERS) == 20
    for order, before in product(ORDERS, STARTS[::2]):
        host, runs = meet(order, before)
        ended = [run for run in runs if run.ended]
        assert ended, (order, before)
        assert host in [dict.fromkeys(THINGS, run.name) for run in ended], (order, before)
        assert all(bool(run.fault) != run.ended for run in runs)


def test_one_that_is_cut_off_stops_no_other() -> None:
    for order, before, turns in product(ORDERS, STARTS[::6], range(len(THINGS))):
        cut = [name for number, name in enumerate(order) if name == OTHER or order[:number].count(ONE) < turns]
        host, (_one, other) = meet(tuple(cut), before)
        if not other.ended:  # what the first had changed meanwhile it had not seen
            assert other.fault
            again = Run(f"3.again@{order}", host)
            for _thing in THINGS:
                again.step()
            assert again.ended


def test_who_comes_first_waits_for_one_that_holds_the_host_and_is_refused_when_it_lives(clock: Clock) -> None:
    host = dict.fromkeys(THINGS, "")
    one, other = Run(ONE, host), Run(OTHER, host)
    one.step()
    clock.meanwhile = [one.step]
    other.step()
    assert (other.fault, other.wrote) == (BUSY, False)
    assert clock.now < 1000 + lock.SILENCE
    one.step()
    assert one.ended


def test_who_holds_the_host_and_is_silent_is_taken_for_dead(clock: Clock) -> None:
    host = dict.fromkeys(THINGS, "")
    one, other = Run(ONE, host), Run(OTHER, host)
    one.step()
    other.step()
    assert clock.now == pytest.approx(1000 + lock.SILENCE, abs=2)
    assert not Path(lock.RUN_HOLDS + ONE).exists()
    one.step()
    assert one.fault == MISSED
    for _thing in THINGS[1:]:
        other.step()
    assert other.ended


def test_who_has_ended_holds_nothing(clock: Clock) -> None:
    host = dict.fromkeys(THINGS, "")
    for name in (ONE, OTHER):
        run = Run(name, host)
        for _thing in THINGS:
            run.step()
        assert run.ended
        Path(lock.RUN_HOLDS + name).unlink()  # as the action does it
    assert clock.now == 1000


def test_runs_that_change_nothing_hurt_nobody_and_hold_nothing(tmp_path: Path) -> None:
    host = dict.fromkeys(THINGS, ONE)
    several = [Run(ONE, host) for _number in range(3)]
    for number, run in enumerate(several):
        run.module.params["run"] = f"{number}.same@controller"
    for _thing in THINGS:
        for run in several:
            run.step()
    assert all(run.ended for run in several)
    assert list(tmp_path.glob("run.*")) == []


def test_check_mode_and_a_task_of_no_run_take_no_turns(tmp_path: Path) -> None:
    for module in (
        SimpleNamespace(check_mode=True, params={"run": ONE}),
        SimpleNamespace(check_mode=False, params={"run": None}),
    ):
        with lock.turn(module, alone=False) as own:
            own.claim()
            assert own.lock == -1
        with lock.turn(module) as own:
            own.claim()
            assert own.lock > 0
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_many_runs_are_forgotten_from_the_first_on() -> None:
    for number in range(lock.MOST + 5):
        _look(f"{number}.x@controller")
    seen = json.loads(Path(lock.RUNS).read_text())["seen"]
    assert list(seen) == [f"{number}.x@controller" for number in range(5, lock.MOST + 5)]


def _look(name: str) -> None:
    with lock.turn(SimpleNamespace(check_mode=False, params={"run": name})):
        pass


@pytest.mark.parametrize("text", ["", "[]", '{"changes": 1, "who": 2}'])
def test_a_file_that_is_not_ours_is_told(text: str) -> None:
    Path(lock.RUNS).write_text(text)
    with pytest.raises(BackendError, match=r"^Cannot read .*runs: .*\. Remove it while no run is at work\.$"):
        _look(ONE)


def test_the_files_are_for_root_alone() -> None:
    run = Run(ONE, dict.fromkeys(THINGS, ""))
    run.step()
    modes: list[Any] = [Path(path).stat().st_mode & 0o777 for path in (lock.RUNS, lock.RUN_HOLDS + ONE)]
    assert modes == [0o600, 0o600]
