# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ways to and from the outside are measured, what shall come of each, and whether it did."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import LEAK, UNMEASURED, UNREACHABLE, Fault
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, End, allowed, answered
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import ISOLATED, REACHES, Cell
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import ICMP, TCP, Security
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.services import end_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways import PROBE, Way
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import ELSEWHERE

_ECHO_REQUEST = 8  # RFC 792
_STATES = (LEAK, UNREACHABLE, UNMEASURED)  # the worst first


@dataclass(frozen=True)
class Asked:
    """A way that is measured."""

    asker: str  # host of the inventory
    sender: str
    receiver: str
    name: str
    address: str
    port: int | None
    wanted: bool

    @property
    def words(self) -> str:
        what = "icmp" if self.port is None else f"tcp {self.port}"
        return f"{self.sender} -> {self.receiver} {what} to {self.address} ({self.name})"


class Outside:
    """Hosts beyond the routers, by the addresses that they have there, and the subnets of external networks."""

    def __init__(self, hosts: Mapping[str, Sequence[str]], subnets: Mapping[str, str]) -> None:
        self._hosts = {host: [address for address in its if family(address) == 4] for host, its in hosts.items()}
        self._subnets = {name: ipaddress.ip_network(text) for name, text in subnets.items()}

    def seer(self, network: str) -> tuple[str, str] | None:
        """Return a host, and the address by which routers of a network see it: one in the network, or far away."""
        others = [subnet for name, subnet in self._subnets.items() if name != network]
        for host, addresses in self._hosts.items():
            for address in addresses:
                if not any(ipaddress.ip_address(address) in subnet for subnet in others):
                    return host, address
        return None

    def sees(self, network: str) -> bool:
        """Say whether anybody answers in a network; where no host is known to be outside, its gateway is there."""
        return not self._hosts or self.seer(network) is not None


def choose(
    ways: Iterable[Way], endpoints: Sequence[Endpoint], securities: Mapping[str, Security], port: int, outside: Outside
) -> Iterator[Asked]:
    """Yield the ways that somebody can measure; ``port`` is that of probes."""
    chosen = {endpoint.name: endpoint for endpoint in endpoints}
    for way in ways:
        if way.inward:
            seer, guest = outside.seer(way.sender), chosen.get(way.receiver)
            if seer and guest:
                asker, source = seer
                number, target = way.port or port, way.target_port or port
                ends = _stranger(source), end_of(securities, guest)
                wanted = _passes(ends, Connection(TCP, source, way.target, target))
                wanted = wanted and way.is_open and _within(source, way.sources)
                yield Asked(asker, way.sender, way.receiver, way.name, way.address, number, wanted)
        elif way.sender in chosen and outside.sees(way.receiver):
            ends = end_of(securities, chosen[way.sender]), _stranger(way.address)
            wanted = way.is_open and _passes(ends, Connection(ICMP, way.source, way.address, _ECHO_REQUEST))
            yield Asked(way.sender, way.sender, way.receiver, way.name, way.address, None, wanted)


def services_of_ways(ways: Iterable[Way], receiver: str) -> set[str]:
    """Return where a guest has to answer, beside the probes' port, for the ways that lead to it to be measured."""
    return {f"tcp {way.target_port}" for way in ways if way.receiver == receiver and way.target_port != PROBE}


def not_seen(ways: Sequence[Way], asked: Sequence[Asked], others: Mapping[str, int]) -> str:
    """Return in words what of the outside nobody measures, '' if there is nothing."""
    missing = Counter(way.sender if way.inward else way.receiver for way in ways)
    missing -= Counter(one.receiver if one.port is None else one.sender for one in asked)
    parts = [f"{count} ways by {network}" for network, count in sorted(missing.items())]
    parts += [f"{count} {kind}" for kind, count in sorted(others.items())]
    return f"Not measured of the outside: {', '.join(parts)}." if parts else ""


def judge_ways(asked: Sequence[Asked], replies: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Cell]:
    """Return a cell for each pair that ways are between; ``replies`` are those of each asker, in order."""
    left = {asker: iter(found) for asker, found in replies.items()}
    cells: dict[tuple[str, str], Cell] = {}
    for way in asked:
        fault = _fault(way, next(left.get(way.asker, iter(())), None))
        pair = way.sender, way.receiver
        cell = cells.setdefault(pair, Cell(*pair, ISOLATED))
        faults = (*cell.faults, *([fault] if fault else []))
        good = REACHES if way.wanted else cell.state
        worst = min((one.kind for one in faults), key=_STATES.index, default=good)
        cells[pair] = replace(cell, state=worst, faults=faults)
    return list(cells.values())


def outsiders(asked: Iterable[Asked]) -> list[Endpoint]:
    """Return external networks as the matrix shows them."""
    names = {one.receiver if one.port is None else one.sender for one in asked}
    return [Endpoint(name, "outside", "", "", (), 0) for name in sorted(names)]


def _fault(way: Asked, reply: Mapping[str, Any] | None) -> Fault | None:
    wanted = "reachable" if way.wanted else "unreachable"
    if reply is None:
        return Fault(UNMEASURED, f"{way.words}: expected {wanted}, measured nothing")
    arrived = reply["answered"] and (way.port is None or reply["answerer"] == way.receiver or _elsewhere(reply))
    if way.wanted and not arrived:
        reason = f"answered by {reply['answerer']}" if reply["answerer"] else reply["note"]
        return Fault(UNREACHABLE, f"{way.words}: expected reachable, measured unreachable ({reason})")
    if arrived and not way.wanted:
        return Fault(LEAK, f"{way.words}: expected unreachable, measured reachable")
    return None


def _elsewhere(reply: Mapping[str, Any]) -> bool:
    """Say whether something else than a probe answered: a guest's own server has the port."""
    return bool(reply["note"] == ELSEWHERE)


def _stranger(address: str) -> End:
    return End("", Security(), None, [address])


def _passes(ends: tuple[End, End], connection: Connection) -> bool:
    return allowed(*ends, connection) and answered(*ends, connection)


def _within(address: str, networks: Iterable[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)


def questions(asked: Iterable[Asked]) -> dict[str, list[dict[str, Any]]]:
    """Return what each asker asks, as the module outside_probe takes it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in asked:
        found.setdefault(one.asker, []).append({"address": one.address, "port": one.port})
    return found


def as_data(asked: Iterable[Asked]) -> list[dict[str, Any]]:
    return [asdict(one) for one in asked]
