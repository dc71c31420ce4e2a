# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legs of a router: the ports by which it stands in networks, to those who forward no more than a guest's port.

Inside, it sends with the addresses of whoever it routes for, so no guard is at these ports; outside with its own, and
with those that the outside knows as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import network_or_address
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network, Port

LINK = "169.254.0"  # the addresses of both ends of a link (RFC 3927), whose network is the router's alone


def legs_of(router: Router) -> Iterator[Port]:
    """Yield the legs on each of its hypervisors.

    Where there are two of it, no leg has an address for good: either may send with them, and nobody says for it where
    they are.
    """
    for index, host in enumerate(router.hypervisors):
        for network, addresses in router.gateways.items():
            yield _leg(router, host, network, addresses, secured=False)
        if router.outside:
            leg = _leg(router, host, router.outside.network, router.outside_addresses, secured=True)
            yield replace(leg, pairs=(*leg.pairs, *((leg.mac, network) for network in router.routed)))
        if router.redundant:
            yield replace(_leg(router, host, router.link_network, [], True), addresses=(f"{link_address(index)}/24",))


def link_address(index: int) -> str:
    """Return the address that one of the two has on the network of their own."""
    return f"{LINK}.{index + 1}"


def link_network(router: Router, kind: str) -> Network:
    """Return that network, of a tunnel type."""
    subnet = Subnet.of(f"{LINK}.0/24")
    return Network(router.link_network, router.tenant, kind, None, None, (subnet,), internal=True)


def leg_name(router: Router, network: str) -> str:
    """Return what a leg is called, by the full name of its network."""
    return f"{router.name}/{network.rpartition('.')[2]}"


def _leg(router: Router, host: str, network: str, addresses: Sequence[str], secured: bool) -> Port:
    name = leg_name(router, network)
    mac = default_mac(f"{name}@{host}" if router.redundant else name)
    plain = [address.partition("/")[0] for address in addresses]
    return Port(
        name=name,
        tenant=router.tenant,
        hypervisor=host,
        network=network,
        interface=router_links(name).outer,
        mac=mac,
        addresses=() if router.redundant else tuple(addresses),
        ofport=None,
        secured=secured,
        pairs=tuple((mac, network_or_address(address)) for address in plain) if secured and router.redundant else (),
    )
