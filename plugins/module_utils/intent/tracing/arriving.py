# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router does to a packet for one of its public addresses, or for a guest that IPv6 reaches: by the intent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

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


def arriving(intent: Intent, router: Router, packet: Packet, entry: Port | None = None) -> Crossing:
    """Return the crossing of what is for a public address; of what comes by ``entry``, a guest of its own asks."""
    balancer = next((one for one in router.load_balancers if _balances(one, packet)), None)
    forward = next((one for one in router.forwards if _is_about(one, packet)), None)
    if balancer:
        crossing = _balanced(intent, router, balancer, packet)
    elif forward:
        to_port = forward.target_port or packet.tp_dst
        after = replace(packet, target=forward.target, tp_dst=to_port)
        refusal = _closed(forward.path, forward.sources, packet)
        crossing = _to_guest(intent, router, after, f"{forward.path} leads to {forward.target} port {to_port}", refusal)
    else:
        crossing = _by_firewall(intent, router, packet)
    if entry is None:
        foreign = within(
            packet.source, [part.text for name in router.gateways for part in intent.networks[name].subnets]
        )
        refusal = f"{packet.source} is of its own networks, and comes from outside" if foreign else crossing.refusal
        return replace(crossing, refusal=refusal)
    after = (
        crossing.after if balancer else replace(crossing.after, source=leaves_as(router, packet.source) or _own(router))
    )
    return replace(crossing, entry=entry, after=after, refusal=spoof(intent, router, entry, packet) or crossing.refusal)


def from_tunnel(intent: Intent, tunnel: Tunnel, packet: Packet) -> Crossing:
    """Return the crossing of what comes out of a VPN."""
    foreign = "" if within(packet.source, tunnel.beyond) else f"{tunnel.path} takes nothing from {packet.source}"
    crossing = _to_guest(intent, tunnel.router, packet, f"{PASSES} from {tunnel.words}", foreign)
    if crossing.refusal or not crossing.exit:
        return crossing
    return replace(crossing, refusal=not_joined(intent, tunnel, crossing.exit.network, packet.target))


def _balanced(intent: Intent, router: Router, balancer: LoadBalancer, packet: Packet) -> Crossing:
    """Return the crossing of a new connection, to the first member, from the router itself."""
    path = f"{router.path}.load_balancers.{balancer.name}"
    name, address = next(iter(balancer.members.items()))
    others = len(balancer.members) - 1
    more = f", the first of {others + 1} members" if others else ""
    does = f"{path} asks {name} port {balancer.to_port}{more}"
    after = replace(packet, target=address, tp_dst=balancer.to_port)
    crossing = _to_guest(intent, router, after, does, _closed(path, balancer.sources, packet))
    own = router.gateways[crossing.exit.network] if crossing.exit else ()
    source = next((held.partition("/")[0] for held in own if ":" not in held), packet.source)
    return replace(crossing, after=replace(after, source=source))


def _by_firewall(intent: Intent, router: Router, packet: Packet) -> Crossing:
    """Return the crossing to a guest that has an address outside, by static NAT or IPv6."""
    static = {public: guest for guest, public in router.static_nat.items()}
    target = static.get(packet.target, packet.target if ":" in packet.target else "")
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
    words = does if does.startswith(PASSES) else f"{PASSES}: {does}"
    exit_ = leg(intent, router, guest.network) if guest else None
    return Crossing(router, None, exit_, after, words, refusal or nobody)


def _own(router: Router) -> str:
    return router.outside.address if router.outside else ""


def _asked(packet: Packet) -> str:
    return (
        f"{packet.protocol} port {packet.tp_dst} of {packet.target}"
        if packet.tp_dst
        else (f"{packet.protocol} of {packet.target}")
    )


def _closed(path: str, sources: Sequence[str], packet: Packet) -> str:
    return "" if _lets_in(sources, packet) else f"{path} is not open to {packet.source}"


def _lets_in(sources: Iterable[str], packet: Packet) -> bool:
    return tuple(sources) == ANYWHERE or within(packet.source, sources)


def _balances(balancer: LoadBalancer, packet: Packet) -> bool:
    asked = packet.protocol, packet.target, packet.tp_dst
    return asked == ("tcp", balancer.public, balancer.port)


def _is_about(opening: Opening, packet: Packet) -> bool:
    return opening.public == packet.target and _speaks_of(opening, packet)


def _speaks_of(opening: Opening, packet: Packet) -> bool:
    ports = opening.ports
    return opening.protocol in (None, packet.protocol) and (not ports or ports.first <= packet.tp_dst <= ports.last)
