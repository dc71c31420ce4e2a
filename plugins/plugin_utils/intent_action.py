# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions intent and host_state share: the way from their arguments to a checked intent with its ids.

They run on the controller and start no module. The record is read and, if nothing is new, that is all: no lock, no
write, and a directory without write permission will do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import (
    locked,
    read_intent,
    read_record,
    write_atomically,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput, SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Origins, no_origin
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record, parse_record, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

RECORD_FILE = "allocations.yml"
ARGUMENTS = {
    "fabric": {"type": "dict"},
    "tenants": {"type": "dict"},
    "directory": {"type": "path"},
    "allocations": {"type": "path"},
}


@dataclass(frozen=True)
class Allocated:
    """An intent with its ids, and what became of the record."""

    intent: Intent
    allocations: Allocations
    record: Record
    path: str
    before: str
    after: str


class IntentAction(ActionBase):
    """An action on an intent: subclasses say which further arguments they take and what they return."""

    EXTRA_ARGUMENTS: ClassVar[Mapping[str, Any]] = {}

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(
            {**ARGUMENTS, **self.EXTRA_ARGUMENTS},
            required_one_of=[("fabric", "directory")],
            mutually_exclusive=[("fabric", "directory"), ("tenants", "directory")],
            required_together=[("fabric", "tenants")],
        )[1]
        try:
            return {**result, **self.compiled(arguments, task_vars or {})}
        except SdnError as error:
            return {**result, "failed": True, "msg": error.message, **error.facts}

    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of the task."""
        raise NotImplementedError

    def allocated(self, arguments: Mapping[str, Any], variables: Mapping[str, Any], keep: bool = True) -> Allocated:
        """Return the intent that the arguments describe; new ids are written to the record if ``keep``."""
        path = self._record_path(arguments, variables)
        intent, origins = self._intent(arguments, path)
        found = _with_ids(intent, origins, path)
        if found.before != found.after and keep and not self._task.check_mode:
            with locked(path):
                found = _with_ids(intent, origins, path)  # another run may have written it in the meantime
                if found.before != found.after:
                    write_atomically(path, found.after)
        return found

    def _intent(self, arguments: Mapping[str, Any], record: str) -> tuple[Intent, Origins]:
        if arguments["directory"] is None:
            return parse({"fabric": arguments["fabric"], "tenants": arguments["tenants"]}), no_origin
        files = read_intent(self._loader.path_dwim(arguments["directory"]), record)
        return parse(files.raw, files.origin), files.origin

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


def _with_ids(intent: Intent, origins: Origins, path: str) -> Allocated:
    document = read_record(path)
    record = parse_record(document.value, document.origin) if document else Record()
    allocations, after = allocate(intent, record, origins)
    return Allocated(intent, allocations, after, path, document.text if document else "", render(after))


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
