# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the routers of a tenant: first where they stand, since that makes gateways, then what they do for its ports.

A leg of a router is a port of the network as a guest's is, so whatever forwards packets knows nothing of routers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import (
    LONGEST_PREFIX,
    family,
    unicast_address,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.acl import parse_acl
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.load_balancers import parse_load_balancers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.openings import (
    Guests,
    guests_of,
    parse_openings,
    routed_guests,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.outside import parse_outside
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.placement import check_place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.legs import link_network
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.static_routes import parse_static_routes
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import TUNNEL_TYPES, Network, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.vpn import parse_vpns
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import identifier, mapping

_KEYS = (
    *("hypervisors", "networks", "external", "snat", "static_nat", "port_forwards", "firewall"),
    *("load_balancers", "static_routes", "acl", "vpn"),
)
_MOST = 2  # hypervisors of a router

Networks = Mapping[str, "Network | None"]


class Standing(NamedTuple):
    """Where a router stands, and what else is written of it."""

    section: Section
    router: Router


def parse_standings(around: Surroundings, tenant: str, section: Section, networks: Networks) -> list[Standing]:
    """Return the routers of a tenant with their legs alone."""
    found = []
    for name, path, given in section.items("routers"):
        router = Section(around.faults, path, given, _KEYS)
        found.append(Standing(router, _standing(around, f"{tenant}.{name}", router, networks)))
    return found


def _standing(around: Surroundings, name: str, section: Section, networks: Networks) -> Router:
    tenant = name.partition(".")[0]
    hosts = [host for _path, host in _hypervisors(around, section)]
    section.required("networks", mapping, "{web: {}}")
    gateways = {}
    for network, path, given in section.items("networks"):
        own = Section(around.faults, path, {} if given == {} else given, ("ip",))
        if around.faults.parse(path, one_of_names(networks, f"network of tenant {tenant}"), network) is None:
            continue
        around.claims.claim("router", f"{tenant}.{network}", path, "a network has one router")
        part = networks[network]
        if part:
            gateways[part.name] = tuple(_addresses(around, own, part))
            for host in hosts:
                check_place(around, section.path_to("hypervisors"), part, host)
    return Router(name, tenant, hosts, gateways)


def _hypervisors(around: Surroundings, section: Section) -> list[tuple[str, str]]:
    path, value = section.path_to("hypervisors"), section.required("hypervisors", lambda given: given, "hv1")
    known = one_of_names(around.hypervisors, "hypervisor of this fabric") if around.hypervisors else identifier
    found = [] if value is None else each(around.faults, path, value, known)
    if len(found) > _MOST:
        around.faults.add(path, f"{len(found)} hypervisors; a router stands on one, or on {_MOST}, of which one works")
    for at, (here, host) in enumerate(found):
        if host in [other for _path, other in found[:at]]:
            around.faults.add(here, f"{host} is listed twice; the other of a router is to work when {host} does not")
    return found


def _addresses(around: Surroundings, section: Section, network: Network) -> Iterator[str]:
    """Yield the router's address in each subnet, with prefix length: as written, else the first of a host."""
    given = (
        [] if "ip" not in section else each(around.faults, section.path_to("ip"), section.value("ip"), unicast_address)
    )
    taken = network.service.gateways
    for path, address in given:
        parsed = ipaddress.ip_address(address)
        home = next((part for part in network.subnets if part.contains(parsed.version, int(parsed))), None)
        role = home.role_of(int(parsed)) if home else None
        if home is None:
            where = " or ".join(part.text for part in network.subnets)
            around.faults.add(path, f"{address} is outside of network {network.name}; write an address in {where}")
        elif role:
            around.faults.add(path, f"{address} is the {role} of {home.text}; write the address of a host")
        elif f"{address}/{home.prefix}" in taken:
            what = f"{address} is the gateway {network.path}.gateway, another device"
            around.faults.add(path, f"{what}; write a free address, or remove that")
        else:
            yield f"{address}/{home.prefix}"
    if "ip" in section:
        return
    for part in network.subnets:
        first = f"{part.first_host}/{part.prefix}"
        if first in taken:
            what = f"missing; {part.first_host} is the gateway {network.path}.gateway, another device"
            around.faults.add(section.path_to("ip"), f"{what}, so write an address of the router's own")
        else:
            yield first


def joined(networks: Networks, standings: Sequence[Standing]) -> dict[str, Network | None]:
    """Return the networks of a tenant with their routers, and the gateways that these are."""
    routers = {network: standing.router for standing in standings for network in standing.router.gateways}
    return {name: network and _with_router(network, routers.get(network.name)) for name, network in networks.items()}


def _with_router(network: Network, router: Router | None) -> Network:
    if router is None:
        return replace(network, gateways=tuple(network.service.gateways))
    gateways = network.service.gateways or router.gateways[network.name]
    return replace(network, gateways=tuple(gateways), router=router.name)


def parse_routers(
    around: Surroundings, tenant: Section, standings: Sequence[Standing], networks: Networks, ports: Mapping[str, Port]
) -> dict[str, Router]:
    """Return the routers by their short names; those with faults are in part what was written."""
    given = tenant.value("ports")
    written = [name for name in given if isinstance(name, str)] if isinstance(given, Mapping) else []
    found = {}
    for section, router in standings:
        _claim(around, section, router)
        _refuse_taken_ranges(around, section, router, networks, ports)
        guests = guests_of(router, ports, written)
        found[router.name.partition(".")[2]] = _complete(around, section, router, networks, guests, ports)
    return found


def _complete(
    around: Surroundings,
    section: Section,
    router: Router,
    networks: Networks,
    guests: Guests,
    ports: Mapping[str, Port],
) -> Router:
    inside = {name: network for name, network in networks.items() if network and network.name in router.gateways}
    router = replace(router, outside=parse_outside(around, section, router))
    router = parse_openings(around, section, router, guests, routed_guests(router, ports))
    router = replace(router, routes=parse_static_routes(around, section, router, inside))
    vpns = parse_vpns(around, section, router, inside)
    router = replace(
        router,
        load_balancers=tuple(parse_load_balancers(around, section, router, guests, inside)),
        acl=tuple(parse_acl(section, router, inside)),
        wireguard=vpns.wireguard,
        sites=vpns.sites,
    )
    _refuse_lost_forwarders(section, router, inside)
    return router


def _refuse_taken_ranges(
    around: Surroundings, section: Section, router: Router, networks: Networks, ports: Mapping[str, Port]
) -> None:
    """Record ranges for strangers that hold an address of somebody whom the intent knows."""
    for network in filter(None, networks.values()):
        ends = network.service.dhcp.range if network.service.dhcp else None
        if not ends or network.name not in router.gateways:
            continue
        path = f"{section.path_to('networks')}.{network.name.partition('.')[2]}"
        holders = dict.fromkeys(router.gateways[network.name], path)
        holders.update((address, f"{network.path}.gateway") for address in network.service.gateways)
        mine = (port for port in ports.values() if port.network == network.name)
        holders.update((address, port.path) for port in mine for address in port.addresses)
        low, high = (int(ipaddress.ip_address(end)) for end in ends)
        for address, holder in holders.items():
            plain = ipaddress.ip_address(address.partition("/")[0])
            if plain.version == 4 and low <= int(plain) <= high:
                around.faults.add(f"{network.path}.dhcp.range", f"it holds {plain} of {holder}; leave that out")


def _refuse_lost_forwarders(section: Section, router: Router, inside: Mapping[str, Network]) -> None:
    """Record name servers that a router would ask in vain."""
    written = section.value("static_routes")
    known = len(router.routes) == len(written) if isinstance(written, Mapping) else True
    if not known or ("external" in section and not router.outside):
        return  # which ways it has is at fault itself
    peers = router.wireguard.peers if router.wireguard else ()
    ways = [part.text for network in inside.values() for part in network.subnets]
    ways += [*(to for to, _via in router.hops), *(behind for peer in peers for behind in peer.allowed_ips)]
    for network in inside.values():
        for server in network.service.dns.forwarders if network.service.dns else ():
            address = ipaddress.ip_address(server)
            if any(address in ipaddress.ip_network(way) for way in ways):
                continue
            devices = [held.partition("/")[0] for held in network.service.gateways]
            hop = next((device for device in devices if family(device) == family(server)), None)
            route = f", as '{server}/{LONGEST_PREFIX[family(server)]}: {hop}'" if hop else ""
            what = f"router {router.name} has no way to {server}; write {router.path}.static_routes{route}, or external"
            section.faults.add(f"{network.path}.dns.forwarders", what)


def links_of(around: Surroundings, routers: Mapping[str, Router], networks: Networks) -> dict[str, Network]:
    """Return the networks over which the two of a router agree, by short names that no user's network may have."""
    found = {}
    for router in routers.values():
        if not router.redundant:
            continue
        short = router.link_network.partition(".")[2]
        if short in networks:
            what = f"network {short} has the name of the router's own; rename it"
            around.faults.add(f"{router.path}.hypervisors", what)
        if "tunnel" not in around.fabric.segments:
            what = "missing; a router on two hypervisors has a tunnel of its own between them"
            around.faults.add("fabric.segments.tunnel", f"{what}, so write ids, for example 'tunnel: 5000-16777215'")
        kinds = [networks[name.partition(".")[2]] for name in router.gateways]
        kind = next((network.type for network in kinds if network and network.type in TUNNEL_TYPES), "geneve")
        found[short] = link_network(router, kind)
        for host in router.hypervisors:
            check_place(around, f"{router.path}.hypervisors", found[short], host)
    return found


def _claim(around: Surroundings, section: Section, router: Router) -> None:
    """Claim the router's addresses, which no port may have."""
    for network, addresses in router.gateways.items():
        path = f"{section.path_to('networks')}.{network.partition('.')[2]}"
        for address in addresses:
            around.claims.claim(("ip", network), address.partition("/")[0], path, "write a free address")


def refuse_idle_services(faults: Any, networks: Networks) -> None:
    """Record networks that shall have DHCP or DNS, and have no router to do it."""
    for network in filter(None, networks.values()):
        for key in ("dhcp", "dns"):
            if getattr(network.service, key) and not network.router:
                faults.add(
                    f"{network.path}.{key}", "no router is on this network to serve it; add it to routers.NAME.networks"
                )
