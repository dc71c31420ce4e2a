# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates and amounts of data as people write them, and the whole numbers that Open vSwitch stores.

The same number means kilobits in one column and bits in the next, so a text with a unit is the safe way to write one.
Prefixes are those of SI (``k`` is 1,000) and IEC 80000-13 (``Ki`` is 1,024), in either case, as tc(8) reads them. What
tc(8) reads as bytes and most people as bits ("100Mbps") is refused. Law (tests/unit/test_units.py): a number that
``shown_quantity`` shows is parsed as that number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Parser, integer, shown

BIT, KILOBIT = 1, 1000  # what the number in a column counts
_RATES = {"bit": 1, "bit/s": 1, "B/s": 8}
_AMOUNTS = {"bit": 1, "B": 8}
_PREFIXES = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_BINARY = {"ki": 1024, "mi": 1024**2, "gi": 1024**3, "ti": 1024**4}
_NAMES = {BIT: "bit", KILOBIT: "kbit"}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?((?:[kmgt]i?)?)([A-Za-z/]*)", re.IGNORECASE)
_UNCLEAR = frozenset({"b", "b/s", "bps"})


def rate(scale: int, high: int) -> Parser[int]:
    """Parse bits a second into a number that counts ``scale`` bits, at most ``high``."""
    return _quantity(scale, high, _RATES, "rate", "/s")


def amount(scale: int, high: int) -> Parser[int]:
    """Parse bits into a number that counts ``scale`` bits, at most ``high``."""
    return _quantity(scale, high, _AMOUNTS, "amount of data", "")


def shown_quantity(number: int, scale: int) -> str:
    """Return a number of ``scale`` bits, or so many a second, by the largest prefix that leaves it whole."""
    bits = number * scale
    prefix = max((size, name) for name, size in _PREFIXES.items() if bits % size == 0)[1] if bits else ""
    return f"{bits // _PREFIXES[prefix]}{prefix if prefix in ('', 'k') else prefix.upper()}bit"


def _quantity(scale: int, high: int, units: Mapping[str, int], what: str, per: str) -> Parser[int]:
    number = integer(0, high)
    example = f"'100Mbit' or '5MB{per}'"

    def parse(value: Any) -> int:
        if value == "":
            return 0
        if not isinstance(value, str) or re.fullmatch(r"-?[0-9]+", value):
            return number(value)
        match = _QUANTITY.fullmatch(value)
        unit = match[3] if match else ""
        if match is None or unit not in units:
            if match and unit.lower() in _UNCLEAR:
                raise ValueError(f"{shown(value)} may mean bits or bytes; write bit or B{per}, as {example}")
            raise ValueError(f"{shown(value)} is no {what}; write a number of {_NAMES[scale]}{per}, or as {example}")
        bits = Fraction(match[1]) * {**_PREFIXES, **_BINARY}[match[2].lower()] * units[unit]
        if bits % scale:
            raise ValueError(f"{shown(value)} is no whole number of {_NAMES[scale]}{per}; write one that is")
        if bits > high * scale:
            raise ValueError(f"{shown(value)} is too much; write at most {shown_quantity(high, scale)}")
        return int(bits / scale)

    return parse
