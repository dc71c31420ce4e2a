# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a boot makes virtual routers from: a folder for each."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import ROUTER_NOTES
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import ROUTERS, router_folder

_DRAFT = "~"


def read_files(name: str) -> dict[str, str]:
    """Return the files of a router by path, none if it is not there."""
    folder = router_folder(name)
    found = {}
    with suppress(FileNotFoundError):
        for file in os.scandir(folder):
            if file.is_file():  # secrets are in a folder of their own
                with open(file.path, encoding="utf-8", errors="replace") as content:
                    found[file.path] = content.read()
    return found


def write_files(name: str, files: Mapping[str, str]) -> None:
    """Bring the folder of a router to these files, each of which is the old one or the new one at any moment."""
    folder = router_folder(name)
    there = read_files(name)
    try:
        os.makedirs(folder, exist_ok=True)
        for file, text in files.items():
            if there.get(f"{folder}/{file}") != text:
                _write(f"{folder}/{file}", text)
        for path in there.keys() - {f"{folder}/{file}" for file in files}:
            os.unlink(path)
    except OSError as error:
        raise BackendError(f"Cannot write to {folder}: {error.strerror}. Run the task as root.") from None


def _write(path: str, text: str) -> None:
    draft = f"{path}{_DRAFT}"
    with open(draft, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def remove_files(name: str) -> None:
    """Remove the folder of a router, and those above it if it was the last."""
    shutil.rmtree(router_folder(name), ignore_errors=True)
    for folder in (ROUTERS, os.path.dirname(ROUTERS)):
        with suppress(OSError):
            os.rmdir(folder)


def loaded(name: str, what: str) -> str:
    """Return what the program ``router`` noted when something was loaded."""
    with suppress(FileNotFoundError), open(f"{ROUTER_NOTES}/{name}/{what}", encoding="ascii") as file:
        return file.read().strip()
    return ""


def digest(name: str, files: Sequence[str]) -> str:
    """Return what ``router`` notes of these files of a router, '' if one is missing."""
    total = hashlib.sha256()
    for file in files:
        try:
            with open(f"{router_folder(name)}/{file}", "rb") as content:
                total.update(content.read())
        except FileNotFoundError:
            return ""
    return total.hexdigest()
