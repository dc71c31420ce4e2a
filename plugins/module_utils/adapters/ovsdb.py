# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the Open_vSwitch database (RFC 7047) over the JSON-RPC transport of OVS's own Python bindings.

Not the bindings' IDL: it replicates whole tables, at four times the cost of the selects that a task needs.
A committed transaction is a wish, not an effect: ``settle`` waits until ovs-vswitchd has acted on it, by the
``next_cfg``/``cur_cfg`` protocol of ovs-vswitchd.conf.db(5). Every wait is bounded, and a message names the daemon
that did not answer.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, ConflictError

try:
    import ovs.jsonrpc
    import ovs.poller
    import ovs.stream

    HAS_OVS = True
except ImportError:
    HAS_OVS = False

DEFAULT_REMOTE = "unix:/run/openvswitch/db.sock"
DATABASE = "Open_vSwitch"
_RACES = ("constraint violation", "referential integrity violation")
_SWITCH_LOCK = "ovs_vswitchd"
_DEAD = "ovs-vswitchd is not running: see systemctl status ovs-vswitchd, start openvswitch-switch, and run again."
_STUCK = "It is running, but hangs or is busy: see ovs-vswitchd.log, or raise timeout."
Operation = Mapping[str, Any]


class Ovsdb:
    """One connection. ``timeout`` (seconds) bounds each call."""

    def __init__(self, remote: str, timeout: float) -> None:
        if not HAS_OVS:
            raise BackendError(
                "The Python library 'ovs' is missing on this host. Install the package python3-openvswitch, and let "
                "ansible_python_interpreter be the distribution's own Python."
            )
        self._remote = remote
        self._timeout = timeout
        error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(remote), int(timeout * 1000))
        if error:
            raise self._unreachable(os.strerror(error))
        self._connection = ovs.jsonrpc.Connection(stream)

    def close(self) -> None:
        self._connection.close()

    def transact(self, operations: Sequence[Operation]) -> list[Any]:
        """Run operations as one transaction, all or nothing, and return their results.

        Raises ConflictError if a ``wait`` of ours did not hold or a name was taken meanwhile, else BackendError.
        """
        reply: list[Any] = self._call("transact", [DATABASE, *operations], self._timeout)
        for index, result in enumerate(reply):
            if result and result.get("error"):
                raise _refusal(result, operations[index] if index < len(operations) else None)
        return reply

    def settle(self, wanted: int, current: int, ours: bool) -> None:
        """Wait until ovs-vswitchd has applied configuration number ``wanted``; ``current`` is the last one known.

        ``ours`` says whether this task made it, or another program before.
        """
        deadline = time.monotonic() + self._timeout
        while current < wanted:
            left = deadline - time.monotonic()
            if left <= 0 or not self._changed_from(current, left):
                which = "the change" if ours else "an earlier change"
                message = f"Open vSwitch recorded {which}, but ovs-vswitchd did not apply it in {self._timeout:g} s."
                why = _STUCK if self.switch_runs() else _DEAD
                raise BackendError(f"{message} {why}", **({"changed": True} if ours else {}))
            current = self.configuration()[1]

    def require_switch(self) -> None:
        """Raise BackendError if no ovs-vswitchd is there to act on the database."""
        if not self.switch_runs():
            raise BackendError(_DEAD)

    def switch_runs(self) -> bool:
        """Say whether a process holds the lock that ovs-vswitchd has for as long as it serves this database."""
        free: bool = self._call("lock", [_SWITCH_LOCK], self._timeout)["locked"]
        self._call("unlock", [_SWITCH_LOCK], self._timeout)
        return not free

    def configuration(self) -> tuple[int, int]:
        """Return (next_cfg, cur_cfg)."""
        row = self.transact([select_configuration()])[0]["rows"][0]
        return row["next_cfg"], row["cur_cfg"]

    def _changed_from(self, current: int, seconds: float) -> bool:
        """Let ovsdb-server tell us when cur_cfg is no longer ``current``; False if that lasts too long."""
        wait = {
            "op": "wait",
            "table": "Open_vSwitch",
            "timeout": int(seconds * 1000),
            "where": [],
            "columns": ["cur_cfg"],
            "until": "!=",
            "rows": [{"cur_cfg": current}],
        }
        (result,) = self._call("transact", [DATABASE, wait], seconds + self._timeout)[:1]
        return not result.get("error")

    def _call(self, method: str, params: Sequence[Any], seconds: float) -> Any:
        request = ovs.jsonrpc.Message.create_request(method, list(params))
        deadline = time.monotonic() + seconds
        error = self._connection.send(request)
        while not error:
            error, reply = self._connection.recv()
            if reply is not None and reply.id == request.id:
                if reply.error is not None:
                    raise BackendError(f"ovsdb-server at {self._remote} refused the request: {reply.error}.")
                return reply.result
            if reply is not None and reply.method == "echo":  # over TCP ovsdb-server asks who is still there
                error = self._connection.send(ovs.jsonrpc.Message.create_reply(reply.params, reply.id))
            elif error == errno.EAGAIN:
                error = self._wait_for_input(deadline)
        raise self._unreachable("the connection was closed" if error == ovs.jsonrpc.EOF else os.strerror(error))

    def _wait_for_input(self, deadline: float) -> int:
        left = deadline - time.monotonic()
        if left <= 0:
            return errno.ETIMEDOUT
        self._connection.run()
        poller = ovs.poller.Poller()
        self._connection.wait(poller)
        self._connection.recv_wait(poller)
        poller.timer_wait(int(left * 1000) + 1)
        poller.block()
        return 0

    def _unreachable(self, reason: str) -> BackendError:
        return BackendError(
            f"ovsdb-server does not answer at {self._remote}: {reason}. Is Open vSwitch running (package "
            "openvswitch-switch; systemctl status ovsdb-server), and is database right?"
        )


def _refusal(result: Mapping[str, Any], operation: Operation | None) -> BackendError:
    """Return the error for a refused operation, or for the commit as a whole where it is None.

    What only the commit finds, a name twice or a reference to a row that is gone, another writer has done since we
    read; a value that breaks a constraint is refused by its own operation.
    """
    error, details = result["error"], result.get("details") or "no details"
    if (operation or {}).get("op") == "wait" or (operation is None and error in _RACES):
        return ConflictError(f"Another writer keeps changing the same rows of the Open vSwitch database ({details}).")
    what = "commit" if operation is None else f"{operation['op']} {operation.get('table', '')}".rstrip()
    return BackendError(f"ovsdb-server refused to {what}: {error}: {details}.")


def select(table: str, columns: Sequence[str]) -> Operation:
    return {"op": "select", "table": table, "where": [], "columns": list(columns)}


def select_configuration() -> Operation:
    return select("Open_vSwitch", ["next_cfg", "cur_cfg"])


def increment_configuration() -> Operation:
    """Ask ovs-vswitchd to say when it has applied this transaction (``Ovsdb.settle``)."""
    return {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]]}
