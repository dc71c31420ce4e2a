# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of the database have in common: connect, reconcile, look at the interfaces, report."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.backend import DatabaseBackend
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.health import Ailments, ailments
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import Turn, turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import NotConvergedError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Interface

# Seconds. ovs-vswitchd writes the state of interfaces soon after cur_cfg, in a transaction of its own, and notices a
# new network device a moment after it was made.
GRACE = 1.0

B = TypeVar("B", bound=DatabaseBackend)


def run(module: Any, backend_of: Callable[[Ovsdb], B]) -> tuple[B, dict[str, Any]]:
    """Reconcile, and return the backend and the module's result; SdnError if the host is not as wanted."""
    with turn(module, alone=False) as own:
        return _run(module, backend_of, own)


def _run(module: Any, backend_of: Callable[[Ovsdb], B], own: Turn) -> tuple[B, dict[str, Any]]:
    ovsdb = Ovsdb(module.params["database"], module.params["timeout"])
    backend = backend_of(ovsdb)
    plan = own.reconcile(backend)
    if module.check_mode or not plan:
        ovsdb.require_switch()  # else a change that it has applied shows that it runs
    found = _ailments(module, backend, plan)
    if found.broken and not module.check_mode:
        backend.apply_again()
        found = _ailments(module, backend, plan)
    facts = backend.facts()
    ovsdb.close()
    for warning in [*_destructive(plan), *backend.warnings()]:
        module.warn(warning)
    result: dict[str, Any] = {"changed": bool(plan), **facts}
    if module._diff:
        # imported here, as backend.py does it: a host compiles what a module imports anew in each run
        from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import rendering

        result["diff"] = rendering.diff(plan, backend.in_words)
    if not module.check_mode or not plan:
        found.broken.extend(backend.unmade())
    _report(module, found, plan)
    return backend, result


def _ailments(module: Any, backend: DatabaseBackend, plan: RowPlan) -> Ailments:
    """Return what is wrong with the wanted interfaces, in check mode with those that nothing would be done about."""
    interfaces = backend.wanted_interfaces()
    if module.check_mode:
        interfaces = _untouched(plan, interfaces)
    deadline = time.monotonic() + GRACE
    found = ailments(backend.observed(), interfaces)
    while (found.unsettled or _required(module, found)) and time.monotonic() < deadline:
        time.sleep(GRACE / 20)
        backend.plan()
        found = ailments(backend.observed(), interfaces)
    return found


def _untouched(plan: RowPlan, interfaces: list[Interface]) -> list[Interface]:
    """Return those that the plan changes nothing about, nor about their ports or the bridge."""
    changed = {**plan.create, **plan.update}
    if any(key[0] == "Bridge" for key in changed):
        return []
    touched = {key[1] for key in changed if key[0] == "Interface"}
    touched.update(name for old, new in plan.update.values() for name in new.get("interfaces", ()))
    return [interface for interface in interfaces if interface.name not in touched]


def _required(module: Any, found: Ailments) -> list[str]:
    """Return the missing devices that the task does not do without."""
    return found.missing if module.params.get("require_devices", True) else []


def _report(module: Any, found: Ailments, plan: RowPlan) -> None:
    required = _required(module, found)
    broken = [*found.broken, *found.unsettled, *required]
    awaited = [*found.unpaired, *([] if required else found.missing)]
    if awaited:
        module.warn(f"Not there yet, Open vSwitch takes them in when they appear: {'; '.join(sorted(awaited))}")
    if broken:
        raise NotConvergedError(
            f"Open vSwitch has the configuration but could not apply all of it: {'; '.join(sorted(broken))}. "
            "Create the missing devices or correct names, types and options, and run the task again.",
            changed=bool(plan),
        )


def _destructive(plan: RowPlan) -> list[str]:
    """Return a warning for each bridge whose flows Open vSwitch drops because of the change."""
    modes = {key[1] for key, (old, new) in plan.update.items() if old.get("fail_mode") != new.get("fail_mode")}
    controllers = {key[1] for key in {**plan.create, **plan.delete} if key[0] == "Controller"}
    transient = {key[1] for key in {**plan.create, **plan.delete} if key[0] == "Bridge"}
    warnings = [f"Changing fail_mode of bridge {name} drops all its OpenFlow flows." for name in sorted(modes)]
    return warnings + [
        f"Changing the controllers of bridge {name} drops all its OpenFlow flows."
        for name in sorted(controllers - transient)
    ]
