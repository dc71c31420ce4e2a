# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a twin shall consist of: strict parsing of the module's options to frozen values."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import network_or_address, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    identifier,
    integer,
    interface_name,
    mac_address,
    mapping,
    path_of,
    sequence,
    shown,
)

UNDERLAY_NIC = "underlay0"  # the NIC of every hypervisor towards the other VTEPs
UNDERLAY_BRIDGE = "br-phy"  # holds that NIC and the VTEP address: native tunnelling wants both on one OVS bridge
ENDPOINT_NIC = "eth0"

NETDEV = "netdev"  # datapath_type: Open vSwitch's own datapath, in userspace
SYSTEM = "system"  # the kernel's

NAMESPACES = "netns"  # driver
CONTAINER = "systemd"

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+](=[A-Za-z0-9.+:~-]+)?")
_TAKEN = frozenset({UNDERLAY_NIC, UNDERLAY_BRIDGE, "lo", "ovs-netdev", "ovs-system"})


@dataclass(frozen=True)
class Hypervisor:
    name: str
    vtep: str  # canonical address
    uplinks: Mapping[str, str]  # physical network: NIC
    segments: Mapping[str, str] = field(default_factory=dict)  # physical network: what it is here, if not everywhere
    next_hop: str = ""  # canonical address of the other IP family, at the VTEP's side

    @property
    def addresses(self) -> list[str]:
        """What it has on the underlay."""
        return [self.vtep, *([self.next_hop] if self.next_hop else [])]


@dataclass(frozen=True)
class Endpoint:
    name: str
    hypervisor: str
    interface: str  # of the hypervisor
    mac: str
    addresses: tuple[str, ...]  # with prefix length
    mtu: int  # bytes
    gateways: tuple[str, ...] = ()  # with prefix length


class Gateway(NamedTuple):
    """What the L3 core is in a segment."""

    addresses: tuple[str, ...] = ()  # with prefix length
    routes: tuple[tuple[str, str], ...] = ()  # network, and the address in the segment by which it is reached


@dataclass(frozen=True)
class Wanted:
    """A whole twin."""

    mtu: int  # of the underlay and the physical networks, bytes
    hypervisors: tuple[Hypervisor, ...]
    endpoints: tuple[Endpoint, ...]
    packages: tuple[str, ...]  # of all hosts, beyond those of the machine, sorted
    datapath_type: str  # of all switches
    gateways: Mapping[str, Gateway] = field(default_factory=dict)  # by segment
    driver: str = NAMESPACES  # what a hypervisor is


def host_name(value: Any) -> str:
    """Parse the name of a host: DNS labels with dots, as ``acme.web-1``. It becomes a folder's name."""
    if not isinstance(value, str):
        raise ValueError(f"the name {shown(value)} is not a string; put it in quotes")
    return ".".join(identifier(label) for label in value.split("."))


def interface_address(value: Any) -> str:
    """Parse an address with its prefix length, as ``10.1.1.20/24``."""
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(f"{shown(value)} is no address with a prefix length; write it as '10.1.1.20/24'")
    try:
        return str(ipaddress.ip_interface(str(value)))
    except ValueError:
        raise ValueError(f"{shown(value)} is no address with a prefix length; write it as '10.1.1.20/24'") from None


def free_interface(value: Any) -> str:
    name = interface_name(value)
    if name in _TAKEN:
        raise ValueError(f"{shown(name)} is a device of the twin itself; write another name")
    return name


def package(value: Any) -> str:
    """Parse the name of a Debian package (deb-version(7)); apt-get takes a last '-' as 'remove'."""
    if not isinstance(value, str) or not _PACKAGE.fullmatch(value):
        raise ValueError(f"{shown(value)} is no package; write a name, or name=version")
    return str(value)


def _uplinks(value: Any) -> Mapping[str, str]:
    uplinks = {identifier(network): free_interface(nic) for network, nic in mapping(value).items()}
    if len(set(uplinks.values())) < len(uplinks):
        raise ValueError("one NIC serves two physical networks; write one NIC for each")
    return uplinks


def segment_name(value: Any) -> str:
    """Parse the name of a segment: a physical network, or ``NETWORK@POD`` for what it is in one pod."""
    if not isinstance(value, str):
        raise ValueError(f"the name {shown(value)} is not a string; put it in quotes")
    return "@".join(identifier(part) for part in value.split("@", 1))


def _segments(value: Any) -> Mapping[str, str]:
    return {identifier(network): segment_name(segment) for network, segment in mapping(value).items()}


def _addresses(value: Any) -> tuple[str, ...]:
    return tuple(interface_address(item) for item in sequence(value))


def _routes(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((network_or_address(network), unicast_address(hop)) for network, hop in sorted(mapping(value).items()))


_MTU = integer(68, 65521)  # RFC 791, and what a tap device takes
_HYPERVISOR: Mapping[str, Parser[Any]] = {
    "name": host_name,
    "vtep": unicast_address,
    "uplinks": _uplinks,
    "segments": _segments,
    "next_hop": unicast_address,
}
_ENDPOINT: Mapping[str, Parser[Any]] = {
    "name": host_name,
    "hypervisor": host_name,
    "interface": free_interface,
    "mac": mac_address,
    "addresses": _addresses,
    "gateways": _addresses,
    "mtu": _MTU,
}
_GATEWAY: Mapping[str, Parser[Any]] = {"segment": segment_name, "addresses": _addresses, "routes": _routes}
_DEFAULTS: Mapping[str, Any] = {"uplinks": {}, "segments": {}, "next_hop": "", "gateways": (), "routes": ()}


def parse_name(value: Any) -> str:
    """Parse the name of a twin."""
    faults = Faults()
    name = faults.parse("name", identifier, value)
    faults.raise_any()
    return str(name)


def parse_wanted(
    mtu: Any,
    hypervisors: list[Any],
    endpoints: list[Any],
    packages: list[Any],
    datapath_type: str = NETDEV,
    gateways: Sequence[Any] = (),
    driver: str = NAMESPACES,
) -> Wanted:
    """Parse a twin from the lists that the intent action returns; keys that a twin has no use for are ignored."""
    faults = Faults()
    hosts = [_values(faults, path_of("hypervisors", at), item, _HYPERVISOR) for at, item in enumerate(hypervisors)]
    ports = [_values(faults, path_of("endpoints", at), item, _ENDPOINT) for at, item in enumerate(endpoints)]
    routers = [_values(faults, path_of("gateways", at), item, _GATEWAY) for at, item in enumerate(gateways)]
    size = faults.parse("mtu", _MTU, mtu)
    names = [faults.parse(path_of("packages", at), package, name) for at, name in enumerate(packages)]
    if not hosts:
        faults.add("hypervisors", "is empty; list at least one, or write state: absent")
    _check_references(faults, hosts, ports)
    _check_unique(faults, [(path_of("gateways", at, "segment"), its.get("segment")) for at, its in enumerate(routers)])
    faults.raise_any()
    return Wanted(
        size or 0,
        tuple(Hypervisor(**host) for host in hosts),
        tuple(Endpoint(**port) for port in ports),
        tuple(sorted({name for name in names if name})),
        datapath_type,
        {router["segment"]: Gateway(router["addresses"], router["routes"]) for router in routers},
        driver,
    )


def _values(faults: Faults, path: str, item: Any, parsers: Mapping[str, Parser[Any]]) -> dict[str, Any]:
    given = faults.parse(path, mapping, item)
    if given is None:
        return {}
    values: dict[str, Any] = {}
    for key, parser in parsers.items():
        if key in given:
            values[key] = faults.parse(f"{path}.{key}", parser, given[key])
        elif key in _DEFAULTS:
            values[key] = _DEFAULTS[key]
        else:
            faults.add(f"{path}.{key}", "is missing; write it")
    return values


def _check_references(faults: Faults, hosts: list[dict[str, Any]], ports: list[dict[str, Any]]) -> None:
    _check_unique(faults, [(path_of("hypervisors", at, "name"), host.get("name")) for at, host in enumerate(hosts)])
    _check_unique(faults, [(path_of("hypervisors", at, "vtep"), host.get("vtep")) for at, host in enumerate(hosts)])
    _check_unique(faults, [(path_of("endpoints", at, "name"), port.get("name")) for at, port in enumerate(ports)])
    known = {host.get("name") for host in hosts}
    for at, port in enumerate(ports):
        if port.get("hypervisor") is not None and port["hypervisor"] not in known:
            faults.add(
                path_of("endpoints", at, "hypervisor"),
                f"there is no hypervisor {shown(port['hypervisor'])}; write one of the list hypervisors",
            )
    devices = [
        (path_of("hypervisors", at, "uplinks", network), (host.get("name"), nic))
        for at, host in enumerate(hosts)
        for network, nic in (host.get("uplinks") or {}).items()
    ] + [
        (path_of("endpoints", at, "interface"), (port.get("hypervisor"), port["interface"]))
        for at, port in enumerate(ports)
        if port.get("interface") is not None
    ]
    _check_unique(faults, devices)


def _check_unique(faults: Faults, values: list[tuple[str, Any]]) -> None:
    first: dict[Any, str] = {}
    for path, value in values:
        if value is not None and value in first:
            word = " on ".join(reversed(value)) if isinstance(value, tuple) else value
            faults.add(path, f"{word} is taken by {first[value]}; write another")
        first.setdefault(value, path)
