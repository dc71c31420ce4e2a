# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_rules when it is cut short anywhere, when somebody is in its way, and when a program refuses or is not there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cuts import cuts
from module_runner import call_modules, fork_module, start_module
from rule_lab import BACKEND, chain, converge, need, run, saved, tool
from set_lab import own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import iptables, lock
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iptables import Iptables

KILLS = 10
OLD = [{"source": f"10.0.0.{number}", "target": "ACCEPT"} for number in range(1, 40)]
NEW = [{"source": f"10.0.1.{number}", "target": "ACCEPT"} for number in range(1, 60)]


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        yield


@pytest.fixture(params=BACKEND)
def backend(request: pytest.FixtureRequest) -> str:
    need(f"iptables-{BACKEND[request.param]}")
    return str(request.param)


def tasks(backend: str, family: str = "ipv4") -> list[dict[str, Any]]:
    """Return two tasks that differ in all: rules, chains and jumps."""
    jumps = [{"chain": name, "target": "dc1.web"} for name in ("FORWARD", "INPUT")]
    common = {"owner": "dc1", "backend": backend, "family": family}
    return [
        {
            **common,
            "chains": [{"name": "dc1.web", "rules": OLD}, {"name": "dc1.old", "rules": OLD}],
            "jumps": jumps[:1],
        },
        {
            **common,
            "chains": [{"name": "dc1.web", "rules": NEW}, {"name": "dc1.new", "rules": NEW}],
            "jumps": jumps[1:],
        },
    ]


def state(backend: str, family: str) -> str:
    program = f"{'iptables' if family == 'ipv4' else 'ip6tables'}-{BACKEND[backend]}-save"
    return "".join(line for line in tool(program).splitlines(keepends=True) if not line.startswith("#"))


def test_a_run_that_is_cut_before_any_call_leaves_the_old_or_the_new(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each family; the run that follows makes it whole."""
    rules = [{"target": "ACCEPT"}, {"target": "DROP"}]
    before, after = (
        {
            "name": "web",
            "family": "both",
            "backend": backend,
            "rules": rules[:amount],
            "jumps": [{"chain": "FORWARD"}] * (2 - amount),
        }
        for amount in (1, 2)
    )
    run(**after)
    whole, seen = saved(), []
    for dummy in cuts(((iptables, "attempt"),), lambda: run(**before), lambda: run(**after), monkeypatch):
        families = [(family, len(chain("FORWARD", backend, family))) for family in ("ipv4", "ipv6")]
        seen.append([(len(chain("web", backend, family)), jumps) for family, jumps in families])
        run(**after)
        assert saved() == whole
    assert len(seen) >= 8
    assert {one for families in seen for one in families} == {(1, 1), (2, 0)}


def test_a_killed_run_followed_by_a_run_equals_a_run(backend: str) -> None:
    before_task, after_task = tasks(backend)
    run(**before_task)
    before, start = state(backend, "ipv4"), time.monotonic()
    run(**after_task)
    duration, after = time.monotonic() - start, state(backend, "ipv4")
    outcomes: list[bool] = []
    while len(outcomes) < KILLS or (not any(outcomes) and len(outcomes) < 5 * KILLS):  # later and later, till too late
        run(**before_task)
        killed = fork_module("sg_rules", after_task)
        time.sleep(duration * len(outcomes) / KILLS)
        killed.kill()
        killed.join(timeout=10)
        with lock.host_lock(10):  # the program that the killed task has started goes on with the lock
            left = state(backend, "ipv4")
        assert left in (before, after), "neither the table before nor the one after"
        outcomes.append(left == after)
        assert not run(**after_task).get("failed")
        assert state(backend, "ipv4") == after
    assert set(outcomes) == {False, True}, "all kills came too early or too late"


def test_two_tasks_at_once_lose_nothing(backend: str) -> None:
    names = [f"web-{number}" for number in range(6)]
    wanted = {"backend": backend, "rules": OLD, "jumps": [{"chain": "FORWARD"}]}
    call_modules("sg_rules", [{"name": name, **wanted} for name in names])
    assert [len(chain(name, backend)) for name in names] == [len(OLD)] * len(names)
    assert sorted(rule.split()[-1] for rule in chain("FORWARD", backend)) == names


def meanwhile(monkeypatch: pytest.MonkeyPatch, *commands: list[str]) -> None:
    """Have somebody run a command between the plan and the change, one at each attempt."""
    left, change = list(commands), Iptables.change

    def late(self: Iptables, lines: list[str], only_test: bool) -> None:
        if left and not only_test:
            tool(*left.pop(0))
        change(self, lines, only_test)

    monkeypatch.setattr(Iptables, "change", late)


def test_somebody_else_changes_the_table_meanwhile(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of theirs moves ours to another place, or is gone with ours: nobody's is lost, and ours are as wanted."""
    program = f"iptables-{BACKEND[backend]}"
    converge(name="web", backend=backend, rules=OLD, jumps=[{"chain": "FORWARD", "out_interface": "tap0"}])
    meanwhile(
        monkeypatch,
        [program, "-I", "FORWARD", "-i", "eth0", "-j", "ACCEPT"],
        [program, "-D", "FORWARD", "2"],
    )
    assert run(name="web", backend=backend, rules=[], jumps=[{"chain": "FORWARD"}])["changed"]
    ours = '-m comment --comment "tenantry.sdn" -j web'
    assert chain("FORWARD", backend) == [ours, "-i eth0 -j ACCEPT"]
    run(name="web", backend=backend, rules=[], jumps=[{"chain": "FORWARD", "out_interface": "tap0"}])
    assert chain("FORWARD", backend) == [f"-o tap0 {ours}"], "the second command of somebody else took theirs"


def test_a_chain_that_somebody_takes_meanwhile_is_told(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"iptables-{BACKEND[backend]}"
    tool(program, "-N", "theirs")
    converge(name="web", backend=backend, rules=OLD)
    meanwhile(monkeypatch, [program, "-A", "theirs", "-j", "web"])
    assert run(name="web", backend=backend, state="absent").message == (
        f"chain web: it cannot be removed while rules lead to it: '{program} -t filter -A theirs -j web'; remove these "
        "first"
    )
    assert len(chain("web", backend)) == len(OLD)


def test_iptables_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = "is missing on this host; install the package that has it."
    assert run(name="web", rules=[]).message == f"The program 'iptables' {said}"
    for backend, program in BACKEND.items():
        assert run(name="web", rules=[], backend=backend).message == f"The program 'iptables-{program}' {said}"


@pytest.mark.parametrize(
    ("program", "answer", "message"),
    [
        ("save", "iptables-nft-save v1.8.9 (nf_tables): table `filter' is incompatible, use 'nft' tool.", None),
        ("restore", "iptables-nft-restore: line 2 failed: Bad rule.", "Bad rule., in ':web - [0:0]'"),
        ("restore", "out of luck", "out of luck"),
    ],
)
def test_what_a_program_refuses_is_said_clearly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, answer: str, message: str | None
) -> None:
    fake = tmp_path / f"iptables-nft-{program}"
    fake.write_text(
        f'#!/bin/sh\n[ "$2" = -w ] && [ $# = 3 ] && exit 0\necho "{answer}" >&2\nexit 1\n'.replace("`", "\\`")
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    said = message or "table `filter' is incompatible, use 'nft' tool."
    assert run(name="web", backend="nf_tables", rules=[]).message == f"iptables-nft-{program} failed (1): {said}"


def test_a_kernel_that_lacks_the_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked before anything is changed, check mode included."""
    program = tmp_path / "unshare"
    answer = "iptables-restore v1.8.9 (legacy): iptables-restore: unable to initialize table 'filter'"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "{answer}" "" "Error occurred at line: 1" >&2\nexit 2\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for check in (True, False):
        assert run(check, name="web", backend="legacy", rules=[]).message == (
            "table: the kernel does not take '*filter': unable to initialize table 'filter'; change it, or load the "
            "module it lacks"
        )


def test_who_may_not_make_a_namespace_learns_from_the_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "unshare"
    program.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert run(name="web", backend="nf_tables", rules=OLD)["changed"]
    wrong = run(
        name="web",
        backend="nf_tables",
        rules=[{"mac_source": "02:00:00:00:00:01", "target": "DROP"}],
        jumps=[{"chain": "OUTPUT"}],
    )
    assert wrong.message.startswith("iptables-nft-restore failed (4): RULE_INSERT failed (Invalid argument)")
    assert len(chain("web")) == len(OLD)


def test_as_on_a_managed_host(backend: str) -> None:
    """The distribution's Python runs the module, with the right to manage networks and without."""
    task = {"name": "web", "backend": backend, "rules": OLD}
    made = start_module("sg_rules", task)
    assert json.loads(made.communicate(timeout=60)[0])["changed"]
    assert len(chain("web", backend)) == len(OLD)
    powerless = start_module("sg_rules", task, "setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
    expected = "The kernel lets only root see and change rules. Run the task as root."
    assert json.loads(powerless.communicate(timeout=60)[0])["msg"] == expected
