# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse what a router lets in: static NAT and its firewall, and port forwards."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, network_or_address, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.outside import public_address, shared_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import ANYWHERE, Opening, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports, port_range
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Port
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import integer, one_of, sequence, text

_FORWARD_KEYS = ("ip", "protocol", "port", "to", "to_port", "remote_cidr", "description")
_RULE_KEYS = ("to", "protocol", "port", "remote_cidr", "description")
_PROTOCOLS = ("tcp", "udp", "icmp")
_port = integer(1, 65535)


Guests = Mapping[str, str]  # short name of a port: its plain IPv4 address, '' of one that is at fault itself
Routed = Mapping[str, Sequence[str]]  # short name of a port: its plain IPv6 addresses


def parse_openings(around: Surroundings, section: Section, router: Router, guests: Guests, routed: Routed) -> Router:
    """Return the router with all that comes in by it; ``guests`` are those of its networks."""
    static = dict(_static_nat(around, section, router, guests))
    return replace(
        router,
        static_nat={guests[name]: public for name, public in static.items()},
        forwards=tuple(_forwards(around, section, router, guests)),
        firewall=tuple(_firewall(section, static, guests, routed)),
    )


def guests_of(router: Router, ports: Mapping[str, Port], written: Collection[str]) -> Guests:
    """Return the guests of a router's networks; ``written`` are all ports of the tenant, those at fault among them."""
    behind = {name: port for name, port in ports.items() if port.network in router.gateways}
    known = {name: address for name, port in behind.items() if (address := _ipv4(port))}
    return {**{name: "" for name in written if name not in ports or not ports[name].addresses}, **known}


def routed_guests(router: Router, ports: Mapping[str, Port]) -> Routed:
    """Return the guests that the outside reaches at addresses of theirs, if there is IPv6 outside."""
    behind = {name: port for name, port in ports.items() if port.network in router.gateways and router.routed}
    found = {
        name: [address.partition("/")[0] for address in port.addresses if family(address) == 6]
        for name, port in behind.items()
    }
    return {name: addresses for name, addresses in found.items() if addresses}


def _ipv4(port: Port) -> str | None:
    return next((address.partition("/")[0] for address in port.addresses if family(address) == 4), None)


def _target(section: Section, guests: Guests) -> str | None:
    known = one_of_names(guests, "port with an IPv4 address on a network of this router")
    return section.required("to", known, "web-1")


def _static_nat(around: Surroundings, section: Section, router: Router, guests: Guests) -> Iterator[tuple[str, str]]:
    network = around.external.get(router.outside.network) if router.outside else None
    for name, path, given in section.items("static_nat"):
        public = public_address(around, path, network, given)
        known = one_of_names(guests, "port with an IPv4 address on a network of this router")
        if around.faults.parse(path, known, name) and public:
            yield name, public


def _forwards(around: Surroundings, section: Section, router: Router, guests: Guests) -> Iterator[Opening]:
    network = around.external.get(router.outside.network) if router.outside else None
    own = router.public_addresses[:1]
    for _name, path, given in section.items("port_forwards"):
        forward = Section(section.faults, path, given, _FORWARD_KEYS)
        forward.optional("description", text, "")
        protocol = forward.required("protocol", one_of(("tcp", "udp")), "tcp")
        ports = forward.required("port", port_range, "8080")
        target = _target(forward, guests)
        to_port = forward.optional("to_port", _port, None)
        if to_port and ports and ports.first != ports.last and to_port != ports.first:
            forward.faults.add(
                forward.path_to("to_port"),
                "a range of ports keeps its numbers; leave to_port out, or forward single ports",
            )
        public = shared_address(around, forward, network, own)
        sources = sources_of(forward)
        if not (protocol and ports and target and public):
            continue
        claim_ports(around, forward, public, protocol, ports)
        single = to_port if ports.first == ports.last else None
        yield Opening(public, guests[target], protocol, ports, single, sources, path)


def claim_ports(around: Surroundings, entry: Section, public: str, protocol: str, ports: Ports) -> None:
    """Claim the ports of a public address that a section is about, each of which leads to one place."""
    for port in range(ports.first, ports.last + 1):
        around.claims.claim((protocol, public), port, entry.path_to("port"), "a port leads to one place")


def _firewall(section: Section, static: Mapping[str, str], guests: Guests, routed: Routed) -> Iterator[Opening]:
    given: list[Any] = section.optional("firewall", sequence, []) or []
    reached = "port with static_nat on this router" + (", or with an IPv6 address on its networks" if routed else "")
    for at, value in enumerate(given):
        path = f"{section.path_to('firewall')}[{at}]"
        rule = Section(section.faults, path, value, _RULE_KEYS)
        rule.optional("description", text, "")
        target = rule.required("to", one_of_names({*static, *routed}, reached), "web-1")
        protocol = rule.optional("protocol", one_of(_PROTOCOLS), None)
        ports = rule.optional("port", port_range, None)
        if "port" in rule and protocol not in ("tcp", "udp"):
            rule.faults.add(rule.path_to("port"), "ports belong to a protocol; write protocol as tcp or udp")
        sources = sources_of(rule, (4, 6) if routed else (4,))
        if target:
            ends = [(static[target], guests[target])] if target in static else []
            ends += [(address, address) for address in routed.get(target, ())]
            for public, address in ends:
                mine = tuple(cidr for cidr in sources if family(cidr) == family(public))
                if mine or sources == ANYWHERE:
                    yield Opening(public, address, protocol, ports, None, mine or ANYWHERE, path)


def sources_of(section: Section, families: Collection[int] = (4,)) -> tuple[str, ...]:
    """Return from which networks something may come."""
    if "remote_cidr" not in section:
        return ANYWHERE
    path, value = section.path_to("remote_cidr"), section.value("remote_cidr")
    if value is None:
        section.optional("remote_cidr", text, None)  # which says that it is empty
        return ANYWHERE
    found = each(section.faults, path, value, network_or_address)
    for here, cidr in found:
        if family(cidr) not in families:
            section.faults.add(here, f"{cidr} is of IPv6, and public addresses are of IPv4; write a network of IPv4")
    return tuple(dict.fromkeys(plain_address(cidr) for _path, cidr in found))
