# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical text of IP addresses and networks.

Runs on managed hosts, so it needs the standard library alone; range arithmetic, which only the controller does,
is netaddr's (intent/addressing.py). No resolver is ever asked: ``localhost``, ``1`` or ``010.0.0.1`` are refused.
"""

from __future__ import annotations

import functools
import ipaddress
from typing import Any, Union

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import shown

IpAddress = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
IpNetwork = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

LONGEST_PREFIX = {4: 32, 6: 128}
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")


def ip_address(value: Any) -> str:
    """Parse an IPv4 or IPv6 address to its canonical text (RFC 5952)."""
    return str(_address(value))


def _address(value: Any) -> IpAddress:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no IP address; write one as '10.1.1.20' or 'fd00::20'")
    if "/" in value:
        raise ValueError(f"{shown(value)} is a prefix, not an address; write it without '/'")
    if "%" in value:
        raise ValueError(f"{shown(value)} has a zone; write the address without '%' and what follows")
    try:
        return ipaddress.ip_address(str(value))
    except ValueError:
        raise ValueError(
            f"{shown(value)} is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'"
        ) from None


def unicast_address(value: Any) -> str:
    """Parse an address that a host can have: not multicast, broadcast, unspecified or loopback."""
    return _unicast(value) if isinstance(value, str) else ip_address(value)  # which says what is wrong with it


@functools.cache  # the same addresses are parsed as options, as the host's, and in every network of a host
def _unicast(text: str) -> str:
    address = _address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise ValueError(f"{shown(text)} is an IPv4 address in IPv6's clothes; write '{address.ipv4_mapped}'")
    if address.is_multicast or address.is_unspecified or address.is_loopback or address == _BROADCAST:
        raise ValueError(f"{shown(text)} is no address of a host; write a unicast address")
    return str(address)


def prefixed_address(value: Any) -> str:
    """Parse the address of an interface with its prefix length to canonical text."""
    address, slash, length = str(value).partition("/")
    if not slash:
        raise ValueError(f"{shown(value)} has no prefix length; write it as '10.1.1.1/24'")
    try:
        interface = ipaddress.ip_interface(f"{unicast_address(address)}/{length}")
    except ValueError:
        raise ValueError(f"{shown(value)} is no address with a prefix length; write it as '10.1.1.1/24'") from None
    return interface.with_prefixlen


@functools.cache  # tenants may have the same addresses, and often do
def address_number(address: str) -> tuple[int, int]:
    """Return family and number of an address in canonical text."""
    parsed = ipaddress.ip_address(address)
    return parsed.version, int(parsed)


def ip_network(value: Any) -> str:
    """Parse a prefix to its canonical text; host bits are a fault, for they show a mistake."""
    if not isinstance(value, str) or "/" not in value:
        raise ValueError(f"{shown(value)} is no network; write it as '10.1.1.0/24' or 'fd00:1::/64'")
    try:
        return str(ipaddress.ip_network(str(value)))
    except ValueError:
        pass
    try:
        interface = ipaddress.ip_interface(str(value))
    except ValueError:
        raise ValueError(f"{shown(value)} is no network; write it as '10.1.1.0/24' or 'fd00:1::/64'") from None
    raise ValueError(
        f"{shown(value)} is a host address with a prefix length, not a network; write '{interface.network}'"
    )


def network_or_address(value: Any) -> str:
    """Parse a network, or an address as the network that has no other: /32 or /128."""
    if isinstance(value, str) and "/" not in value:
        address = ip_address(value)
        return f"{address}/{LONGEST_PREFIX[family(address)]}"
    return ip_network(value)


def plain_address(network: str) -> str:
    """Return a network as flows and people write it: of a single address without a length."""
    address, _slash, length = network.partition("/")
    return address if int(length) == LONGEST_PREFIX[family(address)] else network


def address_text(family: str, number: int) -> str:
    """Return an address of ``inet`` or ``inet6`` as inet_ntop(3) prints it, and so do ipset and iptables."""
    if family == "inet":
        return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if number >> 32 == 0xFFFF or (not number >> 32 and number >> 16):
        start = "::ffff:" if number >> 32 else "::"  # inet_ntop(3) prints IPv4 in these
        return start + address_text("inet", number & 0xFFFFFFFF)
    return str(ipaddress.IPv6Address(number))


def family(address: str) -> int:
    """Return 4 or 6 for an address or network in canonical text."""
    return 6 if ":" in address else 4


@functools.cache  # each host that has flows for a port asks for that of its MAC
def link_local(mac: str) -> str:
    """Return the IPv6 link-local address of a MAC address (RFC 4291, appendix A)."""
    raw = bytearray.fromhex(mac.replace(":", ""))
    raw[0] ^= 2
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + bytes(raw[:3]) + b"\xff\xfe" + bytes(raw[3:])))
