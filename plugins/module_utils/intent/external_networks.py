# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the networks where routers of tenants meet the outside: the fabric's public ranges."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import (
    Surroundings,
    gateways_of,
    physical_network_of,
    segmentation_id_of,
    subnets_of,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import one_of, shown, text

_KEYS = frozenset({"type", "segmentation_id", "physical_network", "subnet", "gateway", "allocation_pools"})


def parse_external_networks(around: Surroundings, fabric: Section) -> list[Network]:
    """Return the networks where routers of tenants meet the outside, and note them in ``around``."""
    for name, path, given in fabric.items("external_networks"):
        around.external[name] = _external_network(around, name, Section(around.faults, path, given, _KEYS))
    for name in sorted(around.external.keys() & around.shared.keys()):
        path = f"fabric.external_networks.{name}"
        around.faults.add(path, f"the name is that of fabric.networks.{name} too; choose another")
    return [network for network in around.external.values() if network]


def _external_network(around: Surroundings, name: str, section: Section) -> Network | None:
    kind = section.required("type", one_of(("flat", "vlan")), "flat")
    subnets = subnets_of(around.faults, section)
    wire = physical_network_of(around, section, kind or "vlan")
    if len(subnets) > 1 or any(part.family != 4 for part in subnets):
        around.faults.add(section.path_to("subnet"), "an external network has one subnet, of IPv4; write that alone")
        return None
    if kind is None or not subnets:
        return None
    gateways = tuple(gateways_of(section, subnets))
    around.pools[name] = _pools(section, subnets[0])
    segment = segmentation_id_of(around, section, kind)
    return Network(name, "", kind, segment, wire, tuple(subnets), gateways, external=True)


def _pools(section: Section, home: Subnet) -> list[range]:
    """Return the addresses that routers may have, as numbers: all of the subnet unless ranges are written."""
    if "allocation_pools" not in section:
        return [range(home.first, home.last + 1)]
    path, value = section.path_to("allocation_pools"), section.value("allocation_pools")

    def pool(given: Any) -> range:
        first, dash, last = text(given).replace(" ", "").partition("-")
        if not dash:
            raise ValueError(f"{shown(given)} is no range; write two addresses, as '203.0.113.10-203.0.113.99'")
        ends = [ipaddress.ip_address(unicast_address(end)) for end in (first, last)]
        if ends[0].version != ends[1].version or int(ends[0]) > int(ends[1]):
            raise ValueError(f"{shown(given)} ends before it begins; write the lower address first")
        if not all(home.contains(end.version, int(end)) for end in ends):
            raise ValueError(f"{shown(given)} is not within {home.text}; write a range of that subnet")
        return range(int(ends[0]), int(ends[1]) + 1)

    return [parsed for _path, parsed in each(section.faults, path, value, pool)]
