# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The turn of a run at the lock of a host: see model/runs.py.

What is known of the runs goes with the host, as the lock does. A run that holds the host has a file of its own, which
the controller removes when the run has ended: no other run is hurt by that, however late it comes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import host_lock
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, TurnError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.runs import Runs, parse, parse_run, render, told
from ansible_collections.tenantry.sdn.plugins.module_utils.names import RUN_HOLDS
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import Backend, reconcile

PATH = "/run/tenantry.runs"
PATIENCE = 60.0  # seconds to wait for another task; a million members of a set take a few
_PAUSE = 0.1  # seconds between two looks at a run that holds the host


class Turn:
    """A task that may look at the host. ``lock`` is the file for programs that write, if it has the lock."""

    def __init__(self, check_mode: bool, lock: int = -1, run: str | None = None, runs: Runs | None = None) -> None:
        self.lock = lock
        self._check_mode = check_mode
        self._run = run
        self._runs = runs or Runs()
        self._claimed = False

    def reconcile(self, backend: Backend) -> Plan[Any, Any]:
        return reconcile(backend, self._check_mode, self.claim)

    def claim(self) -> None:
        """Say that something will be changed, before it is."""
        if self._run and not self._claimed:
            before = self._runs.holder
            self._runs = self._runs.claimed(self._run, _now())
            _write(RUN_HOLDS + self._run, "")
            _write(PATH, render(self._runs))
            if before not in ("", self._run):
                _remove(RUN_HOLDS + before)
            self._claimed = True

    def end(self) -> None:
        if self._run and self._runs.holder == self._run:
            _write(PATH, render(self._runs.there(_now())))


@contextmanager
def turn(module: Any, patience: float = PATIENCE, alone: bool = True) -> Iterator[Turn]:
    """Wait for the lock of the host; TurnError if another run changes it, or has since this one has looked first.

    A task that is of no run has nothing to ask, and with ``alone`` the lock.
    """
    named = module.params["run"]
    run = parse_run(named) if named and not module.check_mode else None
    if run is None:
        if not alone:
            yield Turn(module.check_mode)
            return
        with host_lock(patience) as lock:
            yield Turn(module.check_mode, lock)
        return
    other: Runs | None = None
    while True:
        with host_lock(patience) as lock:
            runs = _read()
            if not (runs.awaits(run, _now()) and os.path.exists(RUN_HOLDS + runs.holder)):
                yield from _given(lock, run, runs)
                return
        if other and (other.holder, other.alive) != (runs.holder, runs.alive):
            raise TurnError(
                f"Another run changes this host: {told(runs.holder)}. This one has changed nothing. Run it again when "
                "the other has ended, if its intent is the one to have."
            )
        other = runs
        time.sleep(_PAUSE)


def _given(lock: int, run: str, runs: Runs) -> Iterator[Turn]:
    looked = runs.looked(run)
    if run not in runs.seen:
        _write(PATH, render(looked))
    own = Turn(False, lock, run, looked)
    try:
        yield own
    finally:
        own.end()


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _read() -> Runs:
    try:
        with open(PATH, encoding="utf-8") as file:
            return parse(file.read())
    except FileNotFoundError:
        return Runs()
    except (OSError, ValueError, TypeError) as error:
        raise BackendError(f"Cannot read {PATH}: {error}. Remove it when no run is at work.") from None


def _write(path: str, text: str) -> None:
    """Write a file of root's alone, whole or not at all; whoever does it has the lock."""
    draft = f"{PATH}.next"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        raise BackendError(f"Cannot write {path}: {error.strerror}.") from None


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
