# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the Open_vSwitch database (RFC 7047).

Not the IDL of Open vSwitch's Python bindings: it replicates whole tables, at four times the cost of the selects that
a task needs.
A committed transaction is a wish, not an effect: ``settle`` waits until ovs-vswitchd has acted on it, by the
``next_cfg``/``cur_cfg`` protocol of ovs-vswitchd.conf.db(5). Every wait is bounded, and a message names the daemon
that did not answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.json_rpc import JsonRpc
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, ConflictError

DATABASE = "Open_vSwitch"
_RACES = ("constraint violation", "referential integrity violation")
_SWITCH_LOCK = "ovs_vswitchd"
_DEAD = "ovs-vswitchd is not running: see systemctl status ovs-vswitchd, start openvswitch-switch, and run again."
_STUCK = "It is running, but hangs or is busy: see ovs-vswitchd.log, or raise timeout."
Operation = Mapping[str, Any]


class Ovsdb:
    """One connection. ``timeout`` (seconds) bounds each call."""

    def __init__(self, remote: str, timeout: float) -> None:
        self.remote = remote
        self._timeout = timeout
        self._connection = JsonRpc(remote, timeout)

    def close(self) -> None:
        self._connection.close()

    def transact(self, operations: Sequence[Operation]) -> list[Any]:
        """Run operations as one transaction, all or nothing, and return their results.

        Raises ConflictError if a ``wait`` of ours did not hold or a name was taken meanwhile, else BackendError.
        """
        reply: list[Any] = self._connection.call("transact", [DATABASE, *operations], self._timeout)
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
        free: bool = self._connection.call("lock", [_SWITCH_LOCK], self._timeout)["locked"]
        self._connection.call("unlock", [_SWITCH_LOCK], self._timeout)
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
        (result,) = self._connection.call("transact", [DATABASE, wait], seconds + self._timeout)[:1]
        return not result.get("error")


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


def is_row(uuid: str) -> list[Any]:
    """Return the ``where`` of an operation on one row."""
    return [["_uuid", "==", ["uuid", uuid]]]


def wait(table: str, where: list[Any], values: Mapping[str, Any]) -> Operation:
    """Return the operation that fails the transaction unless there is such a row with these values."""
    return {
        "op": "wait",
        "table": table,
        "timeout": 0,
        "where": where,
        "columns": list(values),
        "until": "==",
        "rows": [dict(values)],
    }
