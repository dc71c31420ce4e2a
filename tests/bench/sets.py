# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_ipset on the kernel's own sets against ipset with the same members.

What is counted of ours is the process that Ansible starts on the host, and all that it starts, less the same process of
a module that does nothing. To read 100,000 members from the task is part of ours; ipset has them in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from measure import Cost, medians, run
from payload import HOST_PYTHON, payload
from set_lab import ipset, own_namespace
from table import Row

MEMBERS, MANY = 100_000, 1_000_000
RUNS, RUNS_OF_MANY = 7, 1
CHANGED = 100  # one in so many


def members(count: int, first: int = 1) -> list[str]:
    return [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(first, first + count)]


class Commands:
    """The command lines that are compared."""

    def __init__(self, directory: Path, count: int) -> None:
        self._directory = directory / f"sets-{count}"
        self._directory.mkdir()
        self.empty = [HOST_PYTHON, str(payload(self._directory, "empty", "empty", {}))]
        before = members(count)
        after = members(count, 1 + count // CHANGED // 2)
        self.ours, self.changed = self._task("before", before), self._task("after", after)
        script = self._directory / "sets"
        script.write_text("".join(["create web hash:ip maxelem 1048576\n", *(f"add web {one}\n" for one in before)]))
        self.bare = ["ipset", "-file", str(script), "restore"]

    def _task(self, name: str, listed: list[str]) -> list[str]:
        options = {"name": "web", "type": "hash:ip", "members": listed}
        return [HOST_PYTHON, str(payload(self._directory, name, "tenantry.sdn.sg_ipset", options))]


def rows(directory: Path) -> Iterator[Row]:
    with own_namespace():
        yield from _measured(Commands(directory, MEMBERS), MEMBERS, RUNS, bounded=True)
        yield from _measured(Commands(directory, MANY), MANY, RUNS_OF_MANY, bounded=False)


def _measured(commands: Commands, count: int, runs: int, bounded: bool) -> Iterator[Row]:
    def prepared(command: list[str], *before: list[str]) -> Callable[[], Cost]:
        def measure() -> Cost:
            ipset("destroy")
            for other in before:
                run(other)
            return run(command)

        return measure

    costs = medians(
        runs,
        {
            "empty": lambda: run(commands.empty),
            "load": prepared(commands.ours),
            "bare": prepared(commands.bare),
            "no change": prepared(commands.ours, commands.ours),
            "changed": prepared(commands.changed, commands.ours),
            "save": prepared(["ipset", "save", "web"], commands.ours),
        },
    )
    empty, bare = costs["empty"].client, costs["bare"].client
    load, unchanged, changed = (costs[name].client - empty for name in ("load", "no change", "changed"))
    save = f"ipset save {costs['save'].client:.3f} s"
    bounds = (1.5, 0.3, 0.35, 100) if bounded else (None, None, None, None)
    restore = f"ipset restore {bare:.3f} s"
    yield Row(f"load {count:,} members, CPU", f"{load:.3f} s", restore, load / bare, "x", bounds[0])
    yield Row(f"no change, {count:,} members, CPU", f"{unchanged:.3f} s", save, unchanged, "s", bounds[1])
    yield Row(f"1 % changed of {count:,} members, CPU", f"{changed:.3f} s", save, changed, "s", bounds[2])
    peak = costs["no change"].peak
    yield Row("  memory of the module", f"{peak:.0f} MB", f"empty {costs['empty'].peak:.0f} MB", peak, "MB", bounds[3])
