# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools and overlaps of whatever has ranges: VLAN and tunnel ids, addresses, networks of one prefix length."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, ip_network
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.addressing import BITS, address_set, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import (
    HIGHEST_ID,
    id_ranges,
    overlaps,
    span,
    without,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, one_of, path_of, shown

KINDS = ("address", *HIGHEST_ID)


def parse_kind(value: Any, kinds: Collection[str]) -> str:
    """Parse what a range is of, or raise InvalidInput: the rest of the input means nothing without it."""
    faults = Faults()
    kind = faults.parse("type", one_of(kinds), value)
    faults.raise_any()
    return str(kind)


def id_pool(faults: Faults, path: str, value: Any, kind: str, exclude: Any = ()) -> Pool:
    """Parse the ids of a kind of network, less ``exclude``. A pool may be used only if there are no faults."""
    ids = without(id_ranges(faults, path, value, kind), id_ranges(faults, "exclude", exclude, kind))
    return Pool(ids, parse=integer(1, HIGHEST_ID[kind]))


def address_pool(faults: Faults, path: str, value: Any, exclude: Any = ()) -> Pool:
    """Parse the addresses that hosts can have, less ``exclude``."""
    addresses = address_set(faults, path, value, hosts=True) - address_set(faults, "exclude", exclude)
    version = _version(faults, path, addresses)
    ranges = [range(found.first, found.last + 1) for found in addresses.iter_ipranges()]
    return Pool(ranges, partial(_text, version), lambda given: _number(given, version))


def subnet_pool(faults: Faults, path: str, value: Any, prefix_length: Any, exclude: Any = ()) -> Pool:
    """Parse the networks of one prefix length, less each that ``exclude`` touches: a pool of their first addresses."""
    addresses = address_set(faults, path, value) - address_set(faults, "exclude", exclude)
    version = _version(faults, path, addresses)
    length = faults.parse("prefix_length", integer(1, BITS[version]), prefix_length) or BITS[version]
    ranges = [
        range(prefix.first, prefix.last + 1, 2 ** (BITS[version] - length))
        for prefix in addresses.iter_cidrs()
        if prefix.prefixlen <= length
    ]
    if not ranges and addresses:
        shortest = min(prefix.prefixlen for prefix in addresses.iter_cidrs())
        faults.add("prefix_length", f"no /{length} is free there; write {shortest} or more")
    return Pool(
        ranges, lambda number: f"{_text(version, number)}/{length}", lambda given: _number(given, version, length)
    )


def _version(faults: Faults, path: str, addresses: Any) -> int:
    """Return the IP version of a netaddr.IPSet, or record that it has two."""
    versions = {prefix.version for prefix in addresses.iter_cidrs()}
    if len(versions) > 1:
        faults.add(path, "mixes IPv4 and IPv6; write ranges of one family")
    return min(versions, default=4)


def _text(version: int, number: int) -> str:
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def _number(value: Any, version: int, prefix_length: int | None = None) -> int:
    """Parse an address, or a network of a prefix length, to the number of its (first) address."""
    text = plain_address(value) if prefix_length is None else ip_network(value)
    if family(text) != version:
        raise ValueError(f"{shown(value)} is not of the pool's IPv{version}; keep a record for each family")
    network = ipaddress.ip_network(text)
    if prefix_length not in (None, network.prefixlen):
        raise ValueError(f"{shown(value)} is no /{prefix_length}; keep a record for each prefix length")
    return int(network.network_address)


def parse_overlaps(faults: Faults, path: str, named: Mapping[str, Any], kind: str) -> list[tuple[str, str, str]]:
    """Parse the ranges of each name, and return two names and what they share, for each stretch of it."""
    given = {str(name): (path_of(path, str(name)), value) for name, value in named.items()}
    if kind in HIGHEST_ID:
        ids = {name: id_ranges(faults, here, value, kind) for name, (here, value) in given.items()}
        return [(one, other, span(shared)) for one, other, shared in overlaps(ids)]
    sets = {name: address_set(faults, here, value) for name, (here, value) in given.items()}
    found = []
    for version in BITS:
        addresses = {
            name: [range(part.first, part.last + 1) for part in parsed.iter_ipranges() if part.version == version]
            for name, parsed in sets.items()
        }
        for one, other, shared in overlaps(addresses):
            found.append((one, other, span(shared, partial(_text, version))))
    return found
