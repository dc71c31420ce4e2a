# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of flows and groups one after the other, on a bridge that speaks no version of OpenFlow with bundles.

ovs-ofctl waits for the switch after each, and ends at the first that is refused.
"""

from __future__ import annotations

from itertools import groupby

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import (
    WITH_BUNDLES,
    Completed,
    OfCtl,
    SwitchRefusal,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow_tables import Key
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_steps import (
    flow_lines,
    group_lines,
    keys_in_order,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

_AT_ONCE = 2000  # for one run of ovs-ofctl, which the timeout bounds; each takes up to half a millisecond
_LISTED = 10  # of what was made, in the message; the facts have all


def require_words(bridge: str, ofctl: OfCtl, plan: Plan[Key, str]) -> None:
    """Raise InvalidInput for a flow that is to change or to go, and that only another version of OpenFlow can name."""
    before = plan.before
    flows = [key[1] for key in keys_in_order(plan) if key[0] == "flow" and key in before]

    def parsed(count: int) -> Completed[str]:
        lines = [f"{flow},actions=drop" for flow in flows[:count]]
        return ofctl.offline("parse-flows", "-", stdin="\n".join([*lines, ""]))

    good, bad = 0, len(flows)
    if not flows or not parsed(bad).returncode:
        return
    while bad - good > 1:  # so many of the first it can name, and so many not
        middle = (good + bad) // 2
        good, bad = (good, middle) if parsed(middle).returncode else (middle, bad)
    from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_versions import in_words, usable

    raise InvalidInput(
        [
            f"flow {flows[bad - 1]} of bridge {bridge} is to change or to go, but {ofctl.protocol} cannot name it; let "
            f"tenantry.sdn.ovs_bridge add a version that can to its protocols: {in_words(usable(parsed(bad).stdout))}"
        ]
    )


def send(ofctl: OfCtl, plan: Plan[Key, str]) -> None:
    """Make the changes; BackendError at the first that is refused."""
    for kind, keys in groupby(keys_in_order(plan), key=lambda key: key[0]):
        lines = list((flow_lines if kind == "flow" else group_lines)(plan, keys))
        for first in range(0, len(lines), _AT_ONCE):
            ofctl.on_bridge(f"add-{kind}s", "-", stdin="\n".join([*lines[first : first + _AT_ONCE], ""]))


def warnings(bridge: str, protocol: str, plan: Plan[Key, str]) -> list[str]:
    """Return what is not promised of these changes; one alone the switch makes whole or not at all."""
    count = len(keys_in_order(plan))
    if count < 2:
        return []
    return [
        f"Bridge {bridge} speaks {protocol} and no version of OpenFlow that has bundles, so {count} changes go one "
        "after the other. Of each table a packet meets what was there or what is to be there, but of several tables "
        "and groups it can meet both meanwhile, and a failure leaves a part. To have all at once or nothing, let "
        f"tenantry.sdn.ovs_bridge add one of {', '.join(WITH_BUNDLES)} to its protocols."
    ]


def unfinished(
    bridge: str, error: BackendError, plan: Plan[Key, str], left: Plan[Key, str], places: dict[Key, str]
) -> BackendError:
    """Return what is to be said of changes of which some are left; ``places`` are those of what the task wants."""
    keys, undone = keys_in_order(plan), {*left.before, *left.after}
    names = {key: places.get(key) or " ".join(key) for key in keys}
    made, pending = ([names[key] for key in keys if (key in undone) == waits] for waits in (False, True))
    first = f" (first {', '.join(made[:_LISTED])})" if made else ""
    said = f"{error.message.rstrip('.')}."
    if isinstance(error, SwitchRefusal):
        said = f"Bridge {bridge} refused the change: {error.code} for {[*pending, 'one of another'][0]}."
    return BackendError(
        f"{said} The bridge has no bundles: {len(made)} of {len(keys)} changes were made before{first} and stay. Run "
        "the task again when the cause is gone.",
        made=made,
    )
