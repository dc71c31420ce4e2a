# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a set becomes: the wanted options and members on top of those it has, and the difference between the two."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import (
    BITMAPS,
    DEFAULT_FAMILY,
    EXTENSIONS,
    HASHES,
    Details,
    Header,
    Members,
    PlainMembers,
    Wanted,
    all_plain,
    are_plain,
    has_family,
    merged,
    needs,
    settled,
    sized,
    supported,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import Current
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_CHANGING = ("netmask", "bitmask", "markmask")  # options by which a set keeps something else than it is given


class Change(NamedTuple):
    """What happens to a set, and its elements: ``updated`` has what is kept of one before and after."""

    name: str
    old: Current | None
    header: Header | None  # of the set that shall be
    added: Members
    removed: Members
    updated: Mapping[str, tuple[Details, Details]]
    staying: Members  # with those that are removed

    @property
    def rebuilt(self) -> bool:
        """Say whether another set takes its place, since the kernel cannot change the options of one."""
        return bool(self.old and self.header and self.old.header != self.header)

    @property
    def size(self) -> int:
        return len(self.staying) - len(self.removed) + len(self.added) if self.header else 0

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.updated or self.rebuilt or not self.old or not self.header)

    def members(self) -> Members:
        """Return all that the set shall have."""
        if not self.header or not self.staying:
            return self.added
        staying = self.staying
        if not (self.removed or self.updated or self.added) and all_plain(staying):
            return staying
        gone = frozenset(self.removed)
        if gone:
            staying = {element: details for element, details in staying.items() if element not in gone}
        if not all_plain(staying):
            staying = {element: supported(details, self.header) for element, details in staying.items()}
        return {**staying, **{element: details for element, (dummy, details) in self.updated.items()}, **self.added}

    def held_back(self) -> Change:
        """Return what of it lets less pass by the rules of today: members that go, and sets that no rule knows yet."""
        if not self.old:
            return self
        return self._replace(header=self.old.header, added={}, updated={}, removed=self.removed if self.header else {})


def removal(name: str, old: Current) -> Change:
    return Change(name, old, None, {}, old.members, {}, old.members)


def change(faults: Faults, wanted: Wanted, old: Current | None) -> Change:
    """Return what leads from the set that is there to the wanted one."""
    before: Members = old.members if old else {}
    fits = old is None or (old.header.type == wanted.type and wanted.family in (None, old.header.family))
    if not fits and before and wanted.members is None:
        what = "are missing, and those of the set that is there have another type or family"
        faults.add(f"{wanted.path}members", f"{what}; write what the set shall have")
    desired: Members = before if wanted.members is None else wanted.members
    if wanted.type == "bitmap:ip,mac" and fits:
        desired = _with_learned_macs(before, desired)
    new, gone = _differing(before, desired)
    if new and gone and fits and not are_plain(str(wanted.type), gone):
        before = _canonical(str(wanted.type), before, gone)
        new, gone = _differing(before, desired)
    if fits and not wanted.purge:
        gone = []
    _refuse_out_of_range(faults, wanted, old, desired if wanted.purge else [*before, *desired])
    header = _header(faults, wanted, old.header if old else None, len(before) - len(gone) + len(new))
    only_known = all_plain(before)
    plain = only_known if wanted.members is None else wanted.plain
    return Change(
        wanted.name,
        old,
        header,
        _part(desired, new) if plain else {element: supported(desired[element], header) for element in new},
        _part(before, gone),
        {} if plain and only_known else dict(_updated(before, desired, header)),
        before,
    )


def _differing(before: Members, desired: Members) -> tuple[list[str], list[str]]:
    """Return what is new and what is gone, each in the order in which it is listed."""
    if before is desired:
        return [], []
    if not before:
        return [*desired], []
    there, wanted = (_elements(members) for members in (before, desired))
    new = wanted - there
    gone = there - wanted if len(there) > len(wanted) - len(new) else frozenset[str]()
    return _listed(desired, new), _listed(before, gone)


def _elements(members: Members) -> frozenset[str]:
    return members.elements if isinstance(members, PlainMembers) else frozenset(members)


def _part(members: Members, some: Sequence[str]) -> Members:
    if len(some) == len(members):
        return members
    return PlainMembers(some) if isinstance(members, PlainMembers) else {element: members[element] for element in some}


def _listed(members: Members, some: frozenset[str]) -> list[str]:
    if not some or len(some) == len(members):
        return list(members if some else ())
    return [element for element in members if element in some]


def _updated(before: Members, desired: Members, header: Header) -> Iterator[tuple[str, tuple[Details, Details]]]:
    for element, details in desired.items():
        there = before.get(element)
        if there is not None and there is not details and not settled(there, details):
            yield element, (there, supported(merged(there, details), header))


def _canonical(kind: str, printed: Members, strange: Collection[str]) -> Members:
    """Return elements as we write them, should this version of ipset print the strange ones otherwise."""
    from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_member import rewritten

    names = {element: rewritten(kind, element) for element in strange}
    if isinstance(printed, PlainMembers):
        return PlainMembers([names.get(element, element) for element in printed])
    return {names.get(element, element): details for element, details in printed.items()}


def _with_learned_macs(actual: Members, desired: Members) -> Members:
    """Return wanted addresses with the MAC that the kernel has learned for those that were written without one."""
    learned = {element.partition(",")[0]: element for element in actual}
    return {element if "," in element else learned.get(element, element): desired[element] for element in desired}


def _header(faults: Faults, wanted: Wanted, old: Header | None, size: int) -> Header:
    """Return the wanted options, and where there is no opinion those that are there or that the members need."""
    kind, path = str(wanted.type), wanted.path
    base = old if old and old.type == kind else Header(kind)
    needed: Mapping[str, Any] = {} if wanted.plain else needs(wanted.members or {})
    options: dict[str, Any] = {"timeout": _first(wanted.timeout, base.timeout, needed.get("timeout"))}
    for option in EXTENSIONS:
        options[option] = bool(_first(getattr(wanted, option), getattr(base, option) or needed.get(option)))
    if has_family(kind):
        options["family"] = wanted.family or base.family or wanted.found or DEFAULT_FAMILY
        if wanted.found not in (None, options["family"]):
            what = f"are {wanted.found}, and the set is {options['family']}"
            faults.add(f"{path}members", f"{what}; write family: {wanted.found} to change that")
    if kind in HASHES:
        options["maxelem"] = _maxelem(faults, wanted, base.maxelem, size)
        hashsize = wanted.hashsize and 1 << max(wanted.hashsize - 1, 1).bit_length()
        options["hashsize"] = max(hashsize or 0, base.hashsize or 0) or None  # the kernel lets it grow
    if kind in BITMAPS:
        options["range"] = wanted.range or base.range
        if not options["range"]:
            faults.add(f"{path}range", f"is missing; write what a {kind} may hold, as {_RANGES[kind]}")
    for word in base.kept:
        if word in _CHANGING and wanted.members is not None:
            what = f"set {wanted.name} was made with {word}, by which it keeps something else than it is given"
            faults.add(f"{path}members", f"{what}; remove it first, or leave members out")
    return base._replace(**options)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _maxelem(faults: Faults, wanted: Wanted, there: int | None, size: int) -> int:
    if wanted.maxelem is None:
        return there if there and there >= size else sized(size)
    if wanted.maxelem < size:
        what = f"the set would have {size} elements, more than {wanted.maxelem}"
        faults.add(f"{wanted.path}maxelem", f"{what}; raise it, or leave it out to have it sized")
    return wanted.maxelem


_RANGES = {"bitmap:ip": "'10.1.0.0/16'", "bitmap:ip,mac": "'10.1.0.0/16'", "bitmap:port": "'0-1023'"}


def _refuse_out_of_range(faults: Faults, wanted: Wanted, old: Current | None, members: Iterable[str]) -> None:
    allowed = wanted.range or (old and old.header.range)
    if wanted.type not in BITMAPS or not allowed:
        return
    from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_member import place

    first, last = (place(end) for end in allowed.split("-"))
    outside = [element for element in members if not first <= place(element.partition(",")[0]) <= last]
    if outside:
        where = f"{outside[0]} is not in the range {allowed} of the set"
        faults.add(f"{wanted.path}members", f"{where}; widen range, or leave it out")
