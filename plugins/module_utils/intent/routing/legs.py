# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legs of a router: the ports by which it stands in networks, to those who forward no more than a guest's port.

Inside, it sends with the addresses of whoever it routes for, so no guard is at these ports; outside with its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import router_links


def legs_of(router: Router) -> Iterator[Port]:
    """Yield the legs on each of its hypervisors."""
    for host in router.hypervisors:
        for network, addresses in router.gateways.items():
            yield _leg(router, host, network, network.partition(".")[2], tuple(addresses), secured=False)
        if router.outside:
            first, *others = router.public_addresses
            own = (f"{first}/{router.outside.prefix}", *(f"{address}/32" for address in others))
            yield _leg(router, host, router.outside.network, router.outside.network, own, secured=True)


def leg_name(router: Router, network: str) -> str:
    """Return what a leg is called, by the full name of its network."""
    return f"{router.name}/{network.rpartition('.')[2]}"


def _leg(router: Router, host: str, network: str, short: str, addresses: tuple[str, ...], secured: bool) -> Port:
    name = f"{router.name}/{short}"
    return Port(
        name=name,
        tenant=router.tenant,
        hypervisor=host,
        network=network,
        interface=router_links(name).outer,
        mac=default_mac(name),
        addresses=addresses,
        ofport=None,
        secured=secured,
    )
