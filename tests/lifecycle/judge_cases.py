# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What security groups let pass from a guest of web to one of db, and what they do not: hand-made packets.

Each is of a connection of its own, by its source port, so that none can pass as a part of another's.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from guard_cases import ATOMIC, DESTINATION, EMPTY, FRAGMENT, HOP_BY_HOP, ONE, Build, Guest, send
from packets import wait_until
from wires import Wires

from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import ICMP, IPV4, IPV6, UDP

TCP = 6
FIN, SYN, RST, PUSH, ACK, URG = (1 << bit for bit in range(6))  # RFC 9293
ALLOWED = {"tcp": 3306, "udp": 5001}  # of those that GROUPS name
DB_RULES = [
    {"direction": "ingress", "protocol": "tcp", "port": 3306, "remote_group": "web"},
    {"direction": "ingress", "protocol": "udp", "port": "5000-5002", "remote_group": "web"},
    {"direction": "ingress", "protocol": "icmp", "icmp_type": 8, "remote_group": "web"},
    {"direction": "ingress", "protocol": "icmpv6", "icmp_type": 128, "remote_group": "web"},
    {"direction": "ingress", "protocol": 112, "remote_group": "web"},
]
PAUSE = 0.002  # seconds between two packets
_SOURCES = count(20000)  # ports


@dataclass(frozen=True)
class Case:
    """All frames carry the mark that the first one is built with."""

    name: str
    builds: tuple[Build, ...]  # sent one after the other
    passes: bool


def misjudged(ends: Wires, places: Mapping[str, Mapping[str, Guest]], patience: float = 5) -> dict[str, Any]:
    """Send all from each sender to its receivers; return what was not heard as it should be."""
    expected: dict[int, Counter[str]] = {}
    for sender, receivers in places.items():
        for receiver, guest in receivers.items():
            for case in cases(guest):
                sent, *later = [ends.say(f"{case.name} to {receiver}", sender, build) for build in case.builds]
                expected[sent] = Counter([receiver] * len(case.builds) * case.passes)
                expected.update((number, Counter()) for number in later)
                time.sleep(PAUSE)
    wait_until(lambda: all(ends.heard_by(number) for number, heard in expected.items() if heard), patience)
    ends.settle()
    return {
        f"{ends.said[number].sender}: {ends.said[number].label}": (dict(heard), dict(ends.heard_by(number)))
        for number, heard in expected.items()
        if heard != ends.heard_by(number)
    }


def cases(to: Guest) -> Iterator[Case]:
    for version in (4, 6):
        yield from tcp_cases(to, version)
        yield from udp_cases(to, version)
        yield from icmp_cases(to, version)
        yield from other_cases(to, version)
    yield from extension_cases(to)


def tcp_cases(to: Guest, version: int) -> Iterator[Case]:
    yield one("TCP to its port", to, version, tcp(to, version, 3306, SYN), True)
    for port in (3305, 3307, 80, 0):
        yield one(f"TCP to port {port}", to, version, tcp(to, version, port, SYN), False)
    yield one("TCP from its port", to, version, tcp(to, version, 40000, SYN, source=3306), False)
    for name, flags in (
        *(("SYN and ACK", SYN | ACK), ("ACK", ACK), ("PUSH and ACK", PUSH | ACK), ("FIN and ACK", FIN | ACK)),
        *(("RST", RST), ("SYN and RST", SYN | RST), ("SYN and FIN", SYN | FIN), ("no flag", 0)),
        ("all flags", FIN | SYN | RST | PUSH | ACK | URG),
    ):
        yield one(f"TCP to its port with {name}", to, version, tcp(to, version, 3306, flags), False)


def udp_cases(to: Guest, version: int) -> Iterator[Case]:
    for port, passes in ((5000, True), (5002, True), (4999, False), (5003, False)):
        yield one(f"UDP to port {port}", to, version, udp(to, version, port), passes)
    for port, passes in ((5001, True), (5009, False)):
        first, later = fragments(to, version, port)
        yield Case(f"UDP to port {port} in two fragments of IPv{version}", (first, later), passes)
    dummy, later = fragments(to, version, 5001)
    yield Case(f"a later fragment alone, of IPv{version}", (later,), False)


def icmp_cases(to: Guest, version: int) -> Iterator[Case]:
    request, reply, unreachable = (8, 0, 3) if version == 4 else (128, 129, 1)
    timestamp = 13 if version == 4 else 139
    yield one("echo request", to, version, icmp(to, version, request), True)
    yield one("echo reply that nobody asked for", to, version, icmp(to, version, reply), False)
    yield one("another question of ICMP", to, version, icmp(to, version, timestamp), False)
    inner = tcp(ONE, version, 3306, SYN, sender=to)(b"")
    told = icmp(to, version, unreachable, inner)
    yield one("port unreachable, of no connection", to, version, told, False)


def other_cases(to: Guest, version: int) -> Iterator[Case]:
    for number, name, passes in ((112, "VRRP", True), (47, "GRE", False), (50, "ESP", False), (4, "IP in IP", False)):
        yield one(name, to, version, lambda mark, number=number: internet(to, version, number, bytes(8) + mark), passes)
        if version == 4:
            yield Case(f"{name} in two fragments of IPv4", fragments(to, 4, protocol=number), passes)
    sctp = struct.pack("!HHII", 3306, 3306, 0, 0)
    yield one("SCTP", to, version, lambda mark: internet(to, version, 132, sctp + mark), False)


def extension_cases(to: Guest) -> Iterator[Case]:
    for name, headers in (
        ("destination options", [(DESTINATION, EMPTY)]),
        ("a hop-by-hop header", [(HOP_BY_HOP, EMPTY)]),
        ("the header of a fragment that is whole", [(FRAGMENT, ATOMIC)]),
        ("options in a fragment that is whole", [(FRAGMENT, ATOMIC), (DESTINATION, EMPTY)]),
    ):
        hidden = behind(to, tcp(to, 6, 3307, SYN), headers)
        yield one(f"TCP to another port behind {name}", to, 6, hidden, False)


Packet = Callable[[bytes], bytes]


def one(name: str, to: Guest, version: int, packet: Packet, passes: bool) -> Case:
    return Case(f"{name} over IPv{version}", (framed(to, version, packet),), passes)


def framed(to: Guest, version: int, packet: Packet, sender: Guest = ONE) -> Build:
    return send(to.mac, IPV4 if version == 4 else IPV6, packet, sender.mac)


def ends(to: Guest, version: int, sender: Guest = ONE) -> tuple[str, str]:
    return (sender.ipv4, to.ipv4) if version == 4 else (sender.ipv6, to.ipv6)


def internet(to: Guest, version: int, protocol: int, payload: bytes, sender: Guest = ONE) -> bytes:
    return (frames.ipv4 if version == 4 else frames.ipv6)(*ends(to, version, sender), protocol, payload)


def tcp(to: Guest, version: int, port: int, flags: int, source: int = 0, sender: Guest = ONE) -> Packet:
    source = source or next(_SOURCES)

    def packet(mark: bytes) -> bytes:
        head = struct.pack("!HHIIBBHHH", source, port, 1, 1 if flags & ACK else 0, 5 << 4, flags, 8192, 0, 0)
        check = transport_checksum(ends(to, version, sender), TCP, head + mark)
        whole = head[:16] + struct.pack("!H", check) + head[18:] + mark
        return internet(to, version, TCP, whole, sender)

    return packet


def transport_checksum(addresses: tuple[str, str], protocol: int, segment: bytes) -> int:
    """Return the checksum of a segment with that of its pseudo header (RFC 9293, RFC 8200 section 8.1)."""
    pseudo = b"".join(map(frames.packed_ip, addresses)) + struct.pack("!II", len(segment), protocol)
    return frames.checksum(pseudo + segment)


def udp(to: Guest, version: int, port: int) -> Packet:
    source = next(_SOURCES)
    return lambda mark: frames.udp_packet(*ends(to, version), source, mark, port)


def fragments(to: Guest, version: int, port: int = 0, protocol: int = UDP) -> tuple[Build, Build]:
    """Return a datagram in two fragments, the first as long as conntrack wants it at least (1,280 bytes, RFC 8200)."""
    source, number, cut = next(_SOURCES), next(_SOURCES), 1304
    marks: list[bytes] = []

    def part(later: bool) -> Build:
        def packet(mark: bytes) -> bytes:
            marks.append(mark)
            payload = marks[0].ljust(cut, b".") + marks[0]  # longer than the first part by the UDP header and a mark
            whole = frames.udp_packet(*ends(to, version), source, payload, port)
            datagram = whole[20 if version == 4 else 40 :]
            piece = datagram[cut:] if later else datagram[:cut]
            made = fragment4 if version == 4 else fragment6
            return made(to, piece, cut if later else 0, not later, number, protocol)

        return framed(to, version, packet)

    return part(False), part(True)


def fragment4(to: Guest, piece: bytes, start: int, more: bool, number: int, protocol: int) -> bytes:
    whole = bytearray(frames.ipv4(*ends(to, 4), protocol, piece))
    whole[4:8] = struct.pack("!HH", number & 0xFFFF, more << 13 | start // 8)
    whole[10:12] = b"\0\0"
    whole[10:12] = struct.pack("!H", frames.checksum(bytes(whole[:20])))
    return bytes(whole)


def fragment6(to: Guest, piece: bytes, start: int, more: bool, number: int, protocol: int) -> bytes:
    header = struct.pack("!BBHI", protocol, 0, start | more, number)
    return frames.ipv6(*ends(to, 6), FRAGMENT, header + piece)


def icmp(to: Guest, version: int, kind: int, inner: bytes = b"") -> Packet:
    number = next(_SOURCES)

    def packet(mark: bytes) -> bytes:
        rest = struct.pack("!HH", *((0, 0) if inner else (number, 1))) + inner + mark
        head = struct.pack("!BBH", kind, 3 if inner and version == 4 else 4 if inner else 0, 0)
        if version == 6:
            return frames.icmpv6_packet(*ends(to, 6), head + rest)
        return internet(to, 4, ICMP, head[:2] + struct.pack("!H", frames.checksum(head + rest)) + rest)

    return packet


def behind(to: Guest, packet: Packet, headers: list[tuple[int, bytes]]) -> Packet:
    """Return a packet of IPv6 behind extension headers: each its number, and what it holds after its next header."""

    def hidden(mark: bytes) -> bytes:
        whole = packet(mark)
        kind, rest = whole[6], whole[40:]
        for number, body in reversed(headers):
            kind, rest = number, bytes([kind]) + body + rest
        return internet(to, 6, kind, rest)

    return hidden
