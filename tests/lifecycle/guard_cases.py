# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest may send and what it may not: one hand-made frame each, and exactly who shall hear it.

The first guest of a network sends, the second is on the same hypervisor and the third on another. Expected is ``all``
others, some of them by number, nobody, or that the sender is answered by the switch.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import link_local
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import (
    ARP,
    BROADCAST_MAC,
    ICMPV6,
    IPV4,
    IPV6,
    UDP,
    VLAN,
    arp,
    ethernet,
    icmpv6_packet,
    ipv4,
    ipv6,
    multicast_mac,
    packed_ip,
    packed_mac,
    solicited_node,
    udp_packet,
)

NOBODY, ALL, ANSWERED = frozenset[str](), frozenset({"2", "3"}), frozenset({"answered"})
SECOND, THIRD = frozenset({"2"}), frozenset({"3"})
Build = Callable[[bytes], bytes]

FOR_NOBODY = "to a MAC that nobody has"
PORT = 1021  # RFC 4727: for experiments
NO_MAC = "00:00:00:00:00:00"
SHARED_MAC = "00:00:5e:00:01:07"  # RFC 5798, section 7.3
PAIRS = [
    {"ip": "10.1.1.100"},
    {"ip": "10.1.1.101", "mac": SHARED_MAC},
    {"ip": "fd00:1::1:0/112", "mac": SHARED_MAC},
]
STRANGE_MAC, STRANGE_IPV4, STRANGE_IPV6 = "02:74:6e:74:72:79", "10.1.1.99", "fd00:1::99"
ALL_NODES, MULTICAST_IPV4 = "ff02::1", "224.0.0.254"
HOP_BY_HOP, FRAGMENT, DESTINATION, NO_HEADER = 0, 44, 60, 59  # next headers of IPv6
SOLICITATION, ADVERTISEMENT, ROUTER, REDIRECT = 135, 136, 134, 137


@dataclass(frozen=True)
class Guest:
    mac: str
    ipv4: str
    ipv6: str

    @property
    def local(self) -> str:
        return link_local(self.mac)


ONE, TWO, THREE = (Guest(f"52:54:00:00:00:0{n}", f"10.1.1.{n}", f"fd00:1::{n}") for n in (1, 2, 3))


@dataclass(frozen=True)
class Case:
    name: str
    build: Build
    expected: frozenset[str]
    static: frozenset[str] | None = None  # where the mode is static, if that differs

    def heard(self, mode: str) -> frozenset[str]:
        return self.static if mode == "static" and self.static is not None else self.expected

    def on_the_wire(self, mode: str) -> bool | None:
        """Say whether a stranger on the physical wire hears it too; None is for what a switch there learns."""
        if self.name == FOR_NOBODY:
            return True
        return {ALL: True, THIRD: None}.get(self.heard(mode), False)


def cases(own_vlan: int, other_vlan: int) -> list[Case]:
    """Return all cases of a network; the VLANs are local ones, its own and another's."""
    return [*honest(), *spoofed(), *lying_arp(), *lying_nd(), *serving(), *tagged(own_vlan, other_vlan), *foreign()]


def send(to: str, ethertype: int, packet: Callable[[bytes], bytes], source: str = ONE.mac) -> Build:
    return lambda mark: ethernet(to, source, ethertype, packet(mark))


def datagram(source: str, to: str) -> Build:
    return lambda mark: udp_packet(source, to, PORT, mark)


def unicast(source: str, to: Guest, mac: str = ONE.mac) -> Build:
    """Return a datagram to another guest, in the family of the source."""
    ethertype, address = (IPV6, to.ipv6) if ":" in source else (IPV4, to.ipv4)
    return send(to.mac, ethertype, datagram(source, address), mac)


def asks(address: str, sender: tuple[str, str] = (ONE.mac, ONE.ipv4), to: str = BROADCAST_MAC) -> Build:
    return send(to, ARP, lambda mark: arp(1, sender, (NO_MAC, address), mark))


def arp_of(mac: str, address: str) -> Build:
    """Return what announces an address."""
    return send(BROADCAST_MAC, ARP, lambda mark: arp(1, (mac, address), (NO_MAC, address), mark), mac)


def says(sender: tuple[str, str], target: tuple[str, str], to: str, operation: int = 2) -> Build:
    return send(to, ARP, lambda mark: arp(operation, sender, target, mark))


def message(kind: int, body: bytes, *options: tuple[int, str]) -> Callable[[bytes], bytes]:
    """Return a message of neighbour discovery; the mark is in an option that every host ignores (RFC 4727)."""
    known = b"".join(struct.pack("!BB", option, 1) + packed_mac(mac) for option, mac in options)

    def build(mark: bytes) -> bytes:
        padded = mark + b"\0" * (-(len(mark) + 2) % 8)
        return struct.pack("!BBH", kind, 0, 0) + body + known + struct.pack("!BB", 253, (len(padded) + 2) // 8) + padded

    return build


def solicitation(target: str, *options: tuple[int, str]) -> Callable[[bytes], bytes]:
    return message(SOLICITATION, bytes(4) + packed_ip(target), *options)


def advertisement(target: str, *options: tuple[int, str]) -> Callable[[bytes], bytes]:
    return message(ADVERTISEMENT, b"\x60\0\0\0" + packed_ip(target), *options)


def nd(source: str, to: str, said: Callable[[bytes], bytes], mac: str = "") -> Build:
    """Return a message of neighbour discovery in its frame."""
    return send(mac or multicast_mac(to), IPV6, lambda mark: icmpv6_packet(source, to, said(mark)))


def seeks(source: str, target: str, *options: tuple[int, str]) -> Build:
    return nd(source, solicited_node(target), solicitation(target, *options))


def chained(source: str, to: str, said: Callable[[bytes], bytes], *headers: tuple[int, bytes]) -> Build:
    """Return an ICMPv6 message behind extension headers: each its number, and what it holds after its next header."""

    def packet(mark: bytes) -> bytes:
        kind, rest = ICMPV6, icmpv6_packet(source, to, said(mark))[40:]
        for number, body in reversed(headers):
            kind, rest = number, bytes([kind]) + body + rest
        return ipv6(source, to, kind, rest)

    return send(multicast_mac(to), IPV6, packet)


EMPTY = b"\0" + b"\x01\x04\0\0\0\0"  # a header of 8 bytes: its length, an option that is padding
ATOMIC = bytes(7)  # a fragment header of a packet that is whole (RFC 6946)
OWN_LINK = (1, ONE.mac)
OWN_TARGET = (2, ONE.mac)


def honest() -> Iterator[Case]:
    own = (ONE.mac, ONE.ipv4)
    yield Case("ARP asks for the second", asks(TWO.ipv4), ALL, ANSWERED)
    yield Case("ARP asks for the third", asks(THREE.ipv4), ALL, ANSWERED)
    yield Case("ARP asks for somebody unknown", asks(STRANGE_IPV4), ALL)
    yield Case("ARP asks the third itself", asks(THREE.ipv4, to=THREE.mac), THIRD, ANSWERED)
    yield Case("ARP probe for the own address", asks(ONE.ipv4, (ONE.mac, "0.0.0.0")), ALL)
    yield Case("gratuitous ARP, a request", says(own, (NO_MAC, ONE.ipv4), BROADCAST_MAC, 1), ALL)
    yield Case("gratuitous ARP, a reply", says(own, own, BROADCAST_MAC), ALL)
    yield Case("DHCP client", send(BROADCAST_MAC, IPV4, dhcp("0.0.0.0", "255.255.255.255", 68, 67)), ALL)
    for name, guest, hears in (("second", TWO, SECOND), ("third", THREE, THIRD)):
        yield Case(f"ARP answers the {name}", says(own, (guest.mac, guest.ipv4), guest.mac), hears)
        for source in (ONE.ipv4, ONE.ipv6, ONE.local):
            yield Case(f"UDP from {source} to the {name}", unicast(source, guest), hears)
        yield Case(f"VRRP to the {name}", send(guest.mac, IPV4, protocol(112, guest)), hears)
        for offset, part in ((0x2000, "the first"), (1, "a later")):
            build = send(guest.mac, IPV4, fragment4(guest, offset))
            yield Case(f"{part} fragment of IPv4 to the {name}", build, hears)
            yield Case(f"{part} fragment of IPv6 to the {name}", send(guest.mac, IPV6, fragment6(guest, offset)), hears)
        static = SECOND if guest is TWO else THIRD
        for source in (ONE.ipv6, ONE.local):
            for target in (guest.ipv6, guest.local):
                yield Case(f"ND asks for {target} from {source}", seeks(source, target, OWN_LINK), ALL, static)
        yield Case(f"ND asks for the {name} without a source", seeks(ONE.ipv6, guest.ipv6), ALL, static)
        answer = nd(ONE.ipv6, guest.ipv6, advertisement(ONE.ipv6, OWN_TARGET), guest.mac)
        yield Case(f"ND answers the {name}", answer, hears)
        asked = nd(ONE.ipv6, guest.ipv6, solicitation(guest.ipv6, OWN_LINK), guest.mac)
        yield Case(f"ND asks the {name} itself", asked, hears)
    yield Case("ND asks for somebody unknown", seeks(ONE.ipv6, STRANGE_IPV6, OWN_LINK), ALL)
    for target in (ONE.ipv6, ONE.local):
        yield Case(f"is {target} free?", seeks("::", target), ALL)
        yield Case(f"ND announces {target}", nd(target, ALL_NODES, advertisement(target, OWN_TARGET)), ALL)
        yield Case(f"ND announces {target} without a MAC", nd(target, ALL_NODES, advertisement(target)), ALL)
    yield Case("asks for routers", nd(ONE.local, "ff02::2", message(133, bytes(4), OWN_LINK)), ALL)
    broadcast = send(BROADCAST_MAC, IPV4, datagram(ONE.ipv4, "255.255.255.255"))
    yield Case("IPv4 broadcast", broadcast, ALL)
    yield Case("IPv4 multicast", send(multicast_mac(MULTICAST_IPV4), IPV4, datagram(ONE.ipv4, MULTICAST_IPV4)), ALL)
    yield Case("IPv6 multicast", send(multicast_mac(ALL_NODES), IPV6, datagram(ONE.local, ALL_NODES)), ALL)
    solicit = send(multicast_mac("ff02::1:2"), IPV6, dhcp(ONE.local, "ff02::1:2", 546, 547))
    yield Case("DHCPv6 client", solicit, ALL)
    yield Case(FOR_NOBODY, send(STRANGE_MAC, IPV4, datagram(ONE.ipv4, STRANGE_IPV4)), NOBODY)


def dhcp(source: str, to: str, port: int, to_port: int) -> Callable[[bytes], bytes]:
    return lambda mark: udp_packet(source, to, port, mark, to_port)


def protocol(number: int, to: Guest) -> Callable[[bytes], bytes]:
    return lambda mark: ipv4(ONE.ipv4, to.ipv4, number, mark)


def fragment4(to: Guest, field: int) -> Callable[[bytes], bytes]:
    """Return a fragment of UDP over IPv4; ``field`` holds its flags and offset."""

    def packet(mark: bytes) -> bytes:
        head = struct.pack("!HHHH", PORT, PORT, 1000, 0) if field & 0x1FFF == 0 else b""
        whole = bytearray(ipv4(ONE.ipv4, to.ipv4, UDP, head + mark))
        whole[6:8] = struct.pack("!H", field)
        whole[10:12] = b"\0\0"
        whole[10:12] = struct.pack("!H", frames.checksum(bytes(whole[:20])))
        return bytes(whole)

    return packet


def fragment6(to: Guest, field: int) -> Callable[[bytes], bytes]:
    offset, more = (0, 1) if field == 0x2000 else (field, 0)

    def packet(mark: bytes) -> bytes:
        head = struct.pack("!HHHH", PORT, PORT, 1000, 0) if offset == 0 else b""
        header = struct.pack("!BBHI", UDP, 0, offset << 3 | more, 7)
        return ipv6(ONE.ipv6, to.ipv6, FRAGMENT, header + head + mark)

    return packet


def spoofed() -> Iterator[Case]:
    for name, guest in (("second", TWO), ("third", THREE)):
        yield Case(f"a strange MAC to the {name}", unicast(ONE.ipv4, guest, STRANGE_MAC), NOBODY)
        for other in (TWO, THREE):
            yield Case(f"the MAC of {other.ipv4} to the {name}", unicast(ONE.ipv4, guest, other.mac), NOBODY)
            yield Case(f"MAC and IPv4 of {other.ipv4} to the {name}", unicast(other.ipv4, guest, other.mac), NOBODY)
            yield Case(f"MAC and IPv6 of {other.ipv6} to the {name}", unicast(other.ipv6, guest, other.mac), NOBODY)
            for source in (other.ipv4, other.ipv6, other.local):
                yield Case(f"the address {source} to the {name}", unicast(source, guest), NOBODY)
        for source in (STRANGE_IPV4, "0.0.0.0", "127.0.0.1", STRANGE_IPV6, "::", "::1", "fe80::99"):
            yield Case(f"the address {source} to the {name}", unicast(source, guest), NOBODY)
    for source in (STRANGE_IPV4, "0.0.0.0"):
        build = send(BROADCAST_MAC, IPV4, datagram(source, "255.255.255.255"))
        yield Case(f"the address {source} by broadcast", build, NOBODY)
    yield Case(
        "a strange MAC by broadcast",
        send(BROADCAST_MAC, IPV4, datagram(ONE.ipv4, "255.255.255.255"), STRANGE_MAC),
        NOBODY,
    )
    yield Case("a broadcast MAC as source", unicast(ONE.ipv4, TWO, BROADCAST_MAC), NOBODY)


def lying_arp() -> Iterator[Case]:
    own = (ONE.mac, ONE.ipv4)
    for name, guest, victim in (("second", TWO, THREE), ("third", THREE, TWO)):
        target = (guest.mac, guest.ipv4)
        yield Case(f"ARP tells the {name} another's address", says((ONE.mac, victim.ipv4), target, guest.mac), NOBODY)
        yield Case(f"ARP tells the {name} another's MAC", says((victim.mac, ONE.ipv4), target, guest.mac), NOBODY)
        yield Case(f"ARP asks the {name} as another", asks(guest.ipv4, (ONE.mac, victim.ipv4)), NOBODY)
        yield Case(f"ARP asks the {name} with another's MAC", asks(guest.ipv4, (victim.mac, ONE.ipv4)), NOBODY)
        yield Case(f"gratuitous ARP for the {name}", says((ONE.mac, guest.ipv4), target, BROADCAST_MAC, 1), NOBODY)
        yield Case(f"ARP probe for the {name}", asks(guest.ipv4, (ONE.mac, "0.0.0.0")), NOBODY)
    for operation in (3, 4, 8, 9):
        yield Case(f"ARP of operation {operation}", says(own, own, BROADCAST_MAC, operation), NOBODY)
    yield Case("ARP probe for somebody unknown", asks(STRANGE_IPV4, (ONE.mac, "0.0.0.0")), NOBODY)


def lying_nd() -> Iterator[Case]:
    for name, guest in (("second", TWO), ("third", THREE)):
        answer = advertisement(guest.ipv6, OWN_TARGET)
        yield Case(f"ND says it is the {name}", nd(ONE.ipv6, ALL_NODES, answer), NOBODY)
        yield Case(f"ND says so to the {name}", nd(ONE.ipv6, guest.ipv6, answer, guest.mac), NOBODY)
        yield Case(f"ND says so as the {name}", nd(guest.ipv6, ALL_NODES, answer), NOBODY)
        other = advertisement(ONE.ipv6, (2, guest.mac))
        yield Case(f"ND gives the MAC of the {name}", nd(ONE.ipv6, ALL_NODES, other), NOBODY)
        yield Case(f"ND asks with the MAC of the {name}", seeks(ONE.ipv6, guest.ipv6, (1, guest.mac)), NOBODY)
        yield Case(f"ND asks as the {name}", seeks(guest.ipv6, STRANGE_IPV6, OWN_LINK), NOBODY)
        yield Case(f"is the address of the {name} free?", seeks("::", guest.ipv6), NOBODY)
        behind = chained(ONE.ipv6, ALL_NODES, answer, (HOP_BY_HOP, EMPTY))
        yield Case(f"ND says it is the {name}, behind a header", behind, NOBODY)
    yield Case("is an address free, with a MAC?", seeks("::", ONE.ipv6, OWN_LINK), NOBODY)
    yield Case("is a strange address free?", seeks("::", STRANGE_IPV6), NOBODY)
    lie = advertisement(TWO.ipv6, OWN_TARGET)
    yield Case("ND says it is the second, in a fragment", chained(ONE.ipv6, ALL_NODES, lie, (FRAGMENT, ATOMIC)), NOBODY)
    yield Case("ND without a source", nd("::", ALL_NODES, advertisement(ONE.ipv6, OWN_TARGET)), NOBODY)


def serving() -> Iterator[Case]:
    """Yield what would make the sender the router or the DHCP server of its network."""
    router = message(ROUTER, struct.pack("!BBHII", 64, 0, 1800, 0, 0), OWN_LINK)
    yield Case("router advertisement", nd(ONE.local, ALL_NODES, router), NOBODY)
    yield Case("router advertisement to one", nd(ONE.local, TWO.local, router, TWO.mac), NOBODY)
    for name, headers in (
        ("a hop-by-hop header", [(HOP_BY_HOP, EMPTY)]),
        ("destination options", [(DESTINATION, EMPTY)]),
        ("both", [(HOP_BY_HOP, EMPTY), (DESTINATION, EMPTY)]),
        ("the header of a fragment that is whole", [(FRAGMENT, ATOMIC)]),
        ("options in a fragment that is whole", [(FRAGMENT, ATOMIC), (DESTINATION, EMPTY)]),
    ):
        yield Case(f"router advertisement behind {name}", chained(ONE.local, ALL_NODES, router, *headers), NOBODY)
    group = multicast_mac(ALL_NODES)
    yield Case("router advertisement in two fragments, the first", send(group, IPV6, hidden_first), NOBODY)
    yield Case("the second, of which nobody can make anything then", send(group, IPV6, hidden_second), ALL)
    redirect = message(REDIRECT, bytes(4) + packed_ip(ONE.local) + packed_ip(STRANGE_IPV6))
    yield Case("redirect", nd(ONE.local, TWO.ipv6, redirect, TWO.mac), NOBODY)
    yield Case("DHCP server", send(BROADCAST_MAC, IPV4, dhcp(ONE.ipv4, "255.255.255.255", 67, 68)), NOBODY)
    yield Case("DHCP server to one", send(TWO.mac, IPV4, dhcp(ONE.ipv4, TWO.ipv4, 67, 68)), NOBODY)
    yield Case("DHCPv6 server", send(TWO.mac, IPV6, dhcp(ONE.local, TWO.local, 547, 546)), NOBODY)


def hidden_first(mark: bytes) -> bytes:
    """Return a fragment that ends with its options, so that it does not say what follows."""
    header = struct.pack("!BBHI", DESTINATION, 0, 1, 9)
    options = bytes([ICMPV6, (len(mark) + 4 + 7) // 8]) + b"\x01" + bytes([len(mark)]) + mark
    return ipv6(ONE.local, ALL_NODES, FRAGMENT, header + options + bytes(-len(options) % 8))


def hidden_second(mark: bytes) -> bytes:
    header = struct.pack("!BBHI", DESTINATION, 0, 4 << 3, 9)
    return ipv6(ONE.local, ALL_NODES, FRAGMENT, header + struct.pack("!BBH", ROUTER, 0, 0) + bytes(12) + mark)


def tagged(own: int, other: int) -> Iterator[Case]:
    stacks = [
        *([(VLAN, tag)] for tag in (own, other, 0, 0xE000, 1, 4095)),
        *([(0x88A8, tag)] for tag in (own, other, 0)),
        *([(0x9100, tag)] for tag in (own, other)),
        *([(outer, own), (VLAN, other)] for outer in (VLAN, 0x88A8)),
        [(VLAN, 0), (VLAN, other)],
        [(VLAN, 0), (VLAN, 0), (VLAN, other)],
        [(0x88A8, other), (0x88A8, own)],
    ]
    for stack in stacks:
        name = " in ".join(f"{kind:#x} {tag}" for kind, tag in reversed(stack))
        yield Case(f"a frame with the tag {name}", tagged_frame(stack), NOBODY)
        yield Case(f"to the second, with the tag {name}", tagged_frame(stack, TWO.mac), NOBODY)


def tagged_frame(stack: list[tuple[int, int]], to: str = BROADCAST_MAC) -> Build:
    tags = b"".join(struct.pack("!HH", kind, tag) for kind, tag in stack)
    addresses = packed_mac(to) + packed_mac(ONE.mac)
    packet = datagram(ONE.ipv4, "255.255.255.255")
    return lambda mark: addresses + tags + struct.pack("!H", IPV4) + packet(mark)


def foreign() -> Iterator[Case]:
    """Yield frames of other protocols, most of which are for bridges."""
    for name, ethertype, to in (
        ("MPLS", 0x8847, TWO.mac),
        ("LLDP", 0x88CC, "01:80:c2:00:00:0e"),
        ("EAPOL", 0x888E, "01:80:c2:00:00:03"),
        ("LACP", 0x8809, "01:80:c2:00:00:02"),
        ("pause", 0x8808, "01:80:c2:00:00:01"),
        ("MVRP", 0x88F5, "01:80:c2:00:00:21"),
        ("RARP", 0x8035, BROADCAST_MAC),
        ("PPPoE", 0x8863, BROADCAST_MAC),
        ("an experiment", 0x88B5, BROADCAST_MAC),
        ("an experiment to the second", 0x88B5, TWO.mac),
        ("no ethertype at all", 0xFFFF, TWO.mac),
    ):
        yield Case(name, send(to, ethertype, lambda mark: mark), NOBODY)
    bpdu = b"\x42\x42\x03" + bytes(35)
    snap = b"\xaa\xaa\x03\x00\x00\x0c\x01\x0b" + bytes(36)
    for name, to, body in (("STP", "01:80:c2:00:00:00", bpdu), ("PVST", "01:00:0c:cc:cc:cd", snap)):
        yield Case(name, lambda mark, to=to, body=body: ethernet(to, ONE.mac, len(body + mark), body + mark), NOBODY)
    yield Case("IPv4 to a bridge's address", send("01:80:c2:00:00:00", IPV4, datagram(ONE.ipv4, TWO.ipv4)), NOBODY)
