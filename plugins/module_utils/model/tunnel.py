# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a tunnel may be, and what Open vSwitch tells tunnels apart by (ovs-vswitchd.conf.db(5))."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer

KEY_BITS = {"gre": 32, "vxlan": 24, "geneve": 24}  # RFC 2890, RFC 7348, RFC 8926
DST_PORT = {"vxlan": "4789", "geneve": "6081"}  # IANA


def check_tunnel_options(faults: Faults, path: str, kind: str, options: Mapping[str, Any]) -> None:
    """Check addresses and keys: Open vSwitch cuts a key that is too large and reports success."""
    for name in ("remote_ip", "local_ip"):
        if options.get(name) not in (None, "flow"):
            faults.parse(f"{path}.{name}", unicast_address, options[name])
    if options.get("remote_ip") == options.get("local_ip") != "flow" and options.get("local_ip"):
        faults.add(f"{path}.remote_ip", f"{options['remote_ip']} is local_ip too; a tunnel ends at another host")
    for name in ("key", "in_key", "out_key"):
        if options.get(name) not in (None, "flow"):
            faults.parse(f"{path}.{name}", integer(0, 2 ** KEY_BITS[kind] - 1), options[name])
    if options.get("dst_port") is not None:
        check_dst_port(faults, f"{path}.dst_port", kind, options["dst_port"])


def check_dst_port(faults: Faults, path: str, kind: str, port: Any) -> None:
    if kind in DST_PORT:
        faults.parse(path, integer(1, 65535), port)
    else:
        faults.add(path, f"{kind} has no ports; leave it out")


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
