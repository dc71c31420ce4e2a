# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets as pairs of integers, because an intent of 100,000 ports asks 100,000 times where an address lies.

``ipaddress`` parses and prints; comparing is done on the integers, which is an order of magnitude cheaper.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import ip_network

# RFC 1122 3.2.1.3, RFC 5771, RFC 1112 4; RFC 4291 2.5.2, 2.5.3, 2.5.6, 2.7: no host of a tenant can have one of these
_NO_HOSTS = {
    4: ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"),
    6: ("::/127", "fe80::/10", "ff00::/8"),
}


@dataclass(frozen=True)
class Subnet:
    """An IP network: ``text`` is canonical, ``first`` and ``last`` are its lowest and highest address."""

    text: str
    family: int
    prefix: int
    first: int
    last: int

    @classmethod
    def of(cls, text: str) -> Subnet:
        network = ipaddress.ip_network(text)
        return cls(str(network), network.version, network.prefixlen, int(network.network_address), int(network[-1]))

    @property
    def first_host(self) -> str:
        """Return the lowest address that a host can have."""
        number = self.first if self.role_of(self.first) is None else self.first + 1
        return str(ipaddress.IPv4Address(number) if self.family == 4 else ipaddress.IPv6Address(number))

    def overlaps(self, other: Subnet) -> bool:
        return self.family == other.family and self.first <= other.last and other.first <= self.last

    def contains(self, family: int, address: int) -> bool:
        return family == self.family and self.first <= address <= self.last

    def role_of(self, address: int) -> str | None:
        """Return what the address is if no host can have it, else None.

        A /31 and /32 (RFC 3021), /127 (RFC 6164) and /128 have hosts alone.
        """
        if self.last - self.first < 2:
            return None
        if address == self.first:
            return "network address" if self.family == 4 else "subnet-router anycast address (RFC 4291 2.6.1)"
        return "broadcast address" if self.family == 4 and address == self.last else None


_RESERVED = tuple(Subnet.of(text) for texts in _NO_HOSTS.values() for text in texts)


def subnet(value: Any) -> Subnet:
    """Parse an IP network that hosts can have addresses in."""
    parsed = Subnet.of(ip_network(value))
    for reserved in _RESERVED:
        if parsed.overlaps(reserved):
            raise ValueError(f"'{parsed.text}' overlaps {reserved.text}, where no host can be; write another subnet")
    return parsed


def overlapping(subnets: Iterable[tuple[str, Subnet]]) -> list[tuple[str, Subnet, str, Subnet]]:
    """Return each subnet that overlaps one before it in order of addresses, with the path of both."""
    found = []
    widest: tuple[str, Subnet] | None = None
    for path, current in sorted(subnets, key=lambda item: (item[1].family, item[1].first, item[1].prefix, item[0])):
        if widest and widest[1].overlaps(current):
            found.append((path, current, *widest))
        if widest is None or widest[1].family != current.family or widest[1].last < current.last:
            widest = (path, current)
    return found
