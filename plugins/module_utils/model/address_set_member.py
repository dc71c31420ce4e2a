# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The elements that a member of a set stands for, in the text that ipset prints for each.

A member may be a range, a prefix with host bits, a port with its protocol or without; the kernel keeps something else
and prints that. Here it is computed, so that what was written and what is there are compared as equal texts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import address_text, ip_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import LIST
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_protocol import (
    ICMP_FAMILY,
    ports,
    protocol_and_ports,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.netfilter_names import set_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import interface_name, shown

MOST = 2**20  # elements that one member may stand for
WITH_ANY_NET = ("hash:net,iface", "hash:net,port,net")  # these keep a prefix of length 0 as it is
WITHOUT_ZERO = ("hash:ip", "hash:ip,port")  # nor do these keep the address of which all bits are zero
BITS = {"inet": 32, "inet6": 128}

_OCTET = r"(?:[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_IPV4 = r"\.".join([_OCTET] * 4)
_ZERO = ("0.0.0.0", "::")
_WIDEST_RANGE = 65536  # elements of a bitmap


class Span(NamedTuple):
    """Addresses from ``first`` to ``last``."""

    family: str
    first: int
    last: int


class Column(NamedTuple):
    """What one part of a member stands for."""

    family: str | None
    texts: Sequence[str]


class Element(NamedTuple):
    text: str
    family: str | None  # of its addresses; None if it has none


def elements(kind: str, text: str) -> Iterable[Element]:
    """Return the elements of a member; ValueError if the set cannot hold it."""
    dimensions = kind.partition(":")[2].split(",")
    parts = text.split(",")
    if len(parts) != len(dimensions) and not (kind == "bitmap:ip,mac" and len(parts) == 1):
        example = ",".join(map(_EXAMPLES.__getitem__, dimensions))
        raise ValueError(f"{shown(text)} is no element of a {kind}; write one as '{example}'")
    if kind == LIST:
        return [Element(set_name(text), None)]
    if kind == "bitmap:port":
        protocol_and_ports(text)
        return [Element(str(port), None) for port in ports(text.rpartition(":")[2])]
    columns = [_READERS[dimension](kind, part) for dimension, part in zip(dimensions, parts)]
    family = _family(text, [column.family for column in columns])
    if _count(columns) > MOST:
        raise ValueError(f"{shown(text)} stands for more than {MOST} elements; write a set of nets, or less")
    return (Element(",".join(row), family) for row in product(*(column.texts for column in columns)))


def rewritten(kind: str, printed: str) -> str:
    """Return an element as we write it."""
    try:
        (element,) = elements(kind, printed)
        return element.text
    except ValueError:  # not one of ours: no matter what it is called
        return printed


def _count(columns: Iterable[Column]) -> int:
    count = 1
    for column in columns:
        count *= len(column.texts)
    return count


def _family(text: str, families: Iterable[str | None]) -> str | None:
    found = sorted({family for family in families if family})
    if len(found) > 1:
        raise ValueError(f"{shown(text)} mixes IPv4 and IPv6; write both parts in one family")
    return found[0] if found else None


def span(text: str) -> Span:
    """Parse an address, a prefix (whose host bits do not count) or a range from one address to another."""
    first, dummy, last = text.partition("-")
    if first and last:
        low, high = _number(first), _number(last)
        if low[0] != high[0]:
            raise ValueError(f"{shown(text)} mixes IPv4 and IPv6; write both ends in one family")
        if low[1] > high[1]:
            raise ValueError(f"{shown(text)} ends before it starts; write '{last}-{first}'")
        return Span(low[0], low[1], high[1])
    address, slash, length = text.partition("/")
    family, number = _number(address)
    bits = BITS[family]
    if not slash:
        return Span(family, number, number)
    if not re.fullmatch(r"0|[1-9][0-9]{0,2}", length) or int(length) > bits:
        raise ValueError(f"{shown(text)} has no valid prefix length; write '/' and a number from 0 to {bits}")
    hosts = (1 << bits - int(length)) - 1
    return Span(family, number & ~hosts, number | hosts)


def _number(text: str) -> tuple[str, int]:
    if re.fullmatch(_IPV4, text):
        a, b, c, d = map(int, text.split("."))
        return "inet", a << 24 | b << 16 | c << 8 | d
    canonical = ip_address(text)
    return "inet6", int(ipaddress.IPv6Address(canonical))


def place(text: str) -> int:
    """Return where in a bitmap an element or an end of its range is."""
    return span(text).first if "." in text else int(text)


def bitmap_range(kind: str, text: str) -> str:
    """Return what a bitmap may hold as ipset prints it; ValueError if it is too much, or not of this kind."""
    if kind == "bitmap:port":
        numbers = list(ports(text))
        return f"{numbers[0]}-{numbers[-1]}"
    addresses = span(text)
    if addresses.family != "inet":
        raise ValueError(f"{shown(text)} is not IPv4, the only family of {kind}; use a hash type")
    if addresses.last - addresses.first >= _WIDEST_RANGE:
        raise ValueError(f"{shown(text)} has more than {_WIDEST_RANGE} addresses; write less, or use a hash type")
    return "-".join(address_text("inet", end) for end in (addresses.first, addresses.last))


def prefixes(addresses: Span, shortest: int = 0) -> Iterator[str]:
    """Yield the fewest prefixes that hold exactly these addresses, none of them shorter than ``shortest``."""
    family, first, last = addresses
    bits = BITS[family]
    while first <= last:
        size = (last - first + 1).bit_length() - 1
        size = min(size, bits - shortest, (first & -first).bit_length() - 1 if first else bits)
        text = address_text(family, first)
        yield text if not size else f"{text}/{bits - size}"
        first += 1 << size


def _addresses(kind: str, text: str) -> Column:
    addresses = span(text)
    size = addresses.last - addresses.first + 1
    if size > MOST:
        raise ValueError(f"{shown(text)} stands for more than {MOST} elements; write a set of nets, or less")
    if kind in WITHOUT_ZERO and not addresses.first:
        zero = _ZERO[addresses.family == "inet6"]
        raise ValueError(f"{shown(text)} holds {zero}, which no set of type {kind} can hold; leave it out")
    texts = [address_text(addresses.family, addresses.first + offset) for offset in range(size)]
    return Column(addresses.family, texts)


def _nets(kind: str, text: str) -> Column:
    addresses = span(text)
    return Column(addresses.family, list(prefixes(addresses, 0 if kind in WITH_ANY_NET else 1)))


def _ports(kind: str, text: str) -> Column:
    protocol, texts = protocol_and_ports(text)
    return Column(ICMP_FAMILY.get(protocol), texts)


def _mac(kind: str, text: str) -> Column:
    if not re.fullmatch(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}", text):
        raise ValueError(f"{shown(text)} is no MAC address; write six pairs of hex digits, as 52:54:00:12:34:56")
    if not int(text.replace(":", ""), 16):
        raise ValueError(f"{shown(text)} is all zero, which no device has; write another")
    return Column(None, [text.upper()])


def _mark(kind: str, text: str) -> Column:
    if not re.fullmatch(r"0[xX][0-9A-Fa-f]{1,8}|0|[1-9][0-9]{0,9}", text) or int(text, 0) > 0xFFFFFFFF:
        raise ValueError(f"{shown(text)} is no mark; write a number of 32 bits, as 555 or 0x22b")
    return Column(None, [f"0x{int(text, 0):08x}"])


def _interface(kind: str, text: str) -> Column:
    prefix = "physdev:" if text.startswith("physdev:") else ""
    return Column(None, [prefix + interface_name(text[len(prefix) :])])


_READERS: dict[str, Callable[[str, str], Column]] = {
    "ip": _addresses,
    "net": _nets,
    "port": _ports,
    "mac": _mac,
    "mark": _mark,
    "iface": _interface,
}
_EXAMPLES = {
    "ip": "10.1.1.20",
    "net": "10.1.1.0/24",
    "port": "tcp:80",
    "mac": "52:54:00:12:34:56",
    "mark": "0x22b",
    "iface": "eth0",
    "set": "the name of a set",
}
