# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queues of Open vSwitch's datapath in userspace: the buffers of the sockets by which it reads its ports.

They hold some 270 pings. Where several switches and two lanes of tests share two processors, one that gets none for a
third of a second loses the next of a thousand a second, whatever its flows say. The datapath of the kernel waits for no
process. A packet that a flow drops, or that finds none, is lost with any queue.
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_PIDFD_GETFD = 438  # pidfd_getfd(2), the same number on all architectures
_RECEIVE_BUFFER_FORCE = 33  # SO_RCVBUFFORCE
_DEPTH = 8 << 20  # bytes: ten thousand pings
_LIBC = ctypes.CDLL(None, use_errno=True)


def deepen(host: int) -> int:
    """Let the switch of a host, given by a process in it, have deep queues; return how many."""
    network = os.readlink(f"/proc/{host}/ns/net")
    count = 0
    for switch in _switches():
        if os.readlink(switch / "ns/net") == network:
            for number in _packet_sockets(switch):
                with socket.socket(fileno=_taken(int(switch.name), number)) as end:
                    end.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER_FORCE, _DEPTH)
                count += 1
    return count


def _switches() -> Iterator[Path]:
    for name in Path("/proc").glob("[0-9]*/comm"):
        try:
            if name.read_text() == "ovs-vswitchd\n":
                yield name.parent
        except OSError:  # it has ended
            continue


def _packet_sockets(process: Path) -> Iterator[int]:
    inodes = {line.split()[-1] for line in (process / "net/packet").read_text().splitlines()[1:]}
    for link in (process / "fd").iterdir():
        if os.readlink(link).removeprefix("socket:[").rstrip("]") in inodes:
            yield int(link.name)


def _taken(process: int, number: int) -> int:
    """Return a file of our own for what another process has open under this number."""
    handle = os.pidfd_open(process)
    try:
        file = _LIBC.syscall(_PIDFD_GETFD, handle, number, 0)
        if file < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        return int(file)
    finally:
        os.close(handle)
