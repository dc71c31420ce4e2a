# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router does to a packet between two networks that it joins.

No switch can be asked that, so it is said by the intent, and told as that.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, deciding
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port


@dataclass(frozen=True)
class Crossing:
    """A router between two ports, and its legs in the network of each."""

    router: Router
    entry: Port
    exit: Port

    @property
    def reverse(self) -> Crossing:
        return Crossing(self.router, self.exit, self.entry)

    @property
    def place(self) -> str:
        """Where it is, as far as the intent knows."""
        here = f"{self.entry.hypervisor}: router {self.router.name}"
        return f"{here}, if it works here and not on {self.router.hypervisors[-1]}," if self.router.redundant else here


def crossing_of(intent: Intent, sender: Port, receiver: Port) -> Crossing | None:
    """Return the router between two ports of guests, on its first hypervisor; None if there is none."""
    here, there = intent.networks[sender.network], intent.networks[receiver.network]
    if here is there or not here.router or here.router != there.router:
        return None
    router = intent.tenants[here.tenant].routers[here.router.partition(".")[2]]

    def leg(network: str) -> Port:
        ports = intent.ports_in[network]
        return next(p for p in ports if p.name.startswith(f"{router.name}/") and p.hypervisor == router.hypervisors[0])

    return Crossing(router, leg(here.name), leg(there.name))


def refusal(intent: Intent, crossing: Crossing, packet: Packet) -> str:
    """Return why the router drops a packet, '' if it passes it on. Answers belong to what it has passed on."""
    if packet.answers:
        return ""
    if not _is_from(intent, crossing, packet.source):
        return f"it drops what comes from {crossing.entry.network} with another source address, as {packet.source}"
    rule = deciding(crossing.router.acl, _opened(packet))
    denied = rule is not None and not crossing.router.acl[rule].allowed
    return f"{crossing.router.path}.acl[{rule}] denies it" if denied else ""


def permission(crossing: Crossing, packet: Packet) -> str:
    """Return in words by what the router passes a packet on, '' if it passes everything on."""
    if packet.answers or not crossing.router.acl:
        return ""
    rule = deciding(crossing.router.acl, _opened(packet))
    path = f"{crossing.router.path}.acl"
    return f"{path} does not speak of it" if rule is None else f"{path}[{rule}] allows it"


def _opened(packet: Packet) -> Connection:
    return Connection(packet.number, packet.source, packet.target, packet.called)


def _is_from(intent: Intent, crossing: Crossing, source: str) -> bool:
    """Say whether an address is in the network that a packet comes from, or behind a next hop there."""
    subnets = [ipaddress.ip_network(part.text) for part in intent.networks[crossing.entry.network].subnets]
    beyond = [
        ipaddress.ip_network(network)
        for network, hop in crossing.router.routes.items()
        if any(ipaddress.ip_address(hop) in subnet for subnet in subnets)
    ]
    return any(ipaddress.ip_address(source) in network for network in (*subnets, *beyond))


def has_gateway(intent: Intent, crossing: Crossing, version: int) -> bool:
    """Say whether guests of the network that a packet comes from have the router as their gateway."""
    told = {gateway for gateway in intent.networks[crossing.entry.network].gateways if family(gateway) == version}
    return not told.isdisjoint(crossing.router.gateways[crossing.entry.network])
