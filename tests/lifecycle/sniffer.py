# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run on a host of a twin: tell of each ping that is seen on its devices, also in GRE, until the end of standard input.

A line is "DEVICE TYPE SOURCE > DESTINATION", with the GRE key or the VLAN if there is one.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
from collections.abc import Iterator

ETH_P_ALL = 3
SOL_PACKET, ADD_MEMBERSHIP, AUXDATA = 263, 1, 8  # packet(7)
MEMBERSHIP = struct.Struct("@iHH8s")  # struct packet_mreq
PROMISCUOUS = 1  # PACKET_MR_PROMISC
AUXILIARY = struct.Struct("@IIIHHHH")  # struct tpacket_auxdata: the kernel takes the tag out of the frame
VLAN_VALID = 1 << 4  # TP_STATUS_VLAN_VALID, linux/if_packet.h
IPV4, TRANSPARENT_ETHERNET = b"\x08\x00", b"\x65\x58"
ICMP, GRE = 1, 47
KEY_PRESENT = 0x20  # RFC 2890
TYPES = {0: "reply", 8: "request"}


def opened(device: str) -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    found.bind((device, ETH_P_ALL))
    index = socket.if_nametoindex(device)
    found.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, MEMBERSHIP.pack(index, PROMISCUOUS, 0, b""))
    found.setsockopt(SOL_PACKET, AUXDATA, 1)
    return found


def pings(frame: bytes, note: str = "") -> Iterator[str]:
    packet = frame[14:]
    if frame[12:14] != IPV4 or len(packet) < 28:
        return
    source, destination = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    payload = packet[(packet[0] & 15) * 4 :]
    if packet[9] == ICMP and payload[0] in TYPES:
        yield f"{TYPES[payload[0]]} {source} > {destination}{note}"
    if packet[9] == GRE and payload[2:4] == TRANSPARENT_ETHERNET and payload[0] & KEY_PRESENT:
        yield from pings(payload[8:], f" key {int.from_bytes(payload[4:8], 'big')}")


def vlan(ancillary: list[tuple[int, int, bytes]]) -> str:
    for _level, _kind, data in ancillary:
        status, *_others, tag, _protocol = AUXILIARY.unpack(data)
        if status & VLAN_VALID:
            return f" vlan {tag & 0xFFF}"
    return ""


if __name__ == "__main__":
    sockets = {opened(device): device for device in sys.argv[1:]}
    print("ready", flush=True)
    while True:
        readable = select.select([sys.stdin, *sockets], [], [])[0]
        if sys.stdin in readable and not os.read(0, 1):
            break
        for listening in readable:
            if listening in sockets:
                frame, ancillary, _flags, sender = listening.recvmsg(65535, socket.CMSG_SPACE(AUXILIARY.size))
                if sender[2] != socket.PACKET_OUTGOING:
                    for ping in pings(frame, vlan(ancillary)):
                        print(sockets[listening], ping, flush=True)
