# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a flood of UDP gets from one endpoint to another."""

from __future__ import annotations

import subprocess

from lifecycle_fabric import Fabric

PORT = 47022
BYTES = 1000  # of a datagram's payload
HEADERS = 8 + 20 + 14  # UDP, IPv4 and Ethernet, which limits count too

SEND = f"""
import socket, sys, time
address, bits, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start, sent = time.monotonic(), 0
while (now := time.monotonic() - start) < seconds:
    while sent * {(BYTES + HEADERS) * 8} < now * bits:
        peer.sendto(bytes({BYTES}), (address, {PORT}))
        sent += 1
    time.sleep(0.002)
"""
COUNT = f"""
import socket, time
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.bind(("", {PORT}))
print("ready", flush=True)
peer.settimeout(10)
peer.recv(2048)
start, last, count = time.monotonic(), 0, 0
peer.settimeout(0.5)
try:
    while True:
        peer.recv(2048)
        count, last = count + 1, time.monotonic() - start
except TimeoutError:
    print(count * {(BYTES + HEADERS) * 8} / last)
"""


def received_mbit(fabric: Fabric, sender: str, receiver: str, offered_mbit: float, seconds: float = 1) -> float:
    """Return the megabits a second that arrive of those that are sent."""
    python = ["/usr/bin/python3", "-c"]
    enter = ["nsenter", f"--target={fabric.twin.pid(receiver)}", "--all", "--", *python, COUNT]
    with subprocess.Popen(enter, stdout=subprocess.PIPE, text=True) as counter:
        assert counter.stdout
        assert counter.stdout.readline() == "ready\n"
        fabric.twin.run(sender, *python, SEND, fabric.address(receiver), str(offered_mbit * 1e6), str(seconds))
        return float(counter.communicate(timeout=20)[0]) / 1e6
