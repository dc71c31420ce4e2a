# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: simulated
short_description: A host that has all it is asked for
description: Answers each module at once, without running it, as it does where nothing is to be changed.
extends_documentation_fragment: [ansible.builtin.connection_pipelining]
"""

MODULE = re.compile(rb"plugins\.modules\.(\w+)")
OWNED = dict.fromkeys(
    (
        *("ovs_qos", "ovs_mirror", "ovs_flow_export", "ovs_ssl", "of_flow", "hybrid_plug", "routed_port"),
        *("virtual_router", "gateway_address"),
    ),
    0,
)
ANSWERS = {
    b"hypervisor_info": {"missing": [], "serves": True, "restores": True, "linked": True, "os_family": "Debian"},
    b"ovs_bridge": {"owned": {**OWNED, "ovs_gre_mesh": 1}},
}


class Connection(ConnectionBase):
    """A host of nothing but answers."""

    transport = "simulated"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        found = MODULE.search(in_data or b"")
        if not found:
            raise NotImplementedError(f"No module was sent: {cmd}")
        return 0, json.dumps({"changed": False, **ANSWERS.get(found[1], {})}).encode(), b""

    def put_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError

    def fetch_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._connected = False
