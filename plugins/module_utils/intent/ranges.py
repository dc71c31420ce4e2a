# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges as people write them, ``100-199,300``: those of VLAN and tunnel ids, and what all ranges have in common.

VLAN 0 is the priority tag and 4095 is reserved (IEEE 802.1Q). Tunnel key 0 is what Open vSwitch reads from a packet
without a key (ovs-fields(7), tun_id), so it tells no tenant from another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, shown

HIGHEST_ID = {"vlan": 4094, **{kind: 2**bits - 1 for kind, bits in KEY_BITS.items()}}

_IDS = re.compile(r"([0-9]{1,10})(?: *- *([0-9]{1,10}))?")


def parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield path and value of each range in ``value``: one range, a string with commas, or a list of either."""
    listed = isinstance(value, (list, tuple))
    for number, item in enumerate(value if listed else [value]):
        here = f"{path}[{number}]" if listed else path
        for part in item.split(",") if isinstance(item, str) else [item]:
            yield here, part.strip() if isinstance(part, str) else part


def id_ranges(faults: Faults, path: str, value: Any, kind: str) -> list[range]:
    """Parse the ids of a kind of network (a key of HIGHEST_ID) to ascending ranges, each id written once."""
    parsed = [faults.parse(here, lambda given: _ids(given, kind), part) for here, part in parts(path, value)]
    found = sorted((ids for ids in parsed if ids), key=lambda ids: ids.start)
    for lower, upper in zip(found, found[1:]):
        if upper.start < lower.stop:
            faults.add(path, f"{span(lower)} and {span(upper)} overlap; write each id once")
    return found


def _ids(value: Any, kind: str) -> range:
    match = None if isinstance(value, bool) else _IDS.fullmatch(str(value))
    if not match:
        raise ValueError(f"{shown(value)} is no range of ids; write one as '100-199' or '300'")
    low, high = int(match[1]), int(match[2] or match[1])
    if low < 1 or high > HIGHEST_ID[kind]:
        raise ValueError(f"{shown(value)} is out of range; write {kind} ids from 1 to {HIGHEST_ID[kind]}")
    if high < low:
        raise ValueError(f"{shown(value)} ends before it starts; write '{high}-{low}'")
    return range(low, high + 1)


def span(numbers: range, text: Callable[[int], str] = str) -> str:
    """Return a range as people write it, ``text`` being how they write one of its numbers."""
    return "-".join(text(number) for number in dict.fromkeys((numbers[0], numbers[-1])))


def without(ranges: Iterable[range], excluded: Iterable[range]) -> list[range]:
    """Return what is left of ``ranges``, in their order."""
    left = list(ranges)
    for hole in excluded:
        pieces = [(range(r.start, min(r.stop, hole.start)), range(max(r.start, hole.stop), r.stop)) for r in left]
        left = [piece for pair in pieces for piece in pair if piece]
    return left


def overlaps(ranges: Mapping[str, Iterable[range]]) -> Iterator[tuple[str, str, range]]:
    """Yield two names and what they have in common, for each range of one that meets a range of another."""
    spans = sorted((part.start, part.stop, name) for name, parts_of in ranges.items() for part in parts_of)
    open_spans: list[tuple[int, int, str]] = []
    for start, stop, name in spans:
        open_spans = [earlier for earlier in open_spans if earlier[1] > start]
        for dummy, end, other in open_spans:
            if other != name:
                yield min(name, other), max(name, other), range(start, min(stop, end))
        open_spans.append((start, stop, name))
