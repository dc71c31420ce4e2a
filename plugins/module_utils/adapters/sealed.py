# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a host makes its state from when it comes back, before and without Ansible.

A file ends with a seal, the number and the hash of its lines, so that what is cut off or changed is told from what is
whole. It appears under its name when it is on the disk: whoever is killed leaves the old file or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

ROOT = "/var/lib/tenantry/sdn"
DRAFT = ".next"

WANTED, OTHER, DAMAGED = "as the task says", "something else", "damaged"
FilePlan = Plan[tuple[str, str], str]  # by ("file", path): what it holds, in words


def flows_of(bridge: str) -> str:
    """Return the folder with a file for each owner of flows on a bridge."""
    return os.path.join(ROOT, "bridges", bridge)


def count(folder: str) -> int:
    """Return how many files a folder has, which need not be there."""
    try:
        return sum(not name.endswith(DRAFT) for name in os.listdir(folder))
    except FileNotFoundError:
        return 0


def anything() -> bool:
    """Say whether anything is saved on this host."""
    return any(not name.endswith(DRAFT) for dummy, _folders, names in os.walk(ROOT) for name in names)


def sealed(lines: Iterable[str]) -> str:
    """Return the text of a file with these lines."""
    body = "".join([f"{line}\n" for line in lines])
    return f"{body}# end lines={body.count(chr(10))} sha256={sha256(body.encode()).hexdigest()}\n"


def read(path: str) -> list[str] | None:
    """Return the lines of a file, None if there is none or if it is damaged."""
    text = _text(path)
    if text is None:
        return None
    lines = text.split("\n")[:-2]
    return lines if sealed(lines) == text else None


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BackendError(f"Cannot read {path}: {error.strerror}. Run the task as root.") from None


class SealedFile:
    """Backend of one file, which shall have these lines, or not be there if they are None."""

    def __init__(self, path: str, lines: Iterable[str] | None) -> None:
        self._path = path
        self._wanted = None if lines is None else sealed(lines)

    def plan(self) -> FilePlan:
        text, key = _text(self._path), ("file", self._path)
        if text is None:
            actual = {}
        elif text == self._wanted:
            actual = {key: WANTED}
        else:
            actual = {key: OTHER if read(self._path) is not None else DAMAGED}
        return FilePlan.between(actual, {} if self._wanted is None else {key: WANTED})

    def apply(self, plan: FilePlan) -> None:
        try:
            if self._wanted is None:
                self._remove()
            else:
                self._write(self._wanted)
        except OSError as error:
            raise BackendError(
                f"Cannot write {self._path}: {error.strerror}. The host runs what the task says, but would come back "
                "with what it had before. Make room, and run the task again."
            ) from None

    def _write(self, text: str) -> None:
        folder = os.path.dirname(self._path)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        draft = f"{self._path}{DRAFT}"
        with suppress(FileNotFoundError):  # of a task that was killed
            os.unlink(draft)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._path)
        _sync(folder)

    def _remove(self) -> None:
        """Remove the file, what a killed task left of one, and the folders that hold no others."""
        folder = os.path.dirname(self._path)
        for path in (f"{self._path}{DRAFT}", self._path):
            with suppress(FileNotFoundError):
                os.unlink(path)
        _sync(folder)
        with suppress(OSError):
            os.removedirs(folder)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
