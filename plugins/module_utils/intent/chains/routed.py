# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups at routed ports, which the hypervisor itself forwards between, so that FORWARD sees all.

A packet from one guest of the host to another passes once. What the sender's groups permit goes on to the receiver's,
and is accepted by those alone. Addresses are in one place of the fabric, so there is one conntrack zone for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import ROUTED_GATEWAYS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.guard import own_addresses
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.names import FROM, TO, Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.permits import FAMILIES, Values
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.values import chain, port_chain
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Network, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import ROUTED_CHAIN, digest

_TRACKED = ("tcp", "udp", "icmp", "icmpv6")
_ENTRANCES = {"PREROUTING": "routed-raw", "INPUT": "routed-host", "FORWARD": ROUTED_CHAIN}
_SOLICITED = {"protocol": "icmpv6", "icmp_type": 135, "nd_target": ROUTED_GATEWAYS[6]}  # RFC 4861
_END = {FROM: "destination", TO: "source"}  # of a packet: the other one


def routed_entrances(ports: Sequence[Port], names: Names, chains: Iterable[str]) -> Iterator[Values]:
    """Yield what leads there from the kernel's own chains; interfaces of guests have no name in common."""
    yield from ({"chain": one, "target": names.common(_ENTRANCES[one])} for one in chains if ports)


def untracked(intent: Intent, ports: Sequence[Port], names: Names) -> Iterator[Values]:
    """Yield what conntrack is told: of protocols that it does not know everywhere each packet is judged by itself."""
    if not ports:
        return
    known = names.common("routed-known")
    subnets = [subnet.text for network in _networks(intent, ports) for subnet in network.subnets]
    ends = ("source", "destination")
    yield chain(
        names.common(_ENTRANCES["PREROUTING"]), [{end: subnet, "goto": known} for subnet in subnets for end in ends]
    )
    of_connections = [{"protocol": word, "target": "RETURN"} for word in _TRACKED]
    yield chain(known, [*of_connections, {"target": "CT", "notrack": True}])


def routed_judges(intent: Intent, ports: Sequence[Port], names: Names) -> Iterator[Values]:
    """Yield the way to the rules of a packet's guests. Nothing of the host's own traffic is in it."""
    if not ports:
        return
    toward = [{"out_interface": port.interface, "goto": names.port(TO, port.name)} for port in ports]
    yield chain(names.common(_ENTRANCES["INPUT"]), [one for port in ports for one in _heard(port, names)])
    yield chain(
        names.common(ROUTED_CHAIN),
        [*({"in_interface": port.interface, "goto": names.port(FROM, port.name)} for port in ports), *toward],
    )
    yield chain(names.common("onward"), [*toward, {"target": "ACCEPT"}])
    for network in _networks(intent, ports):
        for way, end in _END.items():
            within = [
                {"family": FAMILIES[subnet.family], end: subnet.text, "target": "RETURN"} for subnet in network.subnets
            ]
            yield chain(_within(way, network, names), [*within, {"target": "DROP"}])
    for port in ports:
        network = intent.networks[port.network]
        for way in (FROM, TO):
            guard = [{"target": names.guard(port.name)}] if way == FROM else []
            inside = {"target": _within(way, network, names), "comment": f"network {network.name}"}
            yield port_chain(port, way, names, [*guard, inside, *([] if port.stateless else _connections())])
        yield chain(names.guard(port.name), own_addresses(port))


def _heard(port: Port, names: Names) -> Iterator[Values]:
    """Yield what of a guest the host itself hears: where its gateway is, which it asks for as itself."""
    asked = {**_SOLICITED, "in_interface": port.interface}
    if any(family(address) == 6 for address in port.addresses):
        yield from ({**asked, "target": target} for target in (names.guard(port.name), "ACCEPT"))
    yield {"in_interface": port.interface, "target": "DROP"}


def _connections() -> list[Values]:
    return [
        {"ctstate": ["INVALID"], "target": "DROP"},
        {"protocol": "tcp", "ctstate": ["NEW"], "syn": False, "target": "DROP"},
    ]


def _within(way: str, network: Network, names: Names) -> str:
    """Return the chain that a packet leaves whose other end is in the network."""
    return names.common(f"{way[0]}n-{digest(network.name, 12)}")


def _networks(intent: Intent, ports: Iterable[Port]) -> list[Network]:
    return [intent.networks[name] for name in sorted({port.network for port in ports})]
