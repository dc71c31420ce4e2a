# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Open vSwitch tells tunnels apart by (ovs-vswitchd.conf.db(5), Interface, Tunnel Options)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

KEY_BITS = {"gre": 32, "vxlan": 24, "geneve": 24}  # RFC 2890, RFC 7348, RFC 8926
DST_PORT = {"vxlan": "4789", "geneve": "6081"}  # IANA


def identity(columns: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return type, addresses, key and port of an Interface row: two with the same cannot be on one host."""
    kind, options = columns["type"], columns["options"]
    key = options.get("in_key", options.get("key", "0"))
    port = options.get("dst_port", DST_PORT.get(kind))
    return kind, _address(options.get("local_ip")), _address(options.get("remote_ip")), _number(key), port


def _number(text: str) -> str:
    """Return a key as decimal digits, since others may write 0x10 for 16."""
    try:
        return str(int(text, 0))
    except ValueError:
        return text  # flow


def _address(text: str | None) -> str | None:
    """Return an address as we would write it: IPv6 has many spellings, and Open vSwitch knows IPv4 as one of them."""
    if text is None or ":" not in text:
        return text
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return text
    return str(address.ipv4_mapped or address)
