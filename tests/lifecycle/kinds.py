# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run on a host of a twin: tell once of each kind of IP packet that comes by devices, until the end of standard input.

A line is "PROTOCOL SOURCE > DESTINATION", with the port that UDP and TCP go to; of IPv6 it is "ipv6" alone. ESP in UDP
(RFC 3948) is "esp".
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys

ETH_P_ALL = 3
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
NAT_T, IKE = b"\x11\x94", bytes(4)  # port 4500, and what stands before IKE there instead of an SPI
NAMES = {1: "icmp", 6: "tcp", 17: "udp"}


def opened(device: str) -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    found.bind((device, ETH_P_ALL))
    return found


def described(frame: bytes) -> str:
    packet = frame[14:]
    if frame[12:14] == IPV6:
        return "ipv6"
    if frame[12:14] != IPV4:
        return ""
    source, destination = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    name, payload = NAMES.get(packet[9], str(packet[9])), packet[(packet[0] & 15) * 4 :]
    if name == "udp" and payload[2:4] == NAT_T and len(payload) > 12 and payload[8:12] != IKE:
        return f"esp {source} > {destination}"
    port = f" {struct.unpack_from('!H', payload, 2)[0]}" if packet[9] in (6, 17) else ""
    return f"{name} {source} > {destination}{port}"


if __name__ == "__main__":
    sockets = [opened(device) for device in sys.argv[1:]]
    told = {""}
    print("ready", flush=True)
    while True:
        readable = select.select([sys.stdin, *sockets], [], [])[0]
        if sys.stdin in readable and not os.read(0, 1):
            break
        for listening in readable:
            if listening is not sys.stdin:
                line = described(listening.recv(65535))
                if line not in told:
                    told.add(line)
                    print(line, flush=True)
