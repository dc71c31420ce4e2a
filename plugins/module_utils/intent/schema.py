# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse an intent: plain mappings in, frozen values out, or every fault at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.external_networks import parse_external_networks
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.fabric import fabric_section, parse_fabric
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.firewall import refuse_groups
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.gateways import gateway_ports
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.limits import refuse_floods
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mirroring import check_mirrors
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import (
    Surroundings,
    parse_networks,
    refuse_native_trunks,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.outside import refuse_routed_twice
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pairs import check_pairs
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import parse_ports
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import (
    Claims,
    LocatedFaults,
    Origins,
    Section,
    no_origin,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routers import (
    joined,
    links_of,
    parse_routers,
    parse_standings,
    refuse_idle_services,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.legs import legs_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import parse_security
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.shaping import check_guarantees
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.shared_networks import parse_shared_networks
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.underlay import refuse_underlay_outside
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Tenant
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import mapping

_TENANT_KEYS = ("networks", "ports", "security_groups", "address_groups", "routers")
NETWORKS_MAXIMUM = 4000  # one local VLAN each, of the 4,094 that a bridge has; of any forwarding, so that it can change


def parse(raw: Mapping[str, Any], origins: Origins = no_origin) -> Intent:
    """Return the intent of ``{fabric: ..., tenants: ...}``, or raise InvalidInput with all of its faults.

    ``origins`` tells which file and line a YAML path came from, for the messages.
    """
    faults = LocatedFaults(origins)
    claims = Claims(faults)
    root = Section(faults, "", raw, ("fabric", "tenants"))
    root.required("tenants", mapping, "{}")
    root.required("fabric", mapping, "{name: dc1, hypervisors: {hv1: {vtep: 192.168.1.151}}}")
    if not isinstance(root.value("fabric"), Mapping):
        faults.raise_any()
    section = fabric_section(faults, root.value("fabric"))
    fabric, hypervisors = parse_fabric(faults, claims, section)
    around = Surroundings(faults, claims, fabric, hypervisors)
    shared = parse_shared_networks(around, section)
    external = parse_external_networks(around, section)
    refuse_underlay_outside(faults, fabric.underlay, external)
    tenants = {name: _tenant(around, name, path, value) for name, path, value in root.items("tenants")}
    networks = [*shared, *external, *(network for tenant in tenants.values() for network in tenant.networks.values())]
    refuse_native_trunks(faults, networks)
    refuse_routed_twice(faults, tenants.values())
    count = len(networks)
    if count > NETWORKS_MAXIMUM:
        faults.add(
            "tenants",
            f"{count} networks; a bridge has local VLANs for at most {NETWORKS_MAXIMUM}, so split the fabric in two",
        )
    intent = Intent(fabric, tenants, shared, external)
    if fabric.monitoring.mirrors:
        check_mirrors(around, intent, _names(root, "ports"), _names(root, "networks"))
    check_guarantees(faults, {host.name: host.link_rate for host in fabric.hypervisors.values()}, _guarantees(intent))
    faults.raise_any()
    refuse_floods(faults, intent)
    refuse_groups(faults, intent)
    check_pairs(faults, intent)
    faults.raise_any()
    return intent


def _names(root: Section, kind: str) -> list[str]:
    """Return the full names of all ports or networks, also of those that are at fault."""
    tenants = [(name, value.get(kind)) for name, dummy, value in root.items("tenants") if isinstance(value, Mapping)]
    return [f"{tenant}.{name}" for tenant, given in tenants if isinstance(given, Mapping) for name in given]


def _guarantees(intent: Intent) -> Iterator[tuple[str, str, int]]:
    """Yield (hypervisor, path of the port, bit/s) of each port that is promised something."""
    profiles = intent.fabric.qos_profiles
    rates = {name: profile.min_rate for name, profile in profiles.items() if profile and profile.min_rate}
    for port in intent.ports if rates else ():
        if port.qos in rates and port.hypervisor in intent.fabric.hypervisors:
            yield port.hypervisor, port.path, rates[port.qos]


def _tenant(around: Surroundings, name: str, path: str, value: Any) -> Tenant:
    section = Section(around.faults, path, value, _TENANT_KEYS)
    parsed = parse_networks(around, name, section)
    standings = parse_standings(around, name, section, parsed)
    networks = joined(parsed, standings)
    refuse_idle_services(around.faults, networks)
    security = parse_security(section)
    ports = parse_ports(around, name, section, networks, security)
    routers = parse_routers(around, section, standings, networks, ports)
    return Tenant(
        name,
        {**{key: network for key, network in networks.items() if network}, **links_of(around, routers, networks)},
        ports,
        security,
        routers,
        [
            *(leg for router in routers.values() for leg in legs_of(router)),
            *gateway_ports(around, name, networks.values(), routers),
        ],
    )
