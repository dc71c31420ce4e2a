# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept beside an element, as tasks give it and as ipset prints it (ipset(8))."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import LONGEST_TIMEOUT, PLAIN, Details
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import boolean, integer, mark, shown, text

LONGEST_COMMENT = 255  # bytes: IPSET_MAX_COMMENT_SIZE in linux/netfilter/ipset/ip_set.h
_WORD = re.compile(r'"([^"]*)"|(\S+)')


def parse_row(row: str) -> tuple[str, Details]:
    """Read an element and what ipset prints after it."""
    element, dummy, words = row.partition(" ")
    if not words:
        return element, PLAIN
    try:
        return element, parse_details(words)
    except ValueError:  # of somebody who put in what ipset does not read back
        return element, Details(comment=words)


def parse_details(words: str) -> Details:
    """Read what is written after an element, in the words of ipset(8)."""
    options: dict[str, Any] = {}
    found = _words(words)
    for word in found:
        if word in _FLAGS:
            options[word] = True
        elif word in DETAILS:
            options[word] = next(found, "")
        else:
            raise ValueError(f"{shown(word)} is unknown after an element; write some of {', '.join(DETAILS)}")
    return read_details(options)


def read_details(options: Mapping[str, Any]) -> Details:
    """Return the details that a mapping gives; ValueError with the name of the one that is wrong."""
    details = {}
    for option, value in options.items():
        if value is not None:
            try:
                details[option] = DETAILS[option](value)
            except ValueError as error:
                raise ValueError(f"{option}: {error}") from None
    return Details(**details)


def _words(given: str) -> Iterator[str]:
    """Yield words, of which one in quotes may have spaces; a quote anywhere else is a fault."""
    end = 0
    for match in _WORD.finditer(given):
        if given[end : match.start()].strip() or (match[2] and '"' in match[2]):
            raise ValueError(f"{shown(given)} has a quote that does not enclose a word; write it in pairs around one")
        end = match.end()
        yield match[1] if match[2] is None else match[2]


def _comment(value: Any) -> str:
    comment = text(value)
    if '"' in comment:
        raise ValueError(f"{shown(comment)} holds a quote, which ipset cannot save; write it without")
    if len(comment.encode()) > LONGEST_COMMENT:
        raise ValueError(f"{shown(comment)} has {len(comment.encode())} bytes; the kernel keeps {LONGEST_COMMENT}")
    return comment


def _class(value: Any) -> str:
    match = re.fullmatch(r"([0-9A-Fa-f]{1,4}):([0-9A-Fa-f]{1,4})", str(value))
    if not match:
        raise ValueError(f"{shown(value)} is no class of tc; write MAJOR:MINOR in hex, as '1:10'")
    return f"{int(match[1], 16):x}:{int(match[2], 16):x}"


DETAILS: Mapping[str, Callable[[Any], Any]] = {
    "timeout": integer(0, LONGEST_TIMEOUT),
    "nomatch": boolean,
    "wildcard": boolean,
    "packets": integer(0, 2**63 - 1),
    "bytes": integer(0, 2**63 - 1),
    "comment": _comment,
    "skbmark": mark,
    "skbprio": _class,
    "skbqueue": integer(0, 65535),
}
_FLAGS = ("nomatch", "wildcard")
