# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ovs_gre_mesh on a real ovsdb-server and ovs-vswitchd (userspace datapath) against bare transactions of the same rows.

What is counted of ours is the process that Ansible starts on the host, less the same process of a module that does
nothing; of the bare side the whole process. What the daemons need is part of both.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import Cost, medians, run
from payload import HERE, HOST_PYTHON, payload
from private_ovs import PrivateOvs
from table import Row

TUNNELS, MANY = 1000, 9999
RUNS, RUNS_OF_MANY = 9, 3
DAEMONS = ("ovsdb-server", "ovs-vswitchd")
_TRANSACTION = re.compile(r'unix#(\d+): received request, method="transact", (.*)')


@contextmanager
def switch(directory: Path) -> Iterator[PrivateOvs]:
    """Run an Open vSwitch of our own with br-int; killed at the end, as removing 9,999 tunnels takes minutes."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    ovs = PrivateOvs(directory, "netdev")  # with "dummy" ovs-vswitchd's work grows with the square of the tunnels
    try:
        ovs.start()
        ovs.vsctl("set", "Open_vSwitch", ".", "other_config:stats-update-interval=3600000")  # not within a measurement
        ovs.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
        yield ovs
    finally:
        ovs.stop()


def daemons(ovs: PrivateOvs) -> list[int]:
    return [ovs.pid(daemon) for daemon in DAEMONS]


def address(number: int) -> str:
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


def mesh(count: int, database: str) -> dict[str, Any]:
    """Return the arguments of a task that wants ``count`` tunnels."""
    return {
        "bridge": "br-int",
        "name": "web",
        "local_ip": "192.168.1.151",
        "remotes": [address(number) for number in range(1, count + 1)],
        "key": "5001",
        "tag": "12",
        "database": database,
        "timeout": 60,
    }


class Commands:
    """The command lines that are compared. The payloads name the socket of a switch that is started later."""

    def __init__(self, directory: Path) -> None:
        self.host = directory / "host"
        self._socket = self.host / "db.sock"
        self.empty = [HOST_PYTHON, str(payload(directory, "empty", "empty", {}))]
        self._meshes = {
            count: str(payload(directory, f"mesh-{count}", "tenantry.sdn.ovs_gre_mesh", mesh(count, self.database)))
            for count in (TUNNELS, MANY)
        }

    @property
    def database(self) -> str:
        return f"unix:{self._socket}"

    def mesh(self, count: int) -> list[str]:
        return [HOST_PYTHON, self._meshes[count]]

    def bare(self, *arguments: object) -> list[str]:
        what, *rest = map(str, arguments)
        return [HOST_PYTHON, str(HERE / "bare.py"), what, str(self._socket), *rest]


def rows(directory: Path) -> Iterator[Row]:
    commands = Commands(directory)
    yield from _create(commands)
    yield from _nothing_to_do(commands)
    yield from _nothing_to_do_with_many(commands)


def _create(commands: Commands) -> Iterator[Row]:
    def fresh(command: list[str]) -> Cost:
        with switch(commands.host) as ovs:
            return run(command, daemons(ovs))

    costs = medians(
        RUNS,
        {
            "empty": lambda: run(commands.empty),
            "ours": lambda: fresh(commands.mesh(TUNNELS)),
            "bare": lambda: fresh(commands.bare("create", TUNNELS)),
        },
    )
    yield against_bare(f"create {TUNNELS:,} tunnels, CPU", costs)


def _nothing_to_do(commands: Commands) -> Iterator[Row]:
    with switch(commands.host) as ovs:
        run(commands.mesh(TUNNELS), daemons(ovs))
        costs = medians(8 * RUNS + 1, _contenders(commands, TUNNELS, ovs))  # short, so noise weighs more
        reads, writes = transactions(ovs, commands.mesh(TUNNELS))
    yield against_bare(f"the same again, {TUNNELS:,} tunnels, CPU", costs)
    yield Row("  reads at the server", str(reads), "", reads, "", bound=1)
    yield Row("  writes at the server", str(writes), "", writes, "", bound=0)


def _nothing_to_do_with_many(commands: Commands) -> Iterator[Row]:
    with switch(commands.host) as ovs:
        created = run(commands.mesh(MANY), daemons(ovs))
        costs = medians(RUNS_OF_MANY, _contenders(commands, MANY, ovs))
    ours, empty = costs["ours"], costs["empty"]
    cpu, memory = ours.client - empty.client, ours.peak - empty.peak
    yield Row(f"create {MANY:,} tunnels, CPU", f"{created.client:.2f} + {created.daemons:.2f} s", "", created.cpu, "s")
    yield against_bare(f"the same again, {MANY:,} tunnels, CPU", costs)
    yield Row("  of it the module", f"{ours.client:.2f} s", f"empty {empty.client:.2f} s", cpu, "s", bound=1)
    yield Row("  memory of the module", f"{ours.peak:.0f} MB", f"empty {empty.peak:.0f} MB", memory, "MB", bound=80)


def _contenders(commands, count, ovs):
    return {
        "empty": lambda: run(commands.empty),
        "ours": lambda: run(commands.mesh(count), daemons(ovs)),
        "bare": lambda: run(commands.bare("select"), daemons(ovs)),
    }


def against_bare(what: str, costs: dict[str, Cost]) -> Row:
    ours, bare = costs["ours"].cpu - costs["empty"].cpu, costs["bare"].cpu
    return Row(
        what,
        f"{costs['ours'].client - costs['empty'].client:.3f} + {costs['ours'].daemons:.3f} s",
        f"bare {costs['bare'].client:.3f} + {costs['bare'].daemons:.3f} s",
        ours / bare,
        "x",
        bound=2,
    )


def transactions(ovs: PrivateOvs, command: list[str]) -> tuple[int, int]:
    """Return how many (reading, writing) transactions a command sends, as ovsdb-server's log tells."""
    log = ovs.directory / "daemons.log"
    start = log.stat().st_size
    _log_requests(ovs, "dbg")
    ovs.rows("Open_vSwitch")  # a connection of our own: those with a higher number are the command's
    run(command)
    _log_requests(ovs, "off")
    with log.open() as lines:
        lines.seek(start)
        found = [match.groups() for match in map(_TRANSACTION.search, lines) if match]
    ours = int(found[0][0])
    kinds = [set(re.findall(r'"op":"(\w+)"', request)) for number, request in found if int(number) > ours]
    reading = sum(kind == {"select"} for kind in kinds)
    return reading, len(kinds) - reading


def _log_requests(ovs: PrivateOvs, level: str) -> None:
    socket = ovs.directory / "db.ctl"
    subprocess.run(["ovs-appctl", "-t", socket, "vlog/set", f"jsonrpc:console:{level}"], check=True, timeout=10)
