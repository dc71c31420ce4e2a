# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of_flow saves, and what the restore of the role hypervisor makes of it when ovs-vswitchd has forgotten all."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from flow_lab import converge, tables, task
from host import Host
from module_runner import fork_module
from private_ovs import eventually

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed

RESTORE = Path(__file__).parents[2] / "roles/hypervisor/files/restore"
OWNER = "7e4a000000000000-ffff000000000000"
HOST_ROOT = sealed.ROOT
KILLS = 10
FLOWS = [
    "priority=100,in_port=tap1,actions=meter:100,group:100",
    "table=10,priority=5,udp,tp_dst=53,actions=drop",
    {"priority": 7, "match": "arp", "actions": "output:tap2", "cookie": "0x5", "idle_timeout": 0},
]
EVERYTHING = task(
    *FLOWS,
    groups=["group_id=101,type=all,bucket=output:2", "group_id=100,type=all,bucket=group:101"],
    meters=["meter=100,kbps,bands=type=drop,rate=1000"],
    saved=True,
)
TEXT = """\
owner cookie=0x7e4a000000000000/0xffff000000000000 protocol=OpenFlow15
meter meter=100,kbps,bands=type=drop,rate=1000
group group_id=100,type=all,bucket=bucket_id:0,actions=group:101
group group_id=101,type=all,bucket=bucket_id:0,actions=output:2
flow cookie=0x7e4a000000000000,priority=100,in_port=1,actions=meter:100,group:100
flow cookie=0x7e4a000000000000,table=10,priority=5,udp,tp_dst=53,actions=drop
flow cookie=0x7e4a000000000005,priority=7,arp,actions=output:2
# end lines=7 sha256=517d9235b095bfd2edb2aee4c1e266253ddf6081d673a8fe17a55a85b33303ab
"""

Restore = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path / "saved"))
    return tmp_path / "saved"


@pytest.fixture
def file(root: Path) -> Path:
    return root / "bridges/br0" / OWNER


@pytest.fixture
def bridge(host: Host) -> Host:
    host.bridge(name="br0", fail_mode="secure", ports=[{"name": "tap1"}, {"name": "tap2"}])
    return host


@pytest.fixture
def restore(bridge: Host, root: Path) -> Restore:
    """Runs the script as if this host had saved what the test has."""
    host = f"mount -t tmpfs none /run && mount -t tmpfs none /var/lib && mkdir {Path(HOST_ROOT).parent}"
    script = f'{host} && {{ [ ! -d "$1" ] || cp -r "$1" {HOST_ROOT}; }} && exec sh "$2" "$3"'

    def run(verb: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "OVS_RUNDIR": str(bridge.ovs.directory), "PATIENCE": "2"}
        command = ["unshare", "--mount", "sh", "-c", script, "sh", root, RESTORE, verb]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


def restart(host: Host) -> None:
    host.ovs.kill("ovs-vswitchd")
    host.ovs.start_switch()


def owned(host: Host) -> dict[str, list[str]]:
    """Return what there is with the owner's mark, meters and groups being all its own."""
    there = tables(host)
    return {**there, "flows": [flow for flow in there["flows"] if "cookie=0x7e4a" in flow]}


def test_all_of_an_owner_is_saved_in_the_form_of_the_switch_and_comes_back(
    bridge: Host, file: Path, restore: Restore
) -> None:
    applied = converge(bridge, **EVERYTHING)
    assert applied["diff"]["after"].endswith(f"file {file}: as the task says\n")
    assert file.read_text() == TEXT
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in file.parent.iterdir()] == [OWNER]
    before = tables(bridge)
    restart(bridge)
    assert tables(bridge)["flows"] == []
    done = restore("again")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"bridge br0 holds the flows of {HOST_ROOT}/bridges/br0/{OWNER} again\n"
    assert tables(bridge) == before
    assert (restore("again").stdout, restore("verify").returncode) == ("", 0)
    assert bridge.run("of_flow", **EVERYTHING)["changed"] is False


@pytest.mark.parametrize("spoken", [["OpenFlow10"], ["OpenFlow10", "OpenFlow13"]])
def test_a_version_without_bundles_comes_back_too(
    bridge: Host, file: Path, restore: Restore, spoken: list[str]
) -> None:
    bridge.bridge(name="br0", protocols=spoken)
    flows = ["priority=9,actions=group:100", "table=10,actions=drop", "priority=10,ip,actions=drop"]
    wanted = {**EVERYTHING, "flows": flows, "meters": None, "protocol": "OpenFlow10"}
    bridge.ovs.ofctl("add-flow", "br0", "cookie=0x9,table=9,actions=drop", protocol="OpenFlow10")
    converge(bridge, **wanted)
    kept = [line.partition(",")[2] for line in file.read_text().splitlines() if line.startswith("flow ")]
    assert kept == ["table=10,actions=drop", "priority=10,ip,actions=drop", "priority=9,actions=group:100"]
    before = owned(bridge)
    restart(bridge)
    done = restore("again")
    assert (done.returncode, done.stderr) == (0, "")
    assert owned(bridge) == before
    assert bridge.run("of_flow", **wanted)["changed"] is False
    limit = ["--id=@one", "create", "Flow_Table", "flow_limit=1", "--", "set", "Bridge", "br0", "flow_tables:0=@one"]
    bridge.ovs.vsctl(*limit)
    restart(bridge)
    done = restore("again")
    assert "refuses the flows of" in done.stderr
    assert owned(bridge)["flows"] == [], "a part stayed"


SLOW = """\
#!/bin/sh
{program} "$@"
result=$?
case " $* " in *" bundle "*) : >{folder}/made; until [ -e {folder}/replaced ]; do sleep 0.02; done ;; esac
exit $result
"""


def test_a_switch_that_is_started_anew_meanwhile_gets_its_flows_too(
    bridge: Host, restore: Restore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another one that holds the flows when the restore has just made them."""
    slow, pid = tmp_path / "ovs-ofctl", bridge.ovs.directory / "ovs-vswitchd.pid"
    slow.write_text(SLOW.format(program=which("ovs-ofctl"), folder=tmp_path))
    slow.chmod(0o755)
    bridge.run("of_flow", **EVERYTHING)
    before = tables(bridge)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def start() -> None:
        restart(bridge)
        pid.write_text(f"{bridge.ovs.pid('ovs-vswitchd')}\n")

    start()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(restore, "again")
        eventually((tmp_path / "made").exists, "the first bundle")
        start()
        (tmp_path / "replaced").touch()
        done = running.result(30)
    assert (done.returncode, done.stderr) == (0, "")
    assert tables(bridge) == before


def test_a_file_alone_that_lags_is_a_change(bridge: Host, file: Path) -> None:
    bridge.run("of_flow", **{**EVERYTHING, "saved": None})
    assert not file.exists()
    for spoil, words in (
        (lambda: None, ""),
        (lambda: file.write_text(file.read_text().replace("tp_dst=53", "tp_dst=54")), "damaged"),
        (lambda: file.write_text(sealed.sealed(["owner cookie=0x1/-1 protocol=OpenFlow15"])), "something else"),
    ):
        spoil()
        before = file.read_text() if file.exists() else None
        predicted = bridge.run("of_flow", check=True, **EVERYTHING)
        assert (file.read_text() if file.exists() else None) == before
        applied = bridge.run("of_flow", **EVERYTHING)
        assert (applied["changed"], applied["diff"]) == (True, predicted["diff"])
        assert applied["diff"] == {
            "before": f"file {file}: {words}\n" if words else "",
            "after": f"file {file}: as the task says\n",
        }
        assert file.read_text() == TEXT
        assert bridge.run("of_flow", **EVERYTHING)["changed"] is False


def test_a_task_that_does_not_say_keeps_the_file_as_the_switch_is(bridge: Host, file: Path) -> None:
    bridge.run("of_flow", **EVERYTHING)
    flow = "priority=9,in_port=tap1,actions=group:100"
    bridge.run("of_flow", **task(flow))
    assert file.read_text().splitlines()[1:-1] == [
        *TEXT.splitlines()[1:4],
        "flow cookie=0x7e4a000000000000,priority=9,in_port=1,actions=group:100",
    ]
    bridge.run("of_flow", **task("priority=3,actions=drop", purge=False))
    assert [line for line in file.read_text().splitlines() if line.startswith("flow ")] == [
        "flow cookie=0x7e4a000000000000,priority=3,actions=drop",
        "flow cookie=0x7e4a000000000000,priority=9,in_port=1,actions=group:100",
    ]


def many(port: int) -> dict[str, Any]:
    flows = [f"table={number % 200},priority={number},in_port=9,actions=output:{port}" for number in range(1, 400)]
    return {"bridge": "br0", "cookie": EVERYTHING["cookie"], "flows": flows, "saved": True}


def test_a_killed_run_leaves_the_file_of_before_or_of_after(bridge: Host, file: Path) -> None:
    bridge.run("of_flow", **many(1))
    before, began = file.read_text(), time.monotonic()
    bridge.run("of_flow", **many(2))
    duration, after = time.monotonic() - began, file.read_text()
    seen: set[str] = set()
    for part in range(5 * KILLS):
        if part > KILLS and len(seen) == 2:
            break
        bridge.run("of_flow", **many(1))
        run = fork_module("of_flow", {"database": bridge.ovs.remote, **many(2)})
        time.sleep(duration * (0.2 + part / KILLS))  # later and later, till it is late
        run.kill()
        run.join(timeout=10)
        seen.add(file.read_text())
        assert seen <= {before, after}, "neither the file of before nor that of after"
        bridge.run("of_flow", **many(2))
        assert file.read_text() == after
        assert [path.name for path in file.parent.iterdir()] == [OWNER]
    assert seen == {before, after}, "all kills came too early or too late"


@pytest.mark.parametrize("options", [{"saved": False}, {"state": "absent"}])
def test_the_file_goes(bridge: Host, file: Path, options: dict[str, Any]) -> None:
    bridge.run("of_flow", **EVERYTHING)
    file.with_name(f"{OWNER}~").write_text("of a killed task")
    gone = {**EVERYTHING, **options}
    predicted, applied = bridge.run("of_flow", check=True, **gone), bridge.run("of_flow", **gone)
    assert (applied["changed"], applied["diff"]) == (True, predicted["diff"])
    assert applied["diff"]["before"].endswith(f"file {file}: something else\n")
    assert not file.parent.exists()
    assert bridge.run("of_flow", **gone)["changed"] is False


def test_the_file_goes_alone_after_its_bridge(bridge: Host, file: Path) -> None:
    bridge.run("of_flow", **EVERYTHING)
    alone = {"bridge": "br0", "cookie": EVERYTHING["cookie"], "saved": False}
    predicted = bridge.run("of_flow", check=True, **alone)
    bridge.ovs.vsctl("del-br", "br0")
    applied = bridge.run("of_flow", **alone)
    assert applied["diff"] == predicted["diff"] == {"before": f"file {file}: something else\n", "after": ""}
    assert not file.exists()
    assert bridge.run("of_flow", **alone)["changed"] is False


def test_owners_come_back_beside_each_other(bridge: Host, file: Path, restore: Restore) -> None:
    bridge.run("of_flow", **EVERYTHING)
    other = {"bridge": "br0", "cookie": "0x5", "flows": ["table=3,actions=drop"], "saved": True}
    bridge.run("of_flow", **other)
    before = tables(bridge)
    restart(bridge)
    assert restore("openflow").returncode == 0
    assert tables(bridge) == before
    bridge.ovs.ofctl("del-flows", "br0", "table=3")
    assert "0000000000000005-ffffffffffffffff again" in restore("again").stdout
    assert tables(bridge) == before


def test_what_cannot_be_saved_is_said(bridge: Host, root: Path) -> None:
    root.write_text("in the way")
    assert bridge.run("of_flow", **EVERYTHING).message == (
        f"Cannot read {root}/bridges/br0/{OWNER}: Not a directory. Run the task as root."
    )


WRONG = [
    (lambda text: "", "{} is cut off; run site"),
    (lambda text: text[: len(text) // 2], "{} is cut off; run site"),
    (
        lambda text: text.replace("tp_dst=53", "tp_dst=54"),
        "{} is damaged: its lines are not those that were saved; run site",
    ),
    (
        lambda text: "".join(text.splitlines(keepends=True)[2:]),
        "{} is damaged: its lines are not those that were saved; run site",
    ),
    (lambda text: sealed.sealed(["flow actions=drop"]), "{} does not say whose flows it holds; run site"),
    (
        lambda text: sealed.sealed([*text.splitlines()[:-1], "flow cookie=0x7e4a000000000000,actions=meter:200"]),
        "bridge br0 refuses the flows of {}",
    ),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_with_a_file_that_is_not_whole_nothing_comes_back(
    bridge: Host, file: Path, restore: Restore, spoil: Callable[[str], str], message: str
) -> None:
    bridge.run("of_flow", **EVERYTHING)
    file.write_text(spoil(TEXT))
    restart(bridge)
    done = restore("again")
    where = f"{HOST_ROOT}/bridges/br0/{OWNER}"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"<2>CLOSED: {message.format(where)}")
    assert tables(bridge)["flows"] == []


def test_a_bridge_that_is_open_or_gone_or_held_is_told(bridge: Host, restore: Restore) -> None:
    bridge.run("of_flow", **EVERYTHING)
    assert restore("hold").returncode == 0
    done = restore("verify")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"<2>CLOSED: other_config:flow-restore-wait is set, so nothing passes; release it: {RESTORE} release\n"
    )
    assert (restore("release").returncode, restore("verify").returncode) == (0, 0)
    bridge.ovs.vsctl("set-fail-mode", "br0", "standalone")
    assert restore("openflow").stderr == (
        "<2>CLOSED: bridge br0 is not fail_mode=secure, so it was open: no flow is restored on it\n"
    )
    bridge.ovs.vsctl("del-br", "br0")
    assert restore("again").stderr == (
        f"<2>CLOSED: there is no bridge br0, but flows are saved for it in {HOST_ROOT}/bridges/br0\n"
    )
    assert restore("agian").stderr == "<2>CLOSED: no verb is named 'agian'\n"


def test_flows_are_taken_away_whatever_the_file_says(bridge: Host, file: Path, restore: Restore) -> None:
    bridge.run("of_flow", **EVERYTHING)
    bridge.ovs.ofctl("add-flow", "br0", "priority=1,actions=drop")
    file.write_text("")
    before = tables(bridge)
    assert restore("close").returncode == 0
    assert tables(bridge) == before, "no chain belongs to them that somebody could take away"
    (file.parents[2] / "sets").mkdir()
    assert restore("close").returncode == 0
    assert tables(bridge)["flows"] == [" priority=1 actions=drop"]


def test_where_nothing_is_saved_nothing_is_done(bridge: Host, restore: Restore) -> None:
    before = bridge.ovs.state()
    for verb in ("hold", "openflow", "release", "again", "verify"):
        done = restore(verb)
        assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is saved\n", "")
    assert bridge.ovs.state() == before
