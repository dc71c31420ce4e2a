# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strict parsers of single values, shared by the modules and the compiler, and the collector of their faults.

A parser takes what the user wrote and returns the canonical value, or raises ValueError with a phrase that says
what is wrong and what to write instead. ``Faults`` puts the path in front and keeps them all: a user who made five
mistakes reads of five.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.names import INTERFACE_NAME_BYTES

T = TypeVar("T")
Parser = Callable[[Any], T]

# Patterns are compiled where they are used: most tasks use few of them.
_INTERFACE_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_IDENTIFIER = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_MAC = r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"
_HEX = r"0[xX][0-9A-Fa-f]{1,8}"
_CONTROL = r"[\x00-\x1f\x7f]"
_RESERVED_NAMES = frozenset({"all", "default", "none"})


class Faults:
    """Collects ``path: what is wrong; what to write`` of a whole input, and raises once."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def add(self, path: str, fault: str) -> None:
        self._faults.append(f"{path}: {fault}")

    def parse(self, path: str, parser: Parser[T], value: Any) -> T | None:
        """Return the canonical value, or record the fault and return None."""
        try:
            return parser(value)
        except ValueError as error:
            self.add(path, str(error))
            return None

    def include(self, others: Faults) -> None:
        self._faults += others._faults

    def __bool__(self) -> bool:
        return bool(self._faults)

    def raise_any(self) -> None:
        """Raise InvalidInput if there is any fault."""
        if self._faults:
            raise InvalidInput(self._faults)


def shown(value: Any) -> str:
    """Return ``value`` as a message quotes it: one line, at most 60 characters."""
    text = repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def path_of(*parts: str | int) -> str:
    """Return a YAML path: ``path_of("ports", 3, "tag")`` is ``ports[3].tag``."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def integer(low: int, high: int) -> Parser[int]:
    """Parse an integer from ``low`` to ``high``, or a string of decimal digits, as Jinja makes of numbers."""

    def parse(value: Any) -> int:
        number = value
        if isinstance(value, str) and re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", value):
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"{shown(value)} is not an integer; write a number from {low} to {high}")
        if not low <= number <= high:
            raise ValueError(f"{number} is out of range; write a number from {low} to {high}")
        return int(number)

    return parse


vlan_id = integer(1, 4094)  # IEEE 802.1Q: 0 is the priority tag, 4095 is reserved


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is not a boolean; write true or false")
    return value


def text(value: Any) -> str:
    """Parse a string without control characters (a newline could become a second line of some tool's input)."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a string; put it in quotes")
    if re.search(_CONTROL, value):
        raise ValueError(f"{shown(value)} holds a control character; write printable text on one line")
    return str(value)


def absolute_path(value: Any) -> str:
    """Parse the path of a file on a managed host."""
    path = text(value)
    if not path.startswith("/") or path.endswith("/"):
        raise ValueError(f"{shown(path)} is no absolute path of a file; write it from the root, as '/etc/ssl/hv.pem'")
    return path


def one_of(choices: Collection[str]) -> Parser[str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"{shown(value)} is unknown; write one of {', '.join(c or repr(c) for c in choices)}")
        return str(value)

    return parse


def interface_name(value: Any) -> str:
    """Parse the name of a bridge or network device: it must fit the kernel, and never look like an option."""
    name = text(value)
    if len(name.encode()) > INTERFACE_NAME_BYTES:
        raise ValueError(
            f"{shown(name)} has {len(name.encode())} bytes; the kernel takes at most {INTERFACE_NAME_BYTES}"
        )
    if not re.fullmatch(_INTERFACE_NAME, name) or name in _RESERVED_NAMES:
        raise ValueError(
            f"{shown(name)} is no interface name; write letters, digits, '_', '.', '-', starting with a letter, "
            "digit or '_', and none of all, default, none"
        )
    return name


def mark(value: Any) -> str:
    """Parse the mark of a packet, or some of its bits, to the text that ipset and iptables print."""
    match = re.fullmatch(rf"({_HEX})(?:/({_HEX}))?", str(value))
    if not match:
        raise ValueError(
            f"{shown(value)} is no mark; write 32 bits in hex, with a mask or without, as 0x1111/0xff00ffff"
        )
    mask = int(match[2] or "0xffffffff", 16)
    return f"{int(match[1], 16):#x}" + (f"/{mask:#x}" if mask != 0xFFFFFFFF else "")


def identifier(value: Any) -> str:
    """Parse the name of a tenant, network, port, hypervisor, ...: a DNS label (RFC 1123), at most 63 characters."""
    if not isinstance(value, str):
        raise ValueError(f"the name {shown(value)} is not a string; put it in quotes")
    if len(value) > 63 or not re.fullmatch(_IDENTIFIER, value):
        raise ValueError(
            f"the name {shown(value)} is no DNS label; write at most 63 lower-case letters, digits and '-', "
            "starting and ending with a letter or digit"
        )
    return str(value)


def mac_address(value: Any) -> str:
    """Parse a unicast MAC address to lower case with colons."""
    if not isinstance(value, str) or not re.fullmatch(_MAC, value.lower()):
        raise ValueError(f"{shown(value)} is no MAC address; write six pairs of hex digits, as 52:54:00:12:34:56")
    if int(value[:2], 16) & 1 or int(value.replace(":", ""), 16) == 0:
        raise ValueError(f"{shown(value)} is no unicast MAC address; its first byte must be even, and not all zero")
    return str(value).lower()


def mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{shown(value)} is not a mapping; write key: value pairs")
    return value


def sequence(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{shown(value)} is not a list; write one item a line, each after '- '")
    return list(value)


def known_keys(faults: Faults, path: str, given: Iterable[Any], allowed: Collection[str]) -> None:
    """Record a fault for each key that is not allowed, with the nearest allowed one as a hint."""
    for key in given:
        if key not in allowed:
            import difflib  # here: only a fault needs it

            near = difflib.get_close_matches(str(key), allowed, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(allowed))}"
            faults.add(f"{path}.{key}" if path else str(key), f"unknown key; {hint}")
