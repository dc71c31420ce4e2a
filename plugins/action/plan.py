# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.plan: compile an intent once, for runs to take the state of each host from."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar

from ansible import constants

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import plan_files
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import locked
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.parsed_files import keep_parsed, read_parsed
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.planning import inputs_of
from ansible_collections.tenantry.sdn.plugins.module_utils.model.fabric_plan import HostPlan, Plan
from ansible_collections.tenantry.sdn.plugins.plugin_utils.intent_action import Allocated, IntentAction, outcome
from ansible_collections.tenantry.sdn.plugins.plugin_utils.planner import (
    VERSION,
    Compilation,
    code_digest,
    compile_plan,
    told,
)


class ActionModule(IntentAction):
    EXTRA_ARGUMENTS: ClassVar[Mapping[str, Any]] = {
        "path": {"type": "path"},
        "hypervisors": {"type": "list", "elements": "str"},
    }

    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        gc.disable()  # it would look at 100,000 ports again and again; this process ends with the task
        path, hosts = arguments["path"], arguments["hypervisors"]
        if path is not None and hosts is not None:
            raise InvalidInput(["hypervisors: a plan that stays is one of all of them; leave this out, or path"])
        if path is None:
            return self._passing(self.allocated(arguments, variables), hosts)
        return self._kept(arguments, variables, self._loader.path_dwim(path))

    def _passing(self, found: Allocated, hosts: Collection[str] | None) -> dict[str, Any]:
        """Compile into a folder that Ansible removes when it ends."""
        folder = tempfile.mkdtemp(prefix="tenantry-plan-", dir=constants.DEFAULT_LOCAL_TMP)
        plan_files.make_folder(folder)
        what = self._compilation(found, {})
        chosen = [host for host in what.hosts if hosts is None or host in hosts]
        plan = compile_plan(what, chosen, lambda host, content: self._write(folder, host, content), {})
        plan_files.commit(folder, plan)
        return {**outcome(found), **told(folder, plan), "changes": plan.changes(None)}

    def _kept(self, arguments: Mapping[str, Any], variables: Mapping[str, Any], folder: str) -> dict[str, Any]:
        """Compile into a folder of the user's what is not there."""
        check, code = self._task.check_mode, code_digest()
        self.known = read_parsed(folder, code)
        found = self.allocated(arguments, variables)
        raw, digest = found.written.raw, self.vault.digest
        what = self._compilation(found, inputs_of(found.intent, found.allocations, raw, code, digest))
        if not check:
            plan_files.make_folder(folder)
        with nullcontext() if check else locked(os.path.join(folder, plan_files.PLAN_FILE)):
            old = _last(folder, found.intent.fabric.name)
            store = self._hash if check else lambda host, content: self._write(folder, host, content)
            plan = compile_plan(what, what.hosts, store, _reusable(folder, old))
            if plan != old and not check:
                plan_files.commit(folder, plan)
            if not check:
                keep_parsed(folder, code, () if self.vault.used else found.written.documents, self.known)
        result = outcome(found)
        changed = result["changed"] or plan != old
        return {**result, "changed": changed, **told(folder, plan), "changes": plan.changes(old)}

    def _compilation(self, found: Allocated, inputs: Mapping[str, str]) -> Compilation:
        secret = self.vault.used
        return Compilation(found.intent, found.allocations, found.record.hypervisors, found.digest, secret, inputs)

    def _write(self, folder: str, host: str, content: bytes) -> str:
        return plan_files.write_state(folder, host, self.vault.close(content))

    def _hash(self, host: str, content: bytes) -> str:
        return plan_files.hash_of(self.vault.close(content))


def _last(folder: str, fabric: str) -> Plan | None:
    """Return the plan that is there, unless it is of no use, or raise InvalidInput if it is that of another fabric."""
    try:
        old = plan_files.read_plan(folder, VERSION)
    except InvalidInput:
        return None
    if old.fabric != fabric:
        raise InvalidInput([f"{folder}: has the plan of fabric {old.fabric}, not of {fabric}; name another directory"])
    return old


def _reusable(folder: str, old: Plan | None) -> dict[str, HostPlan]:
    """Return what of a plan's hosts has its file."""
    hosts = old.hosts.items() if old else ()
    return {host: its for host, its in hosts if its.inputs and plan_files.has_state(folder, host, its.state)}
