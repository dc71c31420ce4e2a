# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisors as gateways of networks, without a namespace: a port that Open vSwitch makes, with an address.

To those who forward it is a port as a guest's. What comes by it meets the hypervisor's own stack, which answers at any
of its addresses whatever way it is asked (the weak host model of RFC 1122, 3.3.4.2): so rules of iptables let through
what is for the gateway's own address alone, and of that what the intent opens. What the hypervisor opens itself is
answered. Nothing is forwarded.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import gateway_interface
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.placement import check_place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import HostGateway
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Intent, Network, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark

_NAME = "gateway"  # before the name of the network, where a leg has the router's
_ECHO_REQUEST = 8  # RFC 792
EMPTY: Mapping[str, Any] = {"addresses": [], "rules": {"chains": [], "jumps": []}}


def gateway_ports(
    around: Surroundings, tenant: str, networks: Iterable[Network | None], routers: Iterable[str]
) -> list[Port]:
    """Return the ports by which hypervisors are gateways of a tenant's networks, and record what is in their way."""
    found = []
    for network in networks:
        gateway = network.service.host if network else None
        if not network or not gateway:
            continue
        path = f"{network.path}.gateway"
        known = one_of_names(around.hypervisors, "hypervisor of this fabric")
        if around.faults.parse(f"{path}.hypervisor", known, gateway.hypervisor):
            check_place(around, f"{path}.hypervisor", network, gateway.hypervisor)
        around.claims.claim(("ip", network.name), gateway.address.partition("/")[0], path, "write a free address")
        _refuse_routes(around, path, network.name, gateway)
        found.append(_port(network, gateway))
    if found and _NAME in routers:
        what = f"the name is that of ports of gateways on hypervisors ({found[0].path}); choose another"
        around.faults.add(f"tenants.{tenant}.routers.{_NAME}", what)
    return found


def _port(network: Network, gateway: HostGateway) -> Port:
    name = f"{network.tenant}.{_NAME}/{network.name.rpartition('.')[2]}"
    return Port(
        name=name,
        tenant=network.tenant,
        hypervisor=gateway.hypervisor,
        network=network.name,
        interface=gateway_interface(network.name),
        mac=default_mac(name),
        addresses=(gateway.address,),
        ofport=None,
        secured=True,
        internal=True,
    )


def _refuse_routes(around: Surroundings, path: str, network: str, gateway: HostGateway) -> None:
    """Record what the hypervisor could not tell from the guests: it has one table of routes."""
    subnet = ipaddress.ip_interface(gateway.address).network
    for host in filter(None, around.hypervisors.values()):
        for address, what_for in ((host.vtep, "VTEP"), (host.next_hop, "next_hop")):
            if address and ipaddress.ip_address(address) in subnet:
                what = f"{gateway.hypervisor} would look for {address}, the {what_for} of {host.name}, in {network}"
                around.faults.add(path, f"{what}; write another subnet, or use a router")
    for other in (part for parts in around.shared.values() for part in parts.values() if part and part.routed):
        if any(subnet.overlaps(ipaddress.ip_network(part.text)) for part in other.subnets):
            what = f"{subnet} overlaps {other.whole_path}, whose guests hypervisors route to"
            around.faults.add(path, f"{what}; write another subnet, or use a router")
    others = around.gateways.setdefault(gateway.hypervisor, [])
    for elsewhere, taken in others:
        if taken.overlaps(subnet):
            what = f"{gateway.hypervisor} has a gateway in {taken} already ({elsewhere}), and one table of routes"
            around.faults.add(path, f"{what}; choose another hypervisor, or use a router")
    others.append((path, subnet))


def gateways(intent: Intent, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return the gateways of a hypervisor, in the arguments of gateway_address and sg_rules (table mangle)."""
    ports = [port for port in intent.ports_of.get(hypervisor.name, ()) if port.internal]
    if not ports:
        return dict(EMPTY)
    chain, rules = f"{set_mark(intent.fabric.name)}gateways", [rule for port in ports for rule in _open(intent, port)]
    return {
        "addresses": [{"interface": port.interface, "addresses": list(port.addresses)} for port in ports],
        "rules": {
            "chains": [{"name": chain, "rules": [*rules, {"target": "DROP"}]}],
            "jumps": [{"chain": "PREROUTING", "target": chain, "in_interface": port.interface} for port in ports],
        },
    }


def _open(intent: Intent, port: Port) -> Iterator[dict[str, Any]]:
    """Yield what may come in by a port: the host's own rules are asked then."""
    gateway = intent.networks[port.network].service.host
    address = ipaddress.ip_interface(port.addresses[0])
    own = {"in_interface": port.interface, "source": str(address.network), "destination": str(address.ip)}
    about = {"target": "RETURN", "comment": f"network {port.network}"}
    yield {**own, "protocol": "icmp", "icmp_type": _ECHO_REQUEST, **about}
    for protocol, ports in gateway.services if gateway else ():
        first, last = ports
        numbers = [str(first) if first == last else f"{first}-{last}"]
        yield {**own, "protocol": protocol, "destination_ports": numbers, **about}
    yield {**own, "ctstate": ["ESTABLISHED", "RELATED"], "ctdir": "REPLY", **about}
