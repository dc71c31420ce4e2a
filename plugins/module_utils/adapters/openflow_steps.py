# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of flows and groups one after the other, on a bridge that speaks no version of OpenFlow with bundles.

ovs-ofctl waits for the switch after each, and ends at the first that is refused.
"""

from __future__ import annotations

from itertools import groupby

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import WITH_BUNDLES, OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow_tables import Key
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_steps import (
    flow_lines,
    group_lines,
    keys_in_order,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

_LISTED = 10  # of what was made, in the message; the facts have all


def send(ofctl: OfCtl, plan: Plan[Key, str]) -> None:
    """Make the changes; BackendError at the first that is refused."""
    for kind, keys in groupby(keys_in_order(plan), key=lambda key: key[0]):
        lines = flow_lines(plan, keys) if kind == "flow" else group_lines(plan, keys)
        ofctl.on_bridge(f"add-{kind}s", "-", stdin="\n".join([*lines, ""]))


def warning(bridge: str, protocol: str, plan: Plan[Key, str]) -> str:
    """Return what is not promised of these changes; nothing of one alone, which the switch makes whole or not at all."""
    count = len(keys_in_order(plan))
    if count < 2:
        return ""
    return (
        f"Bridge {bridge} speaks {protocol} and no version of OpenFlow that has bundles, so {count} changes go one after "
        "the other: new flows by priority from the highest down, then old ones from the lowest up. A packet that crosses "
        "several tables or groups meanwhile can meet new ones and old ones, and a failure leaves a part. To have all at "
        f"once or nothing, let tenantry.sdn.ovs_bridge add one of {', '.join(WITH_BUNDLES)} to its protocols."
    )


def refused(bridge: str, code: str, plan: Plan[Key, str], left: Plan[Key, str], wanted: dict[Key, str]) -> BackendError:
    """Return what is to be said of changes of which some are left; ``wanted`` are the places that the task has them at."""
    keys = keys_in_order(plan)
    undone = {*left.before, *left.after}
    names = {key: wanted.get(key) or f"{key[0]} {key[1]}" for key in keys}
    made, pending = ([names[key] for key in keys if (key in undone) == is_left] for is_left in (False, True))
    listed = ", ".join([*made[:_LISTED], *(["..."] if made[_LISTED:] else [])])
    return BackendError(
        f"Bridge {bridge} refused the change: {code} for {pending[0] if pending else 'none that is left'}. It speaks no "
        f"version of OpenFlow that has bundles: {len(made)} of {len(keys)} changes were made before and stay"
        f"{f' ({listed})' if made else ''}. Run the task again when the cause is gone, and it makes the rest.",
        made=made,
        pending=pending,
    )
