# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse where a router meets the outside, and what of it is the fabric's: networks with public addresses."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.placement import check_place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Outside, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import boolean

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
    address = section.required("ip", lambda value: value, "203.0.113.10")
    parsed = None if address is None else public_address(around, section.path_to("ip"), network, address)
    snat = router.optional("snat", boolean, True)
    if network is None:
        return None
    for host in own.hypervisors:
        check_place(around, router.path_to("hypervisors"), network, host)
    home = network.subnets[0]
    return Outside(network.name, parsed or "", home.prefix, network.gateways[0].partition("/")[0], bool(snat))


def public_address(around: Surroundings, path: str, network: Network | None, value: Any) -> str | None:
    """Parse an address of an external network, and claim it: nobody else may have it."""
    address = around.faults.parse(path, unicast_address, value)
    if address is None or network is None:
        return None
    home, parsed = network.subnets[0], ipaddress.ip_address(address)
    if not home.contains(parsed.version, int(parsed)):
        around.faults.add(path, f"{address} is outside of {network.path}; write an address in {home.text}")
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
