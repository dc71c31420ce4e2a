# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of every type by Debian's own kernel, which has them all."""

from __future__ import annotations

from typing import Any

from set_lab import ipset, own_namespace, run
from set_ways import WAYS, written

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import LIST, TYPES

AMOUNT = 20  # of members of each set: the guest is emulated
SETS = {f"{number}": way for number, way in enumerate(WAYS)}


def saved(prefix: str) -> dict[str, list[str]]:
    """Return the elements of the sets whose names begin so, as ipset prints them; one call, whatever their number."""
    found: dict[str, list[str]] = {}
    for verb, name, *rest in map(str.split, ipset("save").splitlines()):
        if name.startswith(prefix):
            found.setdefault(name.removeprefix(prefix), []).extend(rest if verb == "add" else ())
    return {name: sorted(elements) for name, elements in found.items()}


def test_sets_of_every_type_are_what_ipset_makes_of_the_same_words() -> None:
    assert {kind for kind, options in SETS.values()} == {*TYPES} - {LIST}
    given = {name: written(*way, AMOUNT) for name, way in SETS.items()}
    lines = [f"create theirs.{name} {kind} {options}" for name, (kind, options) in SETS.items()]
    lines += [f"add theirs.{name} {member}" for name, listed in given.items() for member in listed]
    with own_namespace():
        ipset("-exist", "restore", stdin="\n".join([*lines, ""]))
        theirs = saved("theirs.")
        made = run(**task(given))
        assert not made.get("failed"), made["msg"]
        assert saved("ours.") == {**theirs, "list": sorted(f"ours.{name}" for name in SETS)}
        again = run(**task({name: elements[::-1] for name, elements in theirs.items()}))
        assert (again.get("failed"), again.get("msg"), again["changed"]) == (None, None, False)


def task(members: dict[str, list[str]]) -> dict[str, Any]:
    sets = []
    for name, (kind, options) in SETS.items():
        option, dummy, value = options.partition(" ")
        sets.append(
            {"name": f"ours.{name}", "type": kind, "members": members[name], **({option: value} if option else {})}
        )
    lists = {"name": "ours.list", "type": LIST, "members": [one["name"] for one in sets]}
    return {"owner": "ours", "sets": [lists, *sets]}
