# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways by which routers join guests with the outside, to be measured: out of a guest, and in to one by TCP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import ANYWHERE, Opening, Outside, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port

PROBE = 0  # as a port: that at which probes answer


@dataclass(frozen=True)
class Way:
    """What is asked of an address. One of ``sender`` and ``receiver`` is a guest, the other an external network."""

    sender: str
    receiver: str
    name: str  # as messages call it
    address: str
    port: int | None  # of TCP; None: an echo request of ICMP
    source: str = ""  # of the guest, to the judges; of who asks from outside it is known to the playbook alone
    target: str = ""  # address of the guest
    target_port: int = PROBE
    sources: tuple[str, ...] = ANYWHERE  # from which networks it is open
    is_open: bool = True

    @property
    def inward(self) -> bool:
        return self.port is not None


def ways_of(intent: Intent) -> list[dict[str, Any]]:
    """Return the ways of all routers as plain data, for ``parse_ways`` to read."""
    routers = [router for tenant in intent.tenants.values() for router in tenant.routers.values()]
    ways = (way for router in routers if router.outside for way in _ways(intent, router, router.outside))
    return [{**asdict(way), "sources": list(way.sources)} for way in ways]


def unmeasured(intent: Intent) -> dict[str, int]:
    """Return how many ways there are that nobody measures, by kind."""
    routers = [router for tenant in intent.tenants.values() for router in tenant.routers.values()]
    openings = [opening for router in routers for opening in (*router.forwards, *router.firewall)]
    counts = {
        "load balancers": sum(len(router.load_balancers) for router in routers),
        "openings for UDP or ICMP": sum(opening.protocol in ("udp", "icmp") for opening in openings),
        "VPNs": sum((router.wireguard is not None) + len(router.sites) for router in routers),
    }
    return {kind: count for kind, count in counts.items() if count}


def parse_ways(data: list[dict[str, Any]]) -> list[Way]:
    return [Way(**{**way, "sources": tuple(way["sources"])}) for way in data]


def _ways(intent: Intent, router: Router, outside: Outside) -> Iterator[Way]:
    guests = dict(_guests(intent, router))
    for address, guest in guests.items():
        name = "static NAT" if address in router.static_nat else "source NAT"
        leaves = outside.snat or address in router.static_nat
        yield Way(guest.name, outside.network, name, outside.gateway, None, source=address, is_open=leaves)
    for opening in router.forwards:
        if opening.protocol == "tcp":
            yield _inward(outside, guests, opening, "port forward")
    for target, public in sorted(router.static_nat.items()):
        allowed = [opening for opening in router.firewall if opening.public == public]
        for opening in allowed:
            if opening.protocol in (None, "tcp"):
                yield _inward(outside, guests, opening, "static NAT")
        if not any(opening.protocol in (None, "tcp") and opening.ports is None for opening in allowed):
            yield _inward(outside, guests, Opening(public, target, "tcp", None), "static NAT", is_open=False)


def _guests(intent: Intent, router: Router) -> Iterator[tuple[str, Port]]:
    """Yield each guest that leaves by a router, by its IPv4 address."""
    for name in router.gateways:
        for port in intent.ports_in.get(name, ()):
            addresses = [address.partition("/")[0] for address in port.addresses if family(address) == 4]
            if "/" not in port.name and addresses and _leaves_by(intent, router, name):
                yield addresses[0], port


def _leaves_by(intent: Intent, router: Router, network: str) -> bool:
    """Say whether guests of a network have the router as their gateway, and no other device."""
    return not set(intent.networks[network].gateways).isdisjoint(router.gateways[network])


def _inward(outside: Outside, guests: dict[str, Port], opening: Opening, name: str, is_open: bool = True) -> Way:
    first = opening.ports.first if opening.ports else PROBE
    guest = guests.get(opening.target)
    return Way(
        sender=outside.network,
        receiver=guest.name if guest else "",
        name=name,
        address=opening.public,
        port=first,
        target=opening.target,
        target_port=opening.target_port or first,
        sources=tuple(opening.sources),
        is_open=is_open,
    )
