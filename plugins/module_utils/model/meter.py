# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Meters as text in one normal form: ``meter=1,kbps,burst,stats,bands=type=drop,rate=1000,burst_size=100``.

ovs-ofctl has no command that reads a meter without a switch, so the syntax of add-meter in ovs-ofctl(8) is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow import HIGHEST, LOWEST
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import integer, shown

UNITS = ("kbps", "pktps")
FLAGS = (*UNITS, "burst", "stats")
_MOST_BANDS = 8  # of Open vSwitch's datapaths
_BAND_KEYS = ("type", "rate", "burst_size")
_NUMBER = integer(1, 2**32 - 1)
_BANDS = re.compile(r"\bbands?\s*[=:]\s*")


def parse_meter(line: str) -> str:
    """Return the normal form of a meter that is written as for add-meter."""
    head, bands = [*_BANDS.split(line, maxsplit=1), ""][:2]
    fields: dict[str, Any] = {"flags": []}
    for word in _words(head):
        name, sign, value = word.replace(":", "=", 1).partition("=")
        if name in FLAGS and not sign:
            fields["flags"].append(name)
        elif name == "meter" and "meter_id" not in fields:
            fields["meter_id"] = value
        else:
            raise ValueError(f"{shown(word)} is not known here; write meter=ID once, {', '.join(FLAGS)}, and bands=")
    return meter_text({**fields, "bands": list(_bands(bands))})


def meter_text(fields: Mapping[str, Any]) -> str:
    """Return the normal form of a meter of ``meter_id``, ``flags`` and ``bands``."""
    number = _field(fields, "meter_id", integer(LOWEST["meter"], HIGHEST["meter"]))
    flags = _flags(fields.get("flags"))
    bands = fields.get("bands")
    if not isinstance(bands, (list, tuple)) or not 1 <= len(bands) <= _MOST_BANDS:
        raise ValueError(f"bands: write a list of 1 to {_MOST_BANDS} bands, each with type and rate")
    texts = [_band(band, "burst" in flags) for band in bands]
    return ",".join([f"meter={number}", *flags, "bands=" + ",".join(texts)])


def _flags(given: Any) -> list[str]:
    words = _words(given) if isinstance(given, str) else list(given or ())
    unknown = [word for word in words if word not in FLAGS]
    if unknown:
        raise ValueError(f"flags: {shown(unknown[0])} is unknown; write some of {', '.join(FLAGS)}")
    if len([word for word in words if word in UNITS]) != 1:
        raise ValueError("flags: the unit of the rates is missing, or there are two; write one of kbps, pktps")
    return [flag for flag in FLAGS if flag in words]


def _bands(text: str) -> Iterable[dict[str, str]]:
    """Yield the bands of a text, each starting with its type."""
    band: dict[str, str] = {}
    for word in _words(text):
        name, dummy, value = word.replace(":", "=", 1).partition("=")
        if name == "type" and band:
            yield band
            band = {}
        if name in band or (name != "type" and not band):
            raise ValueError(f"bands: {shown(word)} is at the wrong place; write type=drop,rate=N once for each band")
        band[name] = value
    if band:
        yield band


def _band(band: Any, bursts: bool) -> str:
    if not isinstance(band, Mapping):
        raise ValueError(f"bands: {shown(band)} is no mapping; write type: drop and rate: N")
    unknown = [key for key in band if key not in _BAND_KEYS]
    if unknown:
        raise ValueError(f"bands: {shown(unknown[0])} is unknown; write some of {', '.join(_BAND_KEYS)}")
    if band.get("type") != "drop":
        raise ValueError(f"bands: type {shown(band.get('type'))} is none that the datapaths can do; write drop")
    if bursts != ("burst_size" in band):
        raise ValueError("bands: the flag burst and burst_size belong together; write both, or none")
    text = f"type=drop,rate={_field(band, 'rate', _NUMBER)}"
    return f"{text},burst_size={_field(band, 'burst_size', _NUMBER)}" if bursts else text


def _field(fields: Mapping[str, Any], name: str, parse: Any) -> int:
    if fields.get(name) is None:
        raise ValueError(f"{name} is missing; write a number")
    try:
        number: int = parse(fields[name])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return number


def _words(text: str) -> Sequence[str]:
    return re.split(r"[,\s]+", text.strip(", ")) if text.strip(", ") else []
