# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of HTTP on endpoints, and clients that ask them, perhaps by somebody between."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from lifecycle_fabric import Fabric
from talks import in_network

PORT = 8080  # of members
HEALTH = "/health"  # where they tell of theirs
PATIENCE = 2.0  # seconds to connect and for an answer


class Answer(NamedTuple):
    """Of a member: who it is, whom it sees, whom HAProxy says it speaks for, and the cookie that HAProxy adds."""

    name: str
    seen: str
    forwarded: str
    cookie: str


@dataclass
class Member:
    """A server that ends all of its connections when it is killed, and at the path of its health says if it is sick."""

    name: str
    listener: socket.socket
    security: ssl.SSLContext | None = None  # of TLS
    sick: bool = False
    connections: list[socket.socket] = field(default_factory=list)

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                self.connections.append(connection)
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), self._secured(connection) as connection, connection.makefile("rb") as lines:
            while request := "".join(_head(lines)):
                forwarded = _header(request, "x-forwarded-for")
                body = f"{self.name} {connection.getpeername()[0]} {forwarded}"
                status = "503 Sick" if self.sick and request.startswith(f"GET {HEALTH} ") else "200 OK"
                connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self.security.wrap_socket(connection, server_side=True) if self.security else connection

    def kill(self) -> None:
        for each in (self.listener, *self.connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _head(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a request up to the empty one, or none."""
    for line in lines:
        if line == b"\r\n":
            return
        yield line.decode()


def _header(text: str, name: str) -> str:
    found = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.lower().startswith(f"{name}:")]
    return found[0] if found else "-"


def start_member(fabric: Fabric, endpoint: str, port: int = PORT, security: ssl.SSLContext | None = None) -> Member:
    """Let a guest answer with its name within its tenant."""
    listener = in_network(fabric, endpoint, lambda: socket.create_server(("", port)))
    member = Member(endpoint.partition(".")[2], listener, security)
    threading.Thread(target=member.serve, daemon=True).start()
    return member


class Client:
    """A connection on which a member is asked again and again."""

    def __init__(self, fabric: Fabric, endpoint: str, address: tuple[str, int], own: str = "") -> None:
        """``own`` is the address that it asks from, if not the endpoint's."""
        self._socket = in_network(fabric, endpoint, lambda: socket.create_connection(address, PATIENCE, (own, 0)))

    def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Go on by TLS with a member that proves to have this name."""
        self._socket = context.wrap_socket(self._socket, server_hostname=name)

    def ask(self, cookie: str = "-") -> Answer:
        """Return the answer to a request; OSError or ValueError if there is none."""
        self._socket.sendall(f"GET / HTTP/1.1\r\nHost: members\r\nCookie: {cookie}\r\n\r\n".encode())
        head, _empty, body = self._socket.recv(4096).decode().partition("\r\n\r\n")
        name, seen, forwarded = body.split(" ")
        return Answer(name, seen, forwarded, _header(head, "set-cookie").partition(";")[0])

    def close(self) -> None:
        self._socket.close()


def ask(fabric: Fabric, endpoint: str, address: tuple[str, int], cookie: str = "-", own: str = "") -> Answer | None:
    """Ask once, on a connection of its own; None if there is no answer."""
    with suppress(OSError, ValueError):
        client = Client(fabric, endpoint, address, own)
        try:
            return client.ask(cookie)
        finally:
            client.close()
    return None


def is_cut(client: Client) -> bool:
    """Say whether a connection that has been answered is so no more."""
    try:
        client.ask()
    except (OSError, ValueError):
        return True
    return False
