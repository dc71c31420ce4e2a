# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a host makes its state from when it comes back, before and without Ansible.

A file ends with a seal, the number and the hash of its lines, so that what is cut off or changed is told from what is
whole. It appears under its name when it is on the disk: whoever is killed leaves the old file or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

ROOT = "/var/lib/tenantry/sdn"
DRAFT = "~"  # no name of anything that is saved ends with it

WANTED, OTHER, DAMAGED = "as the task says", "something else", "damaged"
FilePlan = Plan[tuple[str, str], str]  # by ("file", path): what it holds, in words


def flows_of(bridge: str) -> str:
    """Return the folder with a file for each owner of flows on a bridge."""
    return os.path.join(ROOT, "bridges", bridge)


def rules_of(family: str, table: str) -> str:
    """Return the folder with a file for each chain of a table."""
    return os.path.join(ROOT, "rules", family, table)


def gateways_of(owner: str) -> str:
    """Return the folder with a file for each interface by which an owner's networks have the host as their gateway."""
    return os.path.join(ROOT, "gateways", set_mark(owner).rstrip("."))


def names_in(folder: str) -> list[str]:
    """Return the names of the files in a folder, which need not be there."""
    try:
        return [name for name in os.listdir(folder) if not name.endswith(DRAFT)]
    except FileNotFoundError:
        return []


def anything_in(root: str) -> bool:
    """Say whether anything is saved in a folder."""
    return any(not name.endswith(DRAFT) for dummy, _folders, names in os.walk(root) for name in names)


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


class SealedFiles:
    """Backend of files by path, each of which shall have these lines, or not be there if they are None."""

    def __init__(self, files: Mapping[str, Iterable[str] | None]) -> None:
        self._wanted = {path: None if lines is None else sealed(lines) for path, lines in files.items()}

    def plan(self) -> FilePlan:
        states = {("file", path): self._state(path, wanted) for path, wanted in self._wanted.items()}
        return FilePlan.between(
            {key: state for key, state in states.items() if state is not None},
            {("file", path): WANTED for path, wanted in self._wanted.items() if wanted is not None},
        )

    def _state(self, path: str, wanted: str | None) -> str | None:
        text = _text(path)
        if text is None:
            return None
        if text == wanted:
            return WANTED
        return DAMAGED if read(path) is None else OTHER

    def apply(self, plan: FilePlan) -> None:
        for _kind, path in {**plan.before, **plan.after}:
            wanted = self._wanted[path]
            try:
                if wanted is None:
                    _remove(path)
                else:
                    _write(path, wanted)
            except OSError as error:
                raise BackendError(
                    f"Cannot write {path}: {error.strerror}. The host runs what the task says, but would come back "
                    "with what it had before. Make room, and run the task again."
                ) from None


def in_words(side: Mapping[tuple[str, str], str]) -> str:
    """Return one side of a plan as lines of a diff."""
    return "".join(f"file {path}: {words}\n" for (dummy, path), words in sorted(side.items()))


def with_files(diff: dict[str, Any], plan: FilePlan) -> dict[str, Any]:
    """Return a diff with what files hold, if that differs too."""
    for side, values in (("before", plan.before), ("after", plan.after)):
        if values:
            diff[side]["files"] = {path: words for (dummy, path), words in values.items()}
    return diff


def _write(path: str, text: str) -> None:
    folder, draft = os.path.dirname(path), f"{path}{DRAFT}"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):  # of a task that was killed
        os.unlink(draft)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    _sync(folder)


def _remove(path: str) -> None:
    """Remove a file, what a killed task left of one, and the folders that hold no others."""
    folder = os.path.dirname(path)
    for one in (f"{path}{DRAFT}", path):
        with suppress(FileNotFoundError):
            os.unlink(one)
    _sync(folder)
    with suppress(OSError):
        os.removedirs(folder)


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
