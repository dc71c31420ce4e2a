# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers each TCP connection and each datagram with the endpoint's name, and reads such answers.

The answer to a connection is longer than a segment: a path that passes the handshake and loses full segments is not
reachable. Who asks by HTTP, as load balancers do, is answered so.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import HTTP

ANSWER_BYTES = 4096
_HEAD = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {ANSWER_BYTES}\r\n\r\n".encode()
_WAITS = 1  # seconds that a connection is kept back until its question is there (tcp(7), TCP_DEFER_ACCEPT)


def answer_of(run: str, name: str) -> bytes:
    return f"{run} {name}\n".encode().ljust(ANSWER_BYTES, b".")


def answerer_in(answer: bytes, run: str) -> str:
    """Return the name in a complete answer of this run, or nothing."""
    return answerer_of_datagram(answer, run) if len(answer) == ANSWER_BYTES else ""


def answerer_of_datagram(answer: bytes, run: str) -> str:
    """Return the name in an answer of this run, or nothing."""
    line = answer.partition(b"\n")[0].decode("utf-8", "replace")
    its_run, _space, name = line.partition(" ")
    return name if its_run == run else ""


class Responder:
    """A server without state: what fits into a socket's buffer is sent at once, and the kernel does the rest.

    ``services`` have ports of their own, as "tcp 80". One that something else has is not opened, and is ``busy``.
    One of HTTP answers by TCP too, if nothing was asked for a second.
    """

    def __init__(
        self, interface: str, versions: set[int], port: int, run: str, name: str, services: Sequence[str] = ()
    ) -> None:
        self._answer = answer_of(run, name)
        self.sockets = [_bound(interface, version, "tcp", port) for version in sorted(versions)]
        self.busy: list[str] = []
        for service in _apart(services):
            protocol, number = service.split()
            try:
                self.sockets += [_bound(interface, version, protocol, int(number)) for version in sorted(versions)]
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                self.busy.append(service)

    def answer(self, listening: socket.socket) -> None:
        """Answer one caller; one who has gone already is no fault."""
        try:
            if listening.type == socket.SOCK_DGRAM:
                _question, caller = listening.recvfrom(65535)
                listening.sendto(self._answer.partition(b"\n")[0], caller)
            else:
                self._accept(listening)
        except OSError:
            return

    def _accept(self, listening: socket.socket) -> None:
        caller, _address = listening.accept()
        with caller:
            caller.setblocking(False)
            caller.send((_HEAD if _has_asked(listening, caller) else b"") + self._answer)


def _apart(services: Sequence[str]) -> Iterator[str]:
    """Yield what is opened: for a port of both, HTTP."""
    for service in services:
        protocol, port = service.split()
        if protocol != "tcp" or f"{HTTP} {port}" not in services:
            yield service


def _has_asked(listening: socket.socket, caller: socket.socket) -> bool:
    """Say whether a caller of HTTP has sent a request, which is taken in: what is left unread would reset him."""
    if not listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT):
        return False
    try:
        return bool(caller.recv(65536))
    except BlockingIOError:
        return False


def _bound(interface: str, version: int, protocol: str, port: int) -> socket.socket:
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    bound = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, kind)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    if kind == socket.SOCK_STREAM:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if version == 6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    bound.bind(("::" if version == 6 else "0.0.0.0", port))
    if protocol == HTTP:
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _WAITS)
    if kind == socket.SOCK_STREAM:
        bound.listen(256)
    bound.setblocking(False)
    return bound
