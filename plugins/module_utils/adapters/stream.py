# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Byte streams to Open vSwitch's daemons: every wait is bounded, a ``socket.timeout`` says that it is over."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

_CHUNK = 1 << 18  # bytes


def _timeout() -> socket.timeout:
    return socket.timeout(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


class Stream(Protocol):
    def send(self, data: bytes, seconds: float) -> None:
        """Send all of it."""

    def receive(self, seconds: float) -> bytes:
        """Return what has come, at least one byte; nothing if the other side has closed the connection."""

    def close(self) -> None: ...


def connect(remote: str, seconds: float) -> Stream:
    """Connect to an active connection method (ovsdb(7)); OSError if nobody answers there."""
    scheme, dummy, path = remote.partition(":")
    return _UnixStream(path, seconds) if scheme == "unix" else _BoundStream(remote, seconds)


class _UnixStream:
    """A socket, without Open vSwitch's bindings: importing them is a sixth of what a task without changes costs."""

    def __init__(self, path: str, seconds: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(seconds)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise

    def send(self, data: bytes, seconds: float) -> None:
        self._socket.settimeout(seconds)
        self._socket.sendall(data)

    def receive(self, seconds: float) -> bytes:
        self._socket.settimeout(seconds)
        return self._socket.recv(_CHUNK)

    def close(self) -> None:
        self._socket.close()


class _BoundStream:
    """TCP or TLS by Open vSwitch's own Python bindings."""

    def __init__(self, remote: str, seconds: float) -> None:
        try:
            from ovs import poller, stream
        except ImportError:
            raise BackendError(
                "The Python library 'ovs' is missing on this host. Install the package python3-openvswitch, and let "
                "ansible_python_interpreter be the distribution's own Python."
            ) from None
        self._poller = poller.Poller
        error, self._stream = stream.Stream.open_block(stream.Stream.open(remote), int(seconds * 1000))
        if error:
            raise OSError(error, os.strerror(error))

    def send(self, data: bytes, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while data:
            sent = self._stream.send(data)
            if sent == -errno.EAGAIN:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise _timeout()
                self._wait(self._stream.send_wait, left)
            elif sent < 0:
                raise OSError(-sent, os.strerror(-sent))
            else:
                data = data[sent:]

    def receive(self, seconds: float) -> bytes:
        error, data = self._stream.recv(_CHUNK)
        if error == errno.EAGAIN:
            self._wait(self._stream.recv_wait, seconds)
            error, data = self._stream.recv(_CHUNK)
        if error == errno.EAGAIN:
            raise _timeout()
        if error:
            raise OSError(error, os.strerror(error))
        return bytes(data)

    def close(self) -> None:
        self._stream.close()

    def _wait(self, event: Callable[[Any], None], seconds: float) -> None:
        poller = self._poller()
        event(poller)
        poller.timer_wait(int(seconds * 1000) + 1)
        poller.block()
