# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that a hypervisor must not let out of a port, whatever the network: one of each kind.

They do no harm where they get through all the same: addresses are those of nobody, or the sender's own, which is
``taken_back``; routers say that they are none, and what servers say is no answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from zlib import crc32

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import link_local
from ansible_collections.tenantry.sdn.plugins.module_utils.model import measurement
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.marker import Frame, Mark
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import Target

NOBODY_IPV4, NOBODY_IPV6 = "192.0.2.2", "2001:db8::2"  # RFC 5737, RFC 3849
_ALL_NODES = "ff02::1"
_EVERYBODY = "255.255.255.255"
_ADVERTISEMENT, _ROUTER = 136, 134  # RFC 4861
_OVERRIDE = b"\x20\0\0\0"  # flags of an advertisement that replaces what neighbours know
_HOP_BY_HOP, _FRAGMENT, _DESTINATION = 0, 44, 60  # next headers of IPv6
_PADDING = b"\0\x01\x04\0\0\0\0"  # of a header with options, after its next header
_WHOLE = bytes(7)  # of a fragment header of a packet that is whole (RFC 6946)
_LOCAL_EXPERIMENT = 0x88B5  # IEEE 802, clause 9.2.4
_UDP_HEADER = 8  # bytes
_SYN = 0x02
_FLAGS = (0x10, 0x12, 0x11, 0x04)  # ACK, SYN and ACK, FIN and ACK, RST

Forgery = tuple[str, Callable[[bytes], bytes]]  # what is forged, and what makes the frame of a mark


def attacks(own: Target, mark: Mark) -> Iterator[Frame]:
    """Yield what a guard keeps in: who says that it is somebody else, or more than a guest."""
    for what, build in (*_lies(own), *_servers(own), *_strange(own)):
        kind = measurement.FORGED + what
        yield kind, build(mark(kind, "", ""))


def taken_back(own: Target) -> Iterator[bytes]:
    """Yield the truth about the own addresses, for neighbours who may have believed a lie; without marks."""
    yield _to_all(own, frames.ARP, frames.arp_announcement(own.mac, _ipv4_of(own), b""))
    yield _nd(own, _ADVERTISEMENT, _OVERRIDE + frames.packed_ip(link_local(own.mac)), (), (2, own.mac))(b"")


def _lies(own: Target) -> Iterator[Forgery]:
    ipv4, local = _ipv4_of(own), link_local(own.mac)
    yield "MAC address", lambda mark: _broadcast(own, ipv4, mark, source=frames.NOBODY_MAC)
    yield "IPv4 address", lambda mark: _broadcast(own, NOBODY_IPV4, mark)
    yield "IPv6 address", lambda mark: _to_nodes(own, _udp(NOBODY_IPV6, mark))
    for what, who in (("address in ARP", (own.mac, NOBODY_IPV4)), ("MAC address in ARP", (frames.NOBODY_MAC, ipv4))):
        yield what, lambda mark, who=who: _to_all(own, frames.ARP, frames.arp(2, who, who, mark))
    for what, target, mac in (
        ("address in ND", NOBODY_IPV6, own.mac),
        ("MAC address in ND", local, frames.NOBODY_MAC),
    ):
        yield what, _nd(own, _ADVERTISEMENT, _OVERRIDE + frames.packed_ip(target), (), (2, mac))


def _servers(own: Target) -> Iterator[Forgery]:
    yield "answer of DHCP", lambda mark: _broadcast(own, _ipv4_of(own), mark, 67, 68)
    yield "answer of DHCPv6", lambda mark: _to_nodes(own, _udp(link_local(own.mac), mark, 547, 546))
    body = struct.pack("!BBHII", 64, 0, 0, 0, 0)  # of lifetime 0, that is: no router
    for where, headers in (
        ("", ()),
        (" behind a header", ((_HOP_BY_HOP, _PADDING),)),
        (" in a fragment", ((_FRAGMENT, _WHOLE),)),
    ):
        yield f"router advertisement{where}", _nd(own, _ROUTER, body, headers)


def _strange(own: Target) -> Iterator[Forgery]:
    yield "ethertype", lambda mark: _to_all(own, _LOCAL_EXPERIMENT, mark)
    tagged = struct.pack("!HH", 0, frames.IPV4)
    yield "802.1ad tag", lambda mark: _to_all(own, frames.SERVICE_VLAN, tagged + _udp(_ipv4_of(own), mark))


def _ipv4_of(own: Target) -> str:
    return next(iter(own.addresses_of(4)), "0.0.0.0")


def _udp(source: str, mark: bytes, *ports: int) -> bytes:
    port, *to_port = ports or (measurement.FLOOD_PORT,)
    return frames.udp_packet(source, _ALL_NODES if ":" in source else _EVERYBODY, port, mark, *to_port)


def _to_all(own: Target, ethertype: int, packet: bytes, source: str = "") -> bytes:
    return frames.ethernet(frames.BROADCAST_MAC, source or own.mac, ethertype, packet)


def _broadcast(own: Target, address: str, mark: bytes, *ports: int, source: str = "") -> bytes:
    return _to_all(own, frames.IPV4, _udp(address, mark, *ports), source)


def _to_nodes(own: Target, packet: bytes) -> bytes:
    return frames.ethernet(frames.multicast_mac(_ALL_NODES), own.mac, frames.IPV6, packet)


def _nd(
    own: Target, kind: int, body: bytes, headers: Sequence[tuple[int, bytes]], *options: tuple[int, str]
) -> Callable[[bytes], bytes]:
    """Return what makes a message of neighbour discovery, behind extension headers, from the mark that it carries."""

    def build(mark: bytes) -> bytes:
        message = frames.nd_message(kind, body, mark, *options)
        return _to_nodes(own, frames.behind(frames.icmpv6_packet(link_local(own.mac), _ALL_NODES, message), headers))

    return build


def halfway(own: Target, targets: Sequence[Target], port: int, mark: Mark) -> Iterator[Frame]:
    """Yield what belongs to a connection that nobody opened, to the services of those whom groups judge."""
    for target, source, address in _judged(own, targets):
        to_port = next((number for _service, number in target.services_of("tcp")), port)
        for kind, flags in zip(measurement.HALFWAY, _FLAGS):
            segment = mark(kind, target.name, address)
            packet = frames.tcp_packet(source, address, measurement.FLOOD_PORT, to_port, flags, segment)
            yield kind, _to_one(own, target, packet)


def behind_headers(own: Target, targets: Sequence[Target], port: int, mark: Mark) -> Iterator[Frame]:
    """Yield what opens a connection of IPv6, behind extension headers, that a judge may take no port from."""
    for target, source, address in _judged(own, targets):
        for kind in measurement.BEHIND_HEADERS if ":" in address else ():
            ends, payload = (source, address, measurement.HIDDEN_PORT), mark(kind, target.name, address)
            if measurement.HIDDEN[kind] == "udp":
                packet = frames.behind(frames.udp_packet(*ends, payload, port), [(_HOP_BY_HOP, _PADDING)])
            else:
                packet = frames.behind(frames.tcp_packet(*ends, port, _SYN, payload), [(_DESTINATION, _PADDING)])
            yield kind, _to_one(own, target, packet)


def in_fragments(own: Target, targets: Sequence[Target], port: int, mark: Mark) -> Iterator[Frame]:
    """Yield a datagram in two fragments to one neighbour, another of each sender.

    Of one that is denied Open vSwitch keeps a fragment for up to a minute, and it has room for 1,000 of all guests.
    The first is as long as it may be: none below 1,280 bytes is taken (ovs-vswitchd(8)).
    """
    neighbours = sorted((target for target in targets if target.vlan == own.vlan), key=lambda target: target.name)
    after = [target for target in neighbours if target.name > own.name]
    for target, source, address in _judged(own, (after or neighbours)[:1]):
        first, second = (mark(kind, target.name, address) for kind in measurement.IN_FRAGMENTS)
        at = own.mtu - frames.FRAGMENTED_V6_BYTES & -8
        payload = first.ljust(at - _UDP_HEADER, b"\0") + second
        whole = frames.udp_packet(source, address, measurement.HIDDEN_PORT, payload, port)
        pieces = frames.fragments(whole, at, crc32(first))  # a number that no other datagram has
        for kind, packet in zip(measurement.IN_FRAGMENTS, pieces):
            yield kind, _to_one(own, target, packet)


def _judged(own: Target, targets: Sequence[Target]) -> Iterator[tuple[Target, str, str]]:
    """Yield each address of those between whom and the sender groups judge, with the sender's own of that family."""
    for target in targets:
        for address in target.addresses if own.judged or target.judged else ():
            source = next(iter(own.addresses_of(6 if ":" in address else 4)), None)
            if source:
                yield target, source, address


def _to_one(own: Target, target: Target, packet: bytes) -> bytes:
    return frames.ethernet(target.mac, own.mac, frames.IPV6 if packet[0] >> 4 == 6 else frames.IPV4, packet)
