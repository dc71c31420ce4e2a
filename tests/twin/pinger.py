# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run on a host of a twin: ping an address again and again, and tell the number of each ping as its answer comes.

Usage: ADDRESS PERIOD (seconds)

The program ping does not sleep in between when that is less than 11 ms, so that each keeps a processor busy. The end is
the end of standard input.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress

HEADER = struct.Struct("!BBHHHI")  # type, code, checksum, identifier, 0 (RFC 792, RFC 4443); the number is payload
IDENTIFIER = os.getpid() & 0xFFFF
UNANSWERED = 0.1  # seconds between two pings until one is answered: what waits for ARP or ND would go all at once
PAYLOAD = bytes(range(52))  # with the number as many bytes as of ping
RECEIVE_BUFFER_FORCE = 33  # SO_RCVBUFFORCE


class Pinger:
    def __init__(self, address: str, period: float) -> None:
        self._period = max(period, UNANSWERED)
        self._answered_period = period
        is_ipv6 = ":" in address
        self._request, self._reply = (128, 129) if is_ipv6 else (8, 0)
        self._start = 0 if is_ipv6 else 20  # of ICMP in what is received, raw(7)
        family, protocol = (
            (socket.AF_INET6, socket.IPPROTO_ICMPV6) if is_ipv6 else (socket.AF_INET, socket.IPPROTO_ICMP)
        )
        self._socket = socket.socket(family, socket.SOCK_RAW, protocol)
        self._socket.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, 8 << 20)  # for when it has no processor
        self._socket.connect((address, 0))
        self._due = time.monotonic()
        self._number = 0

    def run(self) -> None:
        while True:
            patience = max(0.0, self._due - time.monotonic())
            readable = select.select([sys.stdin, self._socket], [], [], patience)[0]
            if sys.stdin in readable and not os.read(0, 1):
                return
            with suppress(OSError):  # nobody can be reached: no answer comes
                if self._socket in readable:
                    self._hear()
                if time.monotonic() >= self._due:
                    self._ask()

    def _hear(self) -> None:
        kind, _code, _checksum, identifier, _sequence, number = HEADER.unpack_from(self._socket.recv(2048), self._start)
        if (kind, identifier) == (self._reply, IDENTIFIER):
            self._period = self._answered_period
            print(number, flush=True)

    def _ask(self) -> None:
        self._number += 1
        self._due = max(self._due + self._period, time.monotonic())
        packet = HEADER.pack(self._request, 0, 0, IDENTIFIER, 0, self._number) + PAYLOAD
        total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
        checksum = ~(total % 0xFFFF) & 0xFFFF  # RFC 1071; that of IPv6 is the kernel's business
        self._socket.send(packet[:2] + struct.pack("!H", checksum) + packet[4:])


if __name__ == "__main__":
    pinger = Pinger(sys.argv[1], float(sys.argv[2]))
    print("ready", flush=True)
    pinger.run()
