# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to addresses beyond a router, all at once: who answers by TCP, UDP and HTTP, whether somebody by ICMP."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import ELSEWHERE
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import answerer_in, answerer_of_datagram

_AT_ONCE = 128
_AGAIN = 0.5  # seconds after which a question that is not answered is repeated
_ROUND = 32  # the most requests to a load balancer at once
_NO_REPLY = "no reply"
_NO_MEMBER = "the load balancer has no member that answers"
_NO_SERVER = (b"502", b"503", b"504")  # RFC 9110: a gateway has nobody behind it that answers
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_ICMP = {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}
_ECHO_REPLY = {4: frames.ECHO_REPLY, 6: frames.ECHO_REPLY_V6}


class Question(NamedTuple):
    protocol: str  # icmp, tcp, udp or http
    address: str
    port: int  # 0 with icmp
    settles: int  # seconds that an answer may take beyond what the network needs
    answerers: Sequence[str] = ()  # with http, who all shall be heard; none: any answer will do


def ask(questions: Sequence[Question], run: str, timeout: float) -> list[dict[str, Any]]:
    """Return what became of each question."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda question: _ask(question, run, timeout), questions))


def _ask(question: Question, run: str, timeout: float) -> dict[str, Any]:
    until = time.monotonic() + timeout
    try:
        if question.protocol == "icmp":
            return _echo(question, until)
        if question.protocol == "udp":
            return _datagram(question, run, until)
        if question.protocol == "http":
            return _request(question, run, timeout)
        return _call(question, run, until)
    except TimeoutError:
        return _reply(note=_NO_REPLY)
    except OSError as error:
        return _reply(note=os.strerror(error.errno or 0))


def _reply(answered: bool = False, answerers: Iterable[str] = (), note: str = "") -> dict[str, Any]:
    return {"answered": answered, "answerers": sorted(answerers), "note": note}


def _answer_of(name: str) -> dict[str, Any]:
    return _reply(True, [name]) if name else _reply(True, note=ELSEWHERE)


def _call(question: Question, run: str, until: float) -> dict[str, Any]:
    return _answer_of(answerer_in(_heard(question, b"", until), run))


def _request(question: Question, run: str, timeout: float) -> dict[str, Any]:
    """Ask a load balancer, in rounds, until all are heard who shall be; it may not know yet that they serve."""
    until = time.monotonic() + timeout + question.settles
    size = min(2 * len(question.answerers) or 1, _ROUND)  # others have their turns between
    names: set[str] = set()
    notes: set[str] = set()
    with ThreadPoolExecutor(size) as pool:
        while True:
            replies = list(pool.map(lambda _turn: _member(question, run, time.monotonic() + timeout), range(size)))
            names.update(name for one in replies for name in one["answerers"])
            notes = {one["note"] for one in replies} | (notes & {ELSEWHERE})
            answered = bool(names) or ELSEWHERE in notes
            if (answered and names.issuperset(question.answerers)) or time.monotonic() + _AGAIN > until:
                return _reply(answered, names, ELSEWHERE if ELSEWHERE in notes else max(notes))
            time.sleep(_AGAIN)


def _member(question: Question, run: str, until: float) -> dict[str, Any]:
    """Ask a load balancer once."""
    request = f"GET / HTTP/1.1\r\nHost: {question.address}\r\nConnection: close\r\n\r\n".encode()
    try:
        answer = _heard(question, request, until)
    except OSError as error:
        return _reply(note=_NO_REPLY if isinstance(error, TimeoutError) else os.strerror(error.errno or 0))
    if not answer or answer.partition(b" ")[2][:3] in _NO_SERVER:
        return _reply(note=_NO_MEMBER)
    return _answer_of(answerer_in(answer.partition(b"\r\n\r\n")[2], run))


def _heard(question: Question, said: bytes, until: float) -> bytes:
    """Return all that is said on a connection. Raise if there is none."""
    answer = b""
    with socket.create_connection((question.address, question.port), _left(until)) as connection:
        try:
            connection.sendall(said)
            while part := connection.recv(65536):
                answer += part
                connection.settimeout(_left(until))
        except OSError:  # whoever it is has nothing more to say
            pass
    return answer


def _datagram(question: Question, run: str, until: float) -> dict[str, Any]:
    note = _NO_REPLY
    with socket.socket(_FAMILY[family(question.address)], socket.SOCK_DGRAM) as asking:
        asking.connect((question.address, question.port))
        while time.monotonic() < until:
            asking.settimeout(min(_AGAIN, _left(until)))
            try:
                asking.send(run.encode())
                return _answer_of(answerer_of_datagram(asking.recv(65535), run))
            except TimeoutError:
                continue
            except OSError as error:  # what came back for the one before: nobody has the port, or there is no way
                note = os.strerror(error.errno or 0)
                time.sleep(_AGAIN)
    return _reply(note=note)


def _left(until: float) -> float:
    return max(0.1, until - time.monotonic())


def _echo(question: Question, until: float) -> dict[str, Any]:
    version, payload = family(question.address), os.urandom(16)
    with socket.socket(_FAMILY[version], socket.SOCK_RAW, _ICMP[version]) as raw:
        while time.monotonic() < until:
            raw.sendto(frames.echo_request(version, 1, payload), (question.address, 0))
            raw.settimeout(min(_AGAIN, _left(until)))
            if _is_answered(raw, question.address, payload):
                return _reply(True)
    return _reply(note=_NO_REPLY)


def _is_answered(raw: socket.socket, address: str, payload: bytes) -> bool:
    """Hear ICMP until the answer is among it, or time is up; others hear each packet too (raw(7))."""
    until = time.monotonic() + (raw.gettimeout() or 0)
    version = family(address)
    try:
        while time.monotonic() < until:
            packet, source = raw.recvfrom(65535)
            message = packet[(packet[0] & 0xF) * 4 :] if version == 4 else packet  # raw(7): IPv6 has no header here
            if source[0] == address and message[:1] == bytes([_ECHO_REPLY[version]]) and message.endswith(payload):
                return True
    except TimeoutError:
        pass
    return False
