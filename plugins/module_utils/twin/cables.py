# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cables a twin has, and the lines of ``ip -batch`` that lay them.

A cable is a veth pair. Its near end is the NIC of a hypervisor or endpoint, and its alias says what the cable is: set
last, it is the record of a finished cable, and it goes when the cable goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_interface
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import LONGEST_PREFIX, family
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import (
    ENDPOINT_NIC,
    NETDEV,
    SYSTEM,
    UNDERLAY_NIC,
    Endpoint,
    Gateway,
    Hypervisor,
    Wanted,
)

UNDERLAY = "the underlay"  # a segment, as a physical network is; the space keeps it apart from their names

_ALIAS_BYTES = 255  # IFALIASZ in linux/if.h, less the NUL
_MTU = ", mtu "
_IPV6_MTU = 1280  # RFC 8200; below it the kernel takes a device's IPv6 addresses away


class HostKey(NamedTuple):
    kind: str  # hypervisor, endpoint or fabric
    name: str


FABRIC = HostKey("fabric", "underlay")


class End(NamedTuple):
    host: HostKey
    interface: str


@dataclass(frozen=True)
class Cable:
    near: End
    far: End
    mac: str  # of the near end
    mtu: int  # of both ends, bytes
    addresses: tuple[str, ...] = ()  # of the near end, with prefix length
    segment: str = ""  # of the fabric that the far end is a port of
    routes: tuple[str, ...] = ()  # what is reached through the near end, beyond its own subnets
    gateways: tuple[str, ...] = ()  # through which the near end reaches the rest; with prefix length
    checksums: bool = False  # the near end computes those of what it sends, and leaves none to the far end

    @property
    def alias(self) -> str:
        place = self.segment or f"{self.far.host.name} {self.far.interface}"
        ways = [f"by {gateway}" for gateway in self.gateways]
        return _bounded(f"to {', '.join([place, *self.addresses, *ways])}")

    @property
    def description(self) -> str:
        return describe(self.alias, self.mac, str(self.mtu))


def _bounded(text: str) -> str:
    """Return an alias, of a text that may be too long for one."""
    return text if len(text) <= _ALIAS_BYTES else f"{text[:200]}... {digest(text, 12)}"


def cables_of(wanted: Wanted) -> Iterator[Cable]:
    """Yield the cables of each hypervisor to its segments, and of each endpoint to its hypervisor."""
    for hypervisor in wanted.hypervisors:
        underlay = _cable_to(UNDERLAY, UNDERLAY_NIC, hypervisor, wanted.mtu)
        yield _with_addresses(underlay, hypervisor.addresses) if wanted.datapath_type == SYSTEM else underlay
        for network, nic in hypervisor.uplinks.items():
            yield _cable_to(hypervisor.segments.get(network, network), nic, hypervisor, wanted.mtu)
    for endpoint in wanted.endpoints:
        near = End(HostKey("endpoint", endpoint.name), ENDPOINT_NIC)
        far = End(HostKey("hypervisor", endpoint.hypervisor), endpoint.interface)
        checksums = wanted.datapath_type == NETDEV  # which passes no offloaded one on: TCP would hang
        yield Cable(
            near,
            far,
            endpoint.mac,
            endpoint.mtu,
            endpoint.addresses,
            gateways=tuple(_gateways_of(endpoint)),
            checksums=checksums,
        )


def _gateways_of(endpoint: Endpoint) -> Iterator[str]:
    """Yield the gateways in the subnets of an endpoint, and those that are in none."""
    subnets = {ip_interface(address).network for address in endpoint.addresses}
    versions = {subnet.version for subnet in subnets}
    for gateway in endpoint.gateways:
        subnet = ip_interface(gateway).network
        if subnet in subnets or (subnet.prefixlen == subnet.max_prefixlen and subnet.version in versions):
            yield gateway


def _cable_to(segment: str, nic: str, hypervisor: Hypervisor, mtu: int) -> Cable:
    near = End(HostKey("hypervisor", hypervisor.name), nic)
    far = End(FABRIC, f"p-{digest(f'{hypervisor.name} {nic}', 12)}")
    return Cable(near, far, nic_mac(hypervisor.name, nic), mtu, segment=segment)


def _with_addresses(underlay: Cable, addresses: Sequence[str]) -> Cable:
    """Return the cable with addresses on its near end. Those of others are on the link, whatever the subnets."""
    whole = tuple(f"{address}/{LONGEST_PREFIX[family(address)]}" for address in addresses)
    everything = tuple("0.0.0.0/0" if family(address) == 4 else "::/0" for address in addresses)
    return replace(underlay, addresses=whole, routes=everything)


def describe(alias: str, mac: str, mtu: str) -> str:
    """Return what a near end is, from what is wanted or from what its device says."""
    return f"{alias or 'unfinished'}, {mac}{_MTU}{mtu}"


def is_resized(before: str, after: str) -> bool:
    """Say whether two descriptions of a near end differ by MTUs alone, with either of which it may have IPv6."""
    (old, _at, old_mtu), (new, _at, new_mtu) = before.rpartition(_MTU), after.rpartition(_MTU)
    return old == new and min(int(old_mtu), int(new_mtu)) >= _IPV6_MTU


def nic_mac(hypervisor: str, nic: str) -> str:
    """Return the MAC address of a NIC, locally administered. It survives a restart, as peers keep it in ARP caches."""
    octets = digest(f"{hypervisor} {nic}", 10)
    return ":".join(["02", *(octets[at : at + 2] for at in range(0, 10, 2))])


def tap_mac(guest: str) -> str:
    """Return the MAC address of the device that a guest of a MAC address is behind."""
    return ("fa" if guest.startswith("fe") else "fe") + guest[2:]


def bridge_of(segment: str) -> str:
    """Return the Linux bridge of the fabric's namespace that is the switch of a segment."""
    return "underlay" if segment == UNDERLAY else f"n-{digest(segment, 12)}"


def is_bridge(device: str) -> bool:
    """Say whether ``bridge_of`` may have built the name of a device of the fabric."""
    return device == "underlay" or device.startswith("n-")


def bridge_line(bridge: str) -> str:
    """Without vlan_filtering a bridge passes 802.1Q tags untouched; without snooping it floods all multicast."""
    return f"link add {bridge} up type bridge forward_delay 0 mcast_snooping 0"


def gateway_alias(gateway: Gateway) -> str:
    """Return what a segment's bridge is called where the L3 core is this."""
    ways = [f"{network} by {hop}" for network, hop in gateway.routes]
    return _bounded(f"gateway {', '.join([*gateway.addresses, *ways])}") if gateway.addresses else ""


def gateway_lines(bridge: str, gateway: Gateway) -> Iterator[str]:
    """Make a segment's bridge the port of the L3 core there, or none without addresses; the alias comes last.

    A MAC address that is set stays, whatever is plugged into the bridge.
    """
    yield f"link set {bridge} address {nic_mac(FABRIC.name, bridge)}"
    yield f"address flush dev {bridge} scope global"  # a router asks for its neighbours with its link-local one
    yield from (f"address add {address} dev {bridge}" for address in gateway.addresses)
    yield from (f"route replace {network} via {hop} dev {bridge} proto static" for network, hop in gateway.routes)
    yield f'link set {bridge} alias "{gateway_alias(gateway)}"'


def creation_line(cable: Cable, near_pid: int, far_pid: int) -> str:
    """Both ends are born in their namespaces: at no moment does the machine have a device of ours.

    The tap of a guest has a MAC address that follows from the guest's, as those of libvirt have.
    """
    address = "" if cable.segment else f" address {tap_mac(cable.mac)}"
    master = f" master {bridge_of(cable.segment)}" if cable.segment else ""
    return (
        f"link add {cable.far.interface} netns {far_pid} mtu {cable.mtu}{address}{master} type veth "
        f"peer name {cable.near.interface} netns {near_pid} address {cable.mac} mtu {cable.mtu}"
    )


def far_line(cable: Cable) -> str:
    return f'link set {cable.far.interface} up alias "to {cable.near.host.name} {cable.near.interface}"'


def near_lines(cable: Cable) -> Iterator[str]:
    device = cable.near.interface
    for address in cable.addresses:
        yield f"address add {address} dev {device}"
    yield f"link set {device} up"
    yield from (f"route replace {everything} dev {device}" for everything in cable.routes)
    for gateway in cable.gateways:
        address, _slash, length = gateway.partition("/")
        onlink = " onlink" if length == "32" else ""  # no subnet says that it is there
        yield f"route replace default via {address} dev {device}{onlink}"
    yield f'link set {device} alias "{cable.alias}"'
