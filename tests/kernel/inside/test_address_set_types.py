# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of the types that not every kernel has, by Debian's own. By its name the first file: no switch is up yet."""

from __future__ import annotations

from typing import Any

from set_lab import ipset, own_namespace, run
from set_ways import WAYS, written

AMOUNT = 20  # members of each set
RARE = ("hash:mac", "hash:ip,mac", "hash:ip,mark", "hash:net,net", "hash:net,port,net")
SETS = {str(number): way for number, way in enumerate(way for way in WAYS if way[0] in RARE)}


def elements(printed: str) -> dict[str, list[str]]:
    """Return what sets have by the last word of their names, which have two."""
    found: dict[str, list[str]] = {}
    for verb, name, *rest in map(str.split, printed.splitlines()):
        found.setdefault(name.partition(".")[2], []).extend(rest if verb == "add" else ())
    return {name: sorted(listed) for name, listed in found.items()}


def task(members: dict[str, list[str]]) -> dict[str, Any]:
    sets: list[dict[str, Any]] = []
    for name, (kind, options) in SETS.items():
        sets.append({"name": f"ours.{name}", "type": kind, "members": members[name]})
        sets[-1].update([options.split()] if options else [])
    return {"owner": "ours", "sets": sets}


def test_what_we_take_for_an_element_is_what_the_kernel_keeps() -> None:
    """As tests/adapters/test_address_sets_members.py has it, in few calls: each takes a second in an emulated guest."""
    assert {kind for kind, options in SETS.values()} == set(RARE)
    given = {name: written(*way, AMOUNT) for name, way in SETS.items()}
    lines = [f"create theirs.{name} {kind} {options}" for name, (kind, options) in SETS.items()]
    lines += [f"add theirs.{name} {member}" for name, listed in given.items() for member in listed]
    with own_namespace():
        theirs = elements(ipset("-exist", "restore", stdin="\n".join([*lines, "save\n"])))
    with own_namespace():
        made = run(**task(given))
        assert not made.get("failed"), made["msg"]
        assert elements(ipset("save")) == theirs
        again = run(**task({name: listed[::-1] for name, listed in theirs.items()}))
        assert (again.get("msg"), again["changed"]) == (None, False)
