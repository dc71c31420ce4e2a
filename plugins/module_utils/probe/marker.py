# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark that every probe carries, so that a receiver knows who sent it, of what kind, and for whom.

Addresses cannot tell: two tenants may use the same ones. The run keeps an earlier verification's late frames out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import astuple, dataclass

Mark = Callable[[str, str, str], bytes]  # kind, receiver, address -> marker
Frame = tuple[str, bytes]  # kind, bytes

_MAGIC = b"\xf7tenantry"
_LENGTH = struct.Struct("!H")
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Marker:
    run: str
    sender: str
    kind: str
    receiver: str = ""  # empty for a flood
    address: str = ""
    sequence: int = 0


def encode(marker: Marker) -> bytes:
    """Return the bytes that ``decode`` finds in a frame."""
    text = _SEPARATOR.join(map(str, astuple(marker))).encode()
    return _MAGIC + _LENGTH.pack(len(text)) + text


def decode(data: bytes) -> Marker | None:
    """Return the first marker anywhere in ``data``: a leak counts in whatever headers it comes."""
    start = data.find(_MAGIC) + len(_MAGIC)
    if start < len(_MAGIC) or len(data) < start + _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(data, start)
    text = data[start + _LENGTH.size : start + _LENGTH.size + length]
    fields = text.decode("utf-8", "replace").split(_SEPARATOR)
    if len(text) < length or len(fields) != 6 or not fields[5].isdecimal():
        return None
    run, sender, kind, receiver, address, sequence = fields
    return Marker(run, sender, kind, receiver, address, int(sequence))
