# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders to the running ovs-vswitchd by its control socket (ovs-appctl(8)), without starting a program.

The socket is beside that of the database, named after the process: of a process that died it may still be there.
"""

from __future__ import annotations

import glob
import os

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.json_rpc import JsonRpc
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

_TIMEOUT = 5.0  # seconds
_NOBODY = "06:74:65:6e:61:6e"  # a MAC address that no device has


def revalidate(database: str, bridge: str) -> None:
    """Let the datapath follow a change of the bridge's mirrors; BackendError if ovs-vswitchd cannot be asked.

    Open vSwitch 3.1 does not do it by itself: flows that it knows already are copied as before, to nowhere or to a mirror
    that was removed, for as long as they last. Learning an address and forgetting it makes it look at all flows again.
    Flushing the table of addresses would too, but floods the frames of known guests.
    """
    connection = _connect(database)
    connection.call("fdb/add", [bridge, bridge, "0", _NOBODY], _TIMEOUT)
    connection.call("fdb/del", [bridge, "0", _NOBODY], _TIMEOUT)
    connection.close()


def _connect(database: str) -> JsonRpc:
    scheme, dummy, path = database.partition(":")
    pattern = os.path.join(os.path.dirname(path), "ovs-vswitchd.*.ctl")
    for socket in sorted(glob.glob(pattern)) if scheme == "unix" else ():
        try:
            return JsonRpc(f"unix:{socket}", _TIMEOUT, "ovs-vswitchd")
        except BackendError:
            continue
    raise BackendError(f"No ovs-vswitchd answers at {pattern}.")
