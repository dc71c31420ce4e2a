# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router does to a packet for one of its public addresses, or for a guest that IPv6 reaches: by the intent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import Tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import within
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import (
    ANYWHERE,
    LoadBalancer,
    Opening,
    Router,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.crossing import (
    PASSES,
    Crossing,
    leaves_as,
    leg,
    not_joined,
    spoof,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port


def guest_at(intent: Intent, networks: Collection[str], address: str) -> Port | None:
    """Return the guest in some networks that has an address."""
    guests = (port for port in intent.guests if port.network in networks)
    return next((port for port in guests if address in (held.partition("/")[0] for held in port.addresses)), None)


def arriving(intent: Intent, router: Router, packet: Packet) -> Crossing:
    """Return the crossing of what comes from outside, and is for an address of the router's or of a guest."""
    crossing = _taken(intent, router, packet)
    if not within(packet.source, [part.text for name in router.gateways for part in intent.networks[name].subnets]):
        return crossing
    return replace(crossing, refusal=f"{packet.source} is of its own networks, and comes from outside")


def turning(intent: Intent, router: Router, entry: Port, packet: Packet) -> Crossing:
    """Return the crossing of what a guest asks of a public address of its own router: it is seen as from outside."""
    crossing = _taken(intent, router, packet)
    source = crossing.after.source
    if source == packet.source:
        source = leaves_as(router, source) or "".join(router.public_addresses[:1])
    refusal = spoof(intent, router, entry, packet) or crossing.refusal
    return replace(crossing, entry=entry, after=replace(crossing.after, source=source), refusal=refusal)


def _taken(intent: Intent, router: Router, packet: Packet) -> Crossing:
    """Return the crossing by what has the port, or else the address."""
    balancer = next((one for one in router.load_balancers if _balances(one, packet)), None)
    if balancer:
        return _balanced(intent, router, balancer, packet)
    forward = next((one for one in router.forwards if one.public == packet.target and _speaks_of(one, packet)), None)
    if forward:
        after = replace(packet, target=forward.target, tp_dst=forward.target_port or packet.tp_dst)
        does = f"{PASSES}: {forward.path} leads to {after.target} port {after.tp_dst}"
        return _to_guest(intent, router, after, does, _closed(forward.path, forward.sources, packet))
    return _by_firewall(intent, router, packet)


def from_tunnel(intent: Intent, tunnel: Tunnel, packet: Packet) -> Crossing:
    """Return the crossing of what comes out of a VPN."""
    foreign = "" if within(packet.source, tunnel.beyond) else f"{tunnel.path} takes nothing from {packet.source}"
    crossing = _to_guest(intent, tunnel.router, packet, f"{PASSES} from {tunnel.words}", foreign)
    if crossing.refusal or not crossing.exit:
        return crossing
    return replace(crossing, refusal=not_joined(intent, tunnel, crossing.exit.network, packet.target))


def _balanced(intent: Intent, router: Router, balancer: LoadBalancer, packet: Packet) -> Crossing:
    """Return the crossing of a new connection, from the router itself to the first member that is a guest."""
    path = f"{router.path}.load_balancers.{balancer.name}"
    members = [*balancer.members.items()]
    guests = [one for one in members if guest_at(intent, router.gateways, one[1])]
    name, address = (guests or members)[0]
    more = f", one of {len(members)} members" if len(members) > 1 else ""
    does = f"{PASSES}: {path} asks {name} port {balancer.to_port}{more}"
    after = replace(packet, target=address, tp_dst=balancer.to_port)
    crossing = _to_guest(intent, router, after, does, _closed(path, balancer.sources, packet))
    own = router.gateways[crossing.exit.network] if crossing.exit else ()
    source = next((held.partition("/")[0] for held in own if family(held) == 4), packet.source)
    return replace(crossing, after=replace(after, source=source))


def _by_firewall(intent: Intent, router: Router, packet: Packet) -> Crossing:
    """Return the crossing to a guest that has an address outside, by static NAT or IPv6."""
    static = {public: guest for guest, public in router.static_nat.items()}
    target = static.get(packet.target, packet.target if family(packet.target) == 6 else "")
    if not target:
        path = router.path
        leads = f"neither {path}.port_forwards nor {path}.load_balancers leads on {_asked(packet)}"
        refusal = f"{leads}; whether it answers itself is not asked"
        return Crossing(router, None, None, packet, refusal=refusal)
    about = [rule for rule in router.firewall if rule.public == packet.target and _speaks_of(rule, packet)]
    rule = next((rule for rule in about if _lets_in(rule.sources, packet)), None)
    after = replace(packet, target=target)
    to = f" to {target}" if target != packet.target else ""
    does = f"{PASSES}{to}: {rule.path} allows it" if rule else PASSES
    refusal = "" if rule else f"{router.path}.firewall lets no {_asked(packet)} in from {packet.source}"
    return _to_guest(intent, router, after, does, refusal)


def _to_guest(intent: Intent, router: Router, after: Packet, does: str, refusal: str) -> Crossing:
    guest = guest_at(intent, router.gateways, after.target)
    nobody = "" if guest else f"no port of the intent has {after.target}"
    exit_ = leg(intent, router, guest.network) if guest else None
    return Crossing(router, None, exit_, after, does, refusal or nobody)


def _asked(packet: Packet) -> str:
    port = f" port {packet.tp_dst}" if packet.tp_dst else ""
    return f"{packet.protocol}{port} of {packet.target}"


def _closed(path: str, sources: Sequence[str], packet: Packet) -> str:
    return "" if _lets_in(sources, packet) else f"{path} is not open to {packet.source}"


def _lets_in(sources: Iterable[str], packet: Packet) -> bool:
    return tuple(sources) == ANYWHERE or within(packet.source, sources)


def _balances(balancer: LoadBalancer, packet: Packet) -> bool:
    asked = packet.protocol, packet.target, packet.tp_dst
    return asked == ("tcp", balancer.public, balancer.port)


def _speaks_of(opening: Opening, packet: Packet) -> bool:
    ports = opening.ports
    return opening.protocol in (None, packet.protocol) and (not ports or ports.first <= packet.tp_dst <= ports.last)
