# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that never stop sending, whatever becomes of their hypervisor, and what arrives anywhere.

When a hypervisor is booted anew its guests get new cables. They send again from the moment that the device is there.
"""

from __future__ import annotations

import errno
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from twin_lab import TwinLab
from wires import enter_network

ALLOWED, DENIED = 5001, 5009  # ports of UDP
INTERVAL = 0.008  # seconds between two packets of a stream
_MARK = b"tenantry stream "
_NUMBER = struct.Struct("!I")
_ETH_P_ALL = 3
_GONE = (errno.ENXIO, errno.ENODEV, errno.ENETDOWN, errno.ENOBUFS)  # of a device without its other end
Build = Callable[[bytes], bytes]


@dataclass
class Stream:
    """What a guest sends, and who may hear it: '' is nobody."""

    name: str
    sender: str
    receiver: str
    build: Build
    frame: bytes = b""
    sent: int = 0
    heard: list[tuple[float, str]] = field(default_factory=list)  # when and by whom

    def leaks(self) -> int:
        """Return how often it was heard by who may not."""
        return sum(who != self.receiver for dummy, who in self.heard)

    def arrived(self, since: float) -> int:
        return sum(when > since for when, dummy in self.heard)

    def gap(self, since: float) -> float:
        """Return the longest time without a packet, in seconds, from a moment until now."""
        times = [since, *(when for when, dummy in self.heard if when > since)]
        return max(later - earlier for earlier, later in zip(times, [*times[1:], time.monotonic()]))


@dataclass
class Flood:
    streams: Sequence[Stream]
    _ends: Mapping[str, socket.socket]
    since: dict[str, float] = field(default_factory=dict)  # guest: when it sent the first frame through its cable
    _over: bool = False

    def denied(self) -> list[Stream]:
        return [stream for stream in self.streams if not stream.receiver]

    def allowed(self) -> list[Stream]:
        return [stream for stream in self.streams if stream.receiver]

    def leaks(self) -> dict[str, int]:
        return {stream.name: stream.leaks() for stream in self.streams if stream.leaks()}

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for name, end in self._ends.items():
                selector.register(end, selectors.EVENT_READ, name)
            due = time.monotonic()
            while not self._over:
                for key, _events in selector.select(max(0.0, due - time.monotonic())):
                    self._take(key.data)
                if time.monotonic() >= due:
                    due += INTERVAL
                    for stream in self.streams:
                        self._send(stream)

    def _send(self, stream: Stream) -> None:
        try:
            self._ends[stream.sender].send(stream.frame)
            stream.sent += 1
            self.since.setdefault(stream.sender, time.monotonic())
        except OSError as error:
            self._plug_again(stream.sender, error)

    def _take(self, name: str) -> None:
        try:
            frame, origin = self._ends[name].recvfrom(2048)
        except OSError as error:
            self._plug_again(name, error)
            return
        start = frame.find(_MARK)
        if start >= 0 and origin[2] != socket.PACKET_OUTGOING:
            stream = self.streams[_NUMBER.unpack_from(frame, start + len(_MARK))[0]]
            if _ends(frame) == _ends(stream.frame):  # else a receiver's own stack quotes what it got
                stream.heard.append((time.monotonic(), name))

    def _plug_again(self, name: str, error: OSError) -> None:
        if error.errno not in _GONE:
            raise error
        self.since.pop(name, None)
        with suppress(OSError):  # it is not there yet
            self._ends[name].bind(("eth0", _ETH_P_ALL))


def _ends(frame: bytes) -> bytes:
    """Return the IP addresses of a packet."""
    return frame[22:54] if frame[12:14] == b"\x86\xdd" else frame[26:34]


@contextmanager
def flooding(twin: TwinLab, guests: Sequence[str], streams: Sequence[Stream]) -> Iterator[Flood]:
    """Let the streams run meanwhile, and hear at all guests."""
    for number, stream in enumerate(streams):
        stream.frame = stream.build(_MARK + _NUMBER.pack(number))
    with ExitStack() as stack:
        elsewhere, runner = (stack.enter_context(ThreadPoolExecutor(1)) for dummy in range(2))
        ends = {guest: stack.enter_context(elsewhere.submit(_opened, twin.pid(guest)).result()) for guest in guests}
        flood = Flood(streams, ends)
        running = runner.submit(flood._run)
        try:
            yield flood
        finally:
            flood._over = True
        running.result()


def _opened(pid: int) -> socket.socket:
    enter_network(pid)
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    end.bind(("eth0", _ETH_P_ALL))
    end.setblocking(False)
    return end
