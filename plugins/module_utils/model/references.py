# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which groups and meters the flows and groups of a bridge use.

The switch refuses a flow that uses a group or meter which is not there, but not a group that does; and with a group or
meter it removes the flows that use it, whoever's they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import number_of

Lines = Mapping[str, Sequence[str]]  # "flow", "group" or "meter": in normal form
_USES = {"group": re.compile(r"\b(?:group|watch_group):(\d+)"), "meter": re.compile(r"\bmeter:(\d+)")}
_USERS = ("flow", "group")


def used(kind: str, line: str) -> set[int]:
    """Return the groups or meters that a flow or group uses."""
    return set(map(int, _USES[kind].findall(line)))


def uses_any(kind: str, lines: Lines) -> bool:
    return any(f"{kind}:" in line for user in _USERS for line in lines[user])


def broken(kind: str, coming: Lines, staying: Lines, gone: Collection[int]) -> Iterator[tuple[str, str, str]]:
    """Yield (flow or group, line, what is wrong) for each use of a group or meter that is not there, or is to go."""
    there = {number_of(kind, line) for lines in (coming, staying) for line in lines.get(kind, ())}
    for user in _USERS:
        for line in coming[user]:
            for number in sorted(used(kind, line) - there):
                yield user, line, f"it uses {kind} {number}, which is not there; add it to {kind}s, or use another"
        for line in staying.get(user, ()) if gone else ():
            for number in sorted(used(kind, line).intersection(gone)):
                yield (
                    user,
                    line,
                    f"it uses {kind} {number}, and would vanish with it; keep it, or remove its users first",
                )


def loop(groups: Iterable[str]) -> list[int]:
    """Return groups that send to each other in a circle, empty if there are none."""
    uses = {number: used("group", line) for number, line in ((number_of("group", line) or 0, line) for line in groups)}
    rest = dict(uses)
    while rest:
        ends = [number for number, others in rest.items() if not others & set(rest)]
        if not ends:
            return sorted(rest)
        for number in ends:
            del rest[number]
    return []
