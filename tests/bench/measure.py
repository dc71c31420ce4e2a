# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds and memory of processes: wall time says nothing on a machine that others use too."""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Cost:
    client: float  # CPU seconds, user and system, of the command and all it started
    daemons: float  # CPU seconds of the switch
    peak: float  # MB, of the largest process of the command

    @property
    def cpu(self) -> float:
        return self.client + self.daemons


def run(argv: Sequence[str], daemons: Collection[int] = (), environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command, wait until the daemons have digested it, and return what both took."""
    before = cpu_seconds(daemons)
    process = subprocess.Popen(
        argv,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = process.stdout.read()
    dummy, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)[:200]} failed:\n{output.decode()[:1000]}")
    _rest(daemons)
    return Cost(usage.ru_utime + usage.ru_stime, cpu_seconds(daemons) - before, usage.ru_maxrss / 1024)


def medians(rounds: int, contenders: Mapping[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """Let the contenders run in turns, so that a noisy minute is everybody's, and return the median of each figure."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for dummy in range(rounds):
        for name, contender in contenders.items():
            costs[name].append(contender())
    return {name: _median(each) for name, each in costs.items()}


def together(costs: Iterable[Cost]) -> Cost:
    """Return what commands cost that ran one after another."""
    each = list(costs)
    return Cost(sum(cost.client for cost in each), sum(cost.daemons for cost in each), max(cost.peak for cost in each))


def _median(costs: Sequence[Cost]) -> Cost:
    figures = ([getattr(cost, figure) for cost in costs] for figure in ("client", "daemons", "peak"))
    return Cost(*map(statistics.median, figures))


def cpu_seconds(pids: Collection[int]) -> float:
    """Return the CPU seconds of processes so far, to the nanosecond: /proc/PID/stat counts in steps of 10 ms."""
    total = 0.0
    for pid in pids:
        clock = ctypes.c_int()
        if _libc.clock_getcpuclockid(pid, ctypes.byref(clock)):
            raise SystemExit(f"process {pid} of the switch has ended")
        total += time.clock_gettime(clock.value)
    return total


def _rest(pids: Collection[int]) -> None:
    """Wait until the processes do nothing: they go on after the client has its answer."""
    used, quiet = cpu_seconds(pids), 0
    while pids and quiet < 3:
        time.sleep(0.05)
        now = cpu_seconds(pids)
        quiet = quiet + 1 if now - used < 0.002 else 0
        used = now
