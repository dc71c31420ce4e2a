# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses have one spelling; what a resolver or an old parser would guess is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import (
    family,
    ip_address,
    ip_network,
    link_local,
    unicast_address,
)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("10.1.1.20", "10.1.1.20"),
        ("FD00:0:0::20", "fd00::20"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
        ("0.0.0.0", "0.0.0.0"),
    ],
)
def test_an_address_has_one_spelling(value: str, canonical: str) -> None:
    assert ip_address(value) == canonical


@pytest.mark.parametrize("value", ["localhost", "1", "10.1", "010.0.0.1", "10.0.0.256", "", " 10.0.0.1", "fd00::g"])
def test_what_only_looks_like_an_address_is_refused(value: str) -> None:
    message = f"{value!r} is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ip_address(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (167837972, "167837972 is no IP address; write one as '10.1.1.20' or 'fd00::20'"),
        (None, "None is no IP address; write one as '10.1.1.20' or 'fd00::20'"),
        ("10.1.1.0/24", "'10.1.1.0/24' is a prefix, not an address; write it without '/'"),
        ("fe80::1%eth0", "'fe80::1%eth0' has a zone; write the address without '%' and what follows"),
        ("224.0.0.5", "'224.0.0.5' is no address of a host; write a unicast address"),
        ("ff02::1", "'ff02::1' is no address of a host; write a unicast address"),
        ("0.0.0.0", "'0.0.0.0' is no address of a host; write a unicast address"),
        ("127.0.0.1", "'127.0.0.1' is no address of a host; write a unicast address"),
        ("255.255.255.255", "'255.255.255.255' is no address of a host; write a unicast address"),
        ("::ffff:10.0.0.1", "'::ffff:10.0.0.1' is an IPv4 address in IPv6's clothes; write '10.0.0.1'"),
    ],
)
def test_what_no_host_can_have_is_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        unicast_address(value)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [("10.1.1.0/24", "10.1.1.0/24"), ("FD00:1:0::/64", "fd00:1::/64"), ("10.1.1.1/32", "10.1.1.1/32")],
)
def test_a_network_has_one_spelling(value: str, canonical: str) -> None:
    assert ip_network(value) == canonical


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("10.1.1.1/8", "'10.1.1.1/8' is a host address with a prefix length, not a network; write '10.0.0.0/8'"),
        ("fd00::1/64", "'fd00::1/64' is a host address with a prefix length, not a network; write 'fd00::/64'"),
        ("10.1.1.0", "'10.1.1.0' is no network; write it as '10.1.1.0/24' or 'fd00:1::/64'"),
        ("10.1.1.0/33", "'10.1.1.0/33' is no network; write it as '10.1.1.0/24' or 'fd00:1::/64'"),
        (24, "24 is no network; write it as '10.1.1.0/24' or 'fd00:1::/64'"),
    ],
)
def test_a_network_with_host_bits_is_a_mistake(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ip_network(value)


@pytest.mark.parametrize(("text", "version"), [("10.1.1.1", 4), ("10.0.0.0/8", 4), ("fd00::1", 6), ("fd00::/64", 6)])
def test_family(text: str, version: int) -> None:
    assert family(text) == version


def test_link_local_address_is_made_from_the_mac() -> None:
    assert link_local("02:00:00:00:00:0a") == "fe80::ff:fe00:a"
