# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions on an intent share: the way from their arguments to a checked intent with its ids.

They run on the controller and start no module. The record is read and, if nothing is new, that is all: no lock, no
write, and a directory without write permission will do.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import (
    digest_of,
    locked,
    read_intent,
    read_name,
    read_record,
    read_text,
    write_atomically,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.yaml_documents import Document
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput, SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Origins, no_origin
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record, parse_record, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent
from ansible_collections.tenantry.sdn.plugins.plugin_utils.vault import Vault

RECORD_FILE = "allocations.yml"
ARGUMENTS = {
    "fabric": {"type": "dict"},
    "tenants": {"type": "dict"},
    "directory": {"type": "path"},
    "allocations": {"type": "path"},
}
_NO_INTENT = (
    "say where the intent is, for playbooks of the collection by the variables fabric and tenants, by "
    "tenantry_intent_dir, or by the tenantry_plan_dir of a plan that was made of it"
)
CONSTRAINTS: Mapping[str, Any] = {
    "mutually_exclusive": [("fabric", "directory"), ("tenants", "directory")],
    "required_together": [("fabric", "tenants")],
}


@dataclass(frozen=True)
class Written:
    """An intent as its user wrote it."""

    raw: Mapping[str, Any]
    origins: Origins
    digest: str  # tells it from that of another day
    documents: Collection[Document] = ()  # that it was read from


@dataclass(frozen=True)
class Allocated:
    """An intent with its ids, and what became of the record."""

    written: Written
    intent: Intent
    allocations: Allocations
    record: Record
    path: str
    before: str
    after: str

    @property
    def digest(self) -> str:
        """Tells intent and record from those of another day."""
        return _digest(self.written.digest, self.after)


class IntentAction(ActionBase):
    """An action on an intent: subclasses say which further arguments they take and what they return."""

    EXTRA_ARGUMENTS: ClassVar[Mapping[str, Any]] = {}
    ONE_OF: ClassVar[tuple[str, ...]] = ("fabric", "directory")  # that say where the intent is

    known: Mapping[str, Any] = {}  # values of the intent's files, by the hashes of their texts

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.vault = Vault(self._loader)
        try:
            result.update(self.compiled(self._arguments(), task_vars or {}))
        except SdnError as error:
            return {**result, "failed": True, **_told(error, self.vault.used)}
        return {**result, "_ansible_no_log": True} if self.vault.used else result

    def _arguments(self) -> Mapping[str, Any]:
        spec = {**ARGUMENTS, **self.EXTRA_ARGUMENTS}
        arguments: Mapping[str, Any] = self.validate_argument_spec(spec, **CONSTRAINTS)[1]
        if self.ONE_OF and all(arguments[name] is None for name in self.ONE_OF):
            raise InvalidInput([f"fabric: missing; {_NO_INTENT}"])
        return arguments

    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of the task."""
        raise NotImplementedError

    def allocated(self, arguments: Mapping[str, Any], variables: Mapping[str, Any], keep: bool = True) -> Allocated:
        """Return the intent that the arguments describe; new ids are written to the record if ``keep``."""
        path = self._record_path(arguments, variables)
        written = self._written(arguments, variables, path)
        intent = parse(written.raw, written.origins)
        found = _with_ids(written, intent, path)
        if found.before != found.after and keep and not self._task.check_mode:
            with locked(path):
                if read_text(path) != found.before:  # another run has written it in the meantime
                    found = _with_ids(written, intent, path)
                if found.before != found.after:
                    write_atomically(path, found.after)
        return found

    def _written(self, arguments: Mapping[str, Any], variables: Mapping[str, Any], record: str) -> Written:
        if arguments["directory"] is None:
            given = {"fabric": arguments["fabric"], "tenants": arguments["tenants"]}
            raw = self.vault.reveal(given, variables)
            return Written(raw, no_origin, self.vault.digest(json.dumps(raw, sort_keys=True, default=str)))
        folder = self._loader.path_dwim(arguments["directory"])
        files = read_intent(folder, record, self.vault.decrypt, self.known)
        return Written(files.raw, files.origin, files.digest, files.documents.values())

    def today(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> tuple[Any, str]:
        """Return the fabric's name and the digest of intent and record, which are not checked."""
        path = self._record_path(arguments, variables)
        record = read_record(path)
        if arguments["directory"] is None:
            written = self._written(arguments, variables, path)
            name, digest = written.raw["fabric"].get("name"), written.digest
        else:
            folder = self._loader.path_dwim(arguments["directory"])
            name, digest = read_name(folder, self.vault.decrypt), digest_of(folder)
        return name, _digest(digest, record.stored if record else "")

    def _record_path(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
        path = arguments["allocations"]
        if path is None:
            path = os.path.join(arguments["directory"] or _inventory_folder(variables), RECORD_FILE)
        found: str = self._loader.path_dwim(path)
        return found


def _inventory_folder(variables: Mapping[str, Any]) -> str:
    """Return the folder of the first inventory that is a file or folder.

    Not ``inventory_dir``: hosts of two inventories have two of them, which would be two records, and the implicit
    localhost has none.
    """
    for source in variables.get("ansible_inventory_sources") or ():
        if os.path.exists(source):
            return source if os.path.isdir(source) else os.path.dirname(source)
    raise InvalidInput(
        ["allocations: missing; the inventory is no file to keep ids beside, so write the path of a file"]
    )


def _digest(intent: str, record: str) -> str:
    return hashlib.sha256(f"{intent}\0{record}".encode()).hexdigest()


def _told(error: SdnError, secret: bool) -> dict[str, Any]:
    """Return what a failed task says; of an intent with secrets where its faults are, but not what they quote."""
    faults = error.facts.get("faults")
    if not (secret and faults):
        return {"msg": error.message, **error.facts}
    hidden = "not shown, as the intent has values of Ansible's vault"
    told = InvalidInput([f"{fault.split(': ', 1)[0]}: {hidden}" for fault in faults])
    return {"msg": told.message, **told.facts}


def _with_ids(written: Written, intent: Intent, path: str) -> Allocated:
    document = read_record(path)
    record = parse_record(document.value, document.origin) if document else Record()
    allocations, after = allocate(intent, record, written.origins)
    return Allocated(written, intent, allocations, after, path, document.text if document else "", render(after))


def outcome(found: Allocated) -> dict[str, Any]:
    """Return changed and diff: the record is the only thing that these actions change."""
    if found.before == found.after:
        return {"changed": False}
    diff = {
        "before_header": found.path,
        "before": found.before,
        "after_header": found.path,
        "after": found.after,
    }
    return {"changed": True, "diff": diff}
