# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the networks that tenants share, where nothing but the security groups of the ports keeps tenants apart.

A ``flat`` one is a link layer of its own in each pod, and the pod's L3 switch its gateway. A ``routed`` one has no link
layer: each hypervisor routes the addresses of its own ports, and knows at which others the rest are. So its addresses
are in the routing tables of hosts, once, while those of other networks are their own affair.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import LONGEST_PREFIX
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import ROUTED_GATEWAYS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import (
    Surroundings,
    check_mtu,
    gateways_of,
    physical_network_of,
    refuse_overlaps,
    subnets_of,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import IPSET, ROUTED, Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import mapping, one_of

_KEYS = {"flat": frozenset({"type", "physical_network", "pods"}), ROUTED: frozenset({"type", "subnet"})}
_EXAMPLES = {4: "192.168.1.151", 6: "fd00::151"}
_POD_KEYS = frozenset({"subnet", "gateway"})
_NOT_SWITCHED = (
    "qos",
    "ofport",
    "allowed_address_pairs",
)  # of a port: what Open vSwitch, or a link layer, is needed for


def parse_shared_networks(around: Surroundings, fabric: Section) -> list[Network]:
    """Return the networks that tenants share, a flat one for each pod, and note them in ``around``."""
    for name, path, given in fabric.items("networks"):
        kind = ROUTED if isinstance(given, Mapping) and given.get("type") == ROUTED else "flat"
        section = Section(around.faults, path, given, _KEYS[kind])
        section.required("type", one_of(tuple(_KEYS)), "flat")
        around.shared[name] = {"": _routed(around, name, section)} if kind == ROUTED else _pods(around, name, section)
    found = [network for pods in around.shared.values() for network in pods.values() if network]
    refuse_overlaps(around.faults, [(f"{network.path}.subnet", part) for network in found for part in network.subnets])
    return found


def _pods(around: Surroundings, name: str, section: Section) -> dict[str, Network | None]:
    wire = physical_network_of(around, section, "flat")
    section.required("pods", mapping, "{p1: {subnet: 10.1.0.0/21}}")
    known = {host.pod for host in around.hypervisors.values() if host and host.pod}
    pods: dict[str, Network | None] = {}
    for pod, path, given in section.items("pods"):
        if pod not in known and all(around.hypervisors.values()):
            what = f"no hypervisor is in pod {pod}; write pod: {pod} at those that are"
            around.faults.add(path, f"{what}, or remove this")
        pods[pod] = _pod(around, f"{name}@{pod}", wire, Section(around.faults, path, given, _POD_KEYS))
    return pods


def _pod(around: Surroundings, name: str, wire: str | None, section: Section) -> Network | None:
    subnets = subnets_of(around.faults, section)
    gateways = gateways_of(section, subnets)
    if not subnets:
        return None
    network = Network(name, "", "flat", None, wire, tuple(subnets), tuple(gateways))
    check_mtu(around, network)
    return network


def _routed(around: Surroundings, name: str, section: Section) -> Network | None:
    subnets = subnets_of(around.faults, section)
    if around.fabric.security_driver != IPSET:
        what = "only security_driver ipset judges what a hypervisor routes"
        around.faults.add(section.path_to("type"), f"{what}; set fabric.security_driver to ipset, or write type: flat")
    for part in subnets:
        _check_subnet(around, section.path_to("subnet"), part)
    if not subnets:
        return None
    versions = sorted({part.family for part in subnets})
    gateways = [f"{ROUTED_GATEWAYS[version]}/{LONGEST_PREFIX[version]}" for version in versions]
    network = Network(name, "", ROUTED, None, None, tuple(subnets), tuple(gateways))
    check_mtu(around, network)
    return network


def _check_subnet(around: Surroundings, path: str, subnet: Subnet) -> None:
    """Record a subnet that hypervisors could not route, or would lose their own ways by."""
    hosts = [host for host in around.hypervisors.values() if host]
    own = {ROUTED_GATEWAYS[4]: "what each guest has as its gateway"}
    own.update((host.vtep, f"the VTEP of {host.name}") for host in hosts)
    own.update((host.next_hop, f"the next_hop of {host.name}") for host in hosts if host.next_hop)
    for address, whose in own.items():
        number = ipaddress.ip_address(address)
        if subnet.contains(number.version, int(number)):
            around.faults.add(path, f"{subnet.text} holds {address}, {whose}; write a subnet without it")
    other = next((host for host in hosts if not host.address(subnet.family)), None)
    if other:
        what = f"is IPv{subnet.family}, and {other.name} has no such address by which others reach its guests"
        remedy = f"write fabric.hypervisors.{other.name}.next_hop, as {_EXAMPLES[subnet.family]}"
        around.faults.add(path, f"{subnet.text} {what}; {remedy}, or type: flat")


def check_routed_port(section: Section, network: str) -> None:
    """Record what the port of a routed network cannot have."""
    for key in _NOT_SWITCHED:
        if key in section:
            what = f"network {network} is routed, where a port has its own addresses alone, and nothing in Open vSwitch"
            section.faults.add(section.path_to(key), f"{what}; remove it, or use another network")
