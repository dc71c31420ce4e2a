# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routers of one hypervisor, in the arguments of the module virtual_router."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing import (
    dnsmasq,
    haproxy,
    ipsec,
    redundancy,
    wireguard,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.nftables import ruleset
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Intent, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import router_folder


def routers(intent: Intent, host: Hypervisor) -> list[dict[str, Any]]:
    """Return the routers that stand on a hypervisor, sorted by name."""
    found = {router.name: router for tenant in intent.tenants.values() for router in tenant.routers.values()}
    return [_router(intent, found[name], host) for name in sorted(found) if host.name in found[name].hypervisors]


def _router(intent: Intent, router: Router, host: Hypervisor) -> dict[str, Any]:
    floating = redundancy.floating(router)
    networks = [intent.networks[name] for name in sorted(router.gateways)]
    legs = [leg for leg in intent.tenants[router.tenant].legs if leg.hypervisor == host.name and _is_of(leg, router)]
    served = {network.name: list(_guests(intent, network.name)) for network in networks}
    mtus = {network.name: intent.fabric.mtu_of(network.type) for network in networks}
    return {
        "name": router.name,
        "interfaces": [_interface(intent, leg, floating) for leg in legs],
        "routes": [{"to": to, "via": via, "floating": router.redundant} for to, via in router.hops],
        **wireguard.arguments(router, _outer_mtu(intent, router)),
        **ipsec.arguments(router, _outer_mtu(intent, router)),
        "files": {
            "nftables.conf": ruleset(router, networks, intent.fabric.underlay),
            **redundancy.files(router, host.name),
            **dnsmasq.files(router, networks, served, mtus, router_folder(router.name)),
            **haproxy.files(router),
        },
    }


def _outer_mtu(intent: Intent, router: Router) -> int:
    return intent.fabric.mtu_of(intent.networks[router.outside.network].type) if router.outside else intent.fabric.mtu


def _is_of(leg: Port, router: Router) -> bool:
    return leg.name.startswith(f"{router.name}/")


def _guests(intent: Intent, network: str) -> Iterator[Port]:
    return (port for port in intent.ports_in.get(network, ()) if "/" not in port.name)


def _interface(intent: Intent, leg: Port, floating: Mapping[str, list[str]]) -> dict[str, Any]:
    name = router_links(leg.name).inner
    return {
        "name": name,
        "port": leg.interface,
        "network": leg.network,
        "mac": leg.mac,
        "mtu": intent.fabric.mtu_of(intent.networks[leg.network].type),
        "addresses": list(leg.addresses),
        "floating": floating.get(name, []),
    }
