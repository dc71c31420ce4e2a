# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read IPFIX (RFC 7011): templates and the records that they describe, as far as the tests ask.

The libraries on PyPI read what Open vSwitch sends wrongly, or not at all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

TEMPLATES = 2  # set id; sets from 256 on are data
ENTERPRISE = 0x8000
VARIABLE = 0xFFFF
ELEMENTS = {  # https://www.iana.org/assignments/ipfix
    2: "packetDeltaCount",
    4: "protocolIdentifier",
    7: "sourceTransportPort",
    8: "sourceIPv4Address",
    11: "destinationTransportPort",
    12: "destinationIPv4Address",
    138: "observationPointId",
}


@dataclass
class Ipfix:
    """The reader of one exporter, which sends its templates once and then only now and then."""

    templates: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # id: (element, length)

    def records(self, datagram: bytes) -> Iterator[dict[str, bytes]]:
        version, length = struct.unpack_from("!HH", datagram)
        assert (version, length) == (10, len(datagram))
        offset = 16
        while offset < length:
            kind, size = struct.unpack_from("!HH", datagram, offset)
            body = datagram[offset + 4 : offset + size]
            if kind == TEMPLATES:
                self._learn(body)
            elif kind in self.templates:
                yield from self._data(self.templates[kind], body)
            offset += size

    def _learn(self, body: bytes) -> None:
        offset = 0
        while offset + 4 <= len(body):
            template, count = struct.unpack_from("!HH", body, offset)
            offset += 4
            fields = []
            for _number in range(count):
                element, length = struct.unpack_from("!HH", body, offset)
                offset += 8 if element & ENTERPRISE else 4
                fields.append((element, length))
            self.templates[template] = fields

    @staticmethod
    def _data(fields: list[tuple[int, int]], body: bytes) -> Iterator[dict[str, bytes]]:
        least = sum(1 if length == VARIABLE else length for element, length in fields)
        offset = 0
        while offset + least <= len(body):  # what is left is padding
            record = {}
            for element, length in fields:
                if length == VARIABLE:
                    length, offset = body[offset], offset + 1
                if element in ELEMENTS:
                    record[ELEMENTS[element]] = body[offset : offset + length]
                offset += length
            yield record
