# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address ranges, prefixes and subnets. netaddr does the arithmetic, so this runs on the controller alone.

Which addresses of a network a host can have: not the first and last of an IPv4 network, but both of a /31 (RFC 3021);
not the first of an IPv6 network, which is the routers' anycast address (RFC 4291 2.6.1), but both of a /127 (RFC 6164).
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, ip_address, ip_network
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import overlaps, parts
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, shown

try:
    import netaddr  # type: ignore[import-untyped,unused-ignore]
except ImportError:  # the ranges of ids, and all that needs no address arithmetic, work without it
    netaddr = None

BITS = {4: 32, 6: 128}


def require_netaddr() -> None:
    """Raise SdnError if the controller lacks netaddr."""
    if netaddr is None:
        raise SdnError(
            f"The Python package netaddr is missing on the controller, for the Python that runs Ansible "
            f"({sys.executable}). Install it: pip install netaddr, or apt install python3-netaddr."
        )


def address_set(faults: Faults, path: str, value: Any, hosts: bool = False) -> Any:
    """Parse addresses, ``a-b`` and prefixes to a netaddr.IPSet; with ``hosts``, of a prefix what hosts can have."""
    require_netaddr()
    parsed = [faults.parse(here, lambda given: _range(given, hosts), part) for here, part in parts(path, value)]
    # one call for all: IPSet.update sorts the whole set again for each range
    return netaddr.IPSet([prefix for addresses in parsed if addresses for prefix in addresses.cidrs()])


def _range(value: Any, hosts: bool) -> Any:
    """Parse one range to a netaddr.IPRange."""
    if isinstance(value, str) and "/" in value:
        network = netaddr.IPNetwork(ip_network(value))
        return _hosts(network) if hosts else netaddr.IPRange(network[0], network[-1])
    if not isinstance(value, str) or "-" not in value:
        address = _address(value)
        return netaddr.IPRange(address, address)
    first, last = (_address(end.strip()) for end in value.split("-", 1))
    if family(first) != family(last):
        raise ValueError(f"{shown(value)} mixes IPv4 and IPv6; write a range of one family")
    if netaddr.IPAddress(last) < netaddr.IPAddress(first):
        raise ValueError(f"{shown(value)} ends before it starts; write '{last}-{first}'")
    return netaddr.IPRange(first, last)


def _address(value: Any) -> str:
    """Parse an address without a zone (``fe80::1%eth0``): it means something on one host only."""
    if isinstance(value, str) and "%" in value:
        raise ValueError(f"{shown(value)} names a zone; write it without '%'")
    return ip_address(value)


def _hosts(network: Any) -> Any:
    """Return the netaddr.IPRange of addresses that hosts of a network can have."""
    if network.prefixlen >= BITS[network.version] - 1:
        return netaddr.IPRange(network[0], network[-1])
    return netaddr.IPRange(network[1], network[-2] if network.version == 4 else network[-1])


def prefixes(addresses: Any) -> list[str]:
    """Return the fewest prefixes that hold exactly the addresses of a netaddr.IPSet."""
    return [f"{_text(prefix.first, prefix.version)}/{prefix.prefixlen}" for prefix in addresses.iter_cidrs()]


def address_pool(faults: Faults, path: str, addresses: Any) -> Pool:
    """Return the addresses of a netaddr.IPSet as a pool."""
    version = _version(faults, path, addresses)
    ranges = [range(found.first, found.last + 1) for found in addresses.iter_ipranges()]
    return Pool(ranges, lambda number: _text(number, version), lambda value: _number(value, version))


def subnet_pool(faults: Faults, path: str, addresses: Any, prefix_length: Any) -> Pool:
    """Return the networks of one prefix length in a netaddr.IPSet as a pool of their first addresses."""
    version = _version(faults, path, addresses)
    length = faults.parse("prefix_length", integer(1, BITS[version]), prefix_length) or BITS[version]
    ranges = [
        range(prefix.first, prefix.last + 1, 2 ** (BITS[version] - length))
        for prefix in addresses.iter_cidrs()
        if prefix.prefixlen <= length
    ]
    return Pool(
        ranges, lambda number: f"{_text(number, version)}/{length}", lambda value: _number(value, version, length)
    )


def _version(faults: Faults, path: str, addresses: Any) -> int:
    """Return 4 or 6, or record that the addresses are of both families."""
    versions = {prefix.version for prefix in addresses.iter_cidrs()}
    if len(versions) > 1:
        faults.add(path, "mixes IPv4 and IPv6; write ranges of one family")
    return min(versions, default=4)


def _text(number: int, version: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def _number(value: Any, version: int, prefix_length: int | None = None) -> int:
    """Parse an address, or a network of a prefix length, to the number of its (first) address."""
    text = _address(value) if prefix_length is None else ip_network(value)
    if family(text) != version:
        raise ValueError(f"{shown(value)} is not of the pool's IPv{version}; keep a record for each family")
    network = ipaddress.ip_network(text)
    if prefix_length not in (None, network.prefixlen):
        raise ValueError(
            f"{shown(value)} is no /{prefix_length}; keep a record for each prefix length, or remove the entry"
        )
    return int(network.network_address)


def overlapping(named: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return two names and what they have in common, for each range of one netaddr.IPSet that meets another's."""
    found = []
    for version in BITS:
        ranges = {
            name: [range(part.first, part.last + 1) for part in addresses.iter_ipranges() if part.version == version]
            for name, addresses in named.items()
        }
        for one, other, common in overlaps(ranges):
            ends = dict.fromkeys((_text(common[0], version), _text(common[-1], version)))
            found.append((one, other, "-".join(ends)))
    return found


@dataclass(frozen=True)
class Subnet:
    """A network as its hosts need to know it."""

    network: str
    prefix_length: int
    netmask: str | None  # IPv4 only
    broadcast: str | None  # IPv4 up to /30 only
    gateway: str | None  # none in a network of one address
    first: str  # addresses that hosts can have, the gateway's among them
    last: str
    size: int  # how many those are


def subnet(faults: Faults, network: Any, gateway: Any = None) -> Subnet | None:
    """Parse a network, and its gateway, which is the first host's address unless another is given."""
    require_netaddr()
    text = faults.parse("network", ip_network, network)
    if text is None:
        return None
    parsed = netaddr.IPNetwork(text)
    hosts = _hosts(parsed)
    first, last = _text(hosts.first, parsed.version), _text(hosts.last, parsed.version)
    if gateway is not None:
        gateway = faults.parse("gateway", lambda value: _gateway(value, text, first, last), gateway)
    elif first != last:
        gateway = first
    ipv4 = parsed.version == 4
    return Subnet(
        network=text,
        prefix_length=parsed.prefixlen,
        netmask=str(parsed.netmask) if ipv4 else None,
        broadcast=str(parsed.broadcast) if ipv4 and parsed.prefixlen < 31 else None,
        gateway=gateway,
        first=first,
        last=last,
        size=hosts.last - hosts.first + 1,
    )


def _gateway(value: Any, network: str, first: str, last: str) -> str:
    text = _address(value)
    address, home = ipaddress.ip_address(text), ipaddress.ip_network(network)
    if address in home and int(ipaddress.ip_address(first)) <= int(address) <= int(ipaddress.ip_address(last)):
        return text
    what = "is outside" if address not in home else "is the network address of"
    if address == home.broadcast_address:
        what = "is the broadcast address of"
    raise ValueError(f"{shown(value)} {what} {network}; write an address from {first} to {last}")
