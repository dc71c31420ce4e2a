# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that VPNs of all types have."""

from __future__ import annotations

from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import IPV6_MINIMUM
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import identifier

Placed = tuple[str, Subnet]  # where it is written, and a network


def secret_name(value: Any) -> str:
    """Parse the name of a secret. What is no name may be the secret itself, and is not repeated."""
    try:
        return identifier(value)
    except ValueError:
        raise ValueError(
            "no name of a secret; write the secret itself into tenantry_secrets, by Vault, and here what it is called "
            "there, as 'acme-office'"
        ) from None


def joined_networks(section: Section, router: Router) -> list[str]:
    """Return the full names of the router's networks that a section names: all, unless it says."""
    here = {network.partition(".")[2]: network for network in router.gateways}
    if "networks" not in section:
        return list(here.values())
    known = one_of_names(here, "network of this router")
    found = each(section.faults, section.path_to("networks"), section.value("networks"), known)
    return [here[network] for network in dict.fromkeys(name for _path, name in found)]


def mtu_in_tunnel(around: Surroundings, router: Router, overhead: int) -> int:
    """Return what a tunnel leaves of the MTU outside, in bytes; enough, where nobody knows."""
    network = around.external.get(router.outside.network) if router.outside else None
    return around.fabric.mtu_of(network.type) - overhead if network else IPV6_MINIMUM
