# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP echo requests to many addresses at once, each repeated until it is answered.

They go through the sender's own network stack, but out of its tenant interface whatever the routes say: bound to a
device, an address without a route is on-link (ip_route_output_key in net/ipv4/route.c), so that the receiver of
another network is really asked for. With IP_PMTUDISC_PROBE packets carry DF, and only the device's own MTU limits
them (ip(7)): what a path cannot carry is lost, and that is to be seen.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import FULL_MTU, ICMP, OVER_MTU, Reply
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.marker import Marker, decode, encode
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import Target

_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE = 10, 23, 3
_HEADERS = {4: 20 + 8, 6: 40 + 8}  # bytes of IP and ICMP


@dataclass
class _Request:
    marker: Marker
    size: int  # bytes of the IP packet; 0: as small as the marker allows
    settled: bool = False
    answered: bool = False
    note: str = ""


class Echoes:
    def __init__(self, own: Target, targets: Sequence[Target], interface: str, run: str) -> None:
        self._sockets = {version: _open(version, interface) for version in (4, 6) if own.addresses_of(version)}
        self._requests = {request.marker: request for request in _requests(own, targets, run)}
        self._round = 0

    @property
    def settled(self) -> bool:
        return all(request.settled for request in self._requests.values())

    def register(self, selector: selectors.BaseSelector) -> None:
        for raw in self._sockets.values():
            selector.register(raw, selectors.EVENT_READ, self._read)

    def send(self) -> None:
        """Send, once more, each request that nobody has answered."""
        self._round += 1
        for request in self._requests.values():
            if not request.settled:
                self._send(request)

    def replies(self) -> Iterator[Reply]:
        for request in self._requests.values():
            marker = request.marker
            note = "" if request.answered else request.note or "no reply"
            yield Reply(marker.receiver, marker.address, marker.kind, request.answered, note=note)

    def close(self) -> None:
        for raw in self._sockets.values():
            raw.close()

    def _send(self, request: _Request) -> None:
        version = _version(request.marker.address)
        payload = encode(replace(request.marker, sequence=self._round))
        message = frames.echo_request(version, self._round, payload.ljust(request.size - _HEADERS[version], b"."))
        try:
            self._sockets[version].sendto(message, (request.marker.address, 0))
        except OSError as error:
            request.note = os.strerror(error.errno or 0)
            request.settled = error.errno == errno.EMSGSIZE  # the device's MTU will not grow by waiting

    def _read(self, raw: socket.socket) -> None:
        packet, source = raw.recvfrom(65535)
        if raw.family == socket.AF_INET:
            packet = packet[(packet[0] & 0xF) * 4 :]  # raw(7): with its header, which raw sockets of IPv6 leave off
        if packet[:1] not in (bytes([frames.ECHO_REPLY]), bytes([frames.ECHO_REPLY_V6])):
            return
        marker = decode(packet)
        request = self._requests.get(replace(marker, sequence=0)) if marker else None
        if request and source[0] == request.marker.address:
            request.answered = request.settled = True


def _version(address: str) -> int:
    return 6 if ":" in address else 4


def _requests(own: Target, targets: Sequence[Target], run: str) -> Iterator[_Request]:
    for target in targets:
        full = min(own.mtu, target.mtu)  # a router between them may come from a network with larger packets
        sizes = {ICMP: 0, FULL_MTU: full, OVER_MTU: own.mtu + 1}
        for address in target.addresses:
            if own.addresses_of(_version(address)):
                for kind, size in sizes.items():
                    yield _Request(Marker(run, own.name, kind, target.name, address), size)


def _open(version: int, interface: str) -> socket.socket:
    if version == 4:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        raw.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PMTUDISC_PROBE)
    else:
        raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        raw.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PMTUDISC_PROBE)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    raw.setblocking(False)
    return raw
