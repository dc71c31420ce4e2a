# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons that are dead or stuck, sockets that are missing or forbidden: soon the message names the cause."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from host import Host
from module_runner import start_module
from private_ovs import eventually

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.stream import connect

WEB = {"bridge": "br0", "name": "web", "remotes": ["10.0.0.2"]}
TASKS: list[tuple[str, dict[str, Any]]] = [("ovs_bridge", {"name": "br1"}), ("ovs_gre_mesh", WEB)]
each_module = pytest.mark.parametrize(("module", "task"), TASKS, ids=["ovs_bridge", "ovs_gre_mesh"])

DEAD = "ovs-vswitchd is not running: see systemctl status ovs-vswitchd, start openvswitch-switch, and run again."
STUCK = "It is running, but hangs or is busy: see ovs-vswitchd.log, or raise timeout."
NO_SERVER = (
    "Is Open vSwitch running (package openvswitch-switch; systemctl status ovsdb-server), and is database right?"
)


@pytest.fixture(autouse=True)
def bridge(host: Host) -> None:
    host.bridge(name="br0", ports=[{"name": "p", "tag": 5}])


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


@each_module
def test_ovs_vswitchd_is_dead(host: Host, module: str, task: dict[str, Any]) -> None:
    host.ovs.kill("ovs-vswitchd")
    with at_most(5):
        failed = host.run(module, timeout=1, **task)
    assert failed.message == f"Open vSwitch recorded the change, but ovs-vswitchd did not apply it in 1 s. {DEAD}"
    assert failed["changed"] is True
    again = host.run(module, timeout=1, **task)
    assert again.message == f"Open vSwitch recorded an earlier change, but ovs-vswitchd did not apply it in 1 s. {DEAD}"
    host.ovs.start_switch()
    assert not host.run(module, **task)["changed"], "a rerun heals"


@pytest.mark.parametrize("check", [True, False])
def test_a_dead_ovs_vswitchd_is_noticed_where_there_is_nothing_to_do(host: Host, check: bool) -> None:
    host.ovs.kill("ovs-vswitchd")
    writes = host.ovs.writes()
    with at_most(2):
        assert host.bridge(check, name="br0", ports=[{"name": "p", "tag": 5}]).message == DEAD
        assert host.bridge(True, name="br0", ports=[{"name": "p", "tag": 6}]).message == DEAD
    assert host.ovs.writes() == writes


@each_module
def test_ovs_vswitchd_is_stuck(host: Host, module: str, task: dict[str, Any]) -> None:
    host.ovs.freeze("ovs-vswitchd")
    with at_most(5):
        failed = host.run(module, timeout=1, **task)
    assert failed.message == f"Open vSwitch recorded the change, but ovs-vswitchd did not apply it in 1 s. {STUCK}"
    host.ovs.thaw("ovs-vswitchd")
    assert not host.run(module, **task)["changed"], "a rerun heals"


def test_ovs_vswitchd_that_is_only_slow_is_waited_for(host: Host) -> None:
    host.ovs.freeze("ovs-vswitchd")
    module = start_waiting(host)
    host.ovs.thaw("ovs-vswitchd")
    assert '"changed": true' in output_of(module)


def test_a_port_that_ovs_vswitchd_has_not_seen_yet_is_waited_for(host: Host) -> None:
    host.ovs.freeze("ovs-vswitchd")
    host.ovs.vsctl("--no-wait", "add-port", "br0", "q")
    thaw = threading.Timer(0.3, host.ovs.thaw, ["ovs-vswitchd"])
    thaw.start()
    result = host.bridge(name="br0", ports=[{"name": "q"}])
    thaw.join()
    assert (result["changed"], result["ofports"]["q"]) == (False, 2)


def start_waiting(host: Host, database: str = "") -> subprocess.Popen[bytes]:
    """Start a task that makes br1, and return as soon as it can only wait for ovs-vswitchd."""
    task = {"database": database or host.ovs.remote, "name": "br1", "timeout": 20}
    module = start_module("ovs_bridge", task)
    eventually(lambda: "br1" in [row["name"] for row in host.ovs.rows("Bridge")], "the transaction", seconds=20)
    eventually(lambda: re.search("triggers:[1-9]", host.ovs.appctl("memory/show", daemon="db")), "the wait")
    return module


def output_of(module: subprocess.Popen[bytes]) -> str:
    return module.communicate(timeout=30)[0].decode()


@each_module
def test_ovsdb_server_is_dead(host: Host, module: str, task: dict[str, Any]) -> None:
    host.ovs.kill("ovsdb-server")
    with at_most(2):
        failed = host.run(module, timeout=1, **task)
    assert failed.message == f"ovsdb-server does not answer at {host.ovs.remote}: Connection refused. {NO_SERVER}"
    host.ovs.start_database()
    assert host.run(module, **task)["changed"], "a rerun heals"


@each_module
def test_ovsdb_server_is_stuck(host: Host, module: str, task: dict[str, Any]) -> None:
    host.ovs.freeze("ovsdb-server")
    with at_most(5):
        failed = host.run(module, timeout=1, **task)
    assert failed.message == f"ovsdb-server does not answer at {host.ovs.remote}: Connection timed out. {NO_SERVER}"
    host.ovs.thaw("ovsdb-server")
    assert host.run(module, **task)["changed"], "a rerun heals"


def test_ovsdb_server_dies_while_ovs_vswitchd_is_waited_for(host: Host) -> None:
    host.ovs.freeze("ovs-vswitchd")
    module = start_waiting(host)
    host.ovs.kill("ovsdb-server")
    with at_most(5):
        output = output_of(module)
    assert f"ovsdb-server does not answer at {host.ovs.remote}: the connection was closed." in output
    host.ovs.thaw("ovs-vswitchd")
    host.ovs.start_database()
    assert not host.bridge(name="br1")["changed"], "the transaction was committed, so a rerun has nothing to do"


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        ("unix:/nowhere/db.sock", "No such file or directory"),
        ("tcp:127.0.0.1:1", "Connection refused"),
        ("nonsense", "Address family not supported by protocol"),
    ],
)
def test_a_database_that_is_not_there(host: Host, database: str, reason: str) -> None:
    with at_most(2):
        failed = host.bridge(name="br1", database=database)
    assert failed.message == f"ovsdb-server does not answer at {database}: {reason}. {NO_SERVER}"


def test_a_database_over_tcp_that_asks_who_is_still_there(host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    listen = ["set-manager", f"ptcp:{port}:127.0.0.1", "--", "set", "Manager", ".", "inactivity_probe=1000"]
    host.ovs.vsctl("--no-wait", *listen)
    host.ovs.freeze("ovs-vswitchd")
    module = start_waiting(host, f"tcp:127.0.0.1:{port}")
    time.sleep(3)  # ovsdb-server closes a connection that has not answered for two probes
    host.ovs.thaw("ovs-vswitchd")
    assert '"changed": true' in output_of(module)


def test_a_user_without_permission(host: Host) -> None:
    host.ovs.directory.chmod(0o755)
    host.ovs.socket.chmod(0o600)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    module = start_module("ovs_bridge", {"database": host.ovs.remote, "name": "br1"}, *nobody)
    assert f"ovsdb-server does not answer at {host.ovs.remote}: Permission denied." in output_of(module)


def test_the_bindings_of_open_vswitch_are_missing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ovs", None)
    assert host.bridge(name="br1", database="tcp:127.0.0.1:1").message == (
        "The Python library 'ovs' is missing on this host. Install the package python3-openvswitch, and let "
        "ansible_python_interpreter be the distribution's own Python."
    )


@pytest.mark.parametrize("scheme", ["unix", "tcp"])
def test_one_who_never_reads_is_given_up_after_the_time_for_it(scheme: str, tmp_path: Path) -> None:
    family = socket.AF_UNIX if scheme == "unix" else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "socket") if scheme == "unix" else ("127.0.0.1", 0))
        listener.listen()
        name = listener.getsockname()
        stream = connect(f"unix:{name}" if scheme == "unix" else f"tcp:{name[0]}:{name[1]}", 1)
        with at_most(5), pytest.raises(socket.timeout):
            stream.send(bytes(50_000_000), 0.5)
        stream.close()
