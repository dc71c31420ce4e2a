# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give numbers from a pool to names, so that a name keeps its number whoever joins or leaves.

A name starts to look for a number at a hash of itself, not at the first free one: two branches that each add a network
then seldom take the same number. Where two names meet, the order decides, so only a name that is in the record is sure
to keep its number; a name that is gone holds its own until its entry is removed from the record.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate, chain

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import span
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, Parser, integer

_ID = integer(0, 2**32 - 1)


class Pool:
    """Integers in ascending ranges that do not overlap: ids, or addresses and networks as numbers."""

    def __init__(self, ranges: Iterable[range], text: Callable[[int], str] = str, parse: Parser[int] = _ID) -> None:
        self.ranges = tuple(ids for ids in ranges if ids)
        self.text = text  # how people write one of the integers
        self.parse = parse  # and how it is read
        # len() cannot count the addresses of an IPv6 /64
        self._ends = list(accumulate(1 + (part[-1] - part[0]) // part.step for part in self.ranges))
        self._starts = [part[0] for part in self.ranges]
        self.size = self._ends[-1] if self._ends else 0

    def __getitem__(self, position: int) -> int:
        part = bisect_right(self._ends, position)
        return self.ranges[part][position - (self._ends[part - 1] if part else 0)]

    def __contains__(self, value: int) -> bool:
        part = bisect_right(self._starts, value) - 1
        return part >= 0 and value in self.ranges[part]

    def __str__(self) -> str:
        shown = [span(ids, self.text) for ids in self.ranges[:5]] + ["..."] * (len(self.ranges) > 5)
        return ",".join(shown) or "(empty)"

    def listed(self, most: int = 65536) -> list[int]:
        """Return all integers, of which there may be too many to hold: InvalidInput then."""
        if self.size > most:
            raise InvalidInput(
                [f"{self}: {self.size} values are too many for a list; narrow it to {most}, or use allocate"]
            )
        return list(chain.from_iterable(self.ranges))


def allocate(names: Iterable[str], pool: Pool, recorded: Mapping[str, int], path: str = "recorded") -> dict[str, int]:
    """Return the number of each name: the recorded one, else the first free one from a hash of the name on.

    Every number in ``recorded`` is taken, also that of a name which is not among ``names``. Raise InvalidInput, with
    ``path`` as that of the record, where a recorded number is not in the pool or is recorded twice, or the pool ends.
    """
    wanted = set(names)
    taken = _holders(wanted, pool, recorded, path)
    allocated = {name: recorded[name] for name in wanted.intersection(recorded)}
    for name in sorted(wanted.difference(recorded)):
        allocated[name] = _first_free(name, pool, taken)
        taken[allocated[name]] = name
    return dict(sorted(allocated.items()))


def _holders(wanted: set[str], pool: Pool, recorded: Mapping[str, int], path: str) -> dict[int, str]:
    """Return who holds each recorded number, after checking that all of ``wanted`` can be served."""
    faults = Faults()
    taken: dict[int, str] = {}
    for name, value in sorted(recorded.items()):
        holder = taken.setdefault(value, name)
        if holder != name:
            faults.add(f"{path}.{name}", f"{pool.text(value)} is recorded for {holder} too; remove the wrong entry")
        if name in wanted and value not in pool:
            faults.add(
                f"{path}.{name}",
                f"{pool.text(value)} is not in the pool {pool}; widen the pool, or remove the entry to renumber {name}",
            )
    free = pool.size - sum(value in pool for value in taken)
    new = wanted.difference(recorded)
    if len(new) > free:
        gone = sorted(set(recorded).difference(wanted))
        remedy = f"widen it, or remove the entries of names that are gone ({', '.join(gone)})" if gone else "widen it"
        faults.add("pool", f"{pool} has room for {free} of {len(new)} new names; {remedy}")
    faults.raise_any()
    return taken


def _first_free(name: str, pool: Pool, taken: Mapping[int, str]) -> int:
    """Return the first number from the name's own place in the pool on, and round its end, that nobody holds."""
    start = int(digest(name, 32), 16) % pool.size
    while pool[start] in taken:
        start = (start + 1) % pool.size
    return pool[start]
