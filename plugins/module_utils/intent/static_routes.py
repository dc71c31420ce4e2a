# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the routes of a router to networks that it is not joined to: behind what, on its networks, they are."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet, subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import mapping

_DEFAULT = ("0.0.0.0/0", "::/0")

Inside = Mapping[str, Network]  # networks that the router joins, by their short names


def parse_static_routes(around: Surroundings, section: Section, router: Router, inside: Inside) -> dict[str, str]:
    """Return the next hop to each network."""
    given: Mapping[Any, Any] = section.optional("static_routes", mapping, {}) or {}
    found = {}
    for key, value in given.items():
        path = f"{section.path_to('static_routes')}.{key}"
        to = around.faults.parse(path, _destination, key)
        hop = around.faults.parse(path, _next_hop, value)
        if to:
            around.claims.claim(("route", router.name), to.text, path, "a network has one next hop")
        fault = to and _misplaced(around, router, inside, to)
        fault = fault or (hop and _misled(router, inside, hop, to))
        if fault:
            around.faults.add(path, fault)
        elif to and hop:
            found[to.text] = hop
    return found


def _destination(value: Any) -> Subnet:
    return Subnet.of(value) if value in _DEFAULT else subnet(value)


def _next_hop(value: Any) -> str:
    if value is None:
        raise ValueError("empty; write the address of the next hop")
    return unicast_address(value)


def _misplaced(around: Surroundings, router: Router, inside: Inside, to: Subnet) -> str | None:
    """Say why the router needs no route to a network."""
    if router.outside and (to.text == _DEFAULT[0] or (router.outside.ipv6 and to.text in _DEFAULT)):
        return f"{to.text} is the way outside, by the gateway of {router.outside.network}; leave it out"
    outside = around.external.get(router.outside.network) if router.outside else None
    for network in filter(None, (*inside.values(), outside)):
        if any(part.overlaps(to) and part.prefix <= to.prefix for part in network.subnets):
            return f"{to.text} is in network {network.name}, which the router is on; write a network beyond it"
    return None


def _misled(router: Router, inside: Inside, hop: str, to: Subnet | None) -> str | None:
    """Say why an address can be no next hop."""
    if to and family(hop) != to.family:
        return f"{hop} is of another IP family than {to.text}; write an address of the same"
    parsed = ipaddress.ip_address(hop)
    parts = [part for network in inside.values() for part in network.subnets]
    home = next((part for part in parts if part.contains(parsed.version, int(parsed))), None)
    if not home and parts:
        where = " or ".join(part.text for part in parts)
        return f"{hop} is on no network of the router; write a next hop in {where}"
    if not home:  # its networks are at fault themselves
        return None
    if role := home.role_of(int(parsed)):
        return f"{hop} is the {role} of {home.text}; write the address of a host"
    if any(f"{hop}/{home.prefix}" in addresses for addresses in router.gateways.values()):
        return f"{hop} is the router itself; write the address of who routes there"
    return None
