# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of address ranges, with the standard library's ipaddress as the oracle of what netaddr computed."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput, SdnError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent import addressing
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.addressing import (
    SubnetFacts,
    address_set,
    minimal_prefixes,
    subnet_facts,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pools import (
    address_pool,
    id_pool,
    parse_overlaps,
    subnet_pool,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

BASES = {4: int(ipaddress.ip_address("10.1.0.0")), 6: int(ipaddress.ip_address("fd00:1::"))}
SIZE = 300  # addresses that the laws play with

families = st.sampled_from([4, 6])
spans = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, 60)), max_size=6)


def address(version: int, offset: int) -> str:
    return str(ipaddress.ip_address(BASES[version].to_bytes(4 if version == 4 else 16, "big")) + offset)


def written(version: int, found: list[tuple[int, int]]) -> list[str]:
    return [f"{address(version, start)}-{address(version, start + more)}" for start, more in found]


def offsets(found: list[tuple[int, int]]) -> set[int]:
    return {start + step for start, more in found for step in range(more + 1)}


def parsed(value: Any) -> Any:
    faults = Faults()
    found = address_set(faults, "ranges", value)
    faults.raise_any()
    return found


def pool(value: Any, exclude: Any = (), prefix_length: int | None = None) -> Pool:
    faults = Faults()
    if prefix_length is None:
        found = address_pool(faults, "pool", value, exclude)
    else:
        found = subnet_pool(faults, "pool", value, prefix_length, exclude)
    faults.raise_any()
    return found


@given(families, spans, spans)
def test_prefixes_cover_exactly_once_and_are_the_fewest(
    version: int, wanted: list[tuple[int, int]], excluded: list[tuple[int, int]]
) -> None:
    found = minimal_prefixes(parsed(written(version, wanted)) - parsed(written(version, excluded)))
    networks = [ipaddress.ip_network(prefix) for prefix in found]
    held = [int(host) - BASES[version] for network in networks for host in network]
    assert sorted(held) == sorted(offsets(wanted) - offsets(excluded)), "each address once"
    assert networks == list(ipaddress.collapse_addresses(networks)), "none can be joined to another"


@given(families, spans, spans)
def test_a_pool_of_addresses_is_what_was_written(
    version: int, wanted: list[tuple[int, int]], excluded: list[tuple[int, int]]
) -> None:
    found = pool(written(version, wanted), exclude=written(version, excluded))
    assert [int(number) - BASES[version] for number in found.listed()] == sorted(offsets(wanted) - offsets(excluded))
    assert all(found.parse(found.text(number)) == number for number in found.listed())


@given(families, st.integers(0, 8), spans)
def test_subnets_are_those_of_the_supernet_that_nothing_is_excluded_from(
    version: int, extra: int, excluded: list[tuple[int, int]]
) -> None:
    supernet = ipaddress.ip_network((address(version, 0), 24 if version == 4 else 120))
    length = supernet.prefixlen + extra
    holes = offsets(excluded)
    expected = [
        str(subnet)
        for subnet in supernet.subnets(new_prefix=length)
        if not any(int(subnet[0]) <= BASES[version] + hole <= int(subnet[-1]) for hole in holes)
    ]
    try:
        found = pool(str(supernet), exclude=written(version, excluded), prefix_length=length)
    except InvalidInput:
        assert not expected
    else:
        assert [found.text(number) for number in found.listed()] == expected
        assert all(found.parse(found.text(number)) == number for number in found.listed())


@given(spans, spans, spans)
def test_overlaps_are_what_sets_of_addresses_share(
    a: list[tuple[int, int]], b: list[tuple[int, int]], c: list[tuple[int, int]]
) -> None:
    faults = Faults()
    named = {"a": a, "b": b, "c": c}
    texts = {name: written(4, found) + written(6, found) for name, found in named.items()}
    found = parse_overlaps(faults, "ranges", texts, "address")
    faults.raise_any()
    for one, other in [("a", "b"), ("a", "c"), ("b", "c")]:
        for version in (4, 6):
            shared: set[int] = set()
            for first, second, text in found:
                start, dummy, end = text.partition("-")
                if (first, second) == (one, other) and ipaddress.ip_address(start).version == version:
                    low, high = (int(ipaddress.ip_address(edge)) - BASES[version] for edge in (start, end or start))
                    shared.update(range(low, high + 1))
            assert shared == offsets(named[one]) & offsets(named[other])


@pytest.mark.parametrize(
    ("network", "first", "last", "size"),
    [
        ("10.1.1.0/24", "10.1.1.1", "10.1.1.254", 254),
        ("10.1.1.0/30", "10.1.1.1", "10.1.1.2", 2),
        ("10.1.1.0/31", "10.1.1.0", "10.1.1.1", 2),
        ("10.1.1.7/32", "10.1.1.7", "10.1.1.7", 1),
        ("0.0.0.0/0", "0.0.0.1", "255.255.255.254", 2**32 - 2),
        ("fd00::/64", "fd00::1", "fd00::ffff:ffff:ffff:ffff", 2**64 - 1),
        ("fd00::/126", "fd00::1", "fd00::3", 3),
        ("fd00::/127", "fd00::", "fd00::1", 2),
        ("fd00::7/128", "fd00::7", "fd00::7", 1),
    ],
)
def test_hosts_have_all_addresses_but_those_with_a_meaning(network: str, first: str, last: str, size: int) -> None:
    facts = subnet_facts(network)
    assert (facts.first, facts.last, facts.size) == (first, last, size)
    found = pool(network)
    assert (found.text(found[0]), found.text(found[found.size - 1]), found.size) == (first, last, size)


def test_a_subnet_knows_its_gateway_and_broadcast_address() -> None:
    assert subnet_facts("10.1.8.0/21") == SubnetFacts(
        "10.1.8.0/21", 21, "255.255.248.0", "10.1.15.255", "10.1.8.1", "10.1.8.1", "10.1.15.254", 2046
    )
    assert subnet_facts("10.1.1.0/24", "10.1.1.111").gateway == "10.1.1.111"
    assert subnet_facts("fd00:0::/64", "fd00:0:0::FE").gateway == "fd00::fe"
    point_to_point, single = subnet_facts("10.0.0.0/31"), subnet_facts("10.0.0.7/32")
    assert (point_to_point.broadcast, point_to_point.gateway) == (None, "10.0.0.0")
    assert (single.broadcast, single.gateway) == (None, None)
    ipv6 = subnet_facts("fd00::/64")
    assert (ipv6.netmask, ipv6.broadcast) == (None, None)


def test_the_slide_s_pods_are_the_first_three_21s() -> None:
    found = pool("10.1.0.0/19", prefix_length=21)
    assert [found.text(number) for number in found.listed()][:3] == ["10.1.0.0/21", "10.1.8.0/21", "10.1.16.0/21"]


def test_an_ipv6_64_serves_any_number_of_names() -> None:
    found = pool("fd00::/64")
    numbers = allocate([f"vm{number}" for number in range(1000)], found, {})
    assert len(set(numbers.values())) == 1000
    assert all(number >> 64 == 0xFD00 << 48 for number in numbers.values())


def test_a_thousand_ranges_take_no_time() -> None:
    """Adding ranges to a netaddr.IPSet one by one took 20 s here."""
    ranges = [f"10.{number // 250}.{number % 250}.1-10.{number // 250}.{number % 250}.9" for number in range(1000)]
    assert pool(ranges).size == 9000


def test_a_controller_without_netaddr_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addressing, "netaddr", None)
    monkeypatch.setattr(addressing.sys, "executable", "/opt/ansible/bin/python3")
    told = (
        "The Python package netaddr is missing on the controller, for the Python that runs Ansible "
        "(/opt/ansible/bin/python3). Install it: pip install netaddr, or apt install python3-netaddr."
    )
    for ask in (lambda: subnet_facts("10.1.1.0/24"), lambda: pool("10.1.1.0/24")):
        with pytest.raises(SdnError) as caught:
            ask()
        assert caught.value.message == told
    assert id_pool(Faults(), "pool", "100-199", "vlan").size == 100, "ids need no netaddr"
