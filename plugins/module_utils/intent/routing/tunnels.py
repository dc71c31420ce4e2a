# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the firewall of a router says of all that comes and goes by its VPNs.

Who a packet in a tunnel is from is the VPN's affair: each source address is taken from one peer, or one site, alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing import ipsec
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network

_IP = {4: "ip", 6: "ip6"}


def let_through(router: Router, inside: str) -> Iterator[str]:
    """Yield the rules for what passes between tunnels and networks inside; TCP segments fit the tunnel."""
    for tunnel, _networks in _devices(router):
        yield f"oifname {tunnel} tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu"
        yield f"iifname {tunnel} oifname {inside} jump peers"
        yield f"iifname {inside} oifname {tunnel} jump peers"


def unencrypted_in(router: Router) -> Iterator[str]:
    """Yield the rules against what says that it is from the other end of a tunnel, and did not come by it."""
    for tunnel, ip, networks in _beyond(router):
        yield f"iifname != {tunnel} {ip} saddr {networks} drop"


def unencrypted_out(router: Router) -> Iterator[str]:
    """Yield the rules against what would go there as it is: a tunnel that is down has no route, and often no device."""
    yield "type filter hook postrouting priority filter; policy accept;"
    for tunnel, ip, networks in _beyond(router):
        yield f"oifname != {tunnel} {ip} daddr {networks} drop"


def _devices(router: Router) -> Iterator[tuple[str, list[str]]]:
    """Yield each device that encrypts, and the networks that lie behind it."""
    if router.wireguard:
        allowed = [network for peer in router.wireguard.peers for network in peer.allowed_ips]
        yield f'"{router_tunnel(router.name)}"', allowed
    if router.sites:
        yield ipsec.DEVICE, [network for site in router.sites for network in site.remote_subnets]


def _beyond(router: Router) -> Iterator[tuple[str, str, str]]:
    for tunnel, networks in _devices(router):
        for version, ip in _IP.items():
            there = sorted(network for network in networks if family(network) == version)
            if there:
                yield tunnel, ip, _set(there)


def peers(router: Router, networks: Sequence[Network]) -> Iterator[str]:
    """Yield the rules for each peer and the networks that it is joined with, whoever opened the connection."""
    those = [(peer.allowed_ips, peer.networks) for peer in router.wireguard.peers] if router.wireguard else []
    for behind, names in [*those, *((site.remote_subnets, site.networks) for site in router.sites)]:
        joined = [part.text for network in networks if network.name in names for part in network.subnets]
        for version, ip in _IP.items():
            there = [network for network in behind if family(network) == version]
            here = [network for network in joined if family(network) == version]
            if there and here:
                yield from (_between(ip, there, here), _between(ip, here, there))


def _between(ip: str, sources: Sequence[str], destinations: Sequence[str]) -> str:
    return f"ct original {ip} saddr {_set(sources)} ct original {ip} daddr {_set(destinations)} accept"


def _set(values: Sequence[str]) -> str:
    return "{ " + ", ".join(values) + " }"
