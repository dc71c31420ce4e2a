# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as one hypervisor sees it, in the numbers that flows are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, link_local, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import TUNNEL_OFPORTS, network_id, zone
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import (
    TUNNEL_TYPES,
    Hypervisor,
    Intent,
    Network,
    Port,
)


class Guest(NamedTuple):
    """A port of this hypervisor."""

    name: str
    ofport: int
    mac: str
    ipv4: Sequence[str]
    ipv6: Sequence[str]
    secured: bool  # may send nothing but its own
    groups: Sequence[str] | None  # its security groups; None: it is not judged
    pairs: Sequence[tuple[str, str]]  # (MAC, network) of others that it may be too
    stateless: bool  # each of its packets is judged by itself

    @property
    def tenant(self) -> str:
        return self.name.partition(".")[0]

    @property
    def identities(self) -> dict[str, tuple[list[str], list[str]]]:
        """The IPv4 and IPv6 addresses or networks that it may send with, by MAC address; its own first."""
        found = {self.mac: (list(self.ipv4), list(self.ipv6))}
        for mac, prefix in self.pairs:
            found.setdefault(mac, ([], []))[family(prefix) == 6].append(plain_address(prefix))
        return found

    @property
    def shared_macs(self) -> list[str]:
        """The MAC addresses of its pairs, which other guests may have too."""
        return [mac for mac in self.identities if mac != self.mac]

    @classmethod
    def of(cls, port: Port, ofport: int) -> Guest:
        addresses = addresses_of(port)
        return cls(port.name, ofport, port.mac, *addresses, port.secured, port.groups, port.pairs, port.stateless)


class Remote(NamedTuple):
    """A port of another hypervisor."""

    port: Port
    vtep: str


class Segment(NamedTuple):
    name: str  # full name of the network
    kind: str
    network: int  # network_id
    key: int  # of its tunnels
    vlan: int  # local, and on the wire of a vlan network
    dual: bool  # has IPv6 addresses
    guests: Sequence[Guest]
    peers: Sequence[str]  # VTEPs of the other hypervisors that have it
    outlet: int  # OpenFlow port of the flow-based tunnel, or of the uplink
    zone: int  # value of ZONE; 0: what passes it is not judged

    @property
    def tunneled(self) -> bool:
        return self.kind in TUNNEL_TYPES

    @property
    def about(self) -> str:
        return f"network {self.name}"


def addresses_of(port: Port) -> tuple[list[str], list[str]]:
    """Return the IPv4 and the IPv6 addresses of a port, the link-local one that every guest has among them."""
    found: dict[int, list[str]] = {4: [], 6: []}
    for address in port.addresses:
        found[family(address)].append(address.partition("/")[0])
    own = link_local(port.mac)
    return found[4], found[6] if own in found[6] else [*found[6], own]


def segments_of(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> Iterator[Segment]:
    """Yield the networks that have ports on this hypervisor, sorted by name."""
    ofports = allocations.ofports(hypervisor.name)
    guests: dict[str, list[Guest]] = defaultdict(list)
    for port in intent.switched_of.get(hypervisor.name, ()):
        guests[port.network].append(Guest.of(port, ofports[port.number]))
    for name in sorted(guests):
        network, ids = intent.networks[name], allocations[name]
        peers = intent.tunnels.peers(name, hypervisor.name)
        yield Segment(
            name=name,
            kind=network.type,
            network=network_id(network.type, ids.segmentation_id, ids.local_vlan),
            key=ids.segmentation_id or 0,
            vlan=ids.local_vlan,
            dual=any(subnet.family == 6 for subnet in network.subnets),
            guests=guests[name],
            peers=[intent.fabric.hypervisors[peer].vtep for peer in peers],
            outlet=_outlet(network, ofports),
            zone=zone(ids.local_vlan) if intent.judges_by_flows(name) else 0,
        )


def _outlet(network: Network, ofports: dict[str, int]) -> int:
    return TUNNEL_OFPORTS[network.type] if network.type in TUNNEL_TYPES else ofports[str(network.physical_network)]
