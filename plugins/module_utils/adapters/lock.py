# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a host, for state that has no transactions of its own: flows, sets, rules.

One task holds it from its first read until it has proved the change, so that two tasks never plan from the same state.
Programs that write get the lock's file too. When the task is killed, the program it has started goes on writing, and
the lock is free only when that program has ended as well (flock(2)).
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

PATH = "/run/tenantry.lock"  # not below /run/lock, where every user could hold it
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
