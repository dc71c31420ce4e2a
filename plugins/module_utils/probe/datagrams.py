# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Datagrams to the UDP services of many addresses at once, each repeated until it is answered."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import Reply
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import answerer_of_datagram
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import Target


@dataclass
class _Question:
    receiver: str
    address: str
    check: str
    socket: socket.socket
    answerer: str = ""
    note: str = "no reply"


class Datagrams:
    def __init__(self, own: Target, targets: Sequence[Target], interface: str, run: str) -> None:
        self._run = run
        self._questions = [
            _Question(target.name, address, check, _connected(address, interface, port))
            for target in targets
            for check, port in target.services_of("udp")
            for version in (4, 6)
            if own.addresses_of(version)
            for address in target.addresses_of(version)
        ]

    @property
    def settled(self) -> bool:
        return all(question.answerer for question in self._questions)

    def register(self, selector: selectors.BaseSelector) -> None:
        for question in self._questions:
            selector.register(question.socket, selectors.EVENT_READ, lambda _socket, its=question: self._read(its))

    def send(self) -> None:
        """Send, once more, each question that nobody has answered."""
        for question in self._questions:
            if not question.answerer:
                try:
                    question.socket.send(self._run.encode())
                except OSError as error:  # also what came back for the one before: port or host unreachable
                    question.note = os.strerror(error.errno or 0)

    def replies(self) -> Iterator[Reply]:
        for question in self._questions:
            name, note = question.answerer, "" if question.answerer else question.note
            yield Reply(question.receiver, question.address, question.check, bool(name), name, note)

    def close(self) -> None:
        for question in self._questions:
            question.socket.close()

    def _read(self, question: _Question) -> None:
        try:
            answer = question.socket.recv(65535)
        except OSError as error:
            question.note = os.strerror(error.errno or 0)
            return
        question.answerer = question.answerer or answerer_of_datagram(answer, self._run)


def _connected(address: str, interface: str, port: int) -> socket.socket:
    asking = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    asking.setblocking(False)
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    with contextlib.suppress(OSError):  # no way there, as each question will say
        asking.connect((address, port))
    return asking
