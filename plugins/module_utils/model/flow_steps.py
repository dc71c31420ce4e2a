# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which flows and groups change one after the other, where no bundle can hold them.

Of each table, a packet finds at every moment the flow that it found before or the one that it will find after. For
that, new flows come from the highest priority down, so that none catches what a higher one is to catch, and old flows
go from the lowest up, so that none is uncovered. What a packet comes to is there before what sends it there, and goes
after it: flows come from the last table to the first and go from the first to the last, groups come first and go last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import cookie_of, number_of, rule
from ansible_collections.tenantry.sdn.plugins.module_utils.model.references import used
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

Key = tuple[str, str]  # "flow" or "group", and what there is one of
_PLACE = re.compile(r"table=(\d+)(?:,priority=(\d+))?")
_PRIORITY = 32768  # goes without saying


def keys_in_order(plan: Plan[Key, str]) -> list[Key]:
    """Return the keys of all changes, the first first."""
    coming, going = (_groups(lines) for lines in (plan.after, plan.delete))
    flows = [key for key in sorted(plan.after, key=_place, reverse=True) if key[0] == "flow"]
    gone = [key for key in sorted(plan.delete, key=_place) if key[0] == "flow"]
    return [*coming, *flows, *gone, *reversed(going)]


def flow_lines(plan: Plan[Key, str], keys: Iterable[Key]) -> Iterator[str]:
    """Yield what ``ovs-ofctl add-flows`` reads of flows; what others have put in the place of an old one stays."""
    before, after = plan.before, plan.after
    for key in keys:
        only = f"{key[1]},cookie={cookie_of(before[key]):#x}/-1" if key in before else ""
        head, dummy, actions = after.get(key, "").partition("actions=")
        if key not in after:
            yield f"delete_strict {only}"
        elif only and before[key].startswith(f"{head}actions="):
            yield f"modify_strict {only},actions={actions}"
        else:
            yield f"add {after[key]}"


def group_lines(plan: Plan[Key, str], keys: Iterable[Key]) -> Iterator[str]:
    """Yield what ``ovs-ofctl add-groups`` reads of groups."""
    after = plan.after
    for key in keys:
        verb = "add" if key in plan.create else "modify"
        yield f"{verb} {after[key]}" if key in after else f"delete group_id={key[1]}"


def by_place(flows: Iterable[str]) -> list[str]:
    """Return flows in the order in which they come to a switch that has none."""
    return sorted(flows, key=lambda flow: (_place(("flow", rule(flow))), flow), reverse=True)


def _place(key: Key) -> tuple[int, int]:
    found = _PLACE.match(key[1])
    return (int(found[1]), int(found[2] or _PRIORITY)) if found else (0, 0)


def _groups(lines: Mapping[Key, str]) -> list[Key]:
    """Return the keys of groups, each behind those that it sends to."""
    rest = {key: used("group", line) - {number_of("group", line)} for key, line in lines.items() if key[0] == "group"}
    order: list[Key] = []
    while rest:
        waiting = {int(number) for kind, number in rest}
        free = [key for key, others in rest.items() if not others & waiting] or list(rest)
        order += free
        for key in free:
            del rest[key]
    return order
