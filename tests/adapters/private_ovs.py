# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Open vSwitch of a test's own: its database, its daemons, its network namespace; never the machine's.

The daemons stay in the foreground as our children, so that a test can stop, freeze and kill exactly these. With
``datapath="dummy"`` every device is pretended, which starts in milliseconds and takes any name; with "netdev" the
userspace datapath runs in a namespace of its own, and says what a real switch says of devices that are not there.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
TABLES = sorted(json.loads(Path(SCHEMA).read_text())["tables"])
DATAPATHS = {"dummy": ["--enable-dummy=override", "--disable-system"], "netdev": ["--disable-system"]}
# Columns that change although nobody wants anything else of the switch.
STATUS = {
    "Open_vSwitch": {"next_cfg", "cur_cfg", "statistics"},
    "Bridge": {"datapath_id", "datapath_version", "status", "rstp_status"},
    "Port": {"status", "statistics", "rstp_status", "rstp_statistics", "bond_active_slave"},
    "Interface": {
        *("admin_state", "bfd_status", "duplex", "error", "ifindex", "lacp_current", "link_resets", "link_speed"),
        *("link_state", "mac_in_use", "mtu", "ofport", "statistics", "status"),
    },
    "Controller": {"is_connected", "role", "status"},
}


def eventually(holds: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """Return the first true answer of ``holds``; fail with ``what`` if there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = holds()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError(f"{what} did not happen within {seconds} s")


@contextmanager
def running(datapath: str = "dummy") -> Iterator[PrivateOvs]:
    """A running Open vSwitch with an empty database."""
    with tempfile.TemporaryDirectory(prefix="ovs-") as directory:  # pytest's are too long for a unix socket: 108 bytes
        switch = PrivateOvs(Path(directory), datapath)
        try:
            yield switch.start()
        finally:
            switch.stop()


class PrivateOvs:
    def __init__(self, directory: Path, datapath: str = "dummy") -> None:
        self.directory = directory
        self.socket = directory / "db.sock"
        self.remote = f"unix:{self.socket}"
        self._datapath = datapath
        self._log = (directory / "daemons.log").open("a")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = {**os.environ, "LC_ALL": "C"}
        for variable in ("RUNDIR", "DBDIR", "LOGDIR", "SYSCONFDIR"):
            self._environment[f"OVS_{variable}"] = str(directory)

    def start(self) -> PrivateOvs:
        subprocess.run(["ovsdb-tool", "create", self.directory / "conf.db", SCHEMA], check=True, timeout=10)
        self.start_database()
        # Statistics are written every 5 s otherwise, and a test that compares the database byte for byte would see it.
        self.vsctl("--no-wait", "init", "--", "set", "Open_vSwitch", ".", "other_config:stats-update-interval=3600000")
        self.start_switch()
        return self

    def start_database(self) -> None:
        # -vconsole:off: what a test wants to know it reads from the database
        remotes = [f"--remote=punix:{self.socket}", "--remote=db:Open_vSwitch,Open_vSwitch,manager_options"]
        self._spawn("ovsdb-server", "-vconsole:off", *remotes, self._unixctl("db"), "conf.db")
        eventually(lambda: self.socket.exists() and self._answers(), "start of ovsdb-server")

    def start_switch(self) -> None:
        before = self.configuration()
        self._spawn(
            "ovs-vswitchd", "-vconsole:off", *DATAPATHS[self._datapath], self._unixctl("ovs-vswitchd.0"), self.remote
        )
        self.vsctl("-t", "10", "set", "Open_vSwitch", ".", f"next_cfg={before['next_cfg'] + 1}")
        eventually(self._reported, "first report of ovs-vswitchd")

    def _reported(self) -> bool:
        """Say whether ovs-vswitchd has told about itself, a moment after it has taken the configuration."""
        return bool(self.rows("Open_vSwitch")[0]["dpdk_version"] != ["set", []])  # "none" where there is none

    def _unixctl(self, name: str) -> str:
        return f"--unixctl={self.directory / name}.ctl"

    def _spawn(self, daemon: str, *arguments: str) -> None:
        die_with_us = ["setpriv", "--pdeathsig", "KILL"]
        namespace = ["unshare", "--net"] if daemon == "ovs-vswitchd" else []
        self._processes[daemon] = subprocess.Popen(
            [*die_with_us, *namespace, daemon, *arguments],
            cwd=self.directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def _answers(self) -> bool:
        command = ["ovsdb-client", "-t", "5", "list-dbs", self.remote]
        done = subprocess.run(command, env=self._environment, capture_output=True, timeout=10, check=False)
        return done.returncode == 0

    def pid(self, daemon: str) -> int:
        return self._processes[daemon].pid

    def kill(self, daemon: str) -> None:
        process = self._processes.pop(daemon)
        process.kill()
        process.wait(timeout=10)

    def freeze(self, daemon: str) -> None:
        os.kill(self.pid(daemon), signal.SIGSTOP)

    def thaw(self, daemon: str) -> None:
        os.kill(self.pid(daemon), signal.SIGCONT)

    def stop(self) -> None:
        for daemon in ("ovs-vswitchd", "ovsdb-server"):
            if daemon in self._processes:
                self.kill(daemon)
        self._log.close()

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command in the switch's network namespace and return what it prints."""
        nsenter = ["nsenter", f"--net=/proc/{self.pid('ovs-vswitchd')}/ns/net"]
        return self._output([*nsenter, *command], check)

    def vsctl(self, *arguments: str) -> str:
        return self._output(["ovs-vsctl", f"--db={self.remote}", "--timeout=10", *arguments]).strip()

    def _output(self, command: list[str], check: bool = True) -> str:
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=20, check=False)
        if check and done.returncode:
            raise AssertionError(f"{command} failed: {done.stderr}")
        return done.stdout

    def appctl(self, *arguments: str, daemon: str = "ovs-vswitchd.0") -> str:
        """Ask ovs-vswitchd itself, or ovsdb-server, which is ``db``."""
        command = ["ovs-appctl", f"--target={self.directory / daemon}.ctl", "--timeout=10", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout

    def ofctl(self, command: str, bridge: str, *arguments: str, protocol: str = "OpenFlow15") -> str:
        """Ask the switch, or tell it, by OpenFlow."""
        target = f"unix:{self.directory / bridge}.mgmt"
        return self._output(["ovs-ofctl", f"--protocols={protocol}", "--timeout=10", command, target, *arguments])

    def transact(self, *operations: dict[str, Any]) -> list[Any]:
        """Return the results of operations (RFC 7047), asked without a program: tests ask thousands of times."""
        request = {"method": "transact", "params": ["Open_vSwitch", *operations], "id": 0}
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(10)
            peer.connect(str(self.socket))
            peer.sendall(json.dumps(request).encode())
            reply = _received(peer)
        assert reply["error"] is None, reply
        results: list[Any] = reply["result"]
        return results

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.transact({"op": "select", "table": table, "where": []})[0]["rows"]
        return rows

    def configuration(self) -> dict[str, int]:
        row = self.rows("Open_vSwitch")[0]
        return {name: row[name] for name in ("next_cfg", "cur_cfg")}

    def dump(self) -> str:
        """Return the whole database with its UUIDs, but for what the switch reports when it likes."""
        ignored = {name: {"_version", *STATUS.get(name, ())} - {"next_cfg"} for name in TABLES}
        kept = {
            name: [{column: value for column, value in row.items() if column not in ignored[name]} for row in rows]
            for name, rows in self._tables().items()
        }
        return json.dumps(kept, sort_keys=True)

    def _tables(self) -> dict[str, list[dict[str, Any]]]:
        answers = self.transact(*({"op": "select", "table": name, "where": []} for name in TABLES))
        return {name: sorted(found["rows"], key=lambda row: str(row["_uuid"])) for name, found in zip(TABLES, answers)}

    def state(self) -> dict[str, list[str]]:
        """Return what is wanted of the switch: all tables, names in the place of UUIDs, without its own reports."""
        tables = self._tables()
        called = {row["_uuid"][1]: _name(table, row) for table, rows in tables.items() for row in rows}
        return {
            table: sorted(json.dumps(_wanted(table, row, called), sort_keys=True) for row in rows)
            for table, rows in tables.items()
            if rows
        }

    def writes(self) -> int:
        """Return how many transactions the log holds, but for those of ovs-vswitchd, which leaves no comment."""
        lines = (self.directory / "conf.db").read_text().splitlines()  # ovsdb(5): a line of what follows, then JSON
        return sum("_comment" in json.loads(record) for record in lines[1::2])


def _received(peer: socket.socket) -> dict[str, Any]:
    """Return the object that comes next."""
    text = b""
    while chunk := peer.recv(1 << 20):
        text += chunk
        with suppress(ValueError):  # it is not whole yet
            found: dict[str, Any] = json.loads(text)
            return found
    raise AssertionError(f"ovsdb-server hung up after {text!r}")


def _name(table: str, row: dict[str, Any]) -> str:
    return f"{table} {row.get('name') or row.get('target') or ''}".strip()


def _wanted(table: str, row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    ignored = {"_uuid", "_version", *STATUS.get(table, ())}
    return {column: _named(value, names) for column, value in row.items() if column not in ignored}


def _named(value: Any, names: dict[str, str]) -> Any:
    """Replace references by names, and put the members of sets in order."""
    if not isinstance(value, list):
        return value
    if value[0] == "uuid":
        return names[value[1]]
    if value[0] == "map":
        return [[_named(key, names), _named(item, names)] for key, item in value[1]]
    return sorted((_named(item, names) for item in value[1]), key=str)
