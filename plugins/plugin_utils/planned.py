# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a hypervisor out of a plan directory."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plan_files import read_plan, read_state
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults
from ansible_collections.tenantry.sdn.plugins.plugin_utils.planner import VERSION
from ansible_collections.tenantry.sdn.plugins.plugin_utils.vault import Vault


def planned_state(folder: str, hypervisor: str, vault: Vault) -> dict[str, Any]:
    """Return the state of a hypervisor of the plan, or raise InvalidInput."""
    plan = read_plan(folder, VERSION, hypervisor)
    faults = Faults()
    known = one_of_names((*plan.hosts, *plan.others), "hypervisor of this fabric")
    name = faults.parse("hypervisor", known, hypervisor)
    if name in plan.others:
        faults.add("hypervisor", f"the plan was made for others than {name}; add it to its hypervisors")
    faults.raise_any()
    state: dict[str, Any] = json.loads(vault.open(read_state(folder, name or "", plan)))
    return state
