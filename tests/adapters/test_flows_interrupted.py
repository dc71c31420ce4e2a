# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""of_flow when it is killed, when the daemons are dead or stuck, and when two tasks want the same host."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cuts import cuts
from flow_lab import tables, task
from host import Host
from module_runner import call_modules, fork_module

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import lock, ofctl, sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

KILLS = 10
GROUP = "group_id=100,type=all,bucket=output:{}"
CALLS = ((ofctl, "attempt"), (sealed, "_write"), (os, "replace"), (sealed, "_sync"))
DEAD = "ovs-vswitchd is not running: see systemctl status ovs-vswitchd, start openvswitch-switch, and run again."
STUCK = (
    "ovs-vswitchd did not answer on bridge br0 within 1 s. It is running, but hangs or is busy: see ovs-vswitchd.log, "
    "or raise timeout. What was sent may still be done; run the task again."
)


@pytest.fixture
def bridge(host: Host) -> Host:
    host.bridge(name="br0", fail_mode="secure", ports=[{"name": "tap1"}, {"name": "tap2"}])
    return host


def many(port: int) -> dict[str, Any]:
    """Return a task of flows and a group that all send to this port."""
    flows = [f"table={number % 200},priority={number},in_port=9,actions=output:{port}" for number in range(1, 200)]
    return task(*flows, f"priority={port},actions=group:100", groups=[GROUP.format(port)])


def test_a_killed_run_followed_by_a_run_equals_a_run(bridge: Host) -> None:
    bridge.run("of_flow", **many(1))
    before, start = tables(bridge), time.monotonic()
    bridge.run("of_flow", **many(2))
    duration, after = time.monotonic() - start, tables(bridge)
    outcomes: list[bool] = []
    while len(outcomes) < KILLS or (
        not any(outcomes) and len(outcomes) < 5 * KILLS
    ):  # later and later, till it is late
        bridge.run("of_flow", **many(1))
        run = fork_module("of_flow", {"database": bridge.ovs.remote, **many(2)})
        time.sleep(duration * len(outcomes) / KILLS)
        run.kill()
        run.join(timeout=10)
        with lock.host_lock(10):  # what the killed task has started goes on with the lock
            left = tables(bridge)
        assert left in (before, after), "neither the tables before nor those after"
        outcomes.append(left == after)
        assert not bridge.run("of_flow", **many(2)).get("failed")
        assert tables(bridge) == after
    assert set(outcomes) == {False, True}, "all kills came too early or too late"


def test_a_run_that_is_cut_before_any_call_leaves_the_old_or_the_new(
    bridge: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flows with groups, and the file; meters, which no bundle holds, are there as long as a flow uses them."""
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path))

    def put(port: int) -> None:
        flows = f"priority={port},actions=meter:10{port},group:100", f"table={port},actions=drop"
        meter = f"meter=10{port},kbps,bands=type=drop,rate=10000"
        done = bridge.run("of_flow", **task(*flows, groups=[GROUP.format(port)], meters=[meter], saved=True))
        assert not done.get("failed"), done["msg"]

    def state() -> tuple[list[list[str]], list[str], list[Any]]:
        flows, groups, meters = tables(bridge).values()
        files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith(sealed.DRAFT)]
        return [flows, groups], meters, [sealed.read(str(path)) for path in files]

    put(1)
    old = state()
    put(2)
    new, reached = state(), set()
    for dummy in cuts(CALLS, lambda: put(1), lambda: put(2), monkeypatch):
        judged, meters, files = state()
        assert judged in (old[0], new[0])
        assert files in (old[2], new[2])
        reached.add((judged == new[0], files == new[2], len(meters)))
        put(2)
        assert state() == new
    # nothing, the new meter, the bundle, the old meter's end, the file
    assert reached == {(False, False, 1), (False, False, 2), (True, False, 2), (True, False, 1), (True, True, 1)}


@pytest.mark.parametrize("check", [True, False])
def test_ovs_vswitchd_is_dead(bridge: Host, check: bool) -> None:
    bridge.ovs.kill("ovs-vswitchd")
    start = time.monotonic()
    assert bridge.run("of_flow", check, **task("actions=drop", timeout=1)).message == DEAD
    assert bridge.run("of_flow_info", bridge="br0", timeout=1).message == DEAD
    assert time.monotonic() - start < 2
    bridge.ovs.start_switch()
    assert bridge.run("of_flow", check, **task("actions=drop"))["changed"], "a rerun heals"


def test_ovs_vswitchd_is_stuck(bridge: Host) -> None:
    bridge.ovs.freeze("ovs-vswitchd")
    start = time.monotonic()
    assert bridge.run("of_flow", **task("actions=drop", timeout=1)).message == STUCK
    assert time.monotonic() - start < 3
    bridge.ovs.thaw("ovs-vswitchd")
    assert bridge.run("of_flow", **task("actions=drop"))["changed"], "a rerun heals"


def test_ovs_ofctl_is_missing(bridge: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    expected = "The program 'ovs-ofctl' is missing on this host; install the package that has it."
    assert bridge.run("of_flow", **task("actions=drop")).message == expected


def test_tasks_of_one_owner_at_once_prove_their_own_change_each(bridge: Host) -> None:
    """Without the lock, a task would find the flows of another where it looks for its own."""
    wanted = [[f"table={table},priority={number},actions=drop" for number in range(30)] for table in range(1, 5)]
    call_modules("of_flow", [{"database": bridge.ovs.remote, **task(*flows)} for flows in wanted * 2])
    failed = [bridge.run("of_flow", check=True, **task(*flows))["changed"] for flows in wanted]
    assert sorted(failed) == [False, True, True, True], "the flows of one task alone"


def test_a_task_waits_for_another_and_says_for_which(bridge: Host) -> None:
    with lock.host_lock(1):
        start = time.monotonic()
        assert bridge.run("of_flow", **task("actions=drop", timeout=1)).message == (
            f"Another task has held {lock.PATH} for 1 s; it was taken by process {os.getpid()}. Wait until it has "
            "ended, or raise timeout."
        )
        assert 1 <= time.monotonic() - start < 3
    assert bridge.run("of_flow", **task("actions=drop"))["changed"]


def test_a_program_that_a_killed_task_has_started_keeps_the_lock(own_lock: Path) -> None:
    """With the lock free, the next task would write between the lines of the first one's program."""
    script = f"exec 9>{own_lock}; flock 9; sleep 30 & echo $!; wait"
    task_of_old = subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE, text=True)
    assert task_of_old.stdout
    program = int(task_of_old.stdout.readline())
    task_of_old.kill()
    task_of_old.wait(timeout=10)
    with pytest.raises(BackendError, match="Another task has held"), lock.host_lock(0.1):
        pass
    os.kill(program, 9)
    with lock.host_lock(10):
        pass


def test_the_lock_is_handed_to_programs(own_lock: Path) -> None:
    with lock.host_lock(1) as held:
        listing = attempt(["ls", "-l", "/proc/self/fd"], pass_fds=(held,)).stdout
        assert str(own_lock) in listing
        assert str(own_lock) not in attempt(["ls", "-l", "/proc/self/fd"]).stdout


def test_a_user_who_may_not_lock(bridge: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATH", "/nowhere/lock")
    assert bridge.run("of_flow", **task("actions=drop")).message == (
        "Cannot open the lock /nowhere/lock: No such file or directory. Run the task as root."
    )


def test_input_is_whole_before_a_program_starts() -> None:
    assert attempt(["readlink", "/proc/self/fd/0"], stdin="x").stdout.startswith("/memfd:stdin")
    text = "é\n" * 100_000
    assert attempt(["cat"], stdin=text).stdout == text


def test_ovsdb_server_is_dead(bridge: Host) -> None:
    """ovs-vswitchd answers nothing then, but is not to blame."""
    bridge.ovs.kill("ovsdb-server")
    message = bridge.run("of_flow", **task("actions=drop", timeout=1)).message
    assert message.startswith(f"ovsdb-server does not answer at {bridge.ovs.remote}: Connection refused.")
    bridge.ovs.start_database()
    assert bridge.run("of_flow", **task("actions=drop"))["changed"], "a rerun heals"


def test_a_switch_that_does_not_listen(bridge: Host) -> None:
    (bridge.ovs.directory / "br0.mgmt").unlink()
    assert bridge.run("of_flow", **task("actions=drop")).message == (
        f"Bridge br0 exists, but ovs-vswitchd does not listen at unix:{bridge.ovs.directory}/br0.mgmt. Is database the "
        "socket of this host's ovsdb-server, beside which ovs-vswitchd has its own?"
    )


def test_a_program_that_cannot_be_started() -> None:
    with pytest.raises(BackendError, match=r"The program '/etc/passwd' could not be started: Permission denied\."):
        attempt(["/etc/passwd"])
