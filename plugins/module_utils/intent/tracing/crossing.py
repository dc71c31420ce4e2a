# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router does to a packet between two networks that it joins, or to the outside.

No switch can be asked that, so it is said by the intent, and told as that.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, deciding, within
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port


@dataclass(frozen=True)
class Crossing:
    """A router between two ports, and its legs in the network of each."""

    router: Router
    entry: Port
    exit: Port | None  # None: it leads outside

    @property
    def place(self) -> str:
        """Where it is, as far as the intent knows."""
        here = f"{self.entry.hypervisor}: router {self.router.name}"
        return f"{here}, if it works here and not on {self.router.hypervisors[-1]}," if self.router.redundant else here


def crossing_of(intent: Intent, sender: Port, receiver: Port) -> Crossing | None:
    """Return the router between two ports of guests, on its first hypervisor; None if there is none."""
    router = _router_of(intent, sender)
    if router is None or sender.network == receiver.network or receiver.network not in router.gateways:
        return None
    return Crossing(router, _leg(intent, router, sender.network), _leg(intent, router, receiver.network))


def way_out(intent: Intent, sender: Port, external: str) -> Crossing | None:
    """Return the router by which a guest gets to an external network; None if there is none."""
    router = _router_of(intent, sender)
    if router is None or not router.outside or router.outside.network != external:
        return None
    return Crossing(router, _leg(intent, router, sender.network), None)


def _router_of(intent: Intent, guest: Port) -> Router | None:
    name = intent.networks[guest.network].router
    return intent.tenants[guest.tenant].routers[name.partition(".")[2]] if name else None


def _leg(intent: Intent, router: Router, network: str) -> Port:
    legs = (port for port in intent.ports_in[network] if port.name.startswith(f"{router.name}/"))
    return next(leg for leg in legs if leg.hypervisor == router.hypervisors[0])


def refusal(intent: Intent, crossing: Crossing, packet: Packet) -> str:
    """Return why the router drops a packet, '' if it passes it on. Answers belong to what it has passed on."""
    if packet.answers:
        return ""
    if not _is_from(intent, crossing, packet.source):
        return f"it drops what comes from {crossing.entry.network} with another source address, as {packet.source}"
    if crossing.exit is None:
        return "" if leaves_as(crossing, packet) else _stays(packet)
    rule = deciding(crossing.router.acl, _opened(packet))
    denied = rule is not None and not crossing.router.acl[rule].allowed
    return f"{crossing.router.path}.acl[{rule}] denies it" if denied else ""


def passing(crossing: Crossing, packet: Packet) -> str:
    """Return in words how the router passes a packet on, and by what."""
    if crossing.exit is None:
        return f"passes it on as {leaves_as(crossing, packet)}"
    if packet.answers or not crossing.router.acl:
        return "passes it on"
    rule = deciding(crossing.router.acl, _opened(packet))
    path = f"{crossing.router.path}.acl"
    return f"passes it on: {path} does not speak of it" if rule is None else f"passes it on: {path}[{rule}] allows it"


def leaves_as(crossing: Crossing, packet: Packet) -> str:
    """Return the address by which a packet is seen outside, '' if it does not get there."""
    outside = crossing.router.outside
    if outside is None:
        return ""
    if family(packet.source) == 6:
        return packet.source if outside.ipv6 else ""
    return crossing.router.static_nat.get(packet.source, outside.address if outside.snat else "")


def _stays(packet: Packet) -> str:
    """Return why a packet does not get outside."""
    if family(packet.source) == 6:
        return "it has no IPv6 address outside"
    return f"its snat is false, and {packet.source} has no static_nat"


def _opened(packet: Packet) -> Connection:
    return Connection(packet.number, packet.source, packet.target, packet.called)


def _is_from(intent: Intent, crossing: Crossing, source: str) -> bool:
    """Say whether an address is in the network that a packet comes from, or behind a next hop there."""
    subnets = [part.text for part in intent.networks[crossing.entry.network].subnets]
    beyond = [network for network, hop in crossing.router.routes.items() if within(hop, subnets)]
    return within(source, [*subnets, *beyond])
