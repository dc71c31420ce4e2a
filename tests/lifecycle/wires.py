# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every end of a twin's wires at once: send a frame, made by hand, on one of them, and know exactly where it arrived.

Sockets are opened in the hosts' network namespaces and stay in them, so that one process sends and hears everywhere.
Each frame carries a number, by which it is known however a switch changed it.
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from packets import wait_until
from twin_lab import TwinLab

QUIET = 0.3  # seconds without a frame, after which none is on its way any more
_NUMBER = struct.Struct("!I")
_ETH_P_ALL = 3
_SOL_PACKET, _ADD_MEMBERSHIP, _STATISTICS, _AUXDATA = 263, 1, 6, 8  # packet(7)
_PROMISCUOUS = struct.Struct("@iHH8s")  # struct packet_mreq
_AUXILIARY = struct.Struct("@IIIHHHH")  # struct tpacket_auxdata: the kernel takes the tag out of the frame
_VLAN_VALID = 1 << 4  # TP_STATUS_VLAN_VALID, linux/if_packet.h
_ARP_ANSWER = b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02"
_CLONE_NEWNET = 0x40000000
_RECEIVE_BUFFER_FORCE = 33  # SO_RCVBUFFORCE
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Said:
    """A frame that was sent."""

    label: str
    sender: str
    mac: bytes  # its source, whoever sent it


@dataclass
class Wires:
    """``ends`` are sockets by name; who has a name of ``host:device`` hears at a device other than eth0."""

    ends: Mapping[str, socket.socket]
    said: list[Said] = field(default_factory=list)
    heard: dict[int, Counter[str]] = field(default_factory=dict)  # number: by whom, with the tag: acme.web-1@120
    # Of these wires alone: seconds after the last test, a stack may still repeat what it got then.
    mark: bytes = field(default_factory=lambda: b"tenantry " + os.urandom(6))
    routed: bool = False  # who forwards gives frames another source
    _last: float = 0.0
    _over: bool = False

    def say(self, label: str, sender: str, frame: Callable[[bytes], bytes]) -> int:
        """Send what ``frame`` makes of the mark that it shall carry, and return its number."""
        number, built = self.announce(label, sender, frame)
        self.ends[sender].send(built)
        return number

    def announce(self, label: str, sender: str, frame: Callable[[bytes], bytes]) -> tuple[int, bytes]:
        """Return a frame with its number, for somebody to send who has no end here."""
        number = len(self.said)
        built = frame(self.mark + _NUMBER.pack(number))
        self.said.append(Said(label, sender, built[6:12]))
        return number, built

    def heard_by(self, number: int) -> Counter[str]:
        return self.heard.get(number, Counter())

    def settle(self) -> None:
        """Wait until no frame has arrived for a moment."""
        began = time.monotonic()
        assert wait_until(lambda: time.monotonic() - max(self._last, began) > QUIET), "the wires do not fall silent"
        lost = [name for name, end in self.ends.items() if _dropped(end)]
        assert lost == [], "the test itself missed frames"

    def end(self, listening: Future[None]) -> None:
        """Hear nothing any more; raise what went wrong while listening."""
        self._over = True
        listening.result()

    def _listen(self) -> None:
        names = {end.fileno(): name for name, end in self.ends.items()}
        poll = select.poll()
        for number in names:
            poll.register(number, select.POLLIN)
        while not self._over:
            for number, _event in poll.poll(50):
                self._take(names[number])

    def _take(self, name: str) -> None:
        frame, ancillary, _flags, origin = self.ends[name].recvmsg(65535, socket.CMSG_SPACE(_AUXILIARY.size))
        start = frame.find(self.mark)
        if start < 0 or origin[2] == socket.PACKET_OUTGOING:
            return
        self._last = time.monotonic()
        number = _NUMBER.unpack_from(frame, start + len(self.mark))[0]
        said = self.said[number]
        if self.routed or said.mac == frame[6:12]:
            self.heard.setdefault(number, Counter())[
                name if (tag := tag_of(ancillary)) is None else f"{name}@{tag}"
            ] += 1
        elif name == said.sender and frame[12:22] == _ARP_ANSWER:  # made of the question, so with its mark
            self.heard.setdefault(number, Counter())["answered"] += 1
        # else it is a receiver's own stack that repeats what it got


@contextmanager
def wires(twin: TwinLab, places: Mapping[str, tuple[str, str]], routed: bool = False) -> Iterator[Wires]:
    """Open an end for each name, at a host's device, and hear what arrives."""
    with ExitStack() as stack:
        elsewhere, listener = (stack.enter_context(ThreadPoolExecutor(1)) for dummy in range(2))
        ends = {
            name: stack.enter_context(elsewhere.submit(open_end, twin.pid(host), device).result())
            for name, (host, device) in places.items()
        }
        found = Wires(ends, routed=routed)
        stack.callback(found.end, listener.submit(found._listen))
        yield found


def enter_network(pid: int) -> None:
    """Take the calling thread to the network of a process, where it stays, and the sockets that it opens."""
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if _LIBC.setns(namespace, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(namespace)


def open_end(pid: int, device: str) -> socket.socket:
    """Open a socket in another namespace; the thread stays there."""
    enter_network(pid)
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    end.bind((device, _ETH_P_ALL))
    end.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER_FORCE, 1 << 24)
    mreq = _PROMISCUOUS.pack(socket.if_nametoindex(device), 1, 0, b"")
    end.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, mreq)
    end.setsockopt(_SOL_PACKET, _AUXDATA, 1)
    return end


def _dropped(end: socket.socket) -> int:
    """Return how many frames did not fit the socket's buffer since this was last asked."""
    return int(struct.unpack("@II", end.getsockopt(_SOL_PACKET, _STATISTICS, 8))[1])


def tag_of(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """Return the VLAN that a frame came with."""
    for _level, _kind, data in ancillary:
        status, *_others, tag, _protocol = _AUXILIARY.unpack(data[: _AUXILIARY.size])
        if status & _VLAN_VALID:
            return int(tag) & 0xFFF
    return None
