# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WireGuard of a virtual router on a host: its device, its peers, and the files that a boot makes both from.

Secrets are files of their own, which root alone reads. What is rendered here names them, so it may be shown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DEVICE, CONFIGURATION, NETWORK = "wireguard.device", "wireguard.conf", "wireguard.network"
FILES = (DEVICE, CONFIGURATION, NETWORK)  # that a user cannot give
PRIVATE_KEY = "wireguard.key"  # the secret that is made on the host; no secret of a user has a dot in its name


@dataclass(frozen=True)
class Peer:
    name: str
    public_key: str
    allowed_ips: tuple[str, ...]
    endpoint: str | None  # address:port
    preshared_key: str | None  # name of a secret
    persistent_keepalive: int  # seconds; 0: none


@dataclass(frozen=True)
class Tunnel:
    name: str
    interface: str
    port: int
    mtu: int  # bytes
    addresses: tuple[str, ...]  # with prefix length
    private_key: str | None  # name of a secret; None: made on the host
    peers: Sequence[Peer]

    @property
    def key_file(self) -> str:
        return self.private_key or PRIVATE_KEY

    @property
    def routes(self) -> list[str]:
        """The networks that lie behind peers, beyond those of its addresses."""
        own = [ipaddress.ip_interface(address).network for address in self.addresses]
        behind = [ipaddress.ip_network(allowed) for peer in self.peers for allowed in peer.allowed_ips]
        return sorted(str(part) for part in behind if not any(_is_within(part, network) for network in own))

    @property
    def secrets(self) -> list[str]:
        """The names of the secrets that a user gives."""
        named = [self.private_key, *(peer.preshared_key for peer in self.peers)]
        return sorted({name for name in named if name})


def _is_within(part: ipaddress.IPv4Network | ipaddress.IPv6Network, network: object) -> bool:
    if isinstance(part, ipaddress.IPv4Network):
        return isinstance(network, ipaddress.IPv4Network) and part.subnet_of(network)
    return isinstance(network, ipaddress.IPv6Network) and part.subnet_of(network)


def tunnel_files(tunnel: Tunnel) -> dict[str, str]:
    """Return the files of a tunnel by name. In wg(8)'s, ``@NAME`` stands for what is in the secret of that name."""
    return {
        DEVICE: f"{tunnel.interface}\n",
        CONFIGURATION: "".join(f"{line}\n" for line in _configuration(tunnel)),
        NETWORK: "".join(f"{line}\n" for line in _network(tunnel)),
    }


def _configuration(tunnel: Tunnel) -> Iterator[str]:
    yield from ("[Interface]", f"PrivateKey = @{tunnel.key_file}", f"ListenPort = {tunnel.port}")
    for peer in tunnel.peers:
        yield from (f"# {peer.name}", "[Peer]", f"PublicKey = {peer.public_key}")
        if peer.preshared_key:
            yield f"PresharedKey = @{peer.preshared_key}"
        yield f"AllowedIPs = {', '.join(peer.allowed_ips)}"
        if peer.endpoint:
            yield f"Endpoint = {peer.endpoint}"
        yield f"PersistentKeepalive = {peer.persistent_keepalive}"


def _network(tunnel: Tunnel) -> Iterator[str]:
    """Yield lines of ``ip -batch`` in the namespace."""
    yield from (f"address replace {address} dev {tunnel.interface}" for address in tunnel.addresses)
    yield f"link set dev {tunnel.interface} mtu {tunnel.mtu} up"
    yield from (f"route replace {route} dev {tunnel.interface}" for route in tunnel.routes)
