# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run on a host of a twin: print each datagram that comes to one of some UDP ports, until the end of standard input.

A line is: port, address of the sender, and the datagram in hex.
"""

from __future__ import annotations

import os
import select
import socket
import sys

if __name__ == "__main__":
    sockets = {}
    for port in map(int, sys.argv[1:]):
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind(("", port))
        sockets[listening] = port
    print("ready", flush=True)
    while True:
        readable = select.select([sys.stdin, *sockets], [], [])[0]
        if sys.stdin in readable and not os.read(0, 1):
            break
        for listening in readable:
            if listening in sockets:
                datagram, sender = listening.recvfrom(65535)
                print(sockets[listening], sender[0], datagram.hex(), flush=True)
