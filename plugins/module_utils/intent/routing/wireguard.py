# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WireGuard of a router: its arguments of the module virtual_router, and what the firewall says of its peers.

Who a packet in the tunnel is from is WireGuard's affair: it takes each source address from one peer alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import WIREGUARD
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.wireguard import Peer
from ansible_collections.tenantry.sdn.plugins.module_utils.names import router_tunnel

_IP = {4: "ip", 6: "ip6"}


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


def let_through(router: Router, inside: str) -> Iterator[str]:
    """Yield the rules for what passes between the tunnel and networks inside; TCP segments fit the tunnel."""
    if router.wireguard:
        tunnel = f'"{router_tunnel(router.name)}"'
        yield f"oifname {tunnel} tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu"
        yield f"iifname {tunnel} oifname {inside} jump peers"
        yield f"iifname {inside} oifname {tunnel} jump peers"


def peers(those: Sequence[Peer], networks: Sequence[Network]) -> Iterator[str]:
    """Yield the rules for each peer and the networks that it is joined with, whoever opened the connection."""
    for peer in those:
        joined = [part.text for network in networks if network.name in peer.networks for part in network.subnets]
        for version, ip in _IP.items():
            there = [network for network in peer.allowed_ips if family(network) == version]
            here = [network for network in joined if family(network) == version]
            if there and here:
                yield from (_between(ip, there, here), _between(ip, here, there))


def _between(ip: str, sources: Sequence[str], destinations: Sequence[str]) -> str:
    return f"ct original {ip} saddr {_set(sources)} ct original {ip} daddr {_set(destinations)} accept"


def _set(values: Sequence[str]) -> str:
    return "{ " + ", ".join(values) + " }"
