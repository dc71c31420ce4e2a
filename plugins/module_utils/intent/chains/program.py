# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups of a hypervisor as IP sets, and rules of iptables at plugs between the guests and Open vSwitch.

A plug is a Linux bridge of a guest's interface and a cable into Open vSwitch. What it carries passes FORWARD, where it
is judged by the guest's rules, whichever other guest, hypervisor or network it comes from. Each plug has a conntrack
zone: the same addresses may be elsewhere on the host, and a connection that one guest's rules let pass is none yet at
the plug of the other.

Values for sg_ipset, sg_rules and hybrid_plug, never text. Rules grow with the ports of the host and the rules of their
groups; who is in a group is in sets alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import (
    PLUG_BRIDGES,
    PLUG_INNERS,
    PLUG_OUTERS,
    plug_links,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.guard import (
    no_servers,
    own_addresses,
    own_advertisements,
    own_arp,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.names import FROM, TO, WAYS, Names, Place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.permits import (
    FAMILIES,
    Values,
    permits,
    permits_packets,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.routed import (
    routed_entrances,
    routed_judges,
    untracked,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.values import chain, port_chain
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import Firewall, firewalls
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Intent, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import SET_FAMILY
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PLUG_CHAIN

_ADVERTISEMENT = 134  # of a router
_NEIGHBOUR_DISCOVERY = (133, 135, 136)  # RFC 4861; redirects pass nowhere
_TRACKED = ("tcp", "udp", "icmp", "icmpv6")
_UNTRACKED = {"target": "CT", "notrack": True}
EMPTY: Mapping[str, Any] = {
    "plugs": [],
    "sets": [],
    "zones": {"chains": [], "jumps": []},
    "rules": {"chains": [], "jumps": [], "coming_sets": []},
}


def chains(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return the plugs of a hypervisor, and the sets and chains in the arguments of the modules that make them."""
    here = intent.ports_of.get(hypervisor.name, ())
    ports, routed = [port for port in here if port.plugged], [port for port in here if port.routed]
    if not ports and not routed:
        return dict(EMPTY)
    names, walls = Names(intent.fabric.name), firewalls(intent, hypervisor.name)
    numbers, guarded = allocations.ofports(hypervisor.name), not intent.fabric.has_pipeline
    sets = list({one["name"]: one for wall in walls.values() for one in _sets(wall, names)}.values())
    return {
        "plugs": [_plug(intent, port, numbers[port.number], guarded) for port in ports],
        "sets": sets,
        "zones": {
            "chains": [*(_zones(ports, numbers, names) if ports else ()), *untracked(intent, routed, names)],
            "jumps": [*(_entrances(names) if ports else ()), *routed_entrances(routed, names, ("PREROUTING",))],
        },
        "rules": {
            "chains": [
                *(_judges(ports, names, guarded) if ports else ()),
                *routed_judges(intent, routed, names),
                *(one for wall in walls.values() for one in _groups(intent, wall, names)),
            ],
            "jumps": [
                *(_ways_in(names) if ports else ()),
                *routed_entrances(routed, names, ("INPUT", "FORWARD")),
            ],
            "coming_sets": [{key: one[key] for key in ("name", "type", "family")} for one in sets],
        },
    }


def _ways_in(names: Names) -> Iterator[Values]:
    yield {"chain": "INPUT", "target": names.common("host"), "in_interface": PLUG_BRIDGES}
    yield {"chain": "FORWARD", "target": names.common(PLUG_CHAIN), "in_interface": PLUG_BRIDGES}


def _plug(intent: Intent, port: Port, number: int, guarded: bool) -> Values:
    mtu, arp = intent.fabric.mtu_of(intent.networks[port.network].type), {"arp": own_arp(port)} if guarded else {}
    return {"name": port.name, "interface": port.interface, "mtu": mtu, "zone": number, **arp}


def _sets(wall: Firewall, names: Names) -> Iterator[Values]:
    for network, sets in wall.sets.items():
        asked = {
            (rule.remote_set, version)
            for rule in wall.rules_in(network)
            if rule.remote_set
            for version in rule.families
        }
        for name, version in sorted(asked):
            members = [plain_address(prefix) for prefix in sets[name] if family(prefix) == version]
            yield {
                "name": names.members(Place(wall.tenant, network), name, version),
                "type": "hash:net",
                "family": SET_FAMILY[FAMILIES[version]],
                "members": sorted(set(members)),
            }


def _entrances(names: Names) -> Iterator[Values]:
    yield {"chain": "PREROUTING", "target": names.common("zones"), "in_interface": PLUG_BRIDGES}
    yield {"chain": "PREROUTING", "target": names.common("deaf"), "in_interface": PLUG_OUTERS}


def _zones(ports: Iterable[Port], numbers: Mapping[str, int], names: Names) -> Iterator[Values]:
    """Yield what conntrack is told: of protocols that it does not know everywhere each packet is judged by itself."""
    tracked = names.common("tracked")
    of_connections = [{"protocol": word, "goto": tracked} for word in _TRACKED]
    of_fragments = {"ctstate": ["NEW"], "target": "DROP"}  # put together in a zone, and then of another protocol
    yield chain(names.common("zones"), [*of_connections, of_fragments, _UNTRACKED])
    yield chain(tracked, [{**_zone(port, numbers[port.number]), "comment": f"port {port.name}"} for port in ports])
    # In userspace Open vSwitch only copies what arrives there, and the host's own stack would hear it too.
    yield chain(names.common("deaf"), [{"target": "DROP"}])


def _zone(port: Port, number: int) -> Values:
    how: Values = _UNTRACKED if port.stateless else {"target": "CT", "zone": number}
    return {"in_interface": plug_links(port.name).bridge, **how}


def _judges(ports: Sequence[Port], names: Names, guarded: bool) -> Iterator[Values]:
    """Yield the way to the rules of a packet's guest."""
    discovery = [{"protocol": "icmpv6", "icmp_type": kind} for kind in _NEIGHBOUR_DISCOVERY]
    advertisement = {"protocol": "icmpv6", "icmp_type": _ADVERTISEMENT}
    toward = {"physdev_in": PLUG_INNERS}
    yield chain(names.common("host"), [{"target": "DROP"}])  # guests do not speak with it
    yield chain(names.common("discovery"), [{**one, "target": "ACCEPT"} for one in discovery])
    yield chain(
        names.common(PLUG_CHAIN),
        [
            {"physdev_is_bridged": False, "target": "DROP"},  # nor is it their router
            {**advertisement, **toward, "target": "ACCEPT"},
            {**advertisement, "target": "DROP"},
            {"protocol": "icmpv6", "target": names.common("discovery"), **(toward if guarded else {})},
            {"ctstate": ["INVALID"], "target": "DROP"},
            {"protocol": "tcp", "ctstate": ["NEW"], "syn": False, "target": "DROP"},
            {**toward, "goto": names.common(TO)},
            *(no_servers() if guarded else ()),
            *({"physdev_in": port.interface, "goto": names.port(FROM, port.name)} for port in ports),
            {"target": "DROP"},
        ],
    )
    yield chain(
        names.common(TO),
        [
            *({"physdev_in": plug_links(port.name).inner, "goto": names.port(TO, port.name)} for port in ports),
            {"target": "DROP"},
        ],
    )
    for port in ports:
        yield from _port(port, names, guarded)


def _port(port: Port, names: Names, guarded: bool) -> Iterator[Values]:
    for way in WAYS:
        first: list[Values] = []
        if guarded and way == FROM:
            first = [
                {"protocol": "icmpv6", "target": names.neighbours(port.name)},
                {"target": names.guard(port.name)},
                {"protocol": "icmpv6", "target": names.common("discovery")},
            ]
        yield port_chain(port, way, names, first)
    if guarded:
        yield chain(names.neighbours(port.name), own_advertisements(port))
        yield chain(names.guard(port.name), own_addresses(port))


def _groups(intent: Intent, wall: Firewall, names: Names) -> Iterator[Values]:
    for network, ports in wall.ports.items():
        onward = {FROM: names.common("onward")} if intent.networks[network].routed else {}
        place, of_rule = Place(wall.tenant, network), permits_packets if wall.stateless else permits
        for group in sorted({group for port in ports for group in port.groups or ()}):
            for way in WAYS:
                found = [one for rule in wall.groups[group] for one in of_rule(rule, way, place, names)]
                unique = [one for at, one in enumerate(found) if one not in found[:at]]
                permitted = {"goto": onward[way]} if way in onward else {"target": "ACCEPT"}
                yield chain(names.group(way, place, group), [{**one, **permitted} for one in unique])
