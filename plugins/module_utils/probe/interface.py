# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network interface of this machine is the endpoint: the intent knows its MAC address, not its name here.

Asked of the kernel by netdevice(7), not of /sys, which in a network namespace may still show another one's devices.
"""

from __future__ import annotations

import fcntl
import socket
import struct
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

_SIOCGIFFLAGS, _SIOCGIFMTU, _SIOCGIFHWADDR = 0x8913, 0x8921, 0x8927
_IFF_UP = 1
_ETHERNET = 1  # ARPHRD_ETHER


@dataclass(frozen=True)
class Interface:
    name: str
    mtu: int


def find_interface(endpoint: str, mac: str) -> Interface:
    """Return the interface with this MAC address; BackendError if there is none, several, or it is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        macs = {name: _mac(asking, name) for _index, name in socket.if_nameindex()}
        found = [name for name, its in macs.items() if its == mac]
        if len(found) != 1:
            seen = ", ".join(f"{name} {its}" for name, its in sorted(macs.items()) if its) or "none"
            raise BackendError(
                f"{endpoint}: {len(found) or 'no'} interfaces here have the MAC address {mac} that the intent gives to "
                f"this endpoint; found: {seen}. Give the interface that address, or write its own into the intent."
            )
        if not _query(asking, found[0], _SIOCGIFFLAGS, "H")[0] & _IFF_UP:
            raise BackendError(f"{endpoint}: interface {found[0]} is down. Bring it up: ip link set {found[0]} up.")
        return Interface(found[0], _query(asking, found[0], _SIOCGIFMTU, "i")[0])


def _mac(asking: socket.socket, name: str) -> str:
    kind, raw = _query(asking, name, _SIOCGIFHWADDR, "H6s")
    return str(raw.hex(":")) if kind == _ETHERNET else ""


def _query(asking: socket.socket, name: str, request: int, answer: str) -> tuple[Any, ...]:
    reply = fcntl.ioctl(asking, request, struct.pack("16s24x", name.encode()))
    return struct.unpack_from(answer, reply, 16)
