# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WireGuard of a router: its arguments of the module virtual_router, and what its peers reach of the router."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import WIREGUARD
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.wireguard import Peer


def arguments(router: Router, outer_mtu: int) -> dict[str, Any]:
    """Return what the module is told of the router's WireGuard, nothing if it has none."""
    own = router.wireguard
    if not own:
        return {}
    described = {
        "name": own.name,
        "interface": router_tunnel(router.name),
        "port": own.port,
        "mtu": outer_mtu - WIREGUARD,
        "addresses": list(own.addresses),
        "private_key": own.private_key,
        "peers": [_peer(peer) for peer in own.peers],
    }
    return {"wireguard": described}


def _peer(peer: Peer) -> dict[str, Any]:
    return {
        "name": peer.name,
        "public_key": peer.public_key,
        "allowed_ips": list(peer.allowed_ips),
        "endpoint": peer.endpoint,
        "preshared_key": peer.preshared_key,
        "persistent_keepalive": peer.persistent_keepalive,
    }


def let_in(router: Router, outside: str) -> Iterator[str]:
    """Yield the rules for what reaches the router itself: WireGuard outside, pings in the tunnel."""
    if router.wireguard and router.outside:
        yield f"iifname {outside} ip daddr {router.outside.address} udp dport {router.wireguard.port} accept"
        yield f'iifname "{router_tunnel(router.name)}" icmp type echo-request accept'
        yield f'iifname "{router_tunnel(router.name)}" icmpv6 type echo-request accept'
