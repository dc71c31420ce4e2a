# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hybrid_plug when it is cut short anywhere: no guest is where nothing judges it, and the next run makes it whole."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cuts import cuts
from module_runner import call_modules, fork_module
from plug_lab import frames, guest, links, run
from set_lab import own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import iproute, plug_frames, plugs, sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_plug_bridge

KILLS = 8
WEB, DB = {"name": "acme.web-1", "interface": "tap0", "mtu": 1400}, {"name": "acme.db-1", "interface": "tap1"}
MOVED = {"name": "acme.db-1", "interface": "tap0", "mtu": 1300}
CHANGES = {"made": ([], [WEB, DB]), "changed": ([WEB, DB], [MOVED]), "removed": ([WEB, DB], [])}
GUARDED = {"nf_call_iptables": 1, "nf_call_ip6tables": 1, "ageing_time": 0, "disable_ipv6": 1, "arp_ignore": 8}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path / "saved"))
    monkeypatch.setattr(plugs, "SETTLING", 0.0)  # no Open vSwitch is here to wait for
    with own_namespace():
        for name in ("tap0", "tap1"):
            guest(name)
        yield tmp_path / "saved"


def task(wanted: list[dict[str, Any]]) -> dict[str, Any]:
    return {"owner": "dc1", "plugs": wanted, "saved": True, "allow_empty": True}


def put(wanted: list[dict[str, Any]]) -> None:
    done = run(**task(wanted))
    assert not done.get("failed"), done["msg"]


def state(root: Path) -> tuple[Any, ...]:
    return links(), frames(), {str(path): path.read_text() for path in root.rglob("*") if path.is_file()}


def assert_judged(root: Path) -> None:
    """Check that each guest in a plug has all that its packets are judged by, and that every file is whole."""
    found = links()
    masters = {str(found[name]["master"]) for name in ("tap0", "tap1") if is_plug_bridge(found[name]["master"] or "")}
    for bridge in masters:
        assert {option: found[bridge][option] for option in GUARDED} == GUARDED
        assert plug_frames.read()[plug_frames.CHAIN] == plug_frames.WANTED
    assert all(sealed.read(str(path)) for path in root.rglob("acme.*") if not path.name.endswith(sealed.DRAFT))


# What a task does: a line for ip, a setting, the filter of frames, a file
STEPS = (
    *((iproute, "attempt"), (plugs, "write_setting"), (plug_frames, "_restore")),
    *((sealed, "_write"), (sealed, "_remove")),
)


def put_in_steps(wanted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    def line_by_line(lines: list[str], timeout: float) -> None:
        for line in lines:
            iproute.batch([line], timeout)

    with monkeypatch.context() as patch:
        patch.setattr(plugs, "batch", line_by_line)
        put(wanted)


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_that_is_cut_anywhere_lets_no_guest_in_unjudged(
    root: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    before, after = CHANGES[change]
    put(before)
    put(after)
    whole, step = state(root), 0
    for step in cuts(STEPS, lambda: put(before), lambda: put_in_steps(after, monkeypatch), monkeypatch):
        assert_judged(root)
        put(after)
        assert state(root) == whole, step
    assert step >= 7


def test_a_killed_run_followed_by_a_run_equals_a_run(root: Path) -> None:
    put([WEB, DB])
    start = time.monotonic()
    put([MOVED])
    duration, whole = time.monotonic() - start, state(root)
    for number in range(KILLS):
        put([WEB, DB])
        killed = fork_module("hybrid_plug", task([MOVED]))
        time.sleep(duration * number / KILLS)
        killed.kill()
        killed.join(timeout=10)
        assert_judged(root)
        put([MOVED])
        assert state(root) == whole, number


def of_guest(number: int) -> dict[str, Any]:
    """Return a plug whose guest is not there yet, with a chain of ebtables."""
    arp = [{"mac": f"02:00:00:00:00:{number:02x}", "ip": f"10.1.1.{number}"}]
    return {"name": f"acme.web-{number}", "interface": f"late{number}", "arp": arp}


def test_tasks_of_one_owner_at_once_prove_their_own_change_each() -> None:
    """Without the lock, a task would find the plugs of another where it looks for its own."""
    wanted = [[of_guest(3 * part + number) for number in range(3)] for part in range(4)]
    results = call_modules("hybrid_plug", [task(plugs) for plugs in wanted])
    assert [one.get("msg") for one in results] == [None] * 4
    left = [run(check=True, **task(plugs)) for plugs in wanted]
    assert sorted(one["changed"] for one in left) == [False, True, True, True]


def test_tasks_of_different_plugs_at_once_lose_nothing() -> None:
    """Neither a link nor a rule of frames, which are in one table."""
    wanted = [of_guest(number) for number in range(6)]
    results = call_modules("hybrid_plug", wanted)
    assert [one.get("msg") for one in results] == [None] * 6
    assert [run(check=True, **one)["changed"] for one in wanted] == [False] * 6
