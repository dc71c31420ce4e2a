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
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
DATAPATHS = {"dummy": ["--enable-dummy=override", "--disable-system"], "netdev": ["--disable-system"]}
STATUS = {"_uuid", "_version", "next_cfg", "cur_cfg"}  # columns that change though nobody wants anything else


def eventually(holds: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """Return the first true answer of ``holds``; fail with ``what`` if there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = holds()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError(f"{what} did not happen within {seconds} s")


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
        self.vsctl("--no-wait", "init")
        self.start_switch()
        return self

    def start_database(self) -> None:
        # -vconsole:off: what a test wants to know it reads from the database
        self._spawn("ovsdb-server", "-vconsole:off", f"--remote=punix:{self.socket}", self._unixctl("db"), "conf.db")
        eventually(lambda: self.socket.exists() and self._answers(), "start of ovsdb-server")

    def start_switch(self) -> None:
        before = self.configuration()
        self._spawn("ovs-vswitchd", "-vconsole:off", *DATAPATHS[self._datapath], self._unixctl("vs"), self.remote)
        self.vsctl("-t", "10", "set", "Open_vSwitch", ".", f"next_cfg={before['next_cfg'] + 1}")

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
        return subprocess.run(command, env=self._environment, capture_output=True, timeout=10).returncode == 0

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
        done = subprocess.run([*nsenter, *command], env=self._environment, capture_output=True, text=True, timeout=20)
        if check and done.returncode:
            raise AssertionError(f"{command} failed: {done.stderr}")
        return done.stdout

    def vsctl(self, *arguments: str) -> str:
        command = ["ovs-vsctl", f"--db={self.remote}", "--timeout=10", *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=20)
        if done.returncode:
            raise AssertionError(f"{command} failed: {done.stderr}")
        return done.stdout.strip()

    def transact(self, *operations: dict[str, Any]) -> list[Any]:
        request = json.dumps(["Open_vSwitch", *operations])
        command = ["ovsdb-client", "-t", "10", "transact", self.remote, request]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=20, check=True)
        return json.loads(done.stdout)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.transact({"op": "select", "table": table, "where": []})[0]["rows"]

    def configuration(self) -> dict[str, int]:
        return {name: self.rows("Open_vSwitch")[0][name] for name in ("next_cfg", "cur_cfg")}

    def dump(self) -> str:
        """Return the whole database as ovsdb-client prints it, byte for byte."""
        command = ["ovsdb-client", "-t", "10", "--format=json", "dump", self.remote]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout

    def state(self) -> dict[str, list[Any]]:
        """Return the whole database with every UUID replaced by the name of its row, and without counters."""
        return _without_uuids({table: self.rows(table) for table in ("Bridge", "Port", "Interface", "Controller")})

    def writes(self) -> int:
        """Return how many transactions the database's log holds."""
        command = ["ovsdb-tool", "show-log", self.directory / "conf.db"]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.count("record ")
