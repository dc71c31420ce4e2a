# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run on a host of a twin: give the switch's datapath in userspace deep queues, and tell how many.

They are the buffers of the sockets by which it reads its ports, and hold some 270 pings. Where several switches and two
lanes of tests share two processors, one that gets none for a third of a second loses the next of a thousand a second,
whatever its flows say. The datapath of the kernel waits for no process. What a flow drops is lost with any queue.
"""

from __future__ import annotations

import ctypes
import os
import socket
from pathlib import Path

PIDFD_GETFD = 438  # pidfd_getfd(2), the same number on all architectures
RECEIVE_BUFFER_FORCE = 33  # SO_RCVBUFFORCE
DEPTH = 8 << 20  # bytes: ten thousand pings

switch = int(Path("/run/openvswitch/ovs-vswitchd.pid").read_text())
libc = ctypes.CDLL(None, use_errno=True)
packet_sockets = {f"socket:[{line.split()[-1]}]" for line in Path("/proc/net/packet").read_text().splitlines()[1:]}
count = 0
for link in Path(f"/proc/{switch}/fd").iterdir():
    if os.readlink(link) in packet_sockets:
        file = libc.syscall(PIDFD_GETFD, os.pidfd_open(switch), int(link.name), 0)
        if file < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        socket.socket(fileno=file).setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, DEPTH)
        count += 1
print(count)
