# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to addresses beyond a router, all at once: by TCP who answers, by ICMP whether anybody does."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import ELSEWHERE
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import answerer_in

_AT_ONCE = 64
_AGAIN = 0.5  # seconds after which an echo request is repeated
_NO_REPLY = "no reply"


def ask(questions: Sequence[tuple[str, int | None]], run: str, timeout: float) -> list[dict[str, Any]]:
    """Return what became of each question, an address and a port of TCP, or None for an echo request."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda question: _ask(*question, run, timeout), questions))


def _ask(address: str, port: int | None, run: str, timeout: float) -> dict[str, Any]:
    try:
        return _echo(address, timeout) if port is None else _call(address, port, run, timeout)
    except TimeoutError:
        return _reply(note=_NO_REPLY)
    except OSError as error:
        return _reply(note=os.strerror(error.errno or 0))


def _reply(answered: bool = False, answerer: str = "", note: str = "") -> dict[str, Any]:
    return {"answered": answered, "answerer": answerer, "note": note}


def _call(address: str, port: int, run: str, timeout: float) -> dict[str, Any]:
    until = time.monotonic() + timeout
    with socket.create_connection((address, port), timeout) as connection:
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
                connection.settimeout(max(0.1, until - time.monotonic()))
        except OSError:  # whoever it is has nothing more to say
            pass
    name = answerer_in(answer, run)
    return _reply(True, name, "" if name else ELSEWHERE)


def _echo(address: str, timeout: float) -> dict[str, Any]:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        payload, until = os.urandom(16), time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            raw.sendto(frames.echo_request(4, 1, payload), (address, 0))
            raw.settimeout(min(_AGAIN, left))
            if _is_answered(raw, address, payload):
                return _reply(True)
    return _reply(note=_NO_REPLY)


def _is_answered(raw: socket.socket, address: str, payload: bytes) -> bool:
    """Hear ICMP until the answer is among it, or time is up; others hear each packet too (raw(7))."""
    until = time.monotonic() + (raw.gettimeout() or 0)
    try:
        while time.monotonic() < until:
            packet, source = raw.recvfrom(65535)
            message = packet[(packet[0] & 0xF) * 4 :]
            if source[0] == address and message[:1] == bytes([frames.ECHO_REPLY]) and message.endswith(payload):
                return True
    except TimeoutError:
        pass
    return False
