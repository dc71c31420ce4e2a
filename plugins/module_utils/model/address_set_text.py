# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text that ipset prints and takes: headers of sets, and what it keeps beside an element."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import (
    EXTENSIONS,
    PLAIN,
    Details,
    Header,
    Members,
    PlainMembers,
)

_NUMBERS = ("hashsize", "maxelem", "timeout")
_VALUES = ("family", "range")
_SWITCHES = (*EXTENSIONS, "forceadd")
_SEED = "initval"  # of the hash: each set has its own
_WHOLE = ("markmask", "0xffffffff")  # which is printed of a set that was made without one too


class Current(NamedTuple):
    """A set as it is, or shall be."""

    header: Header
    members: Members


class Listing(NamedTuple):
    """A set as ``ipset list -terse`` shows it."""

    type: str
    references: int
    family: str | None = None
    words: str = ""  # of its header
    entries: int | None = None

    @property
    def header(self) -> Header:
        return parse_header(f"{self.type} {self.words}")


def header_words(header: Header) -> str:
    """Return what creates a set with this header, as ipset takes it after the name."""
    words = [header.type]
    for option in (*_VALUES, *_NUMBERS):
        value = getattr(header, option)
        if value is not None:
            words += [option, str(value)]
    return " ".join([*words, *(option for option in EXTENSIONS if getattr(header, option)), *header.kept])


def parse_header(words: str) -> Header:
    """Return the header of a set from what ipset prints after its name."""
    kind, *rest = words.split()
    options: dict[str, Any] = {}
    kept: list[str] = []
    left = iter(rest)
    for word in left:
        if word in EXTENSIONS:
            options[word] = True
        elif word in _SWITCHES:
            kept.append(word)
        else:
            value = next(left, "")
            if word in _NUMBERS:
                options[word] = int(value)
            elif word in _VALUES:
                options[word] = value
            elif word != _SEED and (word, value) != _WHOLE:
                kept += [word, value]
    return Header(kind, kept=tuple(kept), **options)


def parse_listing(printed: str) -> dict[str, Listing]:
    """Return all sets that ``ipset list -terse`` shows, by name."""
    listed = {}
    for block in printed.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.splitlines())
        if fields.get("Name"):
            words, entries = fields.get("Header", ""), fields.get("Number of entries")
            family = re.search(r"\bfamily (\S+)", words)
            references = int(fields.get("References", 0))
            listed[fields["Name"]] = Listing(
                fields.get("Type", ""), references, family and family[1], words, int(entries) if entries else None
            )
    return listed


def parse_save(printed: str) -> dict[str, Current]:
    """Return the sets that ``ipset save`` prints, by name."""
    sets = {}
    for block in f"\n{printed}".split("\ncreate ")[1:]:
        first, dummy, rows = block.partition("\n")
        name, dummy, words = first.partition(" ")
        prefix = f"add {name} "
        plain = f"\n{rows}".rstrip("\n").split(f"\n{prefix}")[1:]
        if rows.count(" ") == 2 * len(plain):  # nothing beside the elements
            members: Members = PlainMembers(plain)
        else:
            # Imported where something is kept beside elements: a host compiles what a module imports anew in each run.
            from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_details import parse_row

            members = dict(parse_row(row[len(prefix) :]) for row in rows.rstrip("\n").split("\n"))
        sets[name] = Current(parse_header(words), members)
    return sets


def details_words(details: Details) -> str:
    """Return what ipset takes after an element, starting with a space."""
    if details is PLAIN:
        return ""
    words = ""
    for field, value in zip(Details._fields, details):
        if value is True:
            words += f" {field}"
        elif field == "comment":
            words += f' comment "{value}"' if value else ""
        elif value is not None and value is not False:
            words += f" {field} {value}"
    return words
