# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the load balancers of a router: a public address and port each, and the members that share what comes there."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.openings import (
    Guests,
    claim_ports,
    sources_of,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.outside import shared_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Check, LoadBalancer, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Parser, integer, one_of, shown, text

_KEYS = (
    *("ip", "protocol", "port", "members", "to_port", "mode", "algorithm", "stickiness", "check", "remote_cidr"),
    "description",
)
_CHECK_KEYS = ("type", "interval", "fall", "rise", "path")
_port = integer(1, 65535)
_seconds = integer(1, 3600)
_times = integer(1, 100)


def parse_load_balancers(
    around: Surroundings,
    section: Section,
    router: Router,
    guests: Guests,
    inside: Mapping[str, Network],
) -> Iterator[LoadBalancer]:
    """Yield the load balancers; ``inside`` are the router's networks, by short names."""
    network = around.external.get(router.outside.network) if router.outside else None
    own = router.public_addresses[:1] + [forward.public for forward in router.forwards]
    member = _member(router, guests, inside)
    for name, path, given in section.items("load_balancers"):
        entry = Section(section.faults, path, given, _KEYS)
        parsed = _load_balancer(entry, name, shared_address(around, entry, network, own), member)
        if parsed:
            claim_ports(around, entry, parsed.public, "tcp", Ports(parsed.port, parsed.port))
            yield parsed


def _load_balancer(
    entry: Section, name: str, public: str | None, member: Parser[tuple[str, str]]
) -> LoadBalancer | None:
    entry.optional("description", text, "")
    entry.optional("protocol", one_of(("tcp",)), "tcp")
    port = entry.required("port", _port, "443")
    members = _members(entry, member)
    to_port = entry.optional("to_port", _port, port)
    mode = entry.optional("mode", one_of(("tcp", "http")), "tcp")
    algorithm = entry.optional("algorithm", one_of(("roundrobin", "leastconn", "source")), "roundrobin")
    stickiness = entry.optional("stickiness", one_of(("cookie", "source")), None)
    if stickiness == "cookie" and mode == "tcp":
        what = "a cookie is a part of HTTP; write mode: http too, or stickiness: source"
        entry.faults.add(entry.path_to("stickiness"), what)
    check = _check(entry) if "check" in entry else Check()
    sources = sources_of(entry)
    if not (public and port and members and to_port and mode and algorithm):
        return None
    return LoadBalancer(name, public, port, members, to_port, mode, algorithm, stickiness, check, sources)


def _members(entry: Section, member: Parser[tuple[str, str]]) -> dict[str, str]:
    """Return the addresses of the members by what the user calls them."""
    entry.required("members", lambda value: value, "[web-1, web-2]")
    found: dict[str, str] = {}
    if entry.value("members") is None:
        return found
    for path, (name, address) in each(entry.faults, entry.path_to("members"), entry.value("members"), member):
        twin = next((other for other, its in found.items() if address and its == address), None)
        if twin:
            what = "is there twice" if twin == name else f"is {twin}, which is there already"
            entry.faults.add(path, f"{name} {what}; a member is listed once")
        else:
            found[name] = address
    return found


def _member(router: Router, guests: Guests, inside: Mapping[str, Network]) -> Parser[tuple[str, str]]:
    """Return a parser of a member's port name or address to what it is called and its address."""
    known = one_of_names(guests, "port with an IPv4 address on a network of this router")
    parts = [part for network in inside.values() for part in network.subnets if part.family == 4]
    beyond = [part for part in map(Subnet.of, router.routes) if part.family == 4]
    own = {address.partition("/")[0] for addresses in router.gateways.values() for address in addresses}

    def parse(value: Any) -> tuple[str, str]:
        if not isinstance(value, str) or not {*value} & {*".:/"}:
            name = known(value)
            return name, guests[name]
        address = unicast_address(value)
        if family(address) == 6:
            raise ValueError(f"{address} is of IPv6; write the IPv4 address of the member")
        number = int(ipaddress.ip_address(address))
        home = next((part for part in (*parts, *beyond) if part.contains(4, number)), None)
        if not home:
            where = " or ".join(part.text for part in (*parts, *beyond))
            raise ValueError(f"{address} is in no network of this router; write the name of a port, or one in {where}")
        if role := home.role_of(number):
            raise ValueError(f"{address} is the {role} of {home.text}; write the address of a host")
        if address in own:
            raise ValueError(f"{address} is the router itself; write the address of a guest")
        return address, address

    return parse


def _check(entry: Section) -> Check:
    section = Section(entry.faults, entry.path_to("check"), entry.value("check"), _CHECK_KEYS)
    kind = section.optional("type", one_of(("tcp", "http")), "tcp")
    path = section.optional("path", _path, "/")
    if "path" in section and kind == "tcp":
        section.faults.add(
            section.path_to("path"), "a check of type tcp asks for no path; write type: http too, or leave it out"
        )
    return Check(
        type=kind or "tcp",
        interval=section.optional("interval", _seconds, Check.interval) or 1,
        fall=section.optional("fall", _times, Check.fall) or 1,
        rise=section.optional("rise", _times, Check.rise) or 1,
        path=path or "/",
    )


def _path(value: Any) -> str:
    """Parse a path of HTTP (RFC 3986 3.3, 3.4), but for characters that are a syntax of HAProxy's own."""
    path = text(value)
    if len(path) > 255 or not re.fullmatch(r"/[A-Za-z0-9._~!&()*+,;=:@%/?-]*", path):
        raise ValueError(f"{shown(path)} is no path of a check; write one as '/health'")
    return path
