# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the marked frames that reach an interface, whoever they are for, and those that leave it.

An AF_PACKET socket (packet(7)) hears a frame before the network stack decides whether to take it: what a leak brings
to the wire counts, not what a firewall of the endpoint lets through.
"""

from __future__ import annotations

import socket
import struct
from collections import Counter

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import Sighting
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.marker import Marker, decode

_ETH_P_ALL = 3
_SO_RCVBUFFORCE = 33
_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_STATISTICS = 263, 1, 6
_PACKET_MR_PROMISC = 1
_BUFFER_BYTES = 8 << 20
_FRAMES_AT_ONCE = 256  # then others have their turn


class Sniffer:
    def __init__(self, interface: str, run: str) -> None:
        self._run = run
        self._arrived: Counter[Marker] = Counter()
        self._departed: Counter[str] = Counter()
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        membership = struct.pack("iHH8s", socket.if_nametoindex(interface), _PACKET_MR_PROMISC, 0, b"")
        self.socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)
        self.socket.setblocking(False)
        self.socket.bind((interface, _ETH_P_ALL))  # hears from here on

    def read(self) -> bool:
        """Take in the frames that wait, at most a bounded number; say whether there may be more."""
        for _turn in range(_FRAMES_AT_ONCE):
            try:
                frame, source = self.socket.recvfrom(65535)
            except BlockingIOError:
                return False
            marker = decode(frame)
            if marker is None or marker.run != self._run or frames.is_icmp_answer(frame):
                continue
            if source[2] == socket.PACKET_OUTGOING:
                self._departed[marker.kind] += 1
            else:
                self._arrived[marker] += 1
        return True

    def departed(self) -> dict[str, int]:
        """Return how many marked frames left, by kind."""
        return dict(sorted(self._departed.items()))

    def sightings(self) -> list[Sighting]:
        """Return what arrived, the frames of one sender and kind put together."""
        copies: dict[tuple[str, str, str, str], list[int]] = {}
        for marker, count in self._arrived.items():
            copies.setdefault((marker.sender, marker.kind, marker.receiver, marker.address), []).append(count)
        return [Sighting(*key, frames=len(counts), copies=max(counts)) for key, counts in sorted(copies.items())]

    def lost(self) -> int:
        """Return how many frames found the buffer full; the kernel counts from the last time this was asked."""
        return int(struct.unpack("II", self.socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1])
