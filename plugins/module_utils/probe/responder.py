# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers each TCP connection with the endpoint's name, and reads such answers.

The answer is longer than a segment: a path that passes the handshake and loses full segments is not reachable.
"""

from __future__ import annotations

import socket

ANSWER_BYTES = 4096


def answer_of(run: str, name: str) -> bytes:
    return f"{run} {name}\n".encode().ljust(ANSWER_BYTES, b".")


def answerer_in(answer: bytes, run: str) -> str:
    """Return the name in a complete answer of this run, or nothing."""
    line = answer.partition(b"\n")[0].decode("utf-8", "replace")
    its_run, _space, name = line.partition(" ")
    return name if its_run == run and len(answer) == ANSWER_BYTES else ""


class Responder:
    """A TCP server without state: what fits into a socket's buffer is sent at once, and the kernel does the rest."""

    def __init__(self, interface: str, versions: set[int], port: int, run: str, name: str) -> None:
        self._answer = answer_of(run, name)
        self.sockets = [self._listening(interface, version, port) for version in sorted(versions)]

    @staticmethod
    def _listening(interface: str, version: int, port: int) -> socket.socket:
        listening = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        if version == 6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(("::" if version == 6 else "0.0.0.0", port))
        listening.listen(256)
        listening.setblocking(False)
        return listening

    def accept(self, listening: socket.socket) -> None:
        """Answer one caller; one who has gone already is no fault."""
        try:
            caller, _address = listening.accept()
        except OSError:
            return
        with caller:
            caller.setblocking(False)
            try:
                caller.send(self._answer)
            except OSError:
                return
