# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a host, for state that has no transactions of its own, and the turns of runs at it.

One task holds it from its first read until it has proved the change, so that two tasks never plan from the same state.
Programs that write get the lock's file too. When the task is killed, the program it has started goes on writing, and
the lock is free only when that program has ended as well (flock(2)).

Why two runs do no harm to each other: plugin_utils/this_run.py.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import RUN_HOLDS
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import Backend, reconcile

PATH = "/run/tenantry.lock"  # not below /run/lock, where every user could hold it
RUNS = "/run/tenantry.runs"
PATIENCE = 60.0  # seconds to wait for another task; a million members of a set take a few
SILENCE = 5.0  # seconds without a sign of a run, after which it is taken for dead
MOST = 100  # runs to remember
_PAUSE = 0.01  # seconds between two attempts


@contextmanager
def host_lock(timeout: float) -> Iterator[int]:
    """Hold the lock of this host, and yield its file for the programs that write; wait for it ``timeout`` seconds."""
    try:
        descriptor = os.open(PATH, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BackendError(f"Cannot open the lock {PATH}: {error.strerror}. Run the task as root.") from None
    try:
        _acquire(descriptor, time.monotonic() + timeout, timeout)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, deadline: float, timeout: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
        if time.monotonic() >= deadline:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            raise BackendError(
                f"Another task has held {PATH} for {timeout:g} s; it was taken by process {holder}. "
                "Wait until it has ended, or raise timeout."
            )
        time.sleep(_PAUSE)


@dataclass(frozen=True)
class Runs:
    """What a host knows of the runs that look at it."""

    changes: int = 0  # how often one was about to change the host
    holder: str = ""  # who did so last
    alive: float = 0.0  # when it was there last
    seen: dict[str, int] = field(default_factory=dict)  # ``changes`` by run, as it was in its last turn

    def awaits(self, run: str, now: float) -> bool:
        """Say whether a run that comes first is to wait for a sign of the one that holds the host."""
        return run not in self.seen and self.holder not in ("", run) and now - self.alive < SILENCE

    def looked(self, run: str) -> Runs:
        if self.seen.get(run, self.changes) != self.changes:
            raise self.refusal("has changed this host since this one began", "nothing since")
        return self._known(run)

    def claimed(self, run: str, now: float) -> Runs:
        """Return this with a run that is about to change something."""
        return replace(self, changes=self.changes + 1, holder=run, alive=now)._known(run)

    def refusal(self, does: str, changed: str) -> BackendError:
        return BackendError(
            f"Another run {does}: {self.holder}. This one has changed {changed}. Run it again when the other has ended."
        )

    def _known(self, run: str) -> Runs:
        others = [one for one in self.seen.items() if one[0] != run]
        return replace(self, seen=dict([*others, (run, self.changes)][-MOST:]))


class Turn:
    """What a task may do with the host. ``lock`` is for the programs that write."""

    def __init__(self, check_mode: bool, lock: int = -1, run: str = "", runs: Runs | None = None) -> None:
        self.lock, self._check_mode, self._run, self._runs = lock, check_mode, run, runs or Runs()

    def reconcile(self, backend: Backend) -> Any:
        return reconcile(backend, self._check_mode, self.claim)

    def claim(self) -> None:
        """Say that something will be changed, before it is."""
        if self._run:
            before, self._runs = self._runs.holder, self._runs.claimed(self._run, _now())
            _write(RUN_HOLDS + self._run, "")
            _keep(self._runs)
            if before != self._run:
                with suppress(FileNotFoundError):
                    os.unlink(RUN_HOLDS + before)

    def end(self) -> None:
        if self._runs.holder == self._run != "":
            _keep(replace(self._runs, alive=_now()))


@contextmanager
def turn(module: Any, patience: float = PATIENCE, alone: bool = True) -> Iterator[Turn]:
    """Wait for the lock; an error if another run changes the host, or has since this one began.

    A task of no run has nothing to ask, and with ``alone`` the lock.
    """
    run = "" if module.check_mode else module.params["run"] or ""
    if not run and not alone:
        yield Turn(module.check_mode)
        return
    other: Runs | None = None
    while True:
        with host_lock(patience) as lock:
            runs = _read() if run else Runs()
            if not runs.awaits(run, _now()) or not os.path.exists(RUN_HOLDS + runs.holder):
                own = Turn(module.check_mode, lock, run, runs.looked(run))
                if run and run not in runs.seen:
                    _keep(own._runs)
                try:
                    yield own
                finally:
                    own.end()
                return
        if other and (other.holder, other.alive) != (runs.holder, runs.alive):
            raise runs.refusal("changes this host", "nothing")
        other = runs
        time.sleep(_PAUSE * 10)


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _read() -> Runs:
    try:
        with open(RUNS, encoding="utf-8") as file:
            return Runs(**json.load(file))
    except FileNotFoundError:
        return Runs()
    except (OSError, ValueError, TypeError) as error:
        raise BackendError(f"Cannot read {RUNS}: {error}. Remove it while no run is at work.") from None


def _keep(runs: Runs) -> None:
    _write(RUNS, json.dumps(vars(runs)))


def _write(path: str, text: str) -> None:
    """Write a file of root, whole or not at all."""
    draft = f"{RUNS}.next"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        raise BackendError(f"Cannot write {path}: {error.strerror}.") from None
