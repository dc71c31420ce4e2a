# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON-RPC to Open vSwitch's daemons (RFC 7047, section 4).

Not the ``ovs.jsonrpc`` of its Python bindings: its parser, though in C, takes three times the CPU and twice the memory
of the standard library's. Of the reply that lists 10,000 tunnels that is 78 MB. Every wait is bounded, and a message
names the remote.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.stream import connect
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

_PAUSE = 0.05  # seconds
_DECODER = json.JSONDecoder()


class RefusedRequestError(BackendError):
    """The daemon refused a request; ``reason`` is what it says."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class JsonRpc:
    """One connection to a daemon; ``timeout`` (seconds) bounds its opening."""

    def __init__(self, remote: str, timeout: float, daemon: str = "ovsdb-server") -> None:
        self._remote = remote
        self._daemon = daemon
        self._calls = 0
        self._received = bytearray()
        self._open_braces = 0  # of what was received
        try:
            self._stream = connect(remote, timeout)
        except OSError as error:
            raise self._unreachable(error) from None

    def close(self) -> None:
        self._stream.close()

    def call(self, method: str, params: Sequence[Any], seconds: float) -> Any:
        """Return the result of a request, at most so many seconds later."""
        deadline = time.monotonic() + seconds
        self._calls += 1
        self._send({"method": method, "params": params, "id": self._calls}, deadline)
        while True:
            message = self._receive(deadline)
            if message.get("method") == "echo":  # over TCP ovsdb-server asks who is still there
                self._send({"result": message["params"], "error": None, "id": message["id"]}, deadline)
            elif message.get("id") == self._calls:
                if message["error"] is not None:
                    reason = str(message["error"])
                    who = f"{self._daemon} at {self._remote}"
                    raise RefusedRequestError(f"{who} refused the request: {reason}.", reason)
                return message["result"]

    def _send(self, message: Mapping[str, Any], deadline: float) -> None:
        data = json.dumps(message, separators=(",", ":")).encode()
        try:
            self._stream.send(data, self._left(deadline))
        except OSError as error:
            raise self._unreachable(error) from None

    def _receive(self, deadline: float) -> Mapping[str, Any]:
        """Return the next message.

        Nothing on the wire says where one ends. It is parsed as soon as its braces balance or, since a string may
        hold a brace too, when ovsdb-server pauses.
        """
        paused = False
        while True:
            message = self._message() if self._received and (paused or not self._open_braces) else None
            if message is not None:
                return message
            left = self._left(deadline)
            try:
                data = self._stream.receive(min(left, _PAUSE) if self._received else left)
            except socket.timeout:
                paused = True
                continue
            except OSError as error:
                raise self._unreachable(error) from None
            if not data:
                raise self._unreachable(None)
            paused = False
            self._received += data
            self._open_braces += data.count(b"{") - data.count(b"}")

    def _message(self) -> Mapping[str, Any] | None:
        """Take the first message out of what was received; None if it is not whole."""
        try:
            text = self._received.decode()
            message, end = _DECODER.raw_decode(text)
        except ValueError:
            return None
        self._received = bytearray(text[end:], "utf-8")
        self._open_braces = self._received.count(b"{") - self._received.count(b"}")
        found: Mapping[str, Any] = message
        return found

    def _left(self, deadline: float) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._unreachable(socket.timeout())
        return left

    def _unreachable(self, error: OSError | None) -> BackendError:
        reason = os.strerror(error.errno or errno.ETIMEDOUT) if error else "the connection was closed"
        return BackendError(
            f"{self._daemon} does not answer at {self._remote}: {reason}. Is Open vSwitch running (package "
            f"openvswitch-switch; systemctl status {self._daemon}), and is database right?"
        )
