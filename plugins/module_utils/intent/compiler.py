# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile an intent: the complete desired state of one host, and the view of the whole fabric.

Pure: the same intent and record give the same state on every machine and in every job slice. Peers come from the
intent alone, so a run that is limited to one host leaves it exactly as a whole run does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.program import EMPTY, chains
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.controllers import ssl_files
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.gateways import EMPTY as NO_GATEWAYS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.gateways import gateways
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.limits import flood_warnings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mirroring import exports, mirrors, with_outputs
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import passages_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import acl_as_data, as_data
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import COOKIE
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import listed, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routed import NOTHING_ROUTED, routed_ports
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.program import routers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.switching import FORWARDING
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import (
    BRIDGE,
    TUNNEL_TYPES,
    Hypervisor,
    Intent,
    Network,
    Port,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways import unmeasured, ways_of
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

MANY_TUNNELS = 1000  # of one host; each later change of one costs ovs-vswitchd a walk over all of them

_SHOWN = 5  # hosts that a warning names


def compile_host(
    intent: Intent, allocations: Allocations, hypervisor: str, known: Collection[str] = ()
) -> dict[str, Any]:
    """Return the state of one host, in the modules' own arguments.

    A host that is no longer in the intent is emptied if it is among ``known``; any other is a fault.
    """
    if hypervisor in known and hypervisor not in intent.fabric.hypervisors:
        return emptied(intent, hypervisor)
    faults = Faults()
    name = faults.parse("hypervisor", one_of_names(intent.fabric.hypervisors, "hypervisor of this fabric"), hypervisor)
    faults.raise_any()
    host = intent.fabric.hypervisors[name or ""]
    switching = FORWARDING[intent.fabric.forwarding](intent, allocations, host)
    return {
        "hypervisor": host.name,
        "owner": intent.fabric.name,
        "vtep": host.vtep,
        "forwarding": intent.fabric.forwarding,
        "security_driver": intent.fabric.security_driver,
        "cookie": COOKIE,
        "ssl": ssl_files(intent.fabric.controllers.get(host.name)),
        **switching,
        **with_outputs(intent, host, switching),
        "firewall": chains(intent, allocations, host),
        "routed": routed_ports(intent, host),
        "routers": routers(intent, host),
        "gateways": gateways(intent, host),
        "qos": list(_limits(intent, host)),
        "mirrors": mirrors(intent, host),
        "exports": exports(intent, host),
    }


def _limits(intent: Intent, host: Hypervisor) -> Iterator[dict[str, Any]]:
    """Yield what ovs_qos is told of each port that has a profile."""
    for port in intent.ports_of.get(host.name, ()):
        profile = intent.fabric.qos_profiles.get(port.qos or "")
        if profile:
            yield {"interface": port.device, **profile.limits}


def emptied(intent: Intent, hypervisor: str) -> dict[str, Any]:
    """Return the state of a hypervisor that has nothing of ours."""
    return {
        "hypervisor": hypervisor,
        "owner": intent.fabric.name,
        "vtep": None,
        "forwarding": intent.fabric.forwarding,
        "security_driver": intent.fabric.security_driver,
        "cookie": COOKIE,
        "ssl": None,
        "bridge": {"name": BRIDGE, "state": "absent"},
        "uplinks": [],
        "ports": [],
        "networks": [],
        "flows": [],
        "firewall": dict(EMPTY),
        "routed": dict(NOTHING_ROUTED),
        "routers": [],
        "gateways": dict(NO_GATEWAYS),
        "qos": [],
        "mirrors": [],
        "exports": {},
    }


def compile_fabric(intent: Intent, allocations: Allocations) -> dict[str, Any]:
    """Return what concerns more than one host: endpoints, networks, figures and warnings."""
    networks = {network.name: _network(intent, allocations, network) for network in intent.networks.values()}
    return {
        "owner": intent.fabric.name,
        "mtu": intent.fabric.mtu,
        "hypervisors": [_hypervisor(intent, host) for name, host in sorted(intent.fabric.hypervisors.items())],
        "gateways": [
            *({"segment": _segment(net), "addresses": list(net.gateways)} for net in intent.shared_networks if net.pod),
            *(
                {
                    "segment": str(net.physical_network),
                    "addresses": list(net.gateways),
                    "routes": _routed_by(intent, net),
                }
                for net in intent.external_networks
                if net.type == "flat"
            ),
        ],
        "endpoints": [
            {**_endpoint(intent, port), "mtu": networks[port.network]["mtu"], "gateways": _gateways_of(intent, port)}
            for port in intent.guests
        ],
        "networks": networks,
        "routers": sorted(router.name for tenant in intent.tenants.values() for router in tenant.routers.values()),
        "acls": {
            router.name: acl_as_data(router.acl)
            for tenant in intent.tenants.values()
            for router in tenant.routers.values()
            if router.acl
        },
        "ways": ways_of(intent),
        "passages": passages_of(intent),
        "ways_unmeasured": unmeasured(intent),
        "external_networks": {
            network.name: [subnet.text for subnet in network.subnets] for network in intent.external_networks
        },
        "security": {
            name: as_data(tenant.security) for name, tenant in intent.tenants.items() if tenant.security.groups
        },
        "summary": {
            "hypervisors": len(intent.fabric.hypervisors),
            "tenants": len(intent.tenants),
            "networks": len(networks),
            "ports": len(intent.guests),
            "tunnels": asdict(intent.tunnels.cost().tunnels),
        },
        "warnings": fabric_warnings(intent),
    }


def _gateways_of(intent: Intent, port: Port) -> list[str]:
    """Return who routes for a guest, which has none where it is the device that does."""
    return [gateway for gateway in intent.networks[port.network].gateways if gateway not in port.addresses]


def _hypervisor(intent: Intent, host: Hypervisor) -> dict[str, Any]:
    return {
        "name": host.name,
        "vtep": host.vtep,
        **({"next_hop": host.next_hop} if host.next_hop else {}),
        "zone": host.zone,
        "pod": host.pod,
        "uplinks": dict(host.uplinks),
        "segments": {
            network.physical_network: _segment(network) for network in intent.shared_networks if network.pod == host.pod
        },
    }


def _routed_by(intent: Intent, external: Network) -> dict[str, str]:
    """Return the networks that routers route as they are, each with the address by which the outside reaches it."""
    routers = [router for tenant in intent.tenants.values() for router in tenant.routers.values()]
    return {
        network: router.outside.ipv6.address
        for router in routers
        if router.outside and router.outside.ipv6 and router.outside.network == external.name
        for network in router.routed
    }


def _segment(network: Network) -> str:
    """Return what the link layer of a pod is called, which has nothing but its name from that of the next pod."""
    return f"{network.physical_network}@{network.pod}"


def _network(intent: Intent, allocations: Allocations, network: Network) -> dict[str, Any]:
    ids = allocations.get(network.name)
    return {
        "type": network.type,
        "segmentation_id": ids and ids.segmentation_id,
        "local_vlan": ids and ids.local_vlan,
        "mtu": intent.fabric.mtu_of(network.type),
        "subnets": [subnet.text for subnet in network.subnets],
        "physical_network": network.physical_network,
        "gateways": list(network.gateways),
    }


def _endpoint(intent: Intent, port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "tenant": port.tenant,
        "port": port.name.partition(".")[2],
        "network": port.network,
        "hypervisor": port.hypervisor,
        "interface": port.interface,
        "mac": port.mac,
        "addresses": list(port.addresses),
        "joined": intent.networks[port.network].router,
        "groups": None if port.groups is None else list(port.groups),
        "guarded": port.secured and (intent.fabric.has_pipeline or port.routed),
        "routed": port.routed,
    }


def fabric_warnings(intent: Intent) -> list[str]:
    """Return what is allowed and still deserves a thought."""
    if intent.fabric.forwarding == "static":
        return flood_warnings(intent)
    placements = {
        (port.network, port.hypervisor) for port in intent.ports if intent.networks[port.network].type in TUNNEL_TYPES
    }
    members = Counter(network for network, host in placements)
    tunnels: Counter[str] = Counter()
    for network, host in placements:
        tunnels[host] += members[network] - 1
    return _many_tunnels(tunnels)


def host_warnings(state: Mapping[str, Any]) -> list[str]:
    """Return the warnings that concern the host of a compiled state."""
    return _many_tunnels({state["hypervisor"]: sum(len(mesh["remotes"]) for mesh in state["networks"])})


def _many_tunnels(tunnels: Mapping[str, int]) -> list[str]:
    many = sorted((-count, host) for host, count in tunnels.items() if count > MANY_TUNNELS)
    if not many:
        return []
    hosts = listed([f"{host} ({-count})" for count, host in many], _SHOWN)
    return [
        f"More than {MANY_TUNNELS} tunnels end at {hosts}. Every later change of one of them costs ovs-vswitchd a walk "
        "over all, and removing thousands at once stalls it for minutes. Keep the networks with the most hosts "
        "smaller, or on fewer hosts."
    ]
