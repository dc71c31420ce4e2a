# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What guests behind one router may open to guests behind another: by a VPN between the two, or by IPv6 outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, within
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import ANYWHERE, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import ICMP, ICMPV6, PROTOCOLS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent


@dataclass(frozen=True)
class Passage:
    """Who may open what to whom. ``protocol`` and ``ports`` None: any."""

    senders: Sequence[str]  # full names of networks
    receivers: Sequence[str]
    sources: Sequence[str]  # networks of addresses
    targets: Sequence[str]
    protocol: str | None = None
    ports: Sequence[int] | None = None  # the first and the last

    def lets(self, connection: Connection) -> bool:
        protocol = ICMP if connection.protocol == ICMPV6 else connection.protocol
        return (
            self.protocol in (None, *(name for name, number in PROTOCOLS.items() if number == protocol))
            and (not self.ports or self.ports[0] <= connection.port <= self.ports[1])
            and within(connection.source, self.sources)
            and within(connection.target, self.targets)
        )


class Tunnel(NamedTuple):
    """One end of a VPN, as it is written there."""

    kind: str
    here: str  # where it is called
    remote: str | None  # where the other end is called; None: it has to call
    beyond: Sequence[str]  # networks of addresses that are behind the other end
    networks: Sequence[str]  # full names of those that are joined with it
    router: Router
    path: str
    words: str


class _Vpns:
    """The ends of all VPNs. Two are of one if one calls the other, which calls it too or nobody."""

    def __init__(self, routers: Iterable[Router]) -> None:
        self.tunnels = [tunnel for router in routers for tunnel in tunnels_of(router)]
        self._ends: dict[tuple[str, str, str | None], list[Tunnel]] = {}
        self._callers: dict[tuple[str, str | None], list[Tunnel]] = {}
        for tunnel in self.tunnels:
            self._ends.setdefault((tunnel.kind, tunnel.here, tunnel.remote), []).append(tunnel)
            self._callers.setdefault((tunnel.kind, tunnel.remote), []).append(tunnel)

    def joined_with(self, tunnel: Tunnel) -> Iterator[Tunnel]:
        """Yield the other end; several where it does not say whom it waits for."""
        if tunnel.remote is None:
            yield from self._callers.get((tunnel.kind, tunnel.here), ())
            return
        for remote in (tunnel.here, None):
            yield from self._ends.get((tunnel.kind, tunnel.remote, remote), ())


def passages_of(intent: Intent) -> list[dict[str, Any]]:
    """Return them as plain data, for ``parse_passages`` to read."""
    routers = _routers(intent)
    found = [*_by_vpn(routers), *_by_ipv6(intent, routers)]
    return [
        {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(one).items()} for one in found
    ]


def parse_passages(data: Iterable[Mapping[str, Any]]) -> list[Passage]:
    return [Passage(**one) for one in data]


def lonely_vpns(intent: Intent) -> int:
    """Return how many ends of VPNs there are whose other end is not in the intent."""
    vpns = _Vpns(_routers(intent))
    return sum(not any(vpns.joined_with(tunnel)) for tunnel in vpns.tunnels)


def other_ends(intent: Intent, tunnel: Tunnel) -> list[Tunnel]:
    """Return the ends in the intent that a VPN may join this one with."""
    return list(_Vpns(_routers(intent)).joined_with(tunnel))


def _routers(intent: Intent) -> list[Router]:
    return [router for tenant in intent.tenants.values() for router in tenant.routers.values() if router.outside]


def tunnels_of(router: Router) -> Iterator[Tunnel]:
    """Yield the ends of VPNs that a router has."""
    here, vpn = router.outside.address if router.outside else "", f"{router.path}.vpn"
    if router.wireguard:
        name = router.wireguard.name
        called = f"{here}:{router.wireguard.port}"
        for peer in router.wireguard.peers:
            path, words = f"{vpn}.{name}.peers.{peer.name}", f"peer {peer.name} of VPN {name}"
            yield Tunnel("wireguard", called, peer.endpoint, peer.allowed_ips, peer.networks, router, path, words)
    for site in router.sites:
        path, words = f"{vpn}.{site.name}", f"VPN {site.name}"
        yield Tunnel("ipsec", here, site.remote, site.remote_subnets, site.networks, router, path, words)


def _by_vpn(routers: Sequence[Router]) -> Iterator[Passage]:
    """Yield what both ends of a VPN let through, either of which may open connections."""
    vpns = _Vpns(routers)
    for near in vpns.tunnels:
        for far in vpns.joined_with(near):
            yield Passage(near.networks, far.networks, far.beyond, near.beyond)


def _by_ipv6(intent: Intent, routers: Sequence[Router]) -> Iterator[Passage]:
    """Yield what firewalls let in of what guests of other routers send as they are."""
    six = [router for router in routers if router.outside and router.outside.ipv6]
    for router in six:
        senders = sorted(network for other in six if other is not router for network in other.gateways)
        for opening in router.firewall if senders else ():
            if family(opening.public) == 6:
                yield Passage(
                    senders,
                    _homes(intent, router, opening.target),
                    ("::/0",) if opening.sources == ANYWHERE else tuple(opening.sources),
                    (f"{opening.target}/128",),
                    opening.protocol,
                    (opening.ports.first, opening.ports.last) if opening.ports else None,
                )


def _homes(intent: Intent, router: Router, address: str) -> list[str]:
    """Return the network of the router that a guest with an address is in."""
    return [
        network
        for network in router.gateways
        for port in intent.ports_in.get(network, ())
        if address in [held.partition("/")[0] for held in port.addresses]
    ]
