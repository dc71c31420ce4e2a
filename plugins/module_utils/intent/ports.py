# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the ports of a tenant, each against its network and its hypervisor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import (
    LONGEST_PREFIX,
    address_number,
    unicast_address,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.interfaces import host_interface
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pairs import parse_pairs
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import GUEST_OFPORTS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.placement import check_place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Security, parse_memberships
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.shared_networks import check_routed_port
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import IPSET, Network, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    boolean,
    identifier,
    integer,
    mac_address,
)

_KEYS = frozenset(
    {
        *("hypervisor", "network", "ip", "interface", "mac", "ofport", "port_security", "qos", "security_groups"),
        "allowed_address_pairs",
    }
)
_ofport = integer(GUEST_OFPORTS[0], GUEST_OFPORTS[-1])


def default_interface(port: str) -> str:
    """Return the name that a port's tap has if the intent gives none: 15 bytes, by the port's name, as 'tap-...'."""
    return f"tap-{digest(port, 11)}"


def default_mac(port: str) -> str:
    """Return a locally administered unicast MAC address (IEEE Std 802, clause 8.4), by the port's name alone.

    So it needs no record: two of the 2^40 meet in a network of 1,000 ports once in two million networks, and then
    one of them has to be pinned.
    """
    digits = digest(port, 10)
    return f"02:{digits[:2]}:{digits[2:4]}:{digits[4:6]}:{digits[6:8]}:{digits[8:]}"


@dataclass(frozen=True)
class _Tenant:
    """What the ports of a tenant may refer to, and parsers of the references."""

    name: str
    networks: Mapping[str, Network | None]
    security: Security
    hypervisor: Parser[str]
    network: Parser[str]
    profile: Parser[str]


def parse_ports(
    around: Surroundings, tenant: str, section: Section, networks: Mapping[str, Network | None], security: Security
) -> dict[str, Port]:
    """Return the ports of a tenant by their short names, without those that are at fault."""
    its = _Tenant(
        tenant,
        networks,
        security,
        one_of_names(around.hypervisors, "hypervisor of this fabric") if around.hypervisors else identifier,
        one_of_names({*networks, *around.shared}, f"network of tenant {tenant}"),
        one_of_names(around.fabric.qos_profiles, "QoS profile of this fabric"),
    )
    parsed = {
        name: _port(around, its, f"{tenant}.{name}", Section(around.faults, path, given, _KEYS))
        for name, path, given in section.items("ports")
    }
    return {name: port for name, port in parsed.items() if port}


def _port(around: Surroundings, its: _Tenant, name: str, section: Section) -> Port | None:
    host = section.required("hypervisor", its.hypervisor, "hv1")
    network_name = section.required("network", its.network, "web")
    interface = section.optional("interface", host_interface, default_interface(name))
    mac = section.optional("mac", _mac, default_mac(name))
    ofport = section.optional("ofport", _ofport, None)
    secured = section.optional("port_security", boolean, True)
    qos = section.optional("qos", its.profile, None)
    groups = parse_memberships(section, its.security, secured is not False)
    if network_name in around.shared:
        network = _part(around, section, network_name, host)
        _check_firewall(section, network_name, its, secured)
        if "" in around.shared[network_name]:
            check_routed_port(section, network_name)
    else:
        network = its.networks.get(network_name or "")
    pairs = parse_pairs(section, mac, secured is not False)
    addresses = dict(_addresses(around.faults, section, network))
    full_name = network.name if network else network_name and f"{its.name}.{network_name}"
    _claim(around, section, host, interface, full_name, mac, addresses)
    if network and host:
        check_place(around, section.path_to("hypervisor"), network, host)
    if not (host and network and interface and mac):
        return None
    if ofport:
        around.claims.claim(("ofport", host), ofport, section.path_to("ofport"), "write another, or leave it out")
    return Port(
        name=name,
        tenant=its.name,
        hypervisor=host,
        network=network.name,
        interface=interface,
        mac=mac,
        addresses=tuple(addresses.values()),
        ofport=ofport,
        secured=bool(secured),
        qos=qos,
        groups=groups,
        pairs=pairs,
        stateless=not its.security.stateless.isdisjoint(groups or ()),
        plugged=groups is not None and around.fabric.security_driver == IPSET and not network.routed,
        routed=network.routed,
    )


def _part(around: Surroundings, section: Section, name: str, host: str | None) -> Network | None:
    """Return a shared network as it is in the pod of the port's hypervisor, or the one that is in all of them."""
    if "" in around.shared[name]:
        return around.shared[name][""]
    hypervisor = around.hypervisors.get(host or "")
    if hypervisor is None:
        return None
    if hypervisor.pod not in around.shared[name]:
        pod = hypervisor.pod
        what = f"{host} is in {f'pod {pod}' if pod else 'no pod'}, and network {name} has subnets for its pods alone"
        remedy = f"add fabric.networks.{name}.pods.{pod}" if pod else f"write fabric.hypervisors.{host}.pod"
        section.faults.add(section.path_to("hypervisor"), f"{what}; {remedy}, or choose another hypervisor")
    return around.shared[name].get(hypervisor.pod or "")


def _check_firewall(section: Section, network: str, its: _Tenant, secured: bool | None) -> None:
    """Record a port that nothing would keep apart from other tenants' on their common network."""
    what = f"all tenants share network {network}, and only security groups keep them apart"
    if its.security.groups is None:
        section.faults.add(
            section.path_to("network"), f"{what}; write tenants.{its.name}.security_groups, {{}} will do"
        )
    if secured is False:
        section.faults.add(section.path_to("port_security"), f"{what}; remove it, or use a network of the tenant")


def _mac(value: Any) -> str:
    if isinstance(value, int):
        raise ValueError("YAML reads a MAC address without quotes as a number; put it in quotes")
    return mac_address(value)


def _addresses(faults: Faults, section: Section, network: Network | None) -> Iterator[tuple[str, str]]:
    """Yield path and address of each address of the port, with the prefix length that the guest has it with."""
    value = section.required("ip", lambda given: given, "10.1.1.20")
    for path, address in [] if value is None else each(faults, section.path_to("ip"), value, unicast_address):
        if network is None or not network.subnets:
            continue
        version, number = address_number(address)
        home = next((part for part in network.subnets if part.contains(version, number)), None)
        text = f"{address}/{home.prefix}" if home else ""
        taken = network.gateways if text not in network.device else ()
        role = "gateway" if text in taken else home and home.role_of(number)
        if home is None:
            subnets = " or ".join(part.text for part in network.subnets)
            faults.add(path, f"{address} is outside of network {network.name}; write an address in {subnets}")
        elif role:
            faults.add(path, f"{address} is the {role} of {home.text}; write the address of a host")
        else:
            yield path, f"{address}/{LONGEST_PREFIX[version]}" if network.routed else text


def _claim(
    around: Surroundings,
    section: Section,
    host: str | None,
    interface: str | None,
    network: str | None,
    mac: str | None,
    addresses: Mapping[str, str],
) -> None:
    """Claim what no other port may have: its interface on the host, its addresses in the network."""
    if host:
        around.claims.claim(
            ("interface", host),
            interface,
            section.path_to("interface"),
            "an interface is in one place, so name another",
        )
    if network:
        around.claims.claim(("mac", network), mac, section.path_to("mac"), "write another, unique in the network")
        for path, address in addresses.items():
            around.claims.claim(("ip", network), address.partition("/")[0], path, "write a free address")
