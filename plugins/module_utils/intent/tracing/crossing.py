# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router does to a packet: between two networks that it joins, on the way out, and into a VPN.

No switch can be asked that, so it is said by the intent, and told as that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import Tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, deciding, within
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port

PASSES = "passes it on"


@dataclass(frozen=True)
class Crossing:
    """A router on the way of a packet, and its legs there."""

    router: Router
    entry: Port | None  # None: it comes from outside
    exit: Port | None  # None: it leads outside
    after: Packet  # as it goes on, but for its MAC addresses
    does: str = PASSES  # in words
    refusal: str = ""  # why the router drops it instead
    tunnel: str = ""  # of which VPN it leaves into

    @property
    def place(self) -> str:
        """Where it is, as far as the intent knows."""
        first, *others = self.router.hypervisors
        here = f"{first}: router {self.router.name}"
        return f"{here}, if it works here and not on {others[-1]}," if others else here

    def back(self) -> Crossing:
        """Return what it does to the answer, which belongs to what it has passed on."""
        return Crossing(self.router, self.exit, self.entry, self.after)


class Stretch(NamedTuple):
    """The way of a packet within a network, from port to port."""

    sender: Port
    receiver: Port
    packet: Packet

    def back(self) -> Stretch:
        return Stretch(self.receiver, self.sender, self.packet.answer(self.packet.dl_dst))


def router_of(intent: Intent, network: str) -> Router | None:
    name = intent.networks[network].router
    return intent.tenants[name.partition(".")[0]].routers[name.partition(".")[2]] if name else None


def leg(intent: Intent, router: Router, network: str) -> Port:
    """Return the leg of a router in a network, on its first hypervisor."""
    legs = (port for port in intent.ports_in[network] if port.name.startswith(f"{router.name}/"))
    return next(leg for leg in legs if leg.hypervisor == router.hypervisors[0])


def between(intent: Intent, router: Router, entry: Port, exit_: Port, packet: Packet) -> Crossing:
    """Return the crossing from one network to another."""
    rule = deciding(router.acl, _opened(packet))
    path = f"{router.path}.acl"
    denied = rule is not None and not router.acl[rule].allowed
    does = f"{PASSES}: {path} does not speak of it" if rule is None else f"{PASSES}: {path}[{rule}] allows it"
    refusal = spoof(intent, router, entry, packet) or (f"{path}[{rule}] denies it" if denied else "")
    return Crossing(router, entry, exit_, packet, does if router.acl else PASSES, refusal)


def outward(intent: Intent, router: Router, entry: Port, packet: Packet) -> Crossing:
    """Return the crossing to the outside."""
    source = leaves_as(router, packet.source)
    closed = f"{packet.target} is in fabric.underlay" if within(packet.target, intent.fabric.underlay) else ""
    refusal = spoof(intent, router, entry, packet) or closed or ("" if source else _stays(packet))
    after = replace(packet, source=source or packet.source)
    return Crossing(router, entry, None, after, f"{PASSES} as {after.source}", refusal)


def outside(intent: Intent, near: Crossing, far: Crossing) -> Stretch | None:
    """Return the way from a router to another in the network outside; None if others lead on what is there."""
    here, there = near.router.outside, far.router.outside
    if near.tunnel or not here or not there or here.network != there.network:
        return None
    if not within(near.after.target, [part.text for part in intent.networks[here.network].subnets]):
        return None
    sender, receiver = leg(intent, near.router, here.network), leg(intent, far.router, there.network)
    return Stretch(sender, receiver, replace(near.after, dl_src=sender.mac, dl_dst=receiver.mac, vlans=()))


def into_tunnel(intent: Intent, router: Router, entry: Port, tunnel: Tunnel, packet: Packet) -> Crossing:
    refusal = spoof(intent, router, entry, packet) or not_joined(intent, tunnel, entry.network, packet.source)
    return Crossing(router, entry, None, packet, f"{PASSES} to {tunnel.words}", refusal, tunnel.words)


def not_joined(intent: Intent, tunnel: Tunnel, network: str, address: str) -> str:
    """Return why an address in a network has nothing to do with who is behind a tunnel, '' if it has."""
    if network not in tunnel.networks:
        return f"{tunnel.path} does not join {network}"
    if not within(address, [part.text for part in intent.networks[network].subnets]):
        return f"{tunnel.path} joins {network} alone, not what is behind it, as {address}"
    return ""


def leaves_as(router: Router, source: str) -> str:
    """Return the address by which a guest is seen outside, '' if it does not get there."""
    outside = router.outside
    if outside is None:
        return ""
    if family(source) == 6:
        return source if outside.ipv6 else ""
    return router.static_nat.get(source, outside.address if outside.snat else "")


def spoof(intent: Intent, router: Router, entry: Port, packet: Packet) -> str:
    """Return why what comes from a network is not of there, nor from behind a next hop there, '' if it is."""
    subnets = [part.text for part in intent.networks[entry.network].subnets]
    beyond = [network for network, hop in router.routes.items() if within(hop, subnets)]
    if within(packet.source, [*subnets, *beyond]):
        return ""
    return f"it drops what comes from {entry.network} with another source address, as {packet.source}"


def _stays(packet: Packet) -> str:
    """Return why a packet does not get outside."""
    if family(packet.source) == 6:
        return "it has no IPv6 address outside"
    return f"its snat is false, and {packet.source} has no static_nat"


def _opened(packet: Packet) -> Connection:
    return Connection(packet.number, packet.source, packet.target, packet.called)
