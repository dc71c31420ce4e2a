# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ethernet frames made by hand, byte by byte, and the one question that a sniffer asks of their headers."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator, Sequence

IPV4 = 0x0800
ARP = 0x0806
VLAN = 0x8100  # IEEE 802.1Q
SERVICE_VLAN = 0x88A8  # IEEE 802.1ad
IPV6 = 0x86DD
ICMP = 1
TCP = 6
UDP = 17
ICMPV6 = 58

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
NOBODY_MAC = "02:74:6e:74:72:79"
ECHO_REPLY, ECHO_REQUEST = 0, 8
ECHO_REQUEST_V6, ECHO_REPLY_V6 = 128, 129
_NEIGHBOUR_SOLICITATION, _REDIRECT = 135, 137
FRAGMENTED_V6_BYTES = 48  # of an IPv6 header, and that of a fragment
_FRAGMENT = 44  # RFC 8200 section 4.5: a header of 8 bytes, the protocol first
_EXPERIMENTAL_OPTION = 253  # RFC 4727: an option of neighbour discovery that every host ignores


def packed_mac(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def packed_ip(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def multicast_mac(group: str) -> str:
    """Return the MAC address of a multicast group (RFC 1112 section 6.4, RFC 2464 section 7)."""
    raw = packed_ip(group)
    mac = b"\x33\x33" + raw[-4:] if len(raw) == 16 else b"\x01\x00\x5e" + bytes([raw[1] & 0x7F]) + raw[2:]
    return mac.hex(":")


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ethernet(destination: str, source: str, ethertype: int, payload: bytes, tags: tuple[int, ...] = ()) -> bytes:
    """Return a frame; ``tags`` are VLAN ids, the outer one first."""
    stack = b"".join(struct.pack("!HH", VLAN, tag) for tag in tags)
    return packed_mac(destination) + packed_mac(source) + stack + struct.pack("!H", ethertype) + payload


def ipv4(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    def header(check: int) -> bytes:
        size = 20 + len(payload)
        addresses = packed_ip(source) + packed_ip(destination)
        return struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0, 64, protocol, check) + addresses

    return header(checksum(header(0))) + payload


def ipv6(source: str, destination: str, protocol: int, payload: bytes) -> bytes:
    header = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255)
    return header + packed_ip(source) + packed_ip(destination) + payload


def _upper_checksum(source: str, destination: str, protocol: int, payload: bytes) -> int:
    pseudo_header = packed_ip(source) + packed_ip(destination) + struct.pack("!II", len(payload), protocol)
    return checksum(pseudo_header + payload)


def udp_packet(source: str, destination: str, port: int, payload: bytes, to_port: int | None = None) -> bytes:
    """Return an IPv4 or IPv6 packet with a UDP datagram, from a port to the same or another."""
    head = struct.pack("!HHH", port, to_port or port, 8 + len(payload))
    check = _upper_checksum(source, destination, UDP, head + b"\0\0" + payload) or 0xFFFF
    datagram = head + struct.pack("!H", check) + payload
    return (ipv6 if ":" in destination else ipv4)(source, destination, UDP, datagram)


def tcp_packet(source: str, destination: str, port: int, to_port: int, flags: int, payload: bytes) -> bytes:
    """Return an IPv4 or IPv6 packet with a TCP segment (RFC 9293)."""
    head = struct.pack("!HHIIBBHHH", port, to_port, 1, 1, 5 << 4, flags, 8192, 0, 0)
    check = _upper_checksum(source, destination, TCP, head + payload)
    segment = head[:16] + struct.pack("!H", check) + head[18:] + payload
    return (ipv6 if ":" in destination else ipv4)(source, destination, TCP, segment)


def behind(packet: bytes, headers: Sequence[tuple[int, bytes]]) -> bytes:
    """Return an IPv6 packet with extension headers: each its number, and what it holds after its next header."""
    kind, rest = packet[6], packet[40:]
    for number, body in reversed(headers):
        kind, rest = number, bytes([kind]) + body + rest
    return packet[:4] + struct.pack("!HB", len(rest), kind) + packet[7:40] + rest


def fragments(packet: bytes, at: int, identification: int) -> Iterator[bytes]:
    """Yield an IPv4 or IPv6 packet in two pieces, cut so many bytes behind its only header, a multiple of eight."""
    is_ipv4 = packet[0] >> 4 == 4
    header, rest = (packet[:20], packet[20:]) if is_ipv4 else (packet[:40], packet[40:])
    for start, piece, more in ((0, rest[:at], True), (at, rest[at:], False)):
        if is_ipv4:
            place = struct.pack("!HHH", 20 + len(piece), identification & 0xFFFF, more << 13 | start >> 3)
            bare = header[:2] + place + header[8:10] + b"\0\0" + header[12:]
            yield bare[:10] + struct.pack("!H", checksum(bare)) + bare[12:] + piece
        else:
            place = struct.pack("!BBHI", header[6], 0, start | more, identification)
            yield header[:4] + struct.pack("!HB", 8 + len(piece), _FRAGMENT) + header[7:] + place + piece


def nd_message(kind: int, body: bytes, payload: bytes, *options: tuple[int, str]) -> bytes:
    """Return a message of neighbour discovery (RFC 4861) whose last option, which hosts ignore, is ``payload``."""
    known = b"".join(struct.pack("!BB", option, 1) + packed_mac(mac) for option, mac in options)
    option = payload + b"\0" * (-(len(payload) + 2) % 8)
    head = struct.pack("!BBH", kind, 0, 0) + body + known
    return head + struct.pack("!BB", _EXPERIMENTAL_OPTION, (len(option) + 2) // 8) + option


def echo_request(version: int, sequence: int, payload: bytes) -> bytes:
    """Return an ICMP message; the checksum of ICMPv6 is left to whoever knows the addresses."""
    kind = ECHO_REQUEST_V6 if version == 6 else ECHO_REQUEST
    head, tail = struct.pack("!BB", kind, 0), struct.pack("!HH", 0x7E4A, sequence & 0xFFFF) + payload
    return head + struct.pack("!H", checksum(head + b"\0\0" + tail) if version == 4 else 0) + tail


def echo_packet(source: str, destination: str, payload: bytes) -> bytes:
    """Return an IPv4 or IPv6 packet with an echo request."""
    if ":" not in destination:
        return ipv4(source, destination, ICMP, echo_request(4, 0, payload))
    return icmpv6_packet(source, destination, echo_request(6, 0, payload))


def neighbour_solicitation(source: str, target: str, mac: str, payload: bytes) -> bytes:
    """Return the IPv6 packet that asks for ``target``, with ``payload`` in an option (RFC 4861 section 4.3)."""
    message = nd_message(_NEIGHBOUR_SOLICITATION, bytes(4) + packed_ip(target), payload, (1, mac))
    return icmpv6_packet(source, solicited_node(target), message)


def solicited_node(target: str) -> str:
    """Return the multicast group in which ``target`` hears solicitations (RFC 4291 section 2.7.1)."""
    return str(ipaddress.IPv6Address(packed_ip("ff02::1:ff00:0")[:13] + packed_ip(target)[13:]))


def icmpv6_packet(source: str, destination: str, message: bytes) -> bytes:
    """Return an IPv6 packet with an ICMPv6 message, whose checksum is filled in."""
    check = _upper_checksum(source, destination, ICMPV6, message)
    return ipv6(source, destination, ICMPV6, message[:2] + struct.pack("!H", check) + message[4:])


def arp(operation: int, sender: tuple[str, str], target: tuple[str, str], payload: bytes) -> bytes:
    """Return an ARP packet (RFC 826) of two pairs of MAC and IPv4 address, followed by ``payload`` as its trailer."""
    head = struct.pack("!HHBBH", 1, IPV4, 6, 4, operation)
    return head + b"".join(packed_mac(mac) + packed_ip(address) for mac, address in (sender, target)) + payload


def arp_announcement(mac: str, address: str, payload: bytes) -> bytes:
    """Return a gratuitous ARP request (RFC 5227 section 2.3) followed by ``payload`` as its trailer."""
    return arp(1, (mac, address), ("00:00:00:00:00:00", address), payload)


def is_icmp_answer(frame: bytes) -> bool:
    """Say whether a frame is an ICMP reply or error, which repeats the payload, and so the marker, of another frame."""
    start = 12
    while frame[start : start + 2] in (VLAN.to_bytes(2, "big"), SERVICE_VLAN.to_bytes(2, "big")):
        start += 4
    ethertype, packet = frame[start : start + 2], frame[start + 2 :]
    if ethertype == IPV4.to_bytes(2, "big") and len(packet) > 20 and packet[9] == ICMP:
        kind = packet[(packet[0] & 0xF) * 4 :][:1]
        return kind != bytes([ECHO_REQUEST])
    if ethertype == IPV6.to_bytes(2, "big") and len(packet) > 48:
        protocol, start = (packet[40], 48) if packet[6] == _FRAGMENT else (packet[6], 40)
        return protocol == ICMPV6 and (packet[start] < ECHO_REQUEST_V6 or packet[start] in (ECHO_REPLY_V6, _REDIRECT))
    return False
