# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.intent: check an intent, keep its ids, and show the whole fabric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import concerned
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of, text
from ansible_collections.tenantry.sdn.plugins.plugin_utils.intent_action import IntentAction, outcome


class ActionModule(IntentAction):
    EXTRA_ARGUMENTS: ClassVar[Mapping[str, Any]] = {"members_of": {"type": "list", "elements": "str", "default": []}}

    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        found = self.allocated(arguments, variables)
        hosts = _concerned(found.intent, arguments["members_of"])
        return {**outcome(found), **compile_fabric(found.intent, found.allocations), "concerned": hosts}


def _concerned(intent: Intent, groups: Sequence[str]) -> list[str]:
    """Return the hypervisors that changes of these groups' members concern."""
    known = [f"{tenant.name}.{name}" for tenant in intent.tenants.values() for name in tenant.security.groups or ()]
    parse_group = one_of_names(known, "security group of this intent", text)
    faults = Faults()
    named = [faults.parse(path_of("members_of", index), parse_group, name) for index, name in enumerate(groups)]
    faults.raise_any()
    return sorted({host for group in named if group for host in concerned(intent, group)})
