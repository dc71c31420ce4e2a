# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP connections to many addresses at once, each to learn who answers there."""

from __future__ import annotations

import errno
import os
import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import ELSEWHERE, TCP, Reply
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import answerer_in
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import Target


@dataclass
class _Call:
    receiver: str
    address: str
    check: str
    socket: socket.socket
    answer: bytes = b""
    connected: bool = False
    settled: bool = False
    note: str = ""


class Connections:
    def __init__(self, own: Target, targets: Sequence[Target], interface: str, port: int, run: str) -> None:
        self._run = run
        self._calls = [
            _call(target.name, address, check, interface, number)
            for target in targets
            for check, number in [(TCP, port), *target.services_of(TCP)]
            for version in (4, 6)
            if own.addresses_of(version)
            for address in target.addresses_of(version)
        ]

    @property
    def settled(self) -> bool:
        return all(call.settled for call in self._calls)

    def register(self, selector: selectors.BaseSelector) -> None:
        for call in self._calls:
            if not call.settled:
                selector.register(call.socket, selectors.EVENT_WRITE, lambda _socket, call=call: _go_on(call, selector))

    def replies(self) -> Iterator[Reply]:
        for call in self._calls:
            name = answerer_in(call.answer, self._run)
            note = "" if name else call.note or _unfinished(call)
            yield Reply(call.receiver, call.address, call.check, bool(name), name, note)

    def close(self) -> None:
        for call in self._calls:
            call.socket.close()


def _unfinished(call: _Call) -> str:
    if call.check != TCP and call.connected:
        return ELSEWHERE
    return f"the answer stopped after {len(call.answer)} bytes" if call.answer else "no reply"


def _call(receiver: str, address: str, check: str, interface: str, port: int) -> _Call:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    call = _Call(receiver, address, check, socket.socket(family, socket.SOCK_STREAM))
    call.socket.setblocking(False)
    call.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
    _settle(call, call.socket.connect_ex((address, port)))
    return call


def _settle(call: _Call, number: int) -> None:
    if number not in (0, errno.EINPROGRESS):
        call.note, call.settled = os.strerror(number), True


def _go_on(call: _Call, selector: selectors.BaseSelector) -> None:
    """Take in what a connection brings: the handshake's end, a part of the answer, its end, or a failure."""
    try:
        if selector.get_key(call.socket).events == selectors.EVENT_WRITE:
            _settle(call, call.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            if not call.settled:
                call.connected = True
                selector.modify(call.socket, selectors.EVENT_READ, selector.get_key(call.socket).data)
        else:
            part = call.socket.recv(65536)
            call.answer += part
            call.settled = not part
    except OSError as error:
        _settle(call, error.errno or errno.EIO)
    if call.settled:
        selector.unregister(call.socket)
