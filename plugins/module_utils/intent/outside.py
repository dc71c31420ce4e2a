# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse where a router meets the outside, and what of it is the fabric's: networks with public addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.placement import check_place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Ipv6, Outside, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet, overlapping
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network, Tenant
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, boolean

_KEYS = ("network", "ip")
_NEED_OUTSIDE = ("snat", "static_nat", "port_forwards", "firewall", "load_balancers", "vpn")


def parse_outside(around: Surroundings, router: Section, own: Router) -> Outside | None:
    """Return what the section of a router says of ``external`` and ``snat``."""
    if "external" not in router:
        for key in _NEED_OUTSIDE:
            if key in router:
                router.faults.add(
                    router.path_to(key), "the router has no external network; write external too, or leave this out"
                )
        return None
    section = Section(router.faults, router.path_to("external"), router.value("external"), _KEYS)
    name = section.required("network", one_of_names(around.external, "external network of this fabric"), "internet")
    network = around.external.get(name or "")
    given = section.required("ip", lambda value: value, "203.0.113.10")
    own_addresses = {} if given is None else _addresses(around, section, network, given)
    snat = router.optional("snat", boolean, True)
    if network is None:
        return None
    for host in own.hypervisors:
        check_place(around, router.path_to("hypervisors"), network, host)
    gateways = [address.partition("/")[0] for address in network.gateways]
    ends = {part.family: (part.prefix, gateway) for part, gateway in zip(network.subnets, gateways)}
    six = Ipv6(own_addresses[6], *ends[6]) if 6 in ends and 6 in own_addresses else None
    return Outside(network.name, own_addresses.get(4, ""), *ends[4], bool(snat), six)


def _addresses(around: Surroundings, section: Section, network: Network | None, given: Any) -> dict[int, str]:
    """Return the router's own addresses by family: one of IPv4, and one of IPv6 or none; '' is one that is at fault."""
    path = section.path_to("ip")
    found: dict[int, str] = {}
    for here, value in each(around.faults, path, given, lambda value: value):
        version = 6 if ":" in str(value) else 4
        if version in found:
            what = f"a second address of IPv{version}; write one of IPv4, and one of IPv6 or none"
            around.faults.add(here, what)
        else:
            found[version] = public_address(around, here, network, value, (4, 6)) or ""
    if found and 4 not in found:
        around.faults.add(path, "no address of IPv4; write one too, which guests without IPv6 go out by")
    return found


def refuse_routed_twice(faults: Faults, tenants: Iterable[Tenant]) -> None:
    """Record networks that are reached from the same outside as they are, and have the addresses of another."""
    routers = [router for tenant in tenants for router in tenant.routers.values() if router.outside]
    for outside in sorted({router.outside.network for router in routers if router.outside}):
        there = [router for router in routers if router.outside and router.outside.network == outside]
        parts = [(f"{router.path}.networks", Subnet.of(network)) for router in there for network in router.routed]
        for path, part, other, taken in overlapping(parts):
            what = f"{part.text} overlaps {taken.text} of {other}, and both are reached by {outside}"
            faults.add(path, f"{what}; write networks of their own, or leave the IPv6 address of external.ip out")


def public_address(
    around: Surroundings, path: str, network: Network | None, value: Any, families: Collection[int] = (4,)
) -> str | None:
    """Parse an address of an external network, and claim it: nobody else may have it."""
    address = around.faults.parse(path, unicast_address, value)
    if address is None or network is None:
        return None
    parsed = ipaddress.ip_address(address)
    home = next((part for part in network.subnets if part.contains(parsed.version, int(parsed))), None)
    if home is None:
        where = " or ".join(part.text for part in network.subnets)
        around.faults.add(path, f"{address} is outside of {network.path}; write an address in {where}")
    elif home.family not in families:
        around.faults.add(path, f"{address} is of IPv6, where nothing is translated; write an IPv4 address")
    elif home.role_of(int(parsed)):
        around.faults.add(
            path, f"{address} is the {home.role_of(int(parsed))} of {home.text}; write the address of a host"
        )
    elif f"{address}/{home.prefix}" in network.gateways:
        around.faults.add(path, f"{address} is the gateway of {home.text}; write a free address")
    elif not any(int(parsed) in pool for pool in around.pools[network.name]):
        around.faults.add(
            path, f"{address} is in none of {network.path}.allocation_pools; write one that is, or widen them"
        )
    else:
        around.claims.claim(("ip", network.name), address, path, "write a free address")
        return address
    return None


def shared_address(around: Surroundings, entry: Section, network: Network | None, own: list[str]) -> str | None:
    """Return the public address that a section names by ``ip``: the first of the router's own unless it does.

    Others may share it, so one that is not among ``own`` yet is added to them.
    """
    if "ip" not in entry:
        return next(iter(own), None)
    if entry.value("ip") in own:
        return str(entry.value("ip"))
    public = public_address(around, entry.path_to("ip"), network, entry.value("ip"))
    own += [public] if public else []
    return public
