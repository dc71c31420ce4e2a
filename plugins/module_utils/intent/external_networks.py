# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the networks where routers of tenants meet the outside: the fabric's public ranges."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
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
    subnets = sorted(subnets_of(around.faults, section), key=lambda part: part.family)
    wire = physical_network_of(around, section, kind or "vlan")
    if subnets and [part.family for part in subnets] not in ([4], [4, 6]):
        what = "an external network has one subnet of IPv4, and one of IPv6 or none; write those alone"
        around.faults.add(section.path_to("subnet"), what)
        return None
    if kind is None or not subnets:
        return None
    gateways = tuple(gateways_of(section, subnets))
    around.pools[name] = _pools(section, subnets)
    segment = segmentation_id_of(around, section, kind)
    return Network(name, "", kind, segment, wire, tuple(subnets), gateways, external=True)


def _pools(section: Section, homes: Sequence[Subnet]) -> list[range]:
    """Return the addresses that routers may have, as numbers: all of a subnet unless ranges of it are written."""
    whole = {home.family: range(home.first, home.last + 1) for home in homes}
    if "allocation_pools" not in section:
        return list(whole.values())
    path, value = section.path_to("allocation_pools"), section.value("allocation_pools")

    def pool(given: Any) -> tuple[int, range]:
        first, dash, last = text(given).replace(" ", "").partition("-")
        if not dash:
            raise ValueError(f"{shown(given)} is no range; write two addresses, as '203.0.113.10-203.0.113.99'")
        ends = [ipaddress.ip_address(unicast_address(end)) for end in (first, last)]
        if ends[0].version != ends[1].version or int(ends[0]) > int(ends[1]):
            raise ValueError(f"{shown(given)} ends before it begins; write the lower address first")
        if not any(all(home.contains(end.version, int(end)) for end in ends) for home in homes):
            where = " or ".join(home.text for home in homes)
            raise ValueError(f"{shown(given)} is not within {where}; write a range of that subnet")
        return ends[0].version, range(int(ends[0]), int(ends[1]) + 1)

    found = [parsed for _path, parsed in each(section.faults, path, value, pool)]
    written = {family for family, _pool in found}
    return [*(part for _family, part in found), *(part for family, part in whole.items() if family not in written)]
