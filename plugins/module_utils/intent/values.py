# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The intent as frozen values: what a user wrote, checked, canonical and complete but for the allocated ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.controllers import Controllers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.monitoring import Monitoring
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import overhead
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import HIGHEST_ID
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import NetworkService, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Security
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.shaping import Profile
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology import Index, placement_index
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS

TUNNEL_TYPES = tuple(KEY_BITS)
NETWORK_TYPES = (*TUNNEL_TYPES, "vlan", "flat")
ROUTED = "routed"  # of networks that tenants share: hypervisors route each port's address, and there is no link layer
# A tunnel id fits every tunnel type, so that a network may change its type and keep its id.
ID_MAXIMUM = {"vlan": HIGHEST_ID["vlan"], "tunnel": HIGHEST_ID["vxlan"]}
OPENFLOW, IPSET = "openflow", "ipset"
SECURITY_DRIVERS = (OPENFLOW, IPSET)  # what enforces security groups: our flows, or IP sets and iptables
BRIDGE = "br-int"  # the integration bridge of every hypervisor


@dataclass(frozen=True)
class Hypervisor:
    name: str
    vtep: str  # address at which its tunnels end
    zone: str | None
    pod: str | None
    uplinks: Mapping[str, str]  # physical network: NIC
    link_rate: int | None = None  # bit/s
    next_hop: str | None = None  # its address of the other IP family

    def address(self, version: int) -> str | None:
        """Return the address of an IP family by which other hypervisors reach it."""
        return next((one for one in (self.vtep, self.next_hop) if one and family(one) == version), None)


@dataclass(frozen=True)
class Fabric:
    name: str  # owner mark of everything we make
    mtu: int  # bytes, of the underlay
    segments: Mapping[str, Sequence[range]]  # of vlan and tunnel networks: the ids that they may have
    forwarding: str
    hypervisors: Mapping[str, Hypervisor]
    controllers: Mapping[str, Controllers] = field(default_factory=dict)  # of each hypervisor, or of none
    qos_profiles: Mapping[str, Profile | None] = field(default_factory=dict)  # None: at fault
    monitoring: Monitoring = field(default_factory=Monitoring)
    security_driver: str = OPENFLOW
    underlay: Sequence[str] = ()  # networks of hypervisors, which routers let no guest send to

    @property
    def has_pipeline(self) -> bool:
        """Say whether our own flows forward; else NORMAL does, or controllers."""
        return self.forwarding in ("learning", "static")

    def mtu_of(self, kind: str) -> int:
        """Return the MTU of a network of this type; all VTEPs are of one IP family."""
        vtep = next(iter(self.hypervisors.values())).vtep
        return self.mtu - overhead(kind, family(vtep))


@dataclass(frozen=True)
class Network:
    name: str  # tenant.network, or network@pod of one that tenants share
    tenant: str  # "" if it is shared
    type: str
    segmentation_id: int | None  # as pinned by the user; None is for the allocation to decide (flat has none)
    physical_network: str | None  # of vlan and flat
    subnets: tuple[Subnet, ...]
    gateways: tuple[str, ...] = ()  # addresses of who routes for it, each with the prefix length of its subnet
    external: bool = False  # where routers of tenants meet the outside
    internal: bool = False  # between the two of a router
    router: str = ""  # full name of the one that joins it with other networks of the tenant
    service: NetworkService = field(default_factory=NetworkService)  # what a router tells its guests

    @property
    def shared(self) -> bool:
        """Say whether all tenants may have ports on it."""
        return not self.tenant and not self.external

    @property
    def routed(self) -> bool:
        """Say whether it has no link layer, and is no affair of Open vSwitch."""
        return self.type == ROUTED

    @property
    def domain(self) -> str:
        """What its packets stay in: the network, or those that a router joins, as the L3 core does all pods of a shared
        one.
        """
        return self.router or self.name.partition("@")[0]

    @property
    def device(self) -> Sequence[str]:
        """Which of its gateways are a user's own, that may be plugged in at a port."""
        return () if self.service.host else self.service.gateways

    @property
    def pod(self) -> str:
        """Where it is, if it is shared."""
        return self.name.partition("@")[2]

    @property
    def whole_path(self) -> str:
        """Where the user wrote of it, with all its pods if it is shared."""
        return self.path.partition(".pods.")[0] if self.shared else self.path

    @property
    def path(self) -> str:
        if self.external:
            return f"fabric.external_networks.{self.name}"
        if self.shared:
            return f"fabric.networks.{self.name.replace('@', '.pods.')}"
        return f"tenants.{self.tenant}.networks.{self.name[len(self.tenant) + 1 :]}"


@dataclass(frozen=True)
class Port:
    name: str  # tenant.port
    tenant: str
    hypervisor: str
    network: str  # full name
    interface: str
    mac: str
    addresses: tuple[str, ...]  # each with the prefix length of its subnet
    ofport: int | None  # as pinned by the user
    secured: bool  # sends nothing but its own
    qos: str | None = None  # name of a profile
    groups: tuple[str, ...] | None = None  # its security groups, sorted; None: it is not judged
    pairs: tuple[tuple[str, str], ...] = ()  # (MAC, IP address) of others that it may be too, sorted
    stateless: bool = False  # its groups are, so that each of its packets is judged by itself
    plugged: bool = False  # by a Linux bridge into Open vSwitch, where iptables judges
    routed: bool = False  # by its hypervisor, without Open vSwitch
    internal: bool = False  # of Open vSwitch's own making: the hypervisor as a gateway

    @property
    def path(self) -> str:
        router, slash, leg = self.name[len(self.tenant) + 1 :].partition("/")
        if self.internal:
            return f"tenants.{self.tenant}.networks.{leg}.gateway"
        if slash:
            return f"tenants.{self.tenant}.routers.{router}.networks.{leg}"
        return f"tenants.{self.tenant}.ports.{self.name[len(self.tenant) + 1 :]}"

    @property
    def device(self) -> str:
        """The interface that Open vSwitch has for it."""
        return plug_links(self.name).outer if self.plugged else self.interface

    @property
    def number(self) -> str:
        """What its OpenFlow port number is recorded for. A plug has another, so that no flow takes one for the other
        while the driver changes.
        """
        return f"{self.name}.plug" if self.plugged else self.name


@dataclass(frozen=True)
class Tenant:
    name: str
    networks: Mapping[str, Network]
    ports: Mapping[str, Port]
    security: Security = field(default_factory=Security)
    routers: Mapping[str, Router] = field(default_factory=dict)
    legs: Sequence[Port] = ()  # of its routers, and of hypervisors that are gateways


@dataclass(frozen=True)
class Intent:
    """One fabric and its tenants. The indexes below are made once, on first use, for any number of hosts."""

    fabric: Fabric
    tenants: Mapping[str, Tenant]
    shared_networks: Sequence[Network] = ()
    external_networks: Sequence[Network] = ()

    def without(self, tenants: Collection[str]) -> Intent:
        """Return the intent as if it did not have these tenants."""
        return replace(self, tenants={name: its for name, its in self.tenants.items() if name not in tenants})

    @cached_property
    def networks(self) -> dict[str, Network]:
        """All networks by full name, sorted."""
        found = {network.name: network for tenant in self.tenants.values() for network in tenant.networks.values()}
        found.update((network.name, network) for network in (*self.shared_networks, *self.external_networks))
        return dict(sorted(found.items()))

    def is_judged(self, network: str) -> bool:
        """Say whether security groups decide what passes in a network."""
        found = self.networks[network]
        if found.external or found.internal:
            return False
        return found.shared or self.tenants[found.tenant].security.groups is not None

    def judges_by_flows(self, network: str) -> bool:
        """Say whether it is our flows that decide."""
        return self.fabric.security_driver == OPENFLOW and self.is_judged(network)

    @cached_property
    def guests(self) -> Sequence[Port]:
        """The ports that tenants have their machines at, sorted by full name."""
        found = [port for tenant in self.tenants.values() for port in tenant.ports.values()]
        return sorted(found, key=lambda port: port.name)

    @cached_property
    def ports(self) -> Sequence[Port]:
        """All ports, sorted by full name: those of guests, and the legs of routers and gateways."""
        legs = [leg for tenant in self.tenants.values() for leg in tenant.legs]
        return sorted([*self.guests, *legs], key=lambda port: port.name) if legs else self.guests

    @cached_property
    def ports_of(self) -> Mapping[str, Sequence[Port]]:
        """The ports of each hypervisor that has any."""
        found = defaultdict(list)
        for port in self.ports:
            found[port.hypervisor].append(port)
        return dict(found)

    @cached_property
    def switched_of(self) -> Mapping[str, Sequence[Port]]:
        """The ports of each hypervisor that Open vSwitch has."""
        return {host: [port for port in ports if not port.routed] for host, ports in self.ports_of.items()}

    @cached_property
    def ports_in(self) -> Mapping[str, Sequence[Port]]:
        """The ports of each network that has any."""
        found = defaultdict(list)
        for port in self.ports:
            found[port.network].append(port)
        return dict(found)

    @cached_property
    def ports_of_domain(self) -> Mapping[tuple[str, str], Sequence[Port]]:
        """The ports of each tenant in each domain: those of a tenant that may reach each other."""
        found = defaultdict(list)
        for port in self.ports:
            found[port.tenant, self.networks[port.network].domain].append(port)
        return dict(found)

    @cached_property
    def tunnels(self) -> Index:
        """Who needs a tunnel to whom: hosts with ports on the same tunnel network."""
        return placement_index(
            (port.network, port.hypervisor) for port in self.ports if self.networks[port.network].type in TUNNEL_TYPES
        )
