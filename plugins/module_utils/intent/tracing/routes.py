# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which routers a packet goes from a guest, or from somewhere outside, to an address."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import Tunnel, other_ends, tunnels_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import within
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.arriving import (
    arriving,
    from_tunnel,
    guest_at,
    turning,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.crossing import (
    Crossing,
    between,
    into_tunnel,
    leg,
    outward,
    router_of,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port


class Route(NamedTuple):
    receiver: Port
    crossings: tuple[Crossing, ...] = ()


def stranger(intent: Intent, name: str, addresses: Sequence[str]) -> Port:
    """Return somebody whom the intent does not have, as if it was a port."""
    somebody = next(iter(intent.guests))
    nobody = replace(somebody, name=name, network=name, addresses=tuple(addresses), groups=None, plugged=False)
    return replace(nobody, stateless=False, routed=False)


def near(intent: Intent, sender: Port, address: str) -> Port | None:
    """Return the guest that has an address in the sender's network, or in another of its router."""
    router = router_of(intent, sender.network)
    return guest_at(intent, router.gateways if router else [sender.network], address)


def to_port(intent: Intent, sender: Port, receiver: Port, packet: Packet) -> Route:
    """Return the way to a guest: within its network, by the router of both, or as to any address that leads to it."""
    router = router_of(intent, sender.network)
    if router is None or sender.network == receiver.network:
        return Route(receiver)
    if receiver.network in router.gateways:
        entry, exit_ = (leg(intent, router, network) for network in (sender.network, receiver.network))
        return Route(receiver, (between(intent, router, entry, exit_, packet),))
    hop, _tunnel = _next(router, packet.target)
    found = None if hop else _onward(intent, router, sender, packet, receiver.name)
    return found if found and found.receiver is receiver else Route(receiver)


def to_address(intent: Intent, sender: Port, packet: Packet, name: str) -> Route:
    """Return the way from a guest to an address that no guest nearby has; who is there is called ``name``."""
    router = router_of(intent, sender.network)
    for network in router.gateways if router else [sender.network]:
        if within(packet.target, [part.text for part in intent.networks[network].subnets]):
            raise ValueError(f"{packet.target} is in {network}, and no port there has it; write the address of one")
    found = _onward(intent, router, sender, packet, name) if router else None
    if found is None:
        raise ValueError(f"no router leads from {sender.network} to {name}; write a port, or give it one")
    return found


def _onward(intent: Intent, router: Router, sender: Port, packet: Packet, name: str) -> Route | None:
    """Return the way by a router, but to its own networks; None if it has none."""
    target = packet.target
    entry = leg(intent, router, sender.network)
    hop, tunnel = _next(router, target)
    if hop:
        return _behind(intent, router, entry, hop, packet)
    there = stranger(intent, name, [target])
    if tunnel:
        return _by_vpn(intent, into_tunnel(intent, router, entry, tunnel, packet), tunnel, there)
    owner = owner_of(intent, target)
    if owner is router:
        return _arrival(intent, router, (), turning(intent, router, entry, packet), there)
    if router.outside is None:
        return None
    first = outward(intent, router, entry, packet)
    if owner is None:
        return Route(there, (first,))
    return _arrival(intent, owner, (first,), arriving(intent, owner, first.after), there)


def from_outside(intent: Intent, receiver: Port | None, packet: Packet) -> Route:
    """Return the way from an address outside, to a guest or to a public address."""
    router = router_of(intent, receiver.network) if receiver else owner_of(intent, packet.target)
    if router is None:
        raise ValueError(f"no router of the intent answers for {packet.target} outside; write a public address of one")
    tunnel = _next(router, packet.source)[1]
    crossing = from_tunnel(intent, tunnel, packet) if tunnel else arriving(intent, router, packet)
    return _arrival(intent, router, (), crossing, stranger(intent, packet.target, [packet.target]))


def seen_from(intent: Intent, receiver: Port, source: str) -> list[str]:
    """Return the addresses at which somebody outside reaches a guest."""
    router = router_of(intent, receiver.network)
    own = [address.partition("/")[0] for address in receiver.addresses]
    if router is None:
        return []
    if _next(router, source)[1]:
        return own
    public = [router.static_nat[one] for one in own if one in router.static_nat]
    return [*public, *(one for one in own if within(one, router.routed))]


def owner_of(intent: Intent, address: str) -> Router | None:
    """Return the router that answers for an address outside."""
    routers = (router for tenant in intent.tenants.values() for router in tenant.routers.values() if router.outside)
    return next((one for one in routers if _answers(one, address)), None)


def _answers(router: Router, address: str) -> bool:
    own = [held.partition("/")[0] for held in router.outside_addresses]
    return address in own or within(address, router.routed)


def _arrival(intent: Intent, router: Router, before: tuple[Crossing, ...], crossing: Crossing, there: Port) -> Route:
    return Route(guest_at(intent, router.gateways, crossing.after.target) or there, (*before, crossing))


def _behind(intent: Intent, router: Router, entry: Port, hop: str, packet: Packet) -> Route:
    guest = guest_at(intent, router.gateways, hop)
    if guest is None:
        raise ValueError(f"{packet.target} is behind {hop}, which no port of the intent has; write another address")
    if guest.network == entry.network:
        what = f"{packet.target} is behind {guest.name}, in the network of the sender, whom it answers past the router"
        raise ValueError(f"{what}; write {guest.name}")
    return Route(guest, (between(intent, router, entry, leg(intent, router, guest.network), packet),))


def _by_vpn(intent: Intent, near: Crossing, tunnel: Tunnel, there: Port) -> Route:
    """Return the way by a VPN, and on from its other end if that is in the intent."""
    ends = [(end, guest_at(intent, end.router.gateways, near.after.target)) for end in other_ends(intent, tunnel)]
    end, guest = next(((end, guest) for end, guest in ends if guest), (None, None))
    if end is None or guest is None:
        return Route(there, (near,))
    return Route(guest, (near, from_tunnel(intent, end, near.after)))


def _next(router: Router, address: str) -> tuple[str, Tunnel | None]:
    """Return the next hop, or the VPN, that an address is behind: what says it most closely (RFC 1812 5.2.4.3)."""
    found = [way for way in _beyond(router) if within(address, [way[0]])]
    closest = max(found, key=lambda way: ipaddress.ip_network(way[0]).prefixlen, default=None)
    return closest[1:] if closest else ("", None)


def _beyond(router: Router) -> Iterator[tuple[str, str, Tunnel | None]]:
    yield from ((network, hop, None) for network, hop in router.routes.items())
    yield from ((network, "", tunnel) for tunnel in tunnels_of(router) for network in tunnel.beyond)
