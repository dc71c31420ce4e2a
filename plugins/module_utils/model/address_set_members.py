# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elements that the members of a task stand for, one by one, and what is kept beside each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import PLAIN, Details, Members, has_family
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_details import (
    DETAILS,
    parse_details,
    read_details,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_member import elements
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of, shown, text

_SPOKEN = {"inet": "IPv4", "inet6": "IPv6"}


def read_each(
    faults: Faults, path: str, kind: str, family: str | None, given: Sequence[Any]
) -> tuple[Members, str | None]:
    """Return the elements that members stand for, and the family of their addresses if there are any."""
    members: dict[str, Details] = {}
    places: dict[str, int] = {}
    for index, member in enumerate(given):
        here = f"{path}{path_of('members', index)}"
        try:
            entry, details = _entry(kind, member)
            for element in elements(kind, entry):
                family = family or element.family
                if element.family not in (None, family):
                    raise ValueError(
                        f"{shown(entry)} is {_SPOKEN[str(element.family)]} in a set of family {family}; "
                        "write it in another set"
                    )
                if element.text in members and members[element.text] != details:
                    other = path_of("members", places[element.text])
                    raise ValueError(f"{shown(entry)} is in {other} with other options; write each element once")
                members[element.text] = details
                places.setdefault(element.text, index)
        except ValueError as error:
            faults.add(here, str(error))
    if kind == "bitmap:ip,mac":
        _refuse_two_macs(faults, path, members, places)
    return members, family if has_family(kind) else None


def _entry(kind: str, member: Any) -> tuple[str, Details]:
    """Return the element or range of a member, as it is written, and what to keep beside it."""
    if isinstance(member, Mapping):
        unknown = [key for key in member if key not in ("entry", *DETAILS)]
        if unknown:
            raise ValueError(f"{shown(unknown[0])} is an unknown key; known are entry, {', '.join(DETAILS)}")
        if "entry" not in member:
            raise ValueError(f"{shown(member)} has no entry; write it as 'entry: 10.1.1.20'")
        entry = text(member["entry"])
        details = read_details({key: value for key, value in member.items() if key in DETAILS})
    else:
        if not isinstance(member, str):
            raise ValueError(f"{shown(member)} is neither text nor a mapping; put it in quotes")
        entry, dummy, words = text(member).partition(" ")
        if not entry:
            raise ValueError(
                f"{shown(member)} does not start with an element; write one as in ipset(8), or leave it out"
            )
        details = parse_details(words) if words.strip() else PLAIN
    if details.nomatch and "net" not in kind:
        raise ValueError(f"nomatch: sets of type {kind} have no such elements; leave it out")
    if details.wildcard and "iface" not in kind:
        raise ValueError(f"wildcard: sets of type {kind} have no such elements; leave it out")
    return entry, details


def _refuse_two_macs(faults: Faults, path: str, members: Iterable[str], places: Mapping[str, int]) -> None:
    seen: dict[str, int] = {}
    for element in members:
        address, index = element.partition(",")[0], places[element]
        if seen.setdefault(address, index) != index:
            where = path_of("members", seen[address])
            here = f"{path}{path_of('members', index)}"
            faults.add(here, f"{address} is in {where} already; write each address once")
