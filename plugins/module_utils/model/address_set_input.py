# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted IP sets: every value parsed, every fault reported at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import (
    BITMAPS,
    EXTENSIONS,
    FAMILIES,
    HASHES,
    LONGEST_TIMEOUT,
    TYPES,
    Members,
    PlainMembers,
    Wanted,
    all_plain,
    are_plain,
    has_family,
    needs,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import Listed, parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import is_unfinished_set, set_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    one_of,
    shown,
    text,
)

_HASH_OPTIONS = {"hashsize": integer(1, 2**31), "maxelem": integer(1, 2**32 - 1)}
_OPTIONS = ("type", "family", "range", "members", "timeout", *_HASH_OPTIONS, *EXTENSIONS, "purge")
LISTED = Listed("sets", "name", "set", "set", _OPTIONS)


def parse_sets(params: Mapping[str, Any]) -> tuple[Wanted, ...]:
    """Return what is wanted of each set, or raise InvalidInput with all faults."""
    faults = Faults()
    owner = parse_task(faults, {"owner": params.get("owner")})
    wanted = tuple(_wanted(faults, path, given, owner) for path, given in LISTED.items(faults, params))
    faults.raise_any()
    return wanted


def _wanted(faults: Faults, path: str, given: Mapping[str, Any], owner: str | None) -> Wanted:
    name = faults.parse(f"{path}name", set_name, given["name"]) or ""
    if is_unfinished_set(name):
        faults.add(f"{path}name", f"{shown(name)} is the name of a set that is being built; choose another")
    mark = set_mark(owner) if owner else ""
    if name and not name.startswith(mark):
        what = f"{shown(name)} is not of owner {shown(owner)}, whose sets begin with {shown(mark)}"
        faults.add(f"{path}name", f"{what}; write '{mark}{name}', or leave owner out")
    if given.get("state") == "absent":
        return Wanted(path, name, present=False)
    parsers: dict[str, Any] = {"type": one_of(TYPES), "family": one_of(FAMILIES), **_HASH_OPTIONS}
    parsers["timeout"] = integer(0, LONGEST_TIMEOUT)
    options: dict[str, Any] = {
        option: faults.parse(f"{path}{option}", parse, given[option])
        for option, parse in parsers.items()
        if given.get(option) is not None
    }
    options.update({option: given.get(option) for option in (*EXTENSIONS, "range")})
    wanted = Wanted(path, name, purge=given.get("purge") is not False, unread=given.get("members"), **options)
    return wanted if wanted.type is None else read(faults, wanted)


def read(faults: Faults, wanted: Wanted) -> Wanted:
    """Return the set with its range and members read, now that its type is known."""
    kind, path = str(wanted.type), wanted.path
    _refuse_strange_options(faults, wanted)
    if wanted.range is not None and kind in BITMAPS:
        # Imported where there is something to read: a host compiles what a module imports anew in each run.
        from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_member import bitmap_range

        parsed = faults.parse(f"{path}range", lambda given: bitmap_range(kind, text(given)), wanted.range)
        wanted = wanted._replace(range=parsed)
    if wanted.unread is None:
        return wanted
    members, family = read_members(faults, path, kind, wanted.family, wanted.unread)
    plain = all_plain(members)
    for option, value in ({} if plain else needs(members)).items():
        if getattr(wanted, option) is False:
            faults.add(f"{path}{option}", f"members need it to be {str(value).lower()}; write so, or leave it out")
    return wanted._replace(members=members, unread=None, plain=plain, found=family)


def _refuse_strange_options(faults: Faults, wanted: Wanted) -> None:
    kind = str(wanted.type)
    for option in _HASH_OPTIONS:
        if getattr(wanted, option) is not None and kind not in HASHES:
            faults.add(f"{wanted.path}{option}", f"sets of type {kind} have none; leave it out")
    if wanted.family is not None and not has_family(kind):
        faults.add(f"{wanted.path}family", f"sets of type {kind} have none; leave it out")
    if wanted.range is not None and kind not in BITMAPS:
        faults.add(f"{wanted.path}range", f"sets of type {kind} have none; leave it out")


def read_members(
    faults: Faults, path: str, kind: str, family: str | None, given: Sequence[Any]
) -> tuple[Members, str | None]:
    """Return the elements that members stand for, and the family of their addresses if there are any."""
    if given and family != "inet6" and are_plain(kind, given):
        return PlainMembers(given), "inet"
    from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_members import read_each

    return read_each(faults, path, kind, family, given)
