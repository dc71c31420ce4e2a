# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_ipset when it is cut short anywhere, when ipset refuses or is not there, and when two tasks want one set."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cuts import Cut, cuts
from module_runner import call_modules, fork_module, start_module
from set_lab import converge, header, ipset, members, own_namespace, run

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import ipset as ipset_program
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import lock, sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ipset import Ipset
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import is_unfinished_set

KILLS = 10
CALLS = ((ipset_program, "attempt"), (sealed, "_write"), (os, "replace"), (sealed, "_sync"))
OLD = [f"10.0.0.{number}" for number in range(1, 6)]
NEW = [f"10.0.0.{number}" for number in range(4, 9)]
BEFORE: dict[str, Any] = {"name": "web", "type": "hash:ip", "members": OLD}
EDITED = {**BEFORE, "members": NEW}
BUILT = {  # what another set takes the place for
    "made": ({**BEFORE, "state": "absent"}, BEFORE),
    "exchanged": (BEFORE, {**EDITED, "comment": True}),
    "retyped": (BEFORE, {**EDITED, "type": "hash:net"}),
    "from a bitmap": ({**BEFORE, "type": "bitmap:ip", "range": "10.0.0.0/24"}, EDITED),
}


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        yield


def state() -> dict[str, list[str]]:
    """Return the sets that somebody could match, and their members."""
    return {name: members(name) for name in ipset("list", "-name").split() if not is_unfinished_set(name)}


def cut_after(lines: int, task: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run a task whose ipset is killed after so many lines; say whether it had more to do."""
    change, more = Ipset.change, []

    def cut(self: Ipset, script: Iterable[str]) -> None:
        script = "\n".join(script).split("\n")
        more.extend(script[lines:])
        change(self, script[:lines])
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(Ipset, "change", cut)
        with pytest.raises(Cut):
            run(**task)
    return bool(more)


def reached(before: dict[str, Any], after: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Cut a task after each of its lines in turn, and return what was there then; the next run makes each whole."""
    run(**after)
    expected, states, lines, more = state(), [], 0, True
    while more:
        run(**{"name": "web", "state": "absent"})
        run(**before)
        more = cut_after(lines, after, monkeypatch)
        states.append(state())
        run(**after)
        assert state() == expected
        assert not [name for name in ipset("list", "-name").split() if is_unfinished_set(name)]
        lines += 1
    assert len(states) > 2
    return states


@pytest.mark.parametrize("way", BUILT)
def test_a_set_that_is_built_is_there_whole_or_not_at_all(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = BUILT[way]
    run(**after)
    whole = {"made": [{}, {"web": OLD}], "retyped": [{"web": OLD}, {}, {"web": NEW}]}
    seen: list[Any] = []
    for one in reached(before, after, monkeypatch):
        if one not in seen:
            seen.append(one)
    assert seen == whole.get(way, [{"web": OLD}, {"web": NEW}])


@pytest.mark.parametrize("spoilt", [[], ["del web 10.0.0.1", "add web 10.0.0.9"]])
def test_a_set_that_did_not_get_all_of_its_members_is_no_success(
    spoilt: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a set that was made anew the number is looked at; one that was exchanged meanwhile, the next run sees."""
    change = Ipset.change
    lost = not spoilt  # a member of those

    def lossy(self: Ipset, script: Iterable[str]) -> None:
        change(self, [*(line for line in script if not (lost and line.endswith(" 10.0.0.5"))), *spoilt])

    with monkeypatch.context() as patch:
        patch.setattr(Ipset, "change", lossy)
        done = run(**BEFORE)
    assert done.get("failed", False) == lost
    assert "reading it back shows another state" in done.get("msg", "") or spoilt
    again = run(**BEFORE)
    assert (again.get("failed", False), again["changed"]) == (False, True)
    assert state() == {"web": OLD}


@pytest.mark.parametrize("way", BUILT)
def test_a_run_that_is_cut_before_any_call_leaves_the_old_or_the_new(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The set and its file; the run that follows makes both whole, and leaves nothing half built."""
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path))

    def put(task: dict[str, Any]) -> None:
        done = run(**task, saved=True)
        assert not done.get("failed"), done["msg"]

    def put_anew() -> None:
        put({"name": "web", "state": "absent"})
        put(before)

    def whole() -> tuple[Any, list[Any]]:
        files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith(sealed.DRAFT)]
        return (header("web"), state()) if state() else None, [sealed.read(str(path)) for path in files]

    before, after = BUILT[way]
    put_anew()
    old = whole()
    put(after)
    new, reached = whole(), set()
    for dummy in cuts(CALLS, put_anew, lambda: put(after), monkeypatch):
        found = whole()
        reached.add(tuple("old" if one == was else "new" for one, was in zip(found, old)))
        assert all(one in either for one, either in zip(found, zip(old, new)))
        put(after)
        assert whole() == new
        assert len(ipset("list", "-name").split()) == 1
    assert reached == {("old", "old"), ("new", "old"), ("new", "new")}


def test_a_change_of_members_never_permits_the_old_and_the_new(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in reached(BEFORE, EDITED, monkeypatch):
        assert set(one["web"]) <= set(OLD) or set(one["web"]) <= set(NEW)


def test_exceptions_come_before_what_they_except(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"name": "web", "type": "hash:net", "members": ["10.0.0.0/8", "10.9.0.0/16 nomatch", "10.8.0.0/16"]}
    after = {"name": "web", "type": "hash:net", "members": ["10.9.0.0/16", "10.0.0.0/8", "10.8.0.0/16 nomatch"]}
    for one in reached(before, after, monkeypatch):
        assert "10.9.0.0/16" not in one["web"] or "10.8.0.0/16 nomatch" in one["web"]


def test_a_killed_run_followed_by_a_run_equals_a_run() -> None:
    tasks = [
        {"name": "web", "type": "hash:ip", "members": [f"10.{net}.0.0/21"], "comment": comment}
        for net, comment in ((1, True), (2, False))
    ]
    run(**tasks[0])
    before, start = state(), time.monotonic()
    run(**tasks[1])
    duration, after = time.monotonic() - start, state()
    outcomes: list[bool] = []
    while len(outcomes) < KILLS or (not any(outcomes) and len(outcomes) < 5 * KILLS):  # later and later, till too late
        run(**tasks[0])
        killed = fork_module("sg_ipset", tasks[1])
        time.sleep(duration * len(outcomes) / KILLS)
        killed.kill()
        killed.join(timeout=10)
        with lock.host_lock(10):  # the ipset that the killed task has started goes on with the lock
            left = state()
        assert left in (before, after), "neither the set before nor the one after"
        outcomes.append(left == after)
        assert not run(**tasks[1]).get("failed")
        assert (state(), ipset("list", "-name").split()) == (after, ["web"])
    assert set(outcomes) == {False, True}, "all kills came too early or too late"


def test_two_tasks_at_once_lose_nothing() -> None:
    run(name="web", type="hash:ip", members=[])
    tasks: list[dict[str, Any]] = [  # each builds a set to take the place
        {"name": "web", "members": [f"10.0.{writer}.0/28"], "purge": False, "maxelem": 1000 + writer}
        for writer in range(8)
    ]
    call_modules("sg_ipset", tasks)
    assert len(members("web")) == 8 * 16


def test_a_change_that_the_kernel_refuses_leaves_no_half_built_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between plan and change somebody makes a set of the wanted name."""
    change = Ipset.change

    def late(self: Ipset, script: Iterable[str]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Ipset, "change", change)
            ipset("-exist", "create", "web", "hash:net")
            self.change(script)

    monkeypatch.setattr(Ipset, "change", late)
    assert run(**BEFORE).message.startswith(
        "ipset failed (1): Set cannot be renamed: a set with the new name already exist"
    )
    assert ipset("list", "-name").split() == ["web"]


def test_ipset_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(**BEFORE).message == "The program 'ipset' is missing on this host; install the package that has it."


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "Kernel error received: Operation not permitted",
            "The kernel lets only root see and change IP sets. Run the task as root.",
        ),
        (
            "Cannot open session to kernel.",
            "This kernel has no IP sets. Load its module ip_set, or install the package of the kernel that has it.",
        ),
        ("Kernel error received: Out of luck", "ipset failed (1): Kernel error received: Out of luck"),
    ],
)
def test_what_a_kernel_refuses_is_said_clearly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, message: str
) -> None:
    program = tmp_path / "ipset"
    program.write_text(f"#!/bin/sh\necho 'ipset v7.17: {said}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert run(**BEFORE).message == message


def test_a_kernel_that_lacks_a_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked before anything is changed, check mode included; who may not make a namespace learns it later."""
    program = tmp_path / "unshare"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    answer = "ipset v7.17: Error in line 2: Kernel error received: set type not supported"
    sets = [BEFORE, {"name": "macs", "type": "hash:ip,mac", "members": []}]
    program.write_text(f"#!/bin/sh\necho '{answer}' >&2\nexit 1\n")
    program.chmod(0o755)
    for check in (True, False):
        assert run(check, sets=sets).message == (
            "sets[1].type: this kernel has no sets of type hash:ip,mac; load its module ip_set_hash_ipmac, or use "
            "another type"
        )
    assert state() == {}
    program.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    assert run(**BEFORE)["changed"]


def test_as_on_a_managed_host() -> None:
    """The distribution's Python runs the module, with the right to manage networks and without."""
    made = start_module("sg_ipset", BEFORE)
    assert json.loads(made.communicate(timeout=60)[0])["changed"]
    assert members("web") == OLD
    powerless = start_module("sg_ipset", BEFORE, "setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    expected = "The kernel lets only root see and change IP sets. Run the task as root."
    assert json.loads(powerless.communicate(timeout=60)[0])["msg"] == expected


def test_what_a_killed_run_left_is_removed_by_the_next_and_shown() -> None:
    left = "tenantry-tmp-0123456789abcdef"
    ipset("create", left, "hash:ip")
    removed = converge(**BEFORE)
    assert removed["diff"]["before"] == {left: {"type": "hash:ip"}}
