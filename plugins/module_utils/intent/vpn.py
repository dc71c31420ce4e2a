# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the VPNs of a router: its WireGuard, what that joins it with, and that all lead to different places."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import (
    family,
    network_or_address,
    unicast_address,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ipsec import Site
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import IPV6_MINIMUM, WIREGUARD
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.site_to_site import parse_site
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet, overlapping, subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.vpn_values import (
    Placed,
    joined_networks,
    mtu_in_tunnel,
    secret_name,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.wireguard import Peer, WireGuard
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    integer,
    mapping,
    one_of,
    shown,
    text,
)

_KEYS = ("type", "port", "address", "private_key", "peers", "description")
_PEER_KEYS = (
    "public_key",
    "allowed_ips",
    "endpoint",
    "preshared_key",
    "persistent_keepalive",
    "networks",
    "description",
)
_KEY_BYTES = 32  # of Curve25519 (RFC 7748)
_port = integer(1, 65535)


class Vpns(NamedTuple):
    """The VPNs of a router."""

    wireguard: WireGuard | None
    sites: Sequence[Site]


def parse_vpns(around: Surroundings, section: Section, router: Router, inside: Mapping[str, Network]) -> Vpns:
    """Return what a router has of VPNs. What lies behind them lies nowhere else."""
    found, tunnels, peers = [], [], []  # of WireGuard
    sites, beyond = [], []
    for name, path, given in section.items("vpn"):
        if isinstance(given, Mapping) and given.get("type") == "ipsec":
            site, there = parse_site(around, path, name, given, router, inside)
            sites.append(site)
            beyond += there
        else:
            tunnel, own, there = _wireguard(around, path, name, given, router)
            found.append(tunnel)
            tunnels += own
            peers += there
    elsewhere = list(_elsewhere(around, router))
    _refuse_overlaps(around, router, [*tunnels, *peers], elsewhere)
    _refuse_overlaps(around, router, beyond, [*elsewhere, *tunnels])
    for path, part, other, taken in overlapping([*peers, *beyond]):
        around.faults.add(path, f"{part.text} overlaps {taken.text} of {other}; an address is behind one peer")
    if len(found) > 1:
        what = f"{len(found)} of type wireguard; a router has one, so write the peers of all in it"
        section.faults.add(section.path_to("vpn"), what)
    return Vpns(found[0] if found else None, sites)


def _wireguard(
    around: Surroundings, path: str, name: str, given: Any, router: Router
) -> tuple[WireGuard, list[Placed], list[Placed]]:
    """Return it, its own networks, and those that lie behind its peers."""
    section = Section(around.faults, path, given, _KEYS)
    section.required("type", one_of(("ipsec", "wireguard")), "wireguard")
    section.optional("description", text, "")
    port = section.optional("port", _port, 51820)
    if router.outside:
        remedy = "a port leads to one place"
        around.claims.claim(("udp", router.outside.address), port, section.path_to("port"), remedy)
    addresses = _addresses(around, section, router)
    section.required("peers", mapping, "{laptop: {public_key: ..., allowed_ips: 10.99.0.2}}")
    peers, behind = [], []
    for peer, here, value in section.items("peers"):
        own = Section(around.faults, here, value, _PEER_KEYS)
        networks = list(_allowed(own))
        behind += networks
        peers.append(_peer(around, own, peer, router, [part.text for _path, part in networks]))
    tunnels = [Subnet.of(str(ipaddress.ip_interface(address).network)) for address in addresses]
    _refuse_taken(around, addresses, tunnels, behind)
    _refuse_loops(around, router, [(f"{section.path_to('peers')}.{peer.name}", peer) for peer in peers], behind)
    wireguard = WireGuard(name, port or 0, addresses, _private_key(section, router), peers)
    return wireguard, [(section.path_to("address"), part) for part in tunnels], behind


def _private_key(section: Section, router: Router) -> str | None:
    if router.redundant and "private_key" not in section:
        what = "missing; both hypervisors of the router have the same key, so name a secret that holds it"
        section.faults.add(section.path_to("private_key"), what)
    return section.optional("private_key", secret_name, None)


def public_key(value: Any) -> str:
    key = text(value)
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES or base64.b64encode(raw).decode() != key:
        raise ValueError(f"{shown(key)} is no public key; write the 44 characters that 'wg pubkey' prints")
    if not any(raw):
        raise ValueError(f"{shown(key)} is the key of nobody; write the 44 characters that 'wg pubkey' prints")
    return key


def endpoint(value: Any) -> str:
    address, colon, port = text(value).rpartition(":")
    try:
        host = ipaddress.IPv4Address(unicast_address(address))
        return f"{host}:{_port(port)}" if colon else ""
    except ValueError:
        raise ValueError(
            f"{shown(value)} is no endpoint; write an IPv4 address and a port, as '198.51.100.7:51820'"
        ) from None


def _tunnel_address(value: Any) -> str:
    address, slash, _length = text(value).partition("/")
    if not slash:
        raise ValueError(f"{shown(value)} has no prefix length; write it as '10.99.0.1/24'")
    unicast_address(address)
    try:
        interface = ipaddress.ip_interface(str(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is no address with a prefix length; write it as '10.99.0.1/24'") from None
    part = subnet(str(interface.network))
    role = part.role_of(int(interface.ip))
    if role:
        raise ValueError(f"{interface.ip} is the {role} of {part.text}; write the address of a host")
    return interface.with_prefixlen


def _addresses(around: Surroundings, section: Section, router: Router) -> list[str]:
    if section.required("address", lambda value: value, "10.99.0.1/24") is None:
        return []
    found = each(around.faults, section.path_to("address"), section.value("address"), _tunnel_address)
    first: dict[int, str] = {}
    for path, address in found:
        if first.setdefault(family(address), path) != path:
            around.faults.add(
                path, f"a second address of IPv{family(address)}; write one of IPv4, one of IPv6, or both"
            )
    mtu = mtu_in_tunnel(around, router, WIREGUARD)
    if 6 in first and mtu < IPV6_MINIMUM:
        remedy = f"set fabric.mtu to {around.fabric.mtu + IPV6_MINIMUM - mtu} or more, or write an IPv4 address alone"
        around.faults.add(
            first[6], f"the tunnel has an MTU of {mtu} here, and IPv6 needs {IPV6_MINIMUM} (RFC 8200); {remedy}"
        )
    return [address for _path, address in found]


def _allowed(section: Section) -> Iterator[Placed]:
    if section.required("allowed_ips", lambda value: value, "10.99.0.2") is not None:
        path, value = section.path_to("allowed_ips"), section.value("allowed_ips")
        yield from each(section.faults, path, value, lambda given: subnet(network_or_address(given)))


def _peer(around: Surroundings, section: Section, name: str, router: Router, allowed: list[str]) -> Peer:
    section.optional("description", text, "")
    key = section.required("public_key", public_key, "q6S+T8whGFyyHcvI9Gm4E+QpxrtH72fVXT/p3nDFu3Q=")
    around.claims.claim(("peer", router.name), key, section.path_to("public_key"), "each peer has a key of its own")
    return Peer(
        name=name,
        public_key=key or "",
        allowed_ips=allowed,
        networks=joined_networks(section, router),
        endpoint=section.optional("endpoint", endpoint, None),
        preshared_key=section.optional("preshared_key", secret_name, None),
        persistent_keepalive=section.optional("persistent_keepalive", integer(0, 65535), 0) or 0,
    )


def _elsewhere(around: Surroundings, router: Router) -> Iterator[Placed]:
    """Yield the networks that a router has inside and outside."""
    for network, addresses in router.gateways.items():
        path = f"{router.path}.networks.{network.partition('.')[2]}"
        yield from ((path, Subnet.of(str(ipaddress.ip_interface(address).network))) for address in addresses)
    yield from ((network.path, part) for network in around.external.values() if network for part in network.subnets)


def _refuse_overlaps(around: Surroundings, router: Router, those: list[Placed], elsewhere: list[Placed]) -> None:
    """Record what of a VPN is elsewhere too."""
    routes = [(f"{router.path}.static_routes", Subnet.of(to)) for to in router.routes]
    for path, part in those:
        for other, taken in [*elsewhere, *(route for route in routes if route[1].prefix >= part.prefix)]:
            if part.overlaps(taken):
                what = f"{part.text} overlaps {taken.text} of {other}, which is not behind the VPN"
                around.faults.add(path, f"{what}; write networks that are nowhere else")


def _refuse_taken(around: Surroundings, addresses: list[str], tunnels: list[Subnet], behind: list[Placed]) -> None:
    """Record peers that have the router's own address in the tunnel."""
    for path, part in behind:
        for address, tunnel in zip(addresses, tunnels):
            own = ipaddress.ip_interface(address).ip
            if part.contains(own.version, int(own)):
                what = f"{part.text} holds {own}, the router's own address in the tunnel"
                around.faults.add(path, f"{what}; write what is behind the peer, in {tunnel.text} or elsewhere")


def _refuse_loops(around: Surroundings, router: Router, peers: list[tuple[str, Peer]], behind: list[Placed]) -> None:
    """Record endpoints that are reached by the tunnel itself, or are the router."""
    for path, peer in peers:
        address = (peer.endpoint or "").rpartition(":")[0]
        number = int(ipaddress.IPv4Address(address)) if address else -1
        if router.outside and address == router.outside.address:
            around.faults.add(f"{path}.endpoint", f"{address} is this router's own address; write the peer's")
        for other, part in behind:
            if part.contains(4, number):
                what = f"{address} lies in {part.text} of {other}, so the tunnel would lead into itself"
                around.faults.add(f"{path}.endpoint", f"{what}; write the peer's address outside")
