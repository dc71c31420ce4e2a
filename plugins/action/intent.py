# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tenantry.sdn.intent: check an intent, keep its ids, and show the whole fabric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric
from ansible_collections.tenantry.sdn.plugins.plugin_utils.intent_action import IntentAction, outcome


class ActionModule(IntentAction):
    def compiled(self, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        found = self.allocated(arguments, variables)
        return {**outcome(found), **compile_fabric(found.intent, found.allocations)}
