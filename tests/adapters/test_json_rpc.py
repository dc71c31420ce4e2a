# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a message ends is nowhere said on the wire: replies in pieces, together, late, and with braces in strings."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.json_rpc import JsonRpc
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

REPLY = b'{"id":1,"result":[{"a":{}}],"error":null}'
ECHO = b'{"id":"echo","method":"echo","params":["x"]}'
NOTICE = b'{"id":null,"method":"locked","params":["ovs_vswitchd"]}'
BRACE = b'{"id":1,"result":["{"],"error":null}'
OTHER_BRACE = b'{"id":1,"result":["}}"],"error":null}'
ACCENT = '{"id":1,"result":["é"],"error":null}'.encode()


class Server:
    """Answers the first request with these pieces, a moment apart, and keeps what it is sent."""

    def __init__(self, path: Path, pieces: Sequence[bytes]) -> None:
        self.received = b""
        self._pieces = pieces
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection = self._socket.accept()[0]
        with connection, self._socket:
            connection.settimeout(10)
            self.received += connection.recv(1 << 16)
            for piece in self._pieces:
                connection.sendall(piece)
                time.sleep(0.01)
            while data := connection.recv(1 << 16):
                self.received += data

    def join(self) -> None:
        self._thread.join(timeout=20)


@pytest.fixture
def result(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[object, Server]:
    server = Server(tmp_path / "socket", request.param)
    rpc = JsonRpc(f"unix:{tmp_path / 'socket'}", 5)
    answer = rpc.call("transact", [], 5)
    rpc.close()
    server.join()
    return answer, server


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param([REPLY], [{"a": {}}], id="whole"),
        pytest.param([REPLY[:9], REPLY[9:30], REPLY[30:]], [{"a": {}}], id="in pieces"),
        pytest.param([bytes([byte]) for byte in REPLY], [{"a": {}}], id="byte by byte"),
        pytest.param([NOTICE + REPLY], [{"a": {}}], id="after a notice, together"),
        pytest.param([NOTICE, REPLY], [{"a": {}}], id="after a notice"),
        pytest.param([NOTICE + REPLY[:20], REPLY[20:]], [{"a": {}}], id="begun with a notice"),
        pytest.param([BRACE], ["{"], id="an opening brace in a string"),
        pytest.param([OTHER_BRACE], ["}}"], id="closing braces in a string"),
        pytest.param([OTHER_BRACE[:20], OTHER_BRACE[20:]], ["}}"], id="closing braces in a string, in pieces"),
        pytest.param([ACCENT[:20], ACCENT[20:]], ["é"], id="a character in two pieces"),
    ],
    indirect=["result"],
)
def test_a_reply_is_read_whole(result: tuple[object, Server], expected: object) -> None:
    assert result[0] == expected


@pytest.mark.parametrize("result", [[ECHO + REPLY]], indirect=True)
def test_an_echo_request_is_answered_in_between(result: tuple[object, Server]) -> None:
    assert result[1].received.endswith(b'{"result":["x"],"error":null,"id":"echo"}')


def test_a_reply_that_never_ends_does_not_keep_us(tmp_path: Path) -> None:
    server = Server(tmp_path / "socket", [REPLY[:-1]])
    rpc = JsonRpc(f"unix:{tmp_path / 'socket'}", 5)
    started = time.monotonic()
    with pytest.raises(BackendError, match="Connection timed out"):
        rpc.call("transact", [], 0.3)
    assert time.monotonic() - started < 3
    rpc.close()
    server.join()


def test_a_request_that_is_refused_says_why(tmp_path: Path) -> None:
    server = Server(tmp_path / "socket", [b'{"id":1,"result":null,"error":"unknown database"}'])
    rpc = JsonRpc(f"unix:{tmp_path / 'socket'}", 5)
    with pytest.raises(BackendError, match="refused the request: unknown database"):
        rpc.call("transact", [], 5)
    rpc.close()
    server.join()
