# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intent and its allocation record as files on the controller.

Nothing here knows what an intent means: a directory becomes one plain mapping, and any YAML path of it the file and
line it came from.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.yaml_documents import (
    Decrypt,
    Document,
    read_document,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

FABRIC_FILE = "fabric.yml"
TENANTS_DIRECTORY = "tenants"
LOCK_SECONDS = 60  # a run holds the lock for the time it takes to allocate, far below a second

_YAML = (".yml", ".yaml")


@dataclass(frozen=True)
class IntentFiles:
    """The files of an intent directory, merged."""

    raw: Mapping[str, Any]
    documents: Mapping[str, Document]  # by "fabric" and "tenants.NAME"
    stored: Mapping[str, str]  # what is in each file, encrypted or not

    def origin(self, path: str) -> str | None:
        """Return ``file:line`` of a YAML path of the merged intent."""
        found = [top for top in self.documents if path == top or path.startswith(f"{top}.")]
        return self.documents[max(found, key=len)].origin(path) if found else None

    @property
    def digest(self) -> str:
        """What tells these files from those of another day, without a word of what is encrypted in them."""
        return _digest_of(self.stored)


def _digest_of(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def digest_of(directory: str) -> str:
    """Return the digest of an intent's files without understanding them; of none where they cannot be read."""
    tenants = os.path.join(directory, TENANTS_DIRECTORY)
    names = sorted(os.listdir(tenants)) if os.path.isdir(tenants) else []
    visible = [name for name in names if name.endswith(_YAML) and not name.startswith(".")]
    files = [FABRIC_FILE, *(f"{TENANTS_DIRECTORY}/{name}" for name in visible)]
    found = {}
    for name in files:
        try:
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                found[name] = file.read()
        except (OSError, UnicodeDecodeError):
            return ""
    return _digest_of(found)


def read_intent(
    directory: str, record: str, decrypt: Decrypt | None = None, known: Mapping[str, Any] | None = None
) -> IntentFiles:
    """Read fabric.yml and tenants/*.yml, or raise InvalidInput with the faults of all files.

    ``record`` is the path of the allocation record, which may lie in the directory too. Any other YAML file there is a
    fault: a tenant in a file that is silently left out would be torn down. ``known`` is that of read_document.
    """
    faults = Faults()
    names = _listed(faults, directory, "", {FABRIC_FILE, TENANTS_DIRECTORY, os.path.relpath(record, directory)})
    if os.path.isdir(directory) and FABRIC_FILE not in names:
        faults.add(FABRIC_FILE, f"missing in {directory}; write it, with the key fabric")
    files = [FABRIC_FILE] if FABRIC_FILE in names else []
    if TENANTS_DIRECTORY in names:
        found = _listed(faults, os.path.join(directory, TENANTS_DIRECTORY), f"{TENANTS_DIRECTORY}/", None)
        files += [f"{TENANTS_DIRECTORY}/{name}" for name in found]
    documents: dict[str, Document] = {}
    raw: dict[str, Any] = {"tenants": {}}
    stored: dict[str, str] = {}
    for file in files:
        document = read_document(faults, os.path.join(directory, file), file, decrypt, known)
        if document:
            stored[file] = document.stored
        if document and file == FABRIC_FILE and _has_only(faults, document, "fabric"):
            raw["fabric"], documents["fabric"] = document.value["fabric"], document
        elif document and file != FABRIC_FILE and _has_only(faults, document, "tenants"):
            _merge(faults, raw["tenants"], documents, document)
    faults.raise_any()
    return IntentFiles(raw, documents, stored)


def read_name(directory: str, decrypt: Decrypt) -> Any:
    """Return the name of the fabric, None if there is none, or raise InvalidInput with the faults of fabric.yml."""
    faults = Faults()
    document = read_document(faults, os.path.join(directory, FABRIC_FILE), FABRIC_FILE, decrypt)
    faults.raise_any()
    fabric = document.value.get("fabric") if document and isinstance(document.value, Mapping) else None
    return fabric.get("name") if isinstance(fabric, Mapping) else None


def read_record(path: str) -> Document | None:
    """Return the allocation record, None if there is none yet, or raise InvalidInput with its faults."""
    faults = Faults()
    document = read_document(faults, path, os.path.basename(path)) if os.path.exists(path) else None
    faults.raise_any()
    return document


def read_text(path: str) -> str:
    """Return the text of a file, that of none if there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


@contextmanager
def locked(path: str) -> Iterator[None]:
    """Keep others who lock the same file out. The lock is on its directory, so that no lock file is left behind."""
    folder = os.path.dirname(os.path.realpath(path))
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InvalidInput([f"{path}: {folder} cannot be opened ({error.strerror}); create it"]) from None
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise BackendError(
                    f"{folder} has been locked by another run for {LOCK_SECONDS} s. End that run, then try again."
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def write_atomically(path: str, text: str) -> None:
    """Replace a file by a whole new one: whoever reads it, after a crash too, finds the old or the new text."""
    target = os.path.realpath(path)
    try:
        with open(f"{target}.new", "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            shutil.copymode(target, f"{target}.new")
        os.replace(f"{target}.new", target)
    except OSError as error:
        raise BackendError(
            f"{path} cannot be written ({error.strerror}). Check its permissions and the disk."
        ) from None


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _listed(faults: Faults, folder: str, prefix: str, expected: Collection[str] | None) -> list[str]:
    """Return the names in a folder that we read, sorted. ``expected`` None stands for any YAML file."""
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        faults.add(folder, f"cannot be read ({error.strerror}); name a directory with {FABRIC_FILE} and tenants/")
        return []
    found = []
    for name in names:
        is_folder = os.path.isdir(os.path.join(folder, name))
        if name in expected if expected is not None else name.endswith(_YAML) and not is_folder:
            found.append(name)
        elif name.endswith(_YAML) or is_folder:
            faults.add(
                prefix + name,
                f"not read; an intent is {FABRIC_FILE}, {TENANTS_DIRECTORY}/*.yml and the allocation record, so move "
                "or remove it",
            )
    return found


def _has_only(faults: Faults, document: Document, key: str) -> bool:
    """Say whether the file is a mapping with this one key."""
    if not isinstance(document.value, Mapping) or key not in document.value:
        faults.add(document.name, f"has no key '{key}'; write '{key}:' and below it what the file describes")
        return False
    for other in document.value:
        if other != key:
            faults.add(f"{other} ({document.origin(str(other))})", f"unknown key; this file holds '{key}' alone")
    return True


def _merge(faults: Faults, tenants: dict[str, Any], documents: dict[str, Document], document: Document) -> None:
    given = document.value["tenants"]
    if not isinstance(given, Mapping):
        faults.add(f"tenants ({document.origin('tenants')})", "is not a mapping; write tenants by name below it")
        return
    for name, value in given.items():
        path = f"tenants.{name}"
        if path in documents:
            faults.add(
                f"{path} ({document.origin(path)})",
                f"is in {documents[path].origin(path)} too; write a tenant in one file",
            )
        tenants[name], documents[path] = value, document
