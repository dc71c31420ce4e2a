# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a nested mapping strictly: each key once, each value through its parser, every fault with its path.

Faults that concern one value are found here, wherever they stand. A value that was refused is None, so that the rest
of the input is still read and its faults reported in the same run.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any, Optional, TypeVar

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    identifier,
    known_keys,
    mapping,
)

_FEW = 5  # names that a message lists

T = TypeVar("T")
Origins = Callable[[str], Optional[str]]  # YAML path -> "file:line" that it came from


def no_origin(path: str) -> str | None:
    """Say of every path that it came from a variable."""
    return None


class LocatedFaults(Faults):
    """Faults that name, after the path, the file and line that the value came from."""

    def __init__(self, origins: Origins) -> None:
        super().__init__()
        self._origins = origins

    def add(self, path: str, fault: str) -> None:
        origin = self._origins(path)
        super().add(f"{path} ({origin})" if origin else path, fault)


class Claims:
    """Values that only one thing may have: the second to claim one is at fault."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._holders: dict[Hashable, str] = {}

    def claim(self, space: Hashable, value: Any, path: str, remedy: str) -> None:
        """Record that ``path`` has the value in the space, or that another already has it."""
        if value is not None:
            holder = self._holders.setdefault((space, value), path)
            if holder != path:
                self._faults.add(path, f"{value} is taken by {holder}; {remedy}")


class Section:
    """One mapping of the input. Unknown keys are faults from the start."""

    def __init__(self, faults: Faults, path: str, value: Any, keys: Collection[str]) -> None:
        self.faults = faults
        self.path = path
        self._given: Mapping[str, Any] = faults.parse(path, _filled_mapping, value) or {}
        self._refused = not isinstance(value, Mapping)
        known_keys(faults, path, self._given, keys)

    def __contains__(self, key: str) -> bool:
        return key in self._given

    def path_to(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def value(self, key: str) -> Any:
        return self._given.get(key)

    def required(self, key: str, parser: Parser[T], example: str) -> T | None:
        """Return the parsed value of a key that must be there."""
        if self.value(key) is not None:
            return self.faults.parse(self.path_to(key), parser, self._given[key])
        if not self._refused:
            what = "empty" if key in self._given else "missing"
            self.faults.add(self.path_to(key), f"{what}; write for example '{key}: {example}'")
        return None

    def optional(self, key: str, parser: Parser[T], default: T) -> T | None:
        """Return the parsed value of a key, the default without the key, or None after a fault."""
        if self._refused:
            return None
        if key not in self._given:
            return default
        if self._given[key] is None:
            self.faults.add(self.path_to(key), "empty; write a value, or remove the key")
            return None
        return self.faults.parse(self.path_to(key), parser, self._given[key])

    def items(self, key: str) -> Iterator[tuple[str, str, Any]]:
        """Yield (name, path, value) of each entry of a mapping whose keys are names."""
        given: Mapping[str, Any] = self.optional(key, mapping, {}) or {}
        for name, value in given.items():
            path = f"{self.path_to(key)}.{key_text(name)}"
            valid = self.faults.parse(path, identifier, name)
            if valid is not None:
                yield valid, path, value


def key_text(key: Any) -> str:
    """Return a key as a path has it: on one line, whatever the key is."""
    text = str(key)
    return text if text.isprintable() else repr(text)


def _filled_mapping(value: Any) -> Mapping[str, Any]:
    if value is None:
        raise ValueError("empty; write key: value pairs")
    return mapping(value)


def each(faults: Faults, path: str, value: Any, parser: Parser[T]) -> list[tuple[str, T]]:
    """Return (path, parsed value) of one value, or of each of a list of them, leaving out what is refused."""
    if not isinstance(value, (list, tuple)):
        parsed = faults.parse(path, parser, value)
        return [] if parsed is None else [(path, parsed)]
    if not value:
        faults.add(path, "an empty list; write at least one value")
    found = []
    for index, item in enumerate(value):
        here = f"{path}[{index}]"
        parsed = faults.parse(here, parser, item)
        if parsed is not None:
            found.append((here, parsed))
    return found


def one_of_names(known: Collection[str], what: str, parse_name: Parser[str] = identifier) -> Parser[str]:
    """Parse a reference to one of the known names."""

    def parse(value: Any) -> str:
        if isinstance(value, str) and value in known:  # as nearly always, so it needs no other proof
            return str(value)
        name = parse_name(value)
        if name not in known:
            raise ValueError(f"'{name}' is no {what}; {_hint(name, known)}")
        return name

    return parse


def _hint(name: str, known: Collection[str]) -> str:
    """Return what may have been meant: all names if they are few, for the nearest one is a guess."""
    if not known:
        return "there is none yet"
    near = difflib.get_close_matches(name, known, n=1) if len(known) > _FEW else []
    return f"did you mean {near[0]}?" if near else f"known are {listed(sorted(known), _FEW)}"


def listed(names: Sequence[str], most: int) -> str:
    """Return the names as a message lists them: at most so many, and how many more there are."""
    text = ", ".join(names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"
