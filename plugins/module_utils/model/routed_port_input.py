# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted ports and routes: every value parsed, every fault reported at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, ip_network, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import (
    Route,
    RoutedPort,
    Wanted,
    versions_of,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    interface_name,
    mac_address,
    path_of,
    shown,
)

_IPV6_MTU = 1280  # bytes
_LINK_LOCAL = ipaddress.ip_network("fe80::/10")
_MTUS = 68, 65535  # RFC 791 asks every link for the former; an IPv4 packet is no larger than the latter


def parse_routed_ports(params: Mapping[str, Any]) -> Wanted:
    """Return what is wanted, or raise InvalidInput with all faults."""
    faults = Faults()
    parse_task(faults, {"owner": params["owner"]})
    subnets = [
        faults.parse(path_of("subnets", at), _network, value) or "" for at, value in enumerate(params["subnets"])
    ]
    ports = [_port(faults, f"{path_of('ports', at)}.", given) for at, given in enumerate(params["ports"])]
    routes = [_route(faults, f"{path_of('routes', at)}.", given) for at, given in enumerate(params["routes"])]
    _refuse_doubles(faults, ((f"{port.path}interface", port.interface) for port in ports))
    _refuse_doubles(faults, _destinations(ports, routes))
    if not params["ports"] and not params["allow_empty"]:
        what = "an empty list would remove every routed port of the owner"
        faults.add("ports", f"{what}; if you mean it, set allow_empty: true")
    faults.raise_any()
    return Wanted(tuple(subnets), tuple(ports), tuple(routes))


def _port(faults: Faults, path: str, given: Mapping[str, Any]) -> RoutedPort:
    addresses = [
        faults.parse(f"{path}{path_of('addresses', at)}", _address, value) or ""
        for at, value in enumerate(given["addresses"])
    ]
    if not addresses:
        faults.add(f"{path}addresses", "is empty; write the addresses of the guest")
    mtu = None if given.get("mtu") is None else faults.parse(f"{path}mtu", integer(*_MTUS), given["mtu"])
    if mtu and mtu < _IPV6_MTU and 6 in versions_of(addresses):
        faults.add(f"{path}mtu", f"{mtu} is too small for IPv6; write {_IPV6_MTU} or more (RFC 8200)")
    interface = faults.parse(f"{path}interface", interface_name, given["interface"])
    mac = faults.parse(f"{path}mac", mac_address, given["mac"])
    return RoutedPort(path, interface or "", mac or "", tuple(addresses), mtu)


def _route(faults: Faults, path: str, given: Mapping[str, Any]) -> Route:
    destination = faults.parse(f"{path}destination", _address, given["destination"]) or ""
    via = faults.parse(f"{path}via", _address, given["via"]) or ""
    if destination and via and family(destination) != family(via):
        what = f"{via} is no address of IPv{family(destination)}, by which {destination} could be reached"
        faults.add(f"{path}via", f"{what}; write one that its host has")
    return Route(path, destination, via)


def _address(value: Any) -> str:
    address = unicast_address(value)
    if ipaddress.ip_address(address) in _LINK_LOCAL:
        raise ValueError(f"{shown(address)} is a link-local address, to which nobody routes; write another")
    return address


def _network(value: Any) -> str:
    network = ip_network(value)
    if network.endswith("/0"):
        raise ValueError(f"{shown(network)} is all there is, the host's own ways too; write the network of the ports")
    return network


def _destinations(ports: list[RoutedPort], routes: list[Route]) -> Iterator[tuple[str, str]]:
    for port in ports:
        yield from ((f"{port.path}{path_of('addresses', at)}", value) for at, value in enumerate(port.addresses))
    yield from ((f"{route.path}destination", route.destination) for route in routes)


def _refuse_doubles(faults: Faults, values: Iterator[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for path, value in values:
        if value and value in first:
            faults.add(path, f"{value} is {first[value]} already; write each once")
        first.setdefault(value, path)
