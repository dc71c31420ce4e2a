# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders to the running ovs-vswitchd by its control socket (ovs-appctl(8)), without starting a program.

The socket is beside that of the database, named after the process: of a process that died it may still be there. Not by
ovs-appctl, which removes the PID file of a daemon whose process it does not see, as from another PID namespace.
"""

from __future__ import annotations

import glob
import os

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.json_rpc import JsonRpc
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

_TIMEOUT = 5.0  # seconds
_NOBODY = "06:74:65:6e:61:6e"  # a MAC address that no device has


class SwitchControl:
    """One connection to the ovs-vswitchd that serves a database; BackendError if there is none.

    ``timeout`` (seconds) bounds each order.
    """

    def __init__(self, database: str, timeout: float = _TIMEOUT) -> None:
        self._timeout = timeout
        scheme, dummy, path = database.partition(":")
        pattern = os.path.join(os.path.dirname(path), "ovs-vswitchd.*.ctl")
        for socket in sorted(glob.glob(pattern)) if scheme == "unix" else ():
            try:
                self._connection = JsonRpc(f"unix:{socket}", timeout, "ovs-vswitchd")
            except BackendError:
                continue
            return
        raise BackendError(
            f"No ovs-vswitchd answers at {pattern}. Is it running (package openvswitch-switch; systemctl status "
            "ovs-vswitchd), and is database right?"
        )

    def close(self) -> None:
        self._connection.close()

    def ask(self, command: str, *arguments: str) -> str:
        answer: str = self._connection.call(command, arguments, self._timeout)
        return answer

    def revalidate(self, bridge: str) -> None:
        """Let the datapath follow a change of the bridge's mirrors.

        Open vSwitch 3.1 does not do it by itself: flows that it knows already are copied as before, to nowhere or to a
        mirror that was removed, for as long as they last. Learning an address and forgetting it makes it look at all
        flows again. Flushing the table of addresses would too, but floods the frames of known guests.
        """
        self.ask("fdb/add", bridge, bridge, "0", _NOBODY)
        self.ask("fdb/del", bridge, "0", _NOBODY)

    def refused_qos(self, interface: str, kind: str) -> bool:
        """Say whether a device that can have a QoS of some type has another one than this."""
        answer = self.ask("qos/show", interface).splitlines()
        if answer[0] == f"QoS: {interface} {kind}":
            return False
        return "QoS type:" in self.ask("qos/show-types", interface)
