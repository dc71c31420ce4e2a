# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address ranges, prefixes and subnets; netaddr does the arithmetic, so this runs on the controller alone."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, ip_address, ip_network
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import parts
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, shown

try:
    import netaddr
except ImportError:  # ids need no address arithmetic, and work without it
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
        address = plain_address(value)
        return netaddr.IPRange(address, address)
    first, last = (plain_address(end.strip()) for end in value.split("-", 1))
    if family(first) != family(last):
        raise ValueError(f"{shown(value)} mixes IPv4 and IPv6; write a range of one family")
    if netaddr.IPAddress(last) < netaddr.IPAddress(first):
        raise ValueError(f"{shown(value)} ends before it starts; write '{last}-{first}'")
    return netaddr.IPRange(first, last)


def plain_address(value: Any) -> str:
    """Parse an address without a zone (``fe80::1%eth0``): that means something on one host only."""
    if isinstance(value, str) and "%" in value:
        raise ValueError(f"{shown(value)} names a zone; write it without '%'")
    return ip_address(value)


def _hosts(network: Any) -> Any:
    """Return the netaddr.IPRange of addresses that hosts of a network can have."""
    role_of = Subnet.of(str(network)).role_of
    first, last = int(role_of(network.first) is not None), int(role_of(network.last) is not None)
    return netaddr.IPRange(network[first], network[-1 - last])


def minimal_prefixes(addresses: Any) -> list[str]:
    """Return the fewest prefixes that hold exactly the addresses of a netaddr.IPSet."""
    return [ip_network(str(prefix)) for prefix in addresses.iter_cidrs()]


@dataclass(frozen=True)
class SubnetFacts:
    """A network as its hosts need to know it."""

    network: str
    prefix_length: int
    netmask: str | None  # IPv4 only
    broadcast: str | None  # IPv4 up to /30 only
    gateway: str | None  # none in a network of one address
    first: str  # addresses that hosts can have, the gateway's among them
    last: str
    size: int  # how many those are


def subnet_facts(network: Any, gateway: Any = None) -> SubnetFacts:
    """Parse a network, and its gateway, which has the first address of a host unless another is given."""
    require_netaddr()
    faults = Faults()
    text = faults.parse("network", ip_network, network)
    faults.raise_any()
    parsed = netaddr.IPNetwork(text)
    hosts = _hosts(parsed)
    first, last = ip_address(str(hosts[0])), ip_address(str(hosts[-1]))
    if gateway is not None:
        gateway = faults.parse("gateway", lambda value: _gateway(value, parsed, f"{first} to {last}"), gateway)
        faults.raise_any()
    elif first != last:
        gateway = first
    return SubnetFacts(
        network=str(text),
        prefix_length=parsed.prefixlen,
        netmask=str(parsed.netmask) if parsed.version == 4 else None,
        broadcast=str(parsed.broadcast) if parsed.version == 4 and parsed.broadcast else None,
        gateway=gateway,
        first=first,
        last=last,
        size=hosts.last - hosts.first + 1,
    )


def _gateway(value: Any, network: Any, allowed: str) -> str:
    text = plain_address(value)
    address = netaddr.IPAddress(text)
    if address not in network:
        raise ValueError(f"{shown(value)} is outside {network}; write an address from {allowed}")
    role = Subnet.of(str(network)).role_of(int(address))
    if role:
        raise ValueError(f"{shown(value)} is the {role} of {network}; write an address from {allowed}")
    return text
