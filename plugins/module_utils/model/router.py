# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual router on a host: a network namespace, its cables, and the services that systemd keeps in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_namespace
from ansible_collections.tenantry.sdn.plugins.module_utils.model import ipsec, wireguard
from ansible_collections.tenantry.sdn.plugins.module_utils.names import ROUTER_OWNER
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

PROGRAM = "/usr/local/lib/tenantry/router"  # of the role virtual_router
RULESET = "nftables.conf"
LINKS, NETWORK, SYSCTL, DEVICES = "links", "network", "sysctl", "devices"  # files that are ours
_ROUTES_PACKETS = (  # ip-sysctl.rst of the kernel
    *("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"),
    *("net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.default.rp_filter=1"),  # RFC 3704: no foreign source addresses
    *("net.ipv4.conf.default.accept_redirects=0", "net.ipv6.conf.default.accept_redirects=0"),
    *("net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0"),
    *("net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.default.accept_dad=0"),
    *("net.ipv4.conf.default.arp_notify=1", "net.ipv6.conf.default.ndisc_notify=1"),  # where it is now
    "net.ipv4.conf.all.arp_ignore=1",  # an address is answered for on its own network alone
)

RouterPlan = Plan[tuple[str, str], object]  # by ("file", path), ("unit", name), ("interface", ...), ...


@dataclass(frozen=True)
class Interface:
    name: str  # in the namespace
    port: str  # the other end, in Open vSwitch
    network: str  # for people
    mac: str
    mtu: int  # bytes
    addresses: tuple[str, ...]  # with prefix length, the first one the router's own
    floating: tuple[str, ...] = ()  # addresses that it has as long as the other of its router has not


class Route(NamedTuple):
    to: str  # network
    via: str  # address
    floating: bool = False


@dataclass(frozen=True)
class RouterWish:
    name: str
    interfaces: Sequence[Interface]
    routes: Sequence[Route]
    files: Mapping[str, str]  # of the services, by name
    wireguard: wireguard.Tunnel | None = None
    ipsec: ipsec.Ipsec | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # that its VPNs name

    @property
    def namespace(self) -> str:
        return router_namespace(self.name)

    @property
    def is_redundant(self) -> bool:
        """Whether it stands on another host, too."""
        return "keepalived" in self.services

    @property
    def services(self) -> list[str]:
        """The services that these files are of."""
        return [name for name, service in SERVICES.items() if service.configuration in self.files]


@dataclass(frozen=True)
class Service:
    """A program that serves in the namespace, and the unit of systemd that keeps it."""

    configuration: str  # its file
    check: Sequence[str]  # program that says whether the file {} may be used; conntrackd and WireGuard have none
    lists: Collection[str] = ()  # files that it reads again on a reload
    reloads: bool = False  # whether it then reads its own, too

    @property
    def files(self) -> list[str]:
        return [self.configuration, *self.lists]

    def takes_in(self, changed: Collection[str]) -> bool:
        """Say whether a reload is enough for changes of these files."""
        return self.reloads or self.configuration not in changed


SERVICES: Mapping[str, Service] = {
    "conntrackd": Service("conntrackd.conf", ()),
    "keepalived": Service("keepalived.conf", ("keepalived", "--config-test", "--use-file={}"), reloads=True),
    "dnsmasq": Service("dnsmasq.conf", ("dnsmasq", "--test", "--conf-file={}"), ("dnsmasq.leases", "dnsmasq.names")),
    "haproxy": Service("haproxy.cfg", ("haproxy", "-c", "-f", "{}"), reloads=True),
    "wireguard": Service(wireguard.DEVICE, (), wireguard.FILES[1:]),
    "ipsec": Service(ipsec.CONFIGURATION, (PROGRAM, "judge", "ipsec", "{}"), (ipsec.LOCAL,), reloads=True),
}
CHECKS: Mapping[str, Sequence[str]] = {
    RULESET: ("nft", "--check", "--file", "{}"),
    **{service.configuration: service.check for service in SERVICES.values() if service.check},
}
FILES = frozenset({RULESET, *(name for service in SERVICES.values() for name in service.files)}) - {
    *wireguard.FILES,
    *ipsec.FILES,
}


def router_unit(router: str) -> str:
    return f"tenantry-router@{router}.service"


def service_unit(service: str, router: str) -> str:
    return f"tenantry-{service}@{router}.service"


def own_files(wish: RouterWish, owner: str, tx_checksumming: bool) -> dict[str, str]:
    """Return the files that a boot makes the namespace from, by name."""
    return {
        ROUTER_OWNER: f"{owner}\n",
        LINKS: _text(line for interface in wish.interfaces for line in link_lines(interface, wish.namespace)),
        NETWORK: _text(network_lines(wish)),
        SYSCTL: _text(_ROUTES_PACKETS),
        DEVICES: _text(_device_line(interface, tx_checksumming) for interface in wish.interfaces),
    }


def _text(lines: Iterator[str] | Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def link_lines(interface: Interface, namespace: str) -> Iterator[str]:
    """Yield lines of ``ip -batch`` on the host: the other end is born in the namespace."""
    yield (
        f"link add {interface.port} mtu {interface.mtu} type veth "
        f"peer name {interface.name} netns {namespace} address {interface.mac} mtu {interface.mtu}"
    )


def network_lines(wish: RouterWish) -> Iterator[str]:
    """Yield lines of ``ip -batch`` in the namespace."""
    yield "link set dev lo up"
    for interface in wish.interfaces:
        yield from interface_lines(interface)
    yield from (f"route replace {route.to} via {route.via}" for route in wish.routes if not route.floating)


def interface_lines(interface: Interface) -> Iterator[str]:
    yield f"link set dev {interface.name} address {interface.mac} mtu {interface.mtu}"
    yield from (f"address replace {address} dev {interface.name}" for address in interface.addresses)
    yield f'link set dev {interface.name} up alias "{interface.network}"'


def _device_line(interface: Interface, tx_checksumming: bool) -> str:
    """Return a line of what the program ``router`` does to the ends of a cable: see there."""
    words = (interface.port, interface.name, "on" if tx_checksumming else "off", *interface.floating)
    return " ".join(words)
