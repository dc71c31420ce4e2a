# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP connections between endpoints on which both ends go on sending, so that it shows at once when one is cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from lifecycle_fabric import Fabric
from wires import enter_network

T = TypeVar("T")
PERIOD = 0.01  # seconds between two bytes of an end
PATIENCE = 3.0  # seconds to connect
QUIET = 1.0  # seconds after which what was cut is silent, and what goes on has been heard


@dataclass
class Talk:
    client: socket.socket
    server: socket.socket
    at_client: int = 0  # bytes that arrived
    at_server: int = 0

    def step(self) -> None:
        """Send a byte from each end, and take in what has come."""
        for end in (self.client, self.server):
            with contextlib.suppress(BlockingIOError):  # its buffer is full of what nobody acknowledges
                end.send(b".")
        self.at_client += _taken(self.client)
        self.at_server += _taken(self.server)

    @property
    def heard(self) -> tuple[int, int]:
        return self.at_client, self.at_server

    @property
    def seen(self) -> str:
        """The address that the server sees of the client."""
        return str(self.server.getpeername()[0])


@dataclass(frozen=True)
class Call:
    """From an endpoint to another, at one of its addresses and a port, or where NAT leads from there."""

    client: str
    server: str
    address: str
    port: int
    behind: tuple[str, int] | None = None  # address and port of the server itself


def open_talk(fabric: Fabric, call: Call) -> Talk | None:
    """Connect two endpoints; None if that fails."""

    def listening() -> socket.socket:
        return socket.create_server(call.behind or (call.address, call.port), family=_family(call), backlog=1)

    def connecting() -> socket.socket:
        return socket.create_connection((call.address, call.port), PATIENCE)

    with in_network(fabric, call.server, listening) as listener:
        try:
            client = in_network(fabric, call.client, connecting)
        except OSError as error:
            print(f"{call}: {error}")
            return None
        server = listener.accept()[0]
    for end in (client, server):
        end.setblocking(False)
    return Talk(client, server)


def is_refused(fabric: Fabric, call: Call) -> bool:
    """Say whether an endpoint is told that nobody listens at a UDP port of another."""

    def asking() -> bool:
        with socket.socket(_family(call), socket.SOCK_DGRAM) as asks:
            asks.settimeout(PATIENCE)
            asks.connect((call.address, call.port))
            try:
                asks.send(b"?")
                asks.recv(1)
            except ConnectionRefusedError:
                return True
            except TimeoutError:
                return False
        return False

    return in_network(fabric, call.client, asking)


@contextmanager
def talking(fabric: Fabric, calls: Mapping[str, Call]) -> Iterator[Mapping[str, Talk]]:
    """Open these connections and let both ends of each talk until the end of the block."""
    talks = {name: open_talk(fabric, call) for name, call in calls.items()}
    assert None not in talks.values(), talks
    opened = {name: talk for name, talk in talks.items() if talk}
    over = threading.Event()

    def talk() -> None:
        while not over.wait(PERIOD):
            for each in opened.values():
                each.step()

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(talk)
        try:
            yield opened
        finally:
            over.set()
            going.result()
            for each in opened.values():
                each.client.close()
                each.server.close()


def heard(talks: Mapping[str, Talk]) -> dict[str, tuple[int, int]]:
    return {name: talk.heard for name, talk in talks.items()}


def compare_heard(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], cut: set[str]) -> None:
    """Check that those were silent, and that the others have heard much."""
    gained = {name: tuple(now - then for now, then in zip(after[name], before[name])) for name in after}
    assert {name: bytes_ for name, bytes_ in gained.items() if name in cut} == dict.fromkeys(cut, (0, 0))
    assert {name: bytes_ for name, bytes_ in gained.items() if name not in cut and min(bytes_) < 20} == {}


def in_network(fabric: Fabric, endpoint: str, work: Callable[[], T]) -> T:
    """Do something in the network of an endpoint."""

    def there() -> T:
        enter_network(fabric.twin.pid(endpoint))
        return work()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(there).result()


def _family(call: Call) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in call.address else socket.AF_INET


def _taken(end: socket.socket) -> int:
    with contextlib.suppress(BlockingIOError):
        return len(end.recv(65536))
    return 0
