# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways by which routers join guests with the outside, to be measured: out, in, and in from inside (hairpin).

What lets in is a way, and so is what nothing lets in: of each address at which guests are reached, each protocol is
asked at the probes' own port too, where all must be silent unless a rule says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import lonely_vpns
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import (
    ANYWHERE,
    LoadBalancer,
    Opening,
    Outside,
    Router,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port

PROBE = 0  # as a port: that at which probes answer
_PROTOCOLS = ("tcp", "udp", "icmp")
_PATIENCE = 60  # seconds, the most that a load balancer is given to find out which members serve


class Goal(NamedTuple):
    """A guest that a way leads to."""

    guest: str  # '' of an address that no guest has
    address: str
    caller: str = ""  # the address by which it sees who asks; '': his own


@dataclass(frozen=True)
class Way:
    """What is asked of an address. One of ``sender`` and ``receiver`` is a guest, the other an external network."""

    sender: str
    receiver: str
    name: str  # as messages call it
    protocol: str  # icmp, tcp or udp
    address: str
    ports: tuple[int, int] | None = None  # the first and the last, the first of which is asked; None: any
    source: str = ""  # address of the guest that asks; of who asks from outside it is known to the playbook alone
    goals: tuple[Goal, ...] = ()  # any of these may answer; none: the outside does
    goal_port: int = PROBE
    sources: tuple[str, ...] = ANYWHERE  # from which networks it is open
    is_open: bool = True
    settles: int = 0  # seconds until a load balancer has found out which members serve; 0: it is none
    spreads: bool = False  # whether it leads who asks again to another member

    @property
    def network(self) -> str:
        """The external network."""
        return self.receiver if self.source else self.sender

    @property
    def first_port(self) -> int:
        return self.ports[0] if self.ports else PROBE


def ways_of(intent: Intent) -> list[dict[str, Any]]:
    """Return the ways of all routers as plain data, for ``parse_ways`` to read."""
    routers = [router for tenant in intent.tenants.values() for router in tenant.routers.values()]
    found = (way for router in routers if router.outside for way in _Ways(intent, router, router.outside).all())
    return [_plain(way) for way in found]


def unmeasured(intent: Intent) -> dict[str, int]:
    """Return how many ways there are that nobody measures, by kind."""
    vpns = lonely_vpns(intent)
    return {"VPNs to elsewhere": vpns} if vpns else {}


def parse_ways(data: Iterable[Mapping[str, Any]]) -> list[Way]:
    return [
        Way(
            **{
                **way,
                "ports": way["ports"] and (way["ports"][0], way["ports"][1]),
                "goals": tuple(Goal(*goal) for goal in way["goals"]),
                "sources": tuple(way["sources"]),
            }
        )
        for way in data
    ]


def _plain(way: Way) -> dict[str, Any]:
    goals = [list(goal) for goal in way.goals]
    return {**vars(way), "ports": way.ports and list(way.ports), "goals": goals, "sources": list(way.sources)}


class _Ways:
    """The ways of one router."""

    def __init__(self, intent: Intent, router: Router, outside: Outside) -> None:
        self._intent, self._router, self._outside = intent, router, outside
        self._guests = {
            address.partition("/")[0]: port
            for network in router.gateways
            for port in intent.ports_in.get(network, ())
            if "/" not in port.name  # which is a router's own
            for address in port.addresses
        }

    def all(self) -> Iterator[Way]:
        yield from self._outward()
        shared = [*self._forwards(), *self._balanced()]
        yield from shared
        yield from self._from_inside(shared)
        yield from self._closed("port forward", shared)
        yield from self._reached()

    def _outward(self) -> Iterator[Way]:
        external = {network.name: network for network in self._intent.external_networks}[self._outside.network]
        beyond = {family(gateway): gateway.partition("/")[0] for gateway in external.gateways}
        for address, guest in self._guests.items():
            version = family(address)
            if version in beyond and self._leaves(address):
                if version == 6:
                    name, leaves = "IPv6", self._outside.ipv6 is not None
                else:
                    name = "static NAT" if address in self._router.static_nat else "source NAT"
                    leaves = self._outside.snat or address in self._router.static_nat
                target = beyond[version]
                yield Way(guest.name, external.name, name, "icmp", target, source=address, is_open=leaves)

    def _leaves(self, address: str) -> bool:
        """Say whether a guest has the router as its gateway, and no other device."""
        network = self._guests[address].network
        return self._router.is_gateway_of(network, self._intent.networks[network].gateways, family(address))

    def _inward(self, opening: Opening, name: str) -> Iterator[Way]:
        """Yield what an opening lets in, by protocol."""
        for protocol in [opening.protocol] if opening.protocol else _PROTOCOLS:
            yield Way(
                sender=self._outside.network,
                receiver="",
                name=name,
                protocol=protocol,
                address=opening.public,
                ports=(opening.ports.first, opening.ports.last) if opening.ports else None,
                goals=(self._goal(opening.target, ""),),
                goal_port=opening.target_port or (opening.ports.first if opening.ports else PROBE),
                sources=tuple(opening.sources),
            )

    def _goal(self, address: str, caller: str) -> Goal:
        guest = self._guests.get(address)
        return Goal(guest.name if guest else "", address, caller)

    def _forwards(self) -> Iterator[Way]:
        for opening in self._router.forwards:
            yield from self._inward(opening, "port forward")

    def _balanced(self) -> Iterator[Way]:
        for balancer in self._router.load_balancers:
            yield Way(
                sender=self._outside.network,
                receiver="",
                name="load balancer",
                protocol="tcp",
                address=balancer.public,
                ports=(balancer.port, balancer.port),
                goals=tuple(self._goal(address, self._near(address)) for address in balancer.members.values()),
                goal_port=balancer.to_port,
                sources=tuple(balancer.sources),
                settles=_settles(balancer),
                spreads="source" not in (balancer.algorithm, balancer.stickiness),
            )

    def _near(self, member: str) -> str:
        """Return the router's own address in the network of a member, by which it is asked."""
        guest = self._guests.get(member)
        own = self._router.gateways[guest.network] if guest else ()
        return next((address.partition("/")[0] for address in own if family(address) == 4), "")

    def _from_inside(self, ways: Iterable[Way]) -> Iterator[Way]:
        """Yield the same from inside: one guest of each network asks, not the one that is to answer."""
        own = [(address, port) for address, port in self._guests.items() if family(address) == 4]
        for way in ways:
            served = {goal.guest for goal in way.goals}
            askers: dict[str, tuple[str, Port]] = {}
            for address, port in own:
                if port.name not in served and self._leaves(address):
                    askers.setdefault(port.network, (address, port))
            for address, port in askers.values():
                caller = self._router.static_nat.get(address, self._outside.address)
                goals = tuple(goal if goal.caller else goal._replace(caller=caller) for goal in way.goals)
                yield replace(way, sender=port.name, receiver=way.sender, source=address, goals=goals)

    def _closed(self, name: str, ways: Iterable[Way]) -> Iterator[Way]:
        """Yield, for each address that ways lead from, what none of them opens."""
        goals: dict[str, dict[Goal, None]] = {}
        for way in ways:
            goals.setdefault(way.address, {}).update(dict.fromkeys(goal._replace(caller="") for goal in way.goals))
        for public, its in goals.items():
            for protocol in _PROTOCOLS:
                yield Way(self._outside.network, "", name, protocol, public, goals=tuple(its), is_open=False)

    def _reached(self) -> Iterator[Way]:
        """Yield what comes in to guests that have an address outside of their own: by static NAT, or IPv6."""
        ends = [("static NAT", public, target) for target, public in sorted(self._router.static_nat.items())]
        if self._outside.ipv6:
            ends += [("IPv6", address, address) for address in self._guests if family(address) == 6]
        for name, public, target in ends:
            for opening in self._router.firewall:
                if opening.public == public:
                    yield from self._inward(opening, name)
            for protocol in _PROTOCOLS:
                goals = (self._goal(target, ""),)
                yield Way(self._outside.network, "", name, protocol, public, goals=goals, is_open=False)


def _settles(balancer: LoadBalancer) -> int:
    return min(balancer.check.interval * (balancer.check.rise + 1), _PATIENCE)  # it may have looked just before
