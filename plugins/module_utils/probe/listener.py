# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listening process of an endpoint: starts, outlives the task that started it, is asked, and ends by itself.

It is reached at an abstract unix(7) socket. Such a name lives in the network namespace and dies with the process: no
pid that another process may have by now, nothing to clean up after a crash. All sockets are opened before the fork,
so that what can fail fails in the task. An alarm(2) ends a process that no longer looks at its clock.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import Responder
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.sniffer import Sniffer

_ANSWER_SECONDS = 5
_PEER_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid: unix(7), SO_PEERCRED


class NotListening(BackendError):
    """Nobody listens for this endpoint."""


def start(name: str, sniffer: Sniffer, responder: Responder, deadline: int) -> None:
    """Start listening in a process of its own, for at most ``deadline`` seconds."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    control.bind(_address_of(name))
    control.listen(4)
    _detach(lambda: _serve(control, sniffer, responder, deadline))


def stop(name: str) -> dict[str, Any]:
    """End the listener of this endpoint; return what it saw and kept."""
    return _ask(name, {"stop": True})


def keep(name: str, findings: Mapping[str, Any]) -> None:
    """Give the listener something to return when it is stopped."""
    _ask(name, {"keep": findings})


def _address_of(name: str) -> str:
    return f"\0tenantry-probe-{digest(name, 16)}"


def _ask(name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ANSWER_SECONDS)
        try:
            asking.connect(_address_of(name))
            asking.sendall(json.dumps(request).encode())
            asking.shutdown(socket.SHUT_WR)
            answer: dict[str, Any] = json.loads(_read(asking))
        except ConnectionRefusedError:
            raise NotListening(
                f"{name}: nobody listens here: phase 'listen' was not run, or it reached its deadline. If measuring "
                "takes so long, allow it more time (deadline, or verify_deadline of the playbook)."
            ) from None
        except (OSError, ValueError) as error:
            raise BackendError(f"{name}: the listener does not answer ({error}). Verify again.") from None
    return answer


def _read(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def _detach(run: Callable[[], None]) -> None:
    """Call ``run`` in a grandchild that no terminal, session or pipe ties to the task."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            os.chdir("/")
            null = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(null, standard)
            run()
    finally:
        os._exit(0)  # never the exit handlers of the module, which belong to the task


def _serve(control: socket.socket, sniffer: Sniffer, responder: Responder, deadline: int) -> None:
    until = time.monotonic() + deadline
    signal.alarm(deadline + _ANSWER_SECONDS)
    kept: dict[str, Any] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(sniffer.socket, selectors.EVENT_READ, lambda _socket: sniffer.read())
        for listening in responder.sockets:
            selector.register(listening, selectors.EVENT_READ, responder.answer)
        while time.monotonic() < until:
            for key, _events in selector.select(until - time.monotonic()):
                if key.data:
                    key.data(key.fileobj)
                elif _obey(control, kept, sniffer, responder):
                    return


def _obey(control: socket.socket, kept: dict[str, Any], sniffer: Sniffer, responder: Responder) -> bool:
    """Do what a caller asks; say whether that was to stop."""
    caller = control.accept()[0]
    with caller:
        caller.settimeout(_ANSWER_SECONDS)
        try:
            if not _is_root(caller):
                return False
            request = json.loads(_read(caller))
            kept.update(request.get("keep", {}))
            answer = {}
            if "stop" in request:
                answer = {**_seen(sniffer), "busy": responder.busy, **kept}
                for ending in (control, sniffer.socket, *responder.sockets):
                    ending.close()  # before the answer, so that the next listener finds everything free
            caller.sendall(json.dumps(answer).encode())
        except (OSError, ValueError):  # a caller who went away, or who talks nonsense
            return False
    return "stop" in request


def _is_root(caller: socket.socket) -> bool:
    credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
    return bool(_PEER_CREDENTIALS.unpack(credentials)[1] == 0)


def _seen(sniffer: Sniffer) -> dict[str, Any]:
    while sniffer.read():
        pass
    return {
        "sightings": [asdict(sighting) for sighting in sniffer.sightings()],
        "departed": sniffer.departed(),
        "lost": sniffer.lost(),
    }
