# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of bridges and tunnels have in common: connect, reconcile, look at the interfaces, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import rendering
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.bridges import Bridges
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.health import ailments
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.transaction import RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import NotConvergedError
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import reconcile


def run(module: Any, backend_of: Callable[[Ovsdb], Bridges]) -> tuple[Bridges, dict[str, Any]]:
    """Reconcile, and return the backend and the module's result; SdnError if the host is not as wanted."""
    ovsdb = Ovsdb(module.params["database"], module.params["timeout"])
    backend = backend_of(ovsdb)
    plan = reconcile(backend, module.check_mode)
    ovsdb.close()
    for warning in _destructive(plan):
        module.warn(warning)
    result: dict[str, Any] = {"changed": bool(plan)}
    if module._diff:
        result["diff"] = rendering.diff(plan)
    _check_health(module, backend, plan)
    return backend, result


def _check_health(module: Any, backend: Bridges, plan: RowPlan) -> None:
    pending = {**plan.create, **plan.update} if module.check_mode else {}
    interfaces = [item for item in backend.wanted_interfaces() if ("Interface", item.name) not in pending]
    missing, broken = ailments(backend.observed(), interfaces)
    if module.params.get("require_devices", True):
        broken += missing
    elif missing:
        module.warn(f"Not there yet, Open vSwitch takes them in when they appear: {'; '.join(sorted(missing))}")
    if broken:
        raise NotConvergedError(
            f"Open vSwitch has the configuration but could not apply all of it: {'; '.join(sorted(broken))}. "
            "Create the missing devices or correct names, types and options, and run the task again.",
            changed=bool(plan),
        )


def _destructive(plan: RowPlan) -> list[str]:
    warnings = []
    for key, (old, new) in plan.update.items():
        if key[0] == "Bridge" and old.get("fail_mode") != new.get("fail_mode"):
            warnings.append(f"Changing fail_mode of bridge {key[1]} drops all its OpenFlow flows.")
    flushed = {key[1] for key in {**plan.create, **plan.delete} if key[0] == "Controller"}
    created = {key[1] for key in plan.create if key[0] == "Bridge"}
    gone = {key[1] for key in plan.delete if key[0] == "Bridge"}
    warnings += [f"Changing the controllers of bridge {name} drops all its OpenFlow flows." for name in sorted(flushed - created - gone)]
    return warnings
