# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What guests, and the outside, ask of a router: by DHCP, by router solicitations, by DNS, and at all ports at once."""

from __future__ import annotations

import errno
import resource
import select
import socket
import struct
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from lifecycle_fabric import Fabric
from packets import wait_until
from talks import Call, in_network, open_talk

NIC = "eth0"
XID = b"lab!"
PATIENCE = 2.0  # seconds for an answer
PROBED = 5.0  # seconds in which dnsmasq has asked by ICMP whether an address is free, too
SYN_AGAIN = 1.2  # seconds after which the kernel has asked for a connection again
ROUTERS = "ff02::2"  # RFC 4291 2.7.1
SOLICITATION, ADVERTISEMENT = 133, 134  # RFC 4861 4.1, 4.2
PREFIX, MTU = 3, 5  # its options
PACE = 0.0003  # seconds from one port to the next: a queue of a switch is not filled
_ETH_P_IP = 0x0800
_FROM_SERVER = b"\x00\x43\x00\x44"  # UDP ports
_YOURS = slice(16, 20)  # of a message of DHCP (RFC 2131 2)


def offer(fabric: Fabric, guest: str, mac: str, patience: float = PATIENCE) -> str | None:
    """Return what is offered by DHCP to a MAC address, by broadcast; asked by a guest in frames of its own."""
    request = b"\x01\x01\x06\x00" + XID + b"\x00\x00\x80\x00" + bytes(16)
    request += bytes.fromhex(mac.replace(":", "")).ljust(16, b"\x00") + bytes(192)
    request += b"\x63\x82\x53\x63" + b"\x35\x01\x01" + b"\xff"  # RFC 2131: DISCOVER

    def ask() -> str | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asks:
            asks.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            asks.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            asks.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
            asks.bind(("0.0.0.0", 68))
            asks.settimeout(patience)
            asks.sendto(request, ("255.255.255.255", 67))
            try:
                answer = asks.recv(2000)
            except TimeoutError:
                return None
        assert answer[4:8] == XID
        return socket.inet_ntoa(answer[_YOURS])

    return in_network(fabric, guest, ask)


@contextmanager
def hearing_offers(fabric: Fabric, *guests: str) -> Iterator[dict[str, list[str]]]:
    """Hear what comes to guests meanwhile; at the end there is what was offered by DHCP, to whomever."""
    heard: dict[str, list[str]] = {}
    with ExitStack() as stack:
        ears = {guest: stack.enter_context(in_network(fabric, guest, _ear)) for guest in guests}
        yield heard
        for guest, ear in ears.items():
            heard[guest] = list(_offers(ear))


def _ear() -> socket.socket:
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP))
    ear.bind((NIC, _ETH_P_IP))
    ear.setblocking(False)
    return ear


def _offers(ear: socket.socket) -> Iterator[str]:
    while select.select([ear], [], [], 0)[0]:
        packet = ear.recv(2000)[14:]
        datagram = packet[(packet[0] & 15) * 4 :]
        if packet[9] == socket.IPPROTO_UDP and datagram[:4] == _FROM_SERVER:
            yield socket.inet_ntoa(datagram[8:][_YOURS])


def leased(fabric: Fabric, guest: str) -> dict[str, str]:
    """Return what udhcpc tells its script, by its names."""
    fabric.twin.run(guest, "sh", "-c", "cat >/tmp/told && chmod +x /tmp/told", stdin="#!/bin/sh\nenv\n")
    asked = ("-O", "mtu", "-O", "ntpsrv")
    leases = fabric.twin.run(guest, "udhcpc", "-i", NIC, "-n", "-q", *asked, "-s", "/tmp/told")
    return dict(line.split("=", 1) for line in leases.splitlines() if "=" in line)


@dataclass(frozen=True)
class Advertisement:
    """Of a router; RFC 4861 4.2."""

    managed: bool  # addresses by DHCPv6
    other: bool  # the rest by DHCPv6
    lifetime: int  # seconds as the default router
    mtu: int
    autonomous: bool  # guests make themselves addresses


def advertisement(fabric: Fabric, guest: str) -> Advertisement | None:
    """Return how a guest's router answers a solicitation, None if nobody does."""

    def ask() -> bytes | None:
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as asks:
            asks.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, NIC.encode())
            asks.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            asks.sendto(struct.pack("!B7x", SOLICITATION), (ROUTERS, 0, 0, socket.if_nametoindex(NIC)))
            until = time.monotonic() + 2 * PATIENCE
            while select.select([asks], [], [], max(0.0, until - time.monotonic()))[0]:
                message = asks.recv(2000)
                if message[0] == ADVERTISEMENT:
                    return message
        return None

    message = in_network(fabric, guest, ask)
    if message is None:
        return None
    flags, lifetime = struct.unpack_from("!BH", message, 5)
    told = dict(_options(message[16:]))
    mtu = int.from_bytes(told[MTU][4:8], "big")
    return Advertisement(bool(flags & 0x80), bool(flags & 0x40), lifetime, mtu, bool(told[PREFIX][3] & 0x40))


def _options(rest: bytes) -> Iterator[tuple[int, bytes]]:
    while rest:
        length = rest[1] * 8
        yield rest[0], rest[:length]
        rest = rest[length:]


@contextmanager
def name_server(fabric: Fabric, host: str, address: str, name: str, answer: str) -> Iterator[None]:
    """Have dnsmasq, which a host has, know a name at an address of the outside."""
    twin = fabric.twin
    enter = ["nsenter", f"--target={twin.pid(host)}", "--mount", f"--net=/proc/{twin.pid('underlay')}/ns/net", "--"]
    alone = ["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts"]
    here = [f"--listen-address={address}", "--bind-interfaces", f"--address=/{name}/{answer}"]
    process = subprocess.Popen([*enter, "dnsmasq", *alone, *here])
    try:
        asked = ("dig", "+short", "+tries=1", "+time=1", f"@{address}", name)
        assert wait_until(lambda: subprocess.run([*enter, *asked], capture_output=True, check=False).stdout != b"")
        yield
    finally:
        process.kill()
        process.wait()


def answering(fabric: Fabric, client: str, address: str, ports: Iterable[int], kind: socket.SocketKind) -> set[int]:
    """Return the ports of an address at which anybody answers: takes a connection, or tells that nobody listens."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    found: set[int] = set()
    with ExitStack() as stack:
        ends = in_network(fabric, client, lambda: dict(_asking(stack, address, ports, kind)))
        for _again in range(2):
            time.sleep(SYN_AGAIN)
            found |= {port for port, end in ends.items() if _is_answered(end, kind)}
            for port in set(ends) - found if kind is socket.SOCK_DGRAM else ():
                ends[port].send(b"?")
                time.sleep(PACE)
    return found


def _asking(
    stack: ExitStack, address: str, ports: Iterable[int], kind: socket.SocketKind
) -> Iterator[tuple[int, socket.socket]]:
    for port in ports:
        end = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind))
        end.setblocking(False)
        assert end.connect_ex((address, port)) in (0, errno.EINPROGRESS)
        if kind is socket.SOCK_DGRAM:
            end.send(b"?")
        time.sleep(PACE)
        yield port, end


def _is_answered(end: socket.socket, kind: socket.SocketKind) -> bool:
    error = end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error or kind is socket.SOCK_DGRAM:
        return error == errno.ECONNREFUSED
    with suppress(OSError):  # not connected
        return bool(end.getpeername())
    return False


def call(client: str, server: str, address: str, port: int, behind: tuple[str, int] | None = None) -> Call:
    return Call(client, server, address, port, behind)


def seen(fabric: Fabric, *words: Any) -> str | None:
    """Return the address by which a server sees who calls it, None if nobody comes through."""
    talk = open_talk(fabric, call(*words))
    if talk is None:
        return None
    address = talk.seen
    talk.client.close()
    talk.server.close()
    return address


def assert_refused(fabric: Fabric, *calls: tuple[Any, ...]) -> None:
    """Check that none of these comes through; each has to wait."""
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(lambda words: seen(fabric, *words), calls)) == [None] * len(calls)


def dig(fabric: Fabric, endpoint: str, *question: str, server: str = "10.1.1.1") -> list[str]:
    return fabric.twin.run(endpoint, "dig", "+short", "+tries=2", "+time=2", f"@{server}", *question).split()
