# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device of somebody else's on a VLAN of the wire: the L3 core's, which has no part in Open vSwitch.

A tap takes the place of the kernel's 802.1Q, which not every machine has: what comes with the tag, and no other frame,
reaches the device, and what it sends gets the tag.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lifecycle_fabric import Fabric
from talks import in_network
from wires import open_end, tag_of

from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest

_CORE = "underlay"
_NAME = "device"
_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
_LARGEST = 65535


@contextmanager
def tagged_device(fabric: Fabric, wire: str, vlan: int, address: str) -> Iterator[None]:
    """Let a device have an address on a VLAN of a physical network meanwhile; the L3 core's others are behind it."""
    bridge = f"n-{digest(wire, 12)}"
    tap = in_network(fabric, _CORE, _opened)
    end = open_end(fabric.twin.pid(_CORE), bridge)
    over = threading.Event()
    passing = threading.Thread(target=_pass, args=(tap, end, vlan, over))
    passing.start()
    try:
        fabric.twin.run(_CORE, "ip", "address", "add", address, "dev", _NAME)
        fabric.twin.run(_CORE, "ip", "link", "set", _NAME, "up")
        yield
    finally:
        over.set()
        passing.join()
        end.close()
        os.close(tap)


def _opened() -> int:
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", _NAME.encode(), _IFF_TAP | _IFF_NO_PI))
    return tap


def _pass(tap: int, end: socket.socket, vlan: int, over: threading.Event) -> None:
    tag = struct.pack("!HH", 0x8100, vlan)
    while not over.is_set():
        ready = select.select([tap, end], [], [], 0.05)[0]
        if tap in ready:
            frame = os.read(tap, _LARGEST)
            end.send(frame[:12] + tag + frame[12:])
        if end in ready:
            frame, ancillary, _flags, origin = end.recvmsg(_LARGEST, socket.CMSG_SPACE(64))
            if origin[2] != socket.PACKET_OUTGOING and tag_of(ancillary) == vlan:
                os.write(tap, frame)
