# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Open vSwitch tells tunnels apart by (ovs-vswitchd.conf.db(5), Interface, Tunnel Options)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEY_BITS = {"gre": 32, "vxlan": 24, "geneve": 24}  # RFC 2890, RFC 7348, RFC 8926
DST_PORT = {"vxlan": "4789", "geneve": "6081"}  # IANA


def identity(columns: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return type, addresses, key and port of an Interface row: two with the same cannot be on one host."""
    kind, options = columns["type"], columns["options"]
    key = options.get("in_key", options.get("key", "0"))
    port = options.get("dst_port", DST_PORT.get(kind))
    return kind, options.get("local_ip"), options.get("remote_ip"), key, port
