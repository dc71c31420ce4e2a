# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers of tenants as frozen values: what a user wrote, checked and canonical."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ipsec import Site
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.wireguard import WireGuard

ANYWHERE = ("0.0.0.0/0",)


@dataclass(frozen=True)
class Dhcp:
    lease_time: int = 3600  # seconds
    range: tuple[str, str] | None = None  # addresses for guests that the intent does not know; None: they get none
    options: Mapping[int, str] = field(default_factory=dict)  # of IPv4, by their numbers (RFC 2132)


@dataclass(frozen=True)
class Dns:
    zone: str
    records: Mapping[str, Sequence[str]] = field(default_factory=dict)  # name within the zone: addresses
    forwarders: Sequence[str] = ()  # addresses of those that know other names


@dataclass(frozen=True)
class HostGateway:
    """A hypervisor as the gateway of a network, with an address there and what of it guests may reach."""

    hypervisor: str  # as written
    address: str  # of IPv4, with prefix length
    services: Sequence[tuple[str, Ports]] = ()  # protocol and ports


@dataclass(frozen=True)
class NetworkService:
    """What a router tells the guests of a network."""

    dhcp: Dhcp | None = None
    dns: Dns | None = None
    gateways: Sequence[str] = ()  # addresses of who routes instead of it, with prefix length
    host: HostGateway | None = None  # a hypervisor, if it is one


@dataclass(frozen=True)
class Opening:
    """What may come in: datagrams and connections to a public address. ``ports`` None: to any."""

    public: str
    target: str  # address of the guest that gets it
    protocol: str | None  # None: any
    ports: Ports | None
    target_port: int | None = None  # None: the same
    sources: Sequence[str] = ANYWHERE
    path: str = ""  # where it is written


@dataclass(frozen=True)
class Check:
    """How a load balancer finds out which of its members serve."""

    type: str = "tcp"  # it connects; http: it asks for a path, too
    interval: int = 2  # seconds from one to the next
    fall: int = 3  # so many fail, and the member is down
    rise: int = 2  # so many succeed, and it is up again
    path: str = "/"


@dataclass(frozen=True)
class LoadBalancer:
    name: str
    public: str
    port: int
    members: Mapping[str, str]  # as the user called them: address
    to_port: int
    mode: str = "tcp"
    algorithm: str = "roundrobin"
    stickiness: str | None = None  # cookie or source
    check: Check = field(default_factory=Check)
    sources: Sequence[str] = ANYWHERE


@dataclass(frozen=True)
class AclRule:
    """What may be opened between networks of a router; None: from any, to any, of any protocol, to any port."""

    allowed: bool
    sources: Sequence[str] | None = None  # networks and addresses
    targets: Sequence[str] | None = None
    protocol: str | None = None
    ports: Ports | None = None


class Ipv6(NamedTuple):
    """Where a router meets the outside by IPv6, which reaches its networks as they are."""

    address: str  # its own, plain
    prefix: int
    gateway: str  # plain


@dataclass(frozen=True)
class Outside:
    """Where a router meets the outside."""

    network: str
    address: str  # its own, plain
    prefix: int
    gateway: str  # plain
    snat: bool  # guests without an address of their own out there have the router's
    ipv6: Ipv6 | None = None


@dataclass(frozen=True)
class Router:
    name: str  # tenant.router
    tenant: str
    hypervisors: Sequence[str]
    gateways: Mapping[str, Sequence[str]]  # full name of a network: the router's addresses there, with prefix length
    outside: Outside | None = None
    static_nat: Mapping[str, str] = field(default_factory=dict)  # address of a guest: its public one
    forwards: Sequence[Opening] = ()
    firewall: Sequence[Opening] = ()
    routes: Mapping[str, str] = field(default_factory=dict)  # network: address of the next hop
    load_balancers: Sequence[LoadBalancer] = ()
    acl: Sequence[AclRule] = ()  # the first that speaks of a connection decides; none: it is allowed
    wireguard: WireGuard | None = None
    sites: Sequence[Site] = ()  # by IPsec

    @property
    def path(self) -> str:
        return f"tenants.{self.name.replace('.', '.routers.')}"

    @property
    def redundant(self) -> bool:
        """Say whether it stands on two hypervisors, one of which has its addresses."""
        return len(self.hypervisors) > 1

    @property
    def link_network(self) -> str:
        """The full name of the network over which both agree."""
        return f"{self.name}--link"

    def is_gateway_of(self, network: str, told: Iterable[str], version: int) -> bool:
        """Say whether guests of a network that are told of these gateways have the router as theirs, and no device."""
        return any(family(gateway) == version and gateway in self.gateways[network] for gateway in told)

    @property
    def hops(self) -> list[tuple[str, str]]:
        """Its routes beyond its networks: network, address of the next hop."""
        outward = [("0.0.0.0/0", self.outside.gateway)] if self.outside else []
        outward += [("::/0", self.outside.ipv6.gateway)] if self.outside and self.outside.ipv6 else []
        return [*outward, *sorted(self.routes.items())]

    @property
    def outside_addresses(self) -> list[str]:
        """The public addresses as its interface has them, with prefix length."""
        if not self.outside:
            return []
        first, *others = self.public_addresses
        found = [f"{first}/{self.outside.prefix}", *(f"{address}/32" for address in others)]
        six = self.outside.ipv6
        return [*found, f"{six.address}/{six.prefix}"] if six else found

    @property
    def routed(self) -> list[str]:
        """The IPv6 networks, on the router and beyond it, that the outside reaches as they are; none within another."""
        if not self.outside or not self.outside.ipv6:
            return []
        inside = [ipaddress.ip_interface(address).network for held in self.gateways.values() for address in held]
        beyond = [ipaddress.ip_network(network) for network in self.routes]
        found = [network for network in [*inside, *beyond] if isinstance(network, ipaddress.IPv6Network)]
        return [str(network) for network in ipaddress.collapse_addresses(found)]

    @property
    def public_addresses(self) -> list[str]:
        """The plain IPv4 addresses that it answers for outside, its own first."""
        if not self.outside:
            return []
        others = [*self.static_nat.values(), *(forward.public for forward in self.forwards)]
        others += [balancer.public for balancer in self.load_balancers]
        return list(dict.fromkeys([self.outside.address, *sorted(others)]))
