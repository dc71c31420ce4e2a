# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted IP sets: every value parsed, every fault reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import address_text
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import (
    BITMAPS,
    EXTENSIONS,
    FAMILIES,
    HASHES,
    LONGEST_TIMEOUT,
    PLAIN,
    TYPES,
    Details,
    Members,
    PlainMembers,
    Wanted,
    all_plain,
    has_family,
    needs,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_member import (
    are_plain,
    elements,
    span,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_protocol import ports
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import (
    DETAILS,
    parse_details,
    read_details,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import Listed, parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import is_unfinished_set, set_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    one_of,
    path_of,
    shown,
    text,
)

_HASH_OPTIONS = {"hashsize": integer(1, 2**31), "maxelem": integer(1, 2**32 - 1)}
_OPTIONS = ("type", "family", "range", "members", "timeout", *_HASH_OPTIONS, *EXTENSIONS, "purge")
LISTED = Listed("sets", "name", "set", "set", _OPTIONS)
_WIDEST_RANGE = 65536  # elements of a bitmap


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
        wanted = wanted._replace(range=faults.parse(f"{path}range", _range_of(kind), wanted.range))
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


def _range_of(kind: str) -> Any:
    def parse(value: Any) -> str:
        if kind == "bitmap:port":
            numbers = list(ports(text(value)))
            return f"{numbers[0]}-{numbers[-1]}"
        addresses = span(text(value))
        if addresses.family != "inet":
            raise ValueError(f"{shown(value)} is not IPv4, the only family of {kind}; use a hash type")
        if addresses.last - addresses.first >= _WIDEST_RANGE:
            raise ValueError(f"{shown(value)} has more than {_WIDEST_RANGE} addresses; write less, or use a hash type")
        return "-".join(address_text("inet", end) for end in (addresses.first, addresses.last))

    return parse


def read_members(
    faults: Faults, path: str, kind: str, family: str | None, given: Sequence[Any]
) -> tuple[Members, str | None]:
    """Return the elements that members stand for, and the family of their addresses if there are any."""
    if family != "inet6" and set(map(type, given)) == {str} and are_plain(kind, given):
        return PlainMembers(given), "inet"
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


_SPOKEN = {"inet": "IPv4", "inet6": "IPv6"}


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
