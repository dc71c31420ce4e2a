# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keepers: what keeps the namespaces of a host alive, and goes with all that runs in them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import kernel
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import SLEEP, Host, mark_of
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.programs import ENVIRONMENT

DEATH = "its keeper died. "
_READY = "ready\n"


def start(
    host: Host, prepare: Callable[[], None], program: Sequence[str] = (SLEEP, "infinity"), **variables: str
) -> None:
    """Start the keeper of a host, in a PID namespace that ends with it; BackendError if the kernel refuses.

    It calls ``prepare`` and becomes a program, by default one that sleeps, but goes on living only if its PID gets on
    record: if we die before that, ``gate`` ends, and so does it.
    """
    os.makedirs(host.folder, exist_ok=True)
    report, reporting = os.pipe()
    gate, opening = os.pipe()
    try:
        pid = _fork()
    except OSError as error:
        raise BackendError(f"Could not start host {host.name}: {error}. A twin needs all rights of root.") from None
    if pid == 0:
        os.close(opening)
        _become_keeper(host, prepare, gate, reporting, program, variables)
    os.close(reporting)
    os.close(gate)
    with open(report, encoding="utf-8") as words, open(opening, "wb", buffering=0) as go:
        word = words.readline()
        if word == _READY:
            host.record(pid)
            go.write(b"\n")
            word = words.read()  # nothing: exec closes it
    while not word and host.keeper is None:  # the kernel closes it a moment before the process has its new name
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            word = DEATH + host.console()
        time.sleep(0.001)
    if word:
        raise BackendError(f"Could not start host {host.name}: {word.rstrip()}")


def _fork() -> int:
    """Fork a child that is the first process of a new PID namespace."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    try:
        kernel.unshare(kernel.CLONE_NEWPID)  # of children to come, unshare(2)
        pid = os.fork()
        if pid != 0:
            kernel.setns(own, kernel.CLONE_NEWPID)
    finally:
        os.close(own)
    return pid


def _become_keeper(
    host: Host,
    prepare: Callable[[], None],
    gate: int,
    report: int,
    program: Sequence[str],
    variables: Mapping[str, str],
) -> NoReturn:
    try:
        prepare()
        os.setsid()
        os.write(report, _READY.encode())
        if os.read(gate, 1):
            _become(host, program, variables)
    except OSError as error:
        os.write(report, str(error).encode())
    finally:
        os._exit(1)


def _become(host: Host, program: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Become ``sleep``, the least process there is, or another. What sleeps has the kernel reap orphans (wait(2))."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    says = os.devnull if program[0] == SLEEP else host.console_file
    console = os.open(says, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for descriptor in (1, 2):
        os.dup2(console, descriptor)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > 2:
            with suppress(OSError):  # the descriptor of the listing itself
                os.set_inheritable(descriptor, False)
    if program[0] == SLEEP:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.execve(program[0], [mark_of(host.folder, program[0]), *program[1:]], {**ENVIRONMENT, **variables})
