# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the networks of a tenant.

Two tenants may use the same addresses, so subnets are compared within a tenant alone. Segmentation ids are claimed in
the whole fabric. All tunnel types share one space, as they share one range: an id then says one network whatever
carries it, and a network may change its type and keep its id. VLAN ids are unique across physical networks, because
the integration bridge has one VLAN space for all of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import IpNetwork, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import IPV6_MINIMUM
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.network_service import KEYS as SERVICE_KEYS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.network_service import parse_service
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import span
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Claims, Section, each
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet, overlapping, subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import (
    ID_MAXIMUM,
    NETWORK_TYPES,
    ROUTED,
    TUNNEL_TYPES,
    Fabric,
    Hypervisor,
    Network,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    identifier,
    integer,
    one_of,
)

_KEYS = frozenset({"type", "segmentation_id", "physical_network", "subnet", *SERVICE_KEYS})
_SEGMENTS = {"vlan": ("vlan", "100-999"), "tunnel": (", ".join(TUNNEL_TYPES), "5000-16777215")}  # users, example


@dataclass(frozen=True)
class Surroundings:
    """What a tenant is checked against. A hypervisor that is at fault itself is known by name, but None."""

    faults: Faults
    claims: Claims
    fabric: Fabric
    hypervisors: Mapping[str, Hypervisor | None]
    zones: dict[str, tuple[str | None, str]] = field(default_factory=dict)  # network: zone and path of its first port

    shared: dict[str, dict[str, Network | None]] = field(default_factory=dict)  # network: pod, or "": its part there
    external: dict[str, Network | None] = field(default_factory=dict)  # where routers meet the outside
    gateways: dict[str, list[tuple[str, IpNetwork]]] = field(
        default_factory=dict
    )  # hypervisor: path and subnet of each
    pools: dict[str, list[range]] = field(default_factory=dict)  # external network: addresses that routers may have

    @cached_property
    def physical_networks(self) -> frozenset[str]:
        """Those that any hypervisor is plugged into."""
        return frozenset(name for host in self.hypervisors.values() if host for name in host.uplinks)


def parse_networks(around: Surroundings, tenant: str, section: Section) -> dict[str, Network | None]:
    """Return the networks of a tenant by their short names; one that is at fault may be None."""
    networks = {name: _network(around, tenant, name, path, given) for name, path, given in section.items("networks")}
    for name in sorted(around.shared.keys() & networks.keys()):
        path = f"{section.path_to('networks')}.{name}"
        around.faults.add(path, f"the name is that of fabric.networks.{name}, which all tenants share; choose another")
    for name in sorted(around.external.keys() & networks.keys()):
        path = f"{section.path_to('networks')}.{name}"
        around.faults.add(path, f"the name is that of fabric.external_networks.{name}; choose another")
    subnets = [(f"{network.path}.subnet", part) for network in networks.values() if network for part in network.subnets]
    refuse_overlaps(around.faults, subnets)
    return networks


def gateways_of(section: Section, subnets: Sequence[Subnet]) -> Iterable[str]:
    """Return the gateway of each subnet: as written, else the first address that a host can have."""
    written, path = section.value("gateway"), section.path_to("gateway")
    if "gateway" in section and written is None:
        section.faults.add(path, "empty; write an address, or remove the key for the first one of the subnet")
    given = [] if written is None or not subnets else each(section.faults, path, written, unicast_address)
    homes = {here: _home(section.faults, here, address, subnets) for here, address in given}
    for at, part in enumerate(subnets):
        own = [address for here, address in given if homes[here] == at]
        if len(own) > 1:
            section.faults.add(path, f"{' and '.join(own)} are both in {part.text}; write one gateway of a subnet")
        yield f"{own[0] if own else part.first_host}/{part.prefix}"


def _home(faults: Faults, path: str, address: str, subnets: Sequence[Subnet]) -> int | None:
    """Return which of the subnets a gateway is in."""
    parsed = ipaddress.ip_address(address)
    for at, part in enumerate(subnets):
        if part.contains(parsed.version, int(parsed)):
            role = part.role_of(int(parsed))
            if role:
                faults.add(path, f"{address} is the {role} of {part.text}; write the address of a host")
            return at
    where = " or ".join(part.text for part in subnets)
    faults.add(path, f"{address} is in none of its subnets; write an address in {where}")
    return None


def _network(around: Surroundings, tenant: str, name: str, path: str, value: Any) -> Network | None:
    section = Section(around.faults, path, value, _KEYS)
    kind = section.required("type", _type, "gre")
    subnets = subnets_of(around.faults, section)
    if kind is None:
        return None
    network = Network(
        name=f"{tenant}.{name}",
        tenant=tenant,
        type=kind,
        segmentation_id=segmentation_id_of(around, section, kind),
        physical_network=physical_network_of(around, section, kind),
        subnets=tuple(subnets),
        service=parse_service(section, tenant, subnets),
    )
    check_mtu(around, network)
    return network


def _type(value: Any) -> str:
    if value == ROUTED:
        raise ValueError("a routed network has no link layer to keep tenants apart; write it in fabric.networks")
    return one_of(NETWORK_TYPES)(value)


def subnets_of(faults: Faults, section: Section) -> list[Subnet]:
    value = section.required("subnet", lambda given: given, "10.1.1.0/24")
    found = [] if value is None else each(faults, section.path_to("subnet"), value, subnet)
    refuse_overlaps(faults, found)
    return [parsed for path, parsed in found]


def refuse_overlaps(faults: Faults, subnets: Iterable[tuple[str, Subnet]]) -> None:
    for path, later, other_path, other in overlapping(subnets):
        if path != other_path:  # else it is a list, of which each item was compared before
            faults.add(path, f"{later.text} overlaps {other.text} of {other_path}; write subnets that do not overlap")


def segmentation_id_of(around: Surroundings, section: Section, kind: str) -> int | None:
    path = section.path_to("segmentation_id")
    if kind == "flat":
        if "segmentation_id" in section:
            around.faults.add(path, "a flat network is untagged; leave segmentation_id out, or set type: vlan")
        return None
    space = "vlan" if kind == "vlan" else "tunnel"
    if space not in around.fabric.segments:
        users, example = _SEGMENTS[space]
        around.faults.add(
            f"fabric.segments.{space}",
            f"missing; write the ids that {users} networks may have, for example '{space}: {example}'",
        )
        return None
    pinned = section.optional("segmentation_id", _id_within(space, around.fabric.segments[space]), None)
    around.claims.claim(space, pinned, path, "write another, or leave it out to have one allocated")
    return pinned


def _id_within(space: str, ranges: Sequence[range]) -> Parser[int | None]:
    valid = integer(1, ID_MAXIMUM[space])

    def parse(value: Any) -> int:
        number = valid(value)
        if not any(number in part for part in ranges):
            text = ",".join(map(span, ranges))
            raise ValueError(f"{number} is outside of fabric.segments.{space}; write a number in {text}, or widen it")
        return number

    return parse


def physical_network_of(around: Surroundings, section: Section, kind: str) -> str | None:
    path = section.path_to("physical_network")
    if kind in TUNNEL_TYPES:
        if "physical_network" in section:
            around.faults.add(path, f"a {kind} network runs over the VTEPs; leave physical_network out")
        return None
    name = section.required("physical_network", identifier, "physnet1")
    if name is None:
        return None
    if name not in around.physical_networks and around.hypervisors and all(around.hypervisors.values()):
        known = ", ".join(sorted(around.physical_networks))
        hint = f"known are {known}" if known else f"write for example 'uplinks: {{{name}: eth1}}' there"
        around.faults.add(path, f"'{name}' is in the uplinks of no hypervisor; {hint}")
    elif kind == "flat":
        around.claims.claim("flat", name, path, "a physical network has one untagged network, so set type: vlan here")
    return name


def refuse_native_trunks(faults: Faults, networks: Iterable[Network]) -> None:
    """Record flat networks on a wire that carries VLANs too.

    NORMAL switching takes a frame with an empty outer tag (802.1Q priority tag) as untagged. Sent untagged on the wire,
    it shows the tag inside, and is in that VLAN at the next host: a guest of the flat network could hop into any.
    """
    vlans: dict[str | None, str] = {}
    flats = []
    for network in networks:
        if network.type == "vlan":
            vlans.setdefault(network.physical_network, network.path)
        elif network.type == "flat":
            flats.append(network)
    for path, network in {network.whole_path: network for network in flats}.items():
        other = vlans.get(network.physical_network)
        if other:
            faults.add(
                f"{path}.physical_network",
                f"{network.physical_network} carries VLANs too ({other}), into which a guest of an untagged network "
                "could hop by tagging its own frames; give the flat network a physical network of its own",
            )


def check_mtu(around: Surroundings, network: Network) -> None:
    """Record an MTU that IPv6 can't live with. Without hypervisors or an MTU there is nothing to compute it from."""
    fabric = around.fabric
    if not (fabric.mtu and fabric.hypervisors and any(part.family == 6 for part in network.subnets)):
        return
    mtu = fabric.mtu_of(network.type)
    if mtu < IPV6_MINIMUM:
        around.faults.add(
            f"{network.path}.subnet",
            f"a {network.type} network has an MTU of {mtu} here, and IPv6 needs {IPV6_MINIMUM} (RFC 8200); set "
            f"fabric.mtu to {fabric.mtu + IPV6_MINIMUM - mtu} or more",
        )
