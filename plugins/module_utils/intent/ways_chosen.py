# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ways to and from the outside are measured, by whom, and what shall come of each."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import (
    Connection,
    End,
    allowed,
    answered,
    within,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import ANYWHERE
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import (
    ICMP,
    ICMPV6,
    PROTOCOLS,
    Security,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.services import end_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways import PROBE, Goal, Way
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import HTTP

_ECHO_REQUEST = {4: (ICMP, 8), 6: (ICMPV6, 128)}  # protocol and type: RFC 792, RFC 4443


@dataclass(frozen=True)
class Asked:
    """A way that is measured."""

    asker: str  # host of the inventory
    sender: str
    receiver: str
    name: str
    protocol: str  # icmp, tcp, udp, or http, which members of load balancers speak
    address: str
    port: int  # 0 with icmp
    wanted: bool
    answerers: tuple[str, ...] = ()  # guests that may answer; none: the outside does
    service: str = ""  # what these are asked, as "udp 53"
    settles: int = 0  # seconds until it is what it shall be
    spreads: bool = False  # whether all of these answer, each in turn
    others: tuple[str, ...] = ()  # members whose answers have no name

    @property
    def words(self) -> str:
        what = f"{self.protocol} {self.port}" if self.port else self.protocol
        return f"{self.sender} -> {self.receiver} {what} to {self.address} ({self.name})"

    @property
    def outsider(self) -> str:
        """The external network."""
        return self.receiver if self.asker == self.sender else self.sender


class Outside:
    """Hosts beyond the routers, by the addresses that they have there, and the subnets of external networks."""

    def __init__(self, hosts: Mapping[str, Sequence[str]], subnets: Mapping[str, Sequence[str]]) -> None:
        self._hosts = hosts
        self._subnets = {name: [ipaddress.ip_network(text) for text in texts] for name, texts in subnets.items()}

    def seer(self, network: str, version: int) -> tuple[str, str] | None:
        """Return a host, and the address by which routers of a network see it: one in the network, or far away."""
        others = [subnet for name, subnets in self._subnets.items() if name != network for subnet in subnets]
        for host, addresses in self._hosts.items():
            for address in addresses:
                if family(address) == version and not any(ipaddress.ip_address(address) in net for net in others):
                    return host, address
        return None

    def sees(self, network: str, version: int) -> bool:
        """Say whether anybody answers in a network; where no host is known to be outside, its gateway is there."""
        return not self._hosts or self.seer(network, version) is not None


class Choice(NamedTuple):
    asked: list[Asked]
    missing: Counter[str]  # external network: ways that nobody can measure


def choose(
    ways: Sequence[Way], endpoints: Sequence[Endpoint], securities: Mapping[str, Security], port: int, outside: Outside
) -> Choice:
    """Choose the ways that somebody can measure, each once; ``port`` is that of probes."""
    chooser = _Chooser(ways, {endpoint.name: endpoint for endpoint in endpoints}, securities, port, outside)
    asked: dict[tuple[str, str, int, str], Asked] = {}
    missing: Counter[str] = Counter()
    for way in ways:
        found = chooser.asked(way)
        if found:
            asked.setdefault((found.protocol, found.address, found.port, found.asker), found)
        else:
            missing[way.network] += 1
    return Choice(list(asked.values()), missing)


class _Chooser:
    def __init__(
        self,
        ways: Iterable[Way],
        chosen: Mapping[str, Endpoint],
        securities: Mapping[str, Security],
        port: int,
        outside: Outside,
    ) -> None:
        self._chosen, self._securities, self._port, self._outside = chosen, securities, port, outside
        self._open: dict[tuple[str, str], list[Way]] = {}
        for way in ways:
            if way.goals and way.is_open:
                self._open.setdefault((way.address, way.protocol), []).append(way)

    def asked(self, way: Way) -> Asked | None:
        """Return what is asked, None if nobody can."""
        asker = self._asker(way)
        if asker is None:
            return None
        return self._inward(way, *asker) if way.goals else self._outward(way)

    def _asker(self, way: Way) -> tuple[str, str] | None:
        """Return a host of the inventory, and by which address routers see it."""
        version = family(way.address)
        if not way.source:
            return self._outside.seer(way.network, version)
        if way.sender in self._chosen and (way.goals or self._outside.sees(way.network, version)):
            return way.sender, way.source
        return None

    def _outward(self, way: Way) -> Asked:
        wanted = way.is_open and self._passes(way.sender, way, way.source, way.address, PROBE)
        return Asked(way.sender, way.sender, way.receiver, way.name, way.protocol, way.address, 0, wanted)

    def _inward(self, way: Way, asker: str, source: str) -> Asked | None:
        here = [goal for goal in way.goals if goal.guest in self._chosen]
        number = 0 if way.protocol == "icmp" else way.first_port or self._port
        goal_port = way.goal_port or number
        opened = self._lets_in(way, number, source) and (
            not way.source or self._passes(way.sender, way, source, way.address, number)
        )
        hearing = [goal.guest for goal in here if opened and self._hears(way, goal, source, goal_port)]
        if not here or (opened and not hearing and len(here) < len(way.goals)):
            return None  # it is open to guests that nobody knows
        balanced = bool(way.settles) and opened
        protocol = HTTP if balanced else way.protocol
        strangers = [goal.guest or goal.address for goal in way.goals if goal not in here]
        return Asked(
            asker=asker,
            sender=way.sender,
            receiver=way.receiver or (hearing or [goal.guest for goal in here])[0],
            name=way.name,
            protocol=protocol,
            address=way.address,
            port=number,
            wanted=bool(hearing),
            answerers=tuple(hearing),
            service=f"{protocol} {goal_port}",
            settles=way.settles if balanced and hearing else 0,
            spreads=balanced and way.spreads and bool(hearing),
            others=tuple(strangers) if balanced else (),
        )

    def _lets_in(self, way: Way, number: int, source: str) -> bool:
        """Say whether any way opens this, for one that does not may be about what another does."""
        return any(
            (other.ports is None or other.ports[0] <= number <= other.ports[1])
            and (other.sources == ANYWHERE or within(source, other.sources))
            for other in self._open.get((way.address, way.protocol), ())
        )

    def _hears(self, way: Way, goal: Goal, source: str, port: int) -> bool:
        """Say whether the groups of a guest let it be asked."""
        caller = goal.caller or source
        ends = _stranger(caller), end_of(self._securities, self._chosen[goal.guest])
        return _passes(ends, _connection(way.protocol, caller, goal.address, port))

    def _passes(self, guest: str, way: Way, source: str, address: str, port: int) -> bool:
        """Say whether the groups of a guest let it ask."""
        ends = end_of(self._securities, self._chosen[guest]), _stranger(address)
        return _passes(ends, _connection(way.protocol, source, address, port))


def services_of_ways(ways: Iterable[Way], receiver: str, port: int) -> set[str]:
    """Return where a guest has to answer, beside ``port`` by TCP, for the ways that lead to it to be measured."""
    led = [way for way in ways if way.protocol != "icmp" and any(goal.guest == receiver for goal in way.goals)]
    found = {f"{HTTP if way.settles else way.protocol} {way.goal_port or way.first_port or port}" for way in led}
    return found - {f"tcp {port}"}


def not_seen(missing: Mapping[str, int], others: Mapping[str, int]) -> str:
    """Return in words what of the outside nobody measures, '' if there is nothing."""
    parts = [f"{count} ways by {network}" for network, count in sorted(missing.items())]
    parts += [f"{count} {kind}" for kind, count in sorted(others.items())]
    return f"Not measured of the outside: {', '.join(parts)}." if parts else ""


def questions(asked: Iterable[Asked]) -> dict[str, list[dict[str, Any]]]:
    """Return what each asker asks, as the module outside_probe takes it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in asked:
        question = {"protocol": one.protocol, "address": one.address, "port": one.port or None, "settles": one.settles}
        heard = {"answerers": list(one.answerers)} if one.spreads else {}
        found.setdefault(one.asker, []).append({**question, **heard})
    return found


def as_data(asked: Iterable[Asked]) -> list[dict[str, Any]]:
    return [{**asdict(one), "answerers": list(one.answerers), "others": list(one.others)} for one in asked]


def parse_asked(data: Iterable[Mapping[str, Any]]) -> Iterator[Asked]:
    for one in data:
        yield Asked(**{**one, "answerers": tuple(one["answerers"]), "others": tuple(one["others"])})


def _connection(protocol: str, source: str, target: str, port: int) -> Connection:
    if protocol == "icmp":
        number, kind = _ECHO_REQUEST[family(target)]
        return Connection(number, source, target, kind)
    return Connection(PROTOCOLS[protocol], source, target, port)


def _stranger(address: str) -> End:
    return End("", Security(), None, [address])


def _passes(ends: tuple[End, End], connection: Connection) -> bool:
    return allowed(*ends, connection) and answered(*ends, connection)
