# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a twin: all that it keeps outside its namespaces, and the lock of whoever works on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import cgroups
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import HostKey
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import Host, keepers, kill

ROOT = "/run/tenantry/twin"

_KINDS = ("endpoint", "hypervisor", "fabric", "packages")
_LOCK_SECONDS = 60


class State:
    """The folder of the twin ``name``, which need not exist."""

    def __init__(self, name: str) -> None:
        self.folder = os.path.join(ROOT, name)
        self.inventory = os.path.join(self.folder, "inventory.yml")
        self.compiled = os.path.join(self.folder, "compiled")

    def host(self, key: HostKey) -> Host:
        return Host(os.path.join(self.folder, key.kind, key.name), key.name)

    def hosts(self) -> dict[HostKey, Host]:
        """Return the hosts that have a folder, running or not."""
        keys = [HostKey(kind, name) for kind in _KINDS for name in _listing(os.path.join(self.folder, kind))]
        return {key: self.host(key) for key in keys}

    def strays(self) -> list[int]:
        """Return the keepers whose host is not on record, as when somebody removed the folder by hand."""
        recorded = {host.keeper for host in self.hosts().values()}
        return [pid for pid in keepers(self.folder) if pid not in recorded]

    def read_inventory(self) -> str | None:
        try:
            with open(self.inventory, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def write_inventory(self, text: str) -> None:
        draft = f"{self.inventory}.new"
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, self.inventory)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder and keep others out of it, strays included; BackendError if another run does not leave it."""
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            descriptor = self._try_lock()
            if descriptor is not None:
                break
            if time.monotonic() > deadline:
                raise BackendError(f"Another run works on {self.folder} for more than {_LOCK_SECONDS} seconds.")
            time.sleep(0.05)
        try:
            for pid in self.strays():
                kill(pid)
            yield
        finally:
            os.close(descriptor)

    def _try_lock(self) -> int | None:
        with suppress(FileNotFoundError):  # the last one removed it in between
            os.makedirs(ROOT, exist_ok=True)
            with suppress(FileExistsError):
                os.mkdir(self.folder, mode=0o700)
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(BlockingIOError, FileNotFoundError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.stat(self.folder).st_ino == os.fstat(descriptor).st_ino:
                    return descriptor
            os.close(descriptor)
        return None

    def remove(self) -> None:
        """Remove the folder, and those above it that nobody else uses."""
        cgroups.remove_all(self.folder)
        shutil.rmtree(self.folder)
        for folder in (ROOT, os.path.dirname(ROOT)):
            with suppress(OSError):  # not empty
                os.rmdir(folder)


def _listing(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
