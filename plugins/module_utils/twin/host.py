# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of a twin: namespaces that live as long as their keeper, and a folder.

Nothing of a host is anywhere else (no bind-mounted namespace file, no mount of the machine), so killing the keeper and
removing the folder removes all of it, at whatever moment its making was cut off. The keeper is the first process of the
host's namespaces, or systemd-nspawn, whose child that is.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import command
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import cgroups
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.programs import ENVIRONMENT

SLEEP, NSPAWN = "/bin/sleep", "/usr/bin/systemd-nspawn"  # keepers

_COMMAND_SECONDS = 60  # the slowest, ovs-ctl, takes 0.1
_DEATH_SECONDS = 10


def mark_of(folder: str, program: str) -> str:
    """Return what the keeper of the host in ``folder`` calls itself, for ``ps`` and for us."""
    return os.path.join(folder, os.path.basename(program))


def first_process(pid_file: str) -> int | None:
    """Return the PID of the first process of the host that the file belongs to, None if it is down."""
    pid, keeper = _recorded(pid_file)
    is_apart = keeper is not None and _own_name(keeper) == mark_of(os.path.dirname(pid_file), NSPAWN)
    return None if keeper is None or (is_apart and pid == keeper) else pid


def _recorded(pid_file: str) -> tuple[int, int | None]:
    """Return the PID in the file and that of the host's keeper, None if it is down.

    The number alone proves nothing: the machine may have given it to another process since.
    """
    try:
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
    except (OSError, ValueError):
        return 0, None
    marks = [mark_of(os.path.dirname(pid_file), program) for program in (SLEEP, NSPAWN)]
    return pid, next((one for one in (pid, _parent(pid)) if one and _own_name(one) in marks), None)


def keepers(folder: str) -> list[int]:
    """Return the PIDs of the keepers of all hosts somewhere in ``folder``, whatever their files say."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    marks = "|".join(mark_of(f"{re.escape(folder)}/.+", program) for program in (SLEEP, NSPAWN))
    return [pid for pid in pids if re.fullmatch(marks, _own_name(pid))]


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # proc_pid_stat(5)
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:  # it ended
        return 0


def _own_name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")[0]
    except OSError:  # it ended
        return ""


def kill(pid: int) -> None:
    """Kill a keeper, and with it all processes of its host, and wait until it has ended."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    signal.pidfd_send_signal(process, signal.SIGKILL)
    ended = select.select([process], [], [], _DEATH_SECONDS)[0]
    os.close(process)
    if not ended:
        raise BackendError(f"Process {pid}, {_own_name(pid)}, was killed but does not end. Is a disk stuck?")


@dataclass(frozen=True)
class Host:
    """The host that lives in ``folder``, running or not."""

    folder: str
    name: str

    @property
    def pid_file(self) -> str:
        return os.path.join(self.folder, "pid")

    @property
    def pid(self) -> int | None:
        return first_process(self.pid_file)

    @property
    def keeper(self) -> int | None:
        return _recorded(self.pid_file)[1]

    @property
    def console_file(self) -> str:
        return os.path.join(self.folder, "console")

    def console(self) -> str:
        """Return the end of what the keeper has written, and the host to its console."""
        try:
            with open(self.console_file, encoding="utf-8", errors="replace") as file:
                return file.read()[-1000:]
        except FileNotFoundError:
            return ""

    def record(self, pid: int) -> None:
        draft = f"{self.pid_file}.new"
        with open(draft, "w", encoding="ascii") as file:
            file.write(f"{pid}\n")
        os.replace(draft, self.pid_file)

    @property
    def description(self) -> str:
        """What the host was made as, '' if it was never finished."""
        try:
            with open(os.path.join(self.folder, "description"), encoding="ascii") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def describe(self, description: str) -> None:
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, "description"), "w", encoding="ascii") as file:
            file.write(description)

    def live_pid(self) -> int:
        """Return the PID of the first process; BackendError if the host is down."""
        pid = self.pid
        if pid is None:
            raise BackendError(f"Host {self.name} of the twin is down. Run the task again: it starts what has died.")
        return pid

    def run(self, *argv: str, stdin: str = "", namespaces: str = "--all") -> str:
        """Run a command on the host and return what it printed; BackendError if it fails or the host is down."""
        enter = ("nsenter", f"--target={self.live_pid()}", namespaces, "--")
        return command.run([*enter, *argv], timeout=_COMMAND_SECONDS, stdin=stdin, environment=ENVIRONMENT)

    def read(self, path: str) -> str:
        """Return the first line of a file that the kernel or the twin made, '' if there is none.

        Never for a path that a user may have changed: a link in it would be followed on the machine.
        """
        try:
            with open(f"/proc/{self.pid}/root{path}", encoding="utf-8") as file:
                return file.readline().rstrip("\n")
        except OSError:
            return ""

    def devices(self) -> list[str]:
        """Return the names of the host's network devices."""
        try:
            return os.listdir(f"/proc/{self.pid}/root/sys/class/net")
        except OSError:
            return []

    def stop(self) -> None:
        """Kill all processes of the host and remove its files."""
        keeper = self.keeper
        if keeper is not None:
            kill(keeper)
        cgroups.remove(self.folder)
        if os.path.isdir(self.folder):
            shutil.rmtree(self.folder)
