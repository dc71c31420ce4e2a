# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run on a host of a twin: say its name in frames without pause, and tell whose names were heard: each at once, and all
with their numbers at the end.

Frames go by broadcast, by IPv6 multicast and to a MAC address that nobody has, so whatever a switch floods is heard.
A name that came with an 802.1Q tag is told with it, as ``acme.web-1@120``.
The end is the end of standard input. While there is no device, wait for one: the first frame leaves as soon as it can.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress

MARK = b"tenantry lifecycle "
ETHERTYPE = b"\x88\xb5"  # for local experiments, IEEE Std 802
DESTINATIONS = [b"\xff" * 6, b"\x33\x33\x00\x00\x00\x01", b"\x02\xde\xad\x00\xbe\xef"]
BLINK = 0.001  # seconds between two looks for a device
ETH_P_ALL = 3
SOL_PACKET, ADD_MEMBERSHIP, AUXDATA = 263, 1, 8  # packet(7)
MEMBERSHIP = struct.Struct("@iHH8s")  # struct packet_mreq
PROMISCUOUS = 1  # PACKET_MR_PROMISC
AUXILIARY = struct.Struct("@IIIHHHH")  # struct tpacket_auxdata: the kernel takes the tag out of the frame
VLAN_VALID = 1 << 4  # TP_STATUS_VLAN_VALID, linux/if_packet.h


class Radio:
    def __init__(self, device: str, name: str, period: float) -> None:
        self._device = device
        self._words = MARK + name.encode() + b"\n"
        self._period = period
        self._socket: socket.socket | None = None
        self._source = b""
        self._due = 0.0
        self.sent = 0
        self.heard: dict[str, int] = {}

    def run(self) -> None:
        while True:
            if self._socket is None:
                self._tune()
            sockets = [self._socket] if self._socket else []
            patience = max(0.0, self._due - time.monotonic()) if sockets else BLINK
            readable = select.select([sys.stdin, *sockets], [], [], patience)[0]
            if sys.stdin in readable and not os.read(0, 1):
                return
            try:
                if self._socket in readable:
                    self._listen()
                if self._socket and time.monotonic() >= self._due:
                    self._speak()
            except OSError:  # the device went, or is down
                self._socket.close()
                self._socket = None

    def _tune(self) -> None:
        with suppress(OSError, ValueError):
            with open(f"/sys/class/net/{self._device}/address", encoding="ascii") as file:
                self._source = bytes.fromhex(file.read().strip().replace(":", ""))
            index = socket.if_nametoindex(self._device)
            found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            found.bind((self._device, ETH_P_ALL))
            found.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, MEMBERSHIP.pack(index, PROMISCUOUS, 0, b""))
            found.setsockopt(SOL_PACKET, AUXDATA, 1)
            self._socket = found

    def _listen(self) -> None:
        frame, ancillary, _flags, sender = self._socket.recvmsg(65535, socket.CMSG_SPACE(AUXILIARY.size))
        if sender[2] == socket.PACKET_OUTGOING or MARK not in frame:
            return
        name = frame.split(MARK, 1)[1].split(b"\n", 1)[0].decode()
        for _level, _kind, data in ancillary:
            status, *_others, tag, _protocol = AUXILIARY.unpack(data)
            if status & VLAN_VALID:
                name += f"@{tag & 0xFFF}"
        if name not in self.heard:
            print(name, flush=True)
        self.heard[name] = self.heard.get(name, 0) + 1

    def _speak(self) -> None:
        destination = DESTINATIONS[self.sent % len(DESTINATIONS)]
        self._socket.send(destination + self._source + ETHERTYPE + self._words)
        self.sent += 1
        self._due = time.monotonic() + self._period


if __name__ == "__main__":
    radio = Radio(sys.argv[1], sys.argv[2], float(sys.argv[3]))
    print("ready", flush=True)
    radio.run()
    print(json.dumps({"sent": radio.sent, "heard": radio.heard}))
