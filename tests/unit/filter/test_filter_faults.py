# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong input: each with its exact message, and the errata of the talk that this all comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

Filters = dict[str, Callable[..., Any]]

TWO = {"hv1": {"vtep": "192.168.1.151", "zone": "z1"}, "hv2": {"vtep": "192.168.1.152", "zone": "z2"}}
POOL = "10.1.1.0/29"


def message_of(function: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    with pytest.raises(AnsibleFilterError) as caught:
        function(*arguments, **options)
    return str(caught.value)


def test_seed_erratum_both_hypervisors_are_drawn_as_192_168_1_155(filters: Filters) -> None:
    slide = {"hypervisor1": {"vtep": "192.168.1.155"}, "hypervisor2": {"vtep": "192.168.1.155"}}
    told = "hypervisors.hypervisor2.vtep: 192.168.1.155 is the VTEP of hypervisor1 too; give each hypervisor its own"
    assert message_of(filters["tunnel_peers"], slide, "hypervisor1") == told
    assert message_of(filters["tunnel_cost"], slide) == told


def test_seed_erratum_10_1_1_1_8_is_a_host_address_and_not_a_network(filters: Filters) -> None:
    told = "'10.1.1.1/8' is a host address with a prefix length, not a network; write '10.0.0.0/8'"
    assert message_of(filters["subnet_facts"], "10.1.1.1/8") == f"network: {told}"
    assert message_of(filters["subnets"], "10.1.1.1/8", 24) == f"network: {told}"
    assert message_of(filters["prefixes"], ["10.1.1.0/24", "10.1.1.1/8"]) == f"ranges[1]: {told}"
    assert message_of(filters["allocate"], ["web"], "10.1.1.1/8") == f"pool: {told}"


def test_seed_erratum_a_full_mesh_of_10000_hypervisors_is_49995000_tunnels(filters: Filters) -> None:
    hypervisors = {f"hv{number}": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(1, 10001)}
    assert filters["tunnel_cost"](hypervisors)["total"] == 49_995_000
    assert len(filters["tunnel_peers"](hypervisors, "hv5000")) == 9_999


@pytest.mark.parametrize(
    ("name", "arguments", "options", "message"),
    [
        ("tunnel_peers", ("hv1", "hv1"), {}, "hypervisors: 'hv1' is not a mapping; write key: value pairs"),
        ("tunnel_peers", (TWO, "hv9"), {}, "host: 'hv9' is not among the hypervisors; write the name of one"),
        ("tunnel_peers", (TWO, None), {}, "host: None is not among the hypervisors; write the name of one"),
        (
            "tunnel_peers",
            ({"hv1": {"zone": "z1"}}, "hv1"),
            {},
            "hypervisors.hv1.vtep: None is no IP address; write one as '10.1.1.20' or 'fd00::20'",
        ),
        (
            "tunnel_peers",
            ({"hv1": "224.0.0.1"}, "hv1"),
            {},
            "hypervisors.hv1: '224.0.0.1' is no address of a host; write a unicast address",
        ),
        (
            "tunnel_peers",
            ({"hv1": "10.0.0.1", "hv2": "fd00::2"}, "hv1"),
            {},
            "hypervisors.hv2: fd00::2 is not of the IP family of hv1's 10.0.0.1; write all VTEPs in one",
        ),
        (
            "tunnel_peers",
            (TWO, "hv1"),
            {"hubs": []},
            "hubs: names no hypervisor; write at least one, or leave it out for a full mesh",
        ),
        (
            "tunnel_peers",
            (TWO, "hv1"),
            {"hubs": ["hv1", "hv9"]},
            "hubs[1]: 'hv9' is not among the hypervisors; write the name of one",
        ),
        (
            "tunnel_peers",
            (TWO, "hv1"),
            {"hubs": ["hv1"], "placement": {"web": ["hv1"]}},
            "hubs: hubs and placement are two topologies; write one of them",
        ),
        (
            "tunnel_peers",
            (TWO, "hv1"),
            {"hubs": ["hv1"], "within": "zone"},
            "hubs: none is in z2, whose hypervisors would have no tunnel; write a hub for each",
        ),
        (
            "tunnel_cost",
            (TWO,),
            {"within": "pod"},
            "2 faults, nothing was changed:\n"
            "- hypervisors.hv1: has no pod; write one, or leave out within\n"
            "- hypervisors.hv2: has no pod; write one, or leave out within",
        ),
        (
            "tunnel_cost",
            (TWO,),
            {"placement": {"web": "hv1"}},
            "placement.web: 'hv1' is not a list; write one item a line, each after '- '",
        ),
        (
            "tunnel_cost",
            (TWO,),
            {"placement": ["web"]},
            "placement: ['web'] is not a mapping; write key: value pairs",
        ),
        (
            "tunnel_cost",
            (TWO,),
            {"placement": {"web": ["hv1", "hv3"]}},
            "placement.web[1]: 'hv3' is not among the hypervisors; write the name of one",
        ),
        ("subnets", ("10.1.0.0/24", 33), {}, "prefix_length: 33 is out of range; write a number from 1 to 32"),
        ("subnets", ("10.1.0.0/24", 21), {}, "prefix_length: no /21 is free there; write 24 or more"),
        ("subnets", ("10.1.0.0/24", None), {}, "prefix_length: None is not an integer; write a number from 1 to 32"),
        (
            "subnets",
            ("fd00::/32", 64),
            {},
            "fd00::/64-fd00:0:ffff:ffff::/64: 4294967296 values are too many for a list; narrow it to 65536, or use "
            "allocate",
        ),
        ("subnets", (["10.1.0.0/24", "fd00::/64"], 28), {}, "network: mixes IPv4 and IPv6; write ranges of one family"),
        (
            "subnet_facts",
            ("10.1.1.0",),
            {},
            "network: '10.1.1.0' is no network; write it as '10.1.1.0/24' or 'fd00:1::/64'",
        ),
        (
            "subnet_facts",
            ("10.1.1.0/24", "10.1.1.255"),
            {},
            "gateway: '10.1.1.255' is the broadcast address of 10.1.1.0/24; write an address from 10.1.1.1 to "
            "10.1.1.254",
        ),
        (
            "subnet_facts",
            ("10.1.1.0/24", "10.1.1.0"),
            {},
            "gateway: '10.1.1.0' is the network address of 10.1.1.0/24; write an address from 10.1.1.1 to 10.1.1.254",
        ),
        (
            "subnet_facts",
            ("10.1.1.0/24", "10.1.2.1"),
            {},
            "gateway: '10.1.2.1' is outside 10.1.1.0/24; write an address from 10.1.1.1 to 10.1.1.254",
        ),
        (
            "subnet_facts",
            ("fd00::/64", "fd00::"),
            {},
            "gateway: 'fd00::' is the subnet-router anycast address (RFC 4291 2.6.1) of fd00::/64; write an address "
            "from fd00::1 to fd00::ffff:ffff:ffff:ffff",
        ),
        (
            "prefixes",
            ("10.1.0.9-10.1.0.1",),
            {},
            "ranges: '10.1.0.9-10.1.0.1' ends before it starts; write '10.1.0.1-10.1.0.9'",
        ),
        (
            "prefixes",
            ("10.1.0.1-fd00::1",),
            {},
            "ranges: '10.1.0.1-fd00::1' mixes IPv4 and IPv6; write a range of one family",
        ),
        ("prefixes", ("fe80::1%eth0",), {}, "ranges: 'fe80::1%eth0' names a zone; write it without '%'"),
        ("prefixes", (7,), {}, "ranges: 7 is no IP address; write one as '10.1.1.20' or 'fd00::20'"),
        (
            "prefixes",
            ("10.1.0.1-20",),
            {"exclude": "10.01.0.1"},
            "2 faults, nothing was changed:\n"
            "- exclude: '10.01.0.1' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'\n"
            "- ranges: '20' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'",
        ),
        (
            "address_range",
            ("10.0.0.0/8",),
            {},
            "10.0.0.1-10.255.255.254: 16777214 values are too many for a list; narrow it to 65536, or use allocate",
        ),
        (
            "address_range",
            (["10.1.0.1", "fd00::1"],),
            {},
            "ranges: mixes IPv4 and IPv6; write ranges of one family",
        ),
        ("id_range", ("1-4095",), {}, "ranges: '1-4095' is out of range; write vlan ids from 1 to 4094"),
        ("id_range", ("1",), {"type": "flat"}, "type: 'flat' is unknown; write one of vlan, gre, vxlan, geneve"),
        ("id_range", ("100-199", "vlan", "x"), {}, "exclude: 'x' is no range of ids; write one as '100-199' or '300'"),
        (
            "id_range",
            ("1-16777215", "vxlan"),
            {},
            "1-16777215: 16777215 values are too many for a list; narrow it to 65536, or use allocate",
        ),
        ("allocate", ("web", POOL), {}, "names: 'web' is not a list; write one name a line, each after '- '"),
        ("allocate", ([1], POOL), {}, "names[0]: 1 is not a string; put it in quotes"),
        (
            "allocate",
            (["web"], "100-199"),
            {"type": "vlna"},
            "type: 'vlna' is unknown; write one of address, vlan, gre, vxlan, geneve",
        ),
        (
            "allocate",
            (["web"], "100-199", "vlan", 24),
            {},
            "prefix_length: belongs to addresses, and vlan ids have none; leave it out",
        ),
        ("allocate", (["web"], []), {}, "pool: (empty) has room for 0 of 1 new names; widen it"),
        (
            "allocate",
            (["web"], POOL),
            {"recorded": {"web": "10.9.9.9"}},
            "recorded.web: 10.9.9.9 is not in the pool 10.1.1.1-10.1.1.6; widen the pool, or remove the entry to "
            "renumber web",
        ),
        (
            "allocate",
            (["web"], POOL),
            {"recorded": {"web": "fd00::1"}},
            "recorded.web: 'fd00::1' is not of the pool's IPv4; keep a record for each family",
        ),
        (
            "allocate",
            (["web"], "10.1.0.0/16"),
            {"prefix_length": 24, "recorded": {"gone": "10.1.0.0/23"}},
            "recorded.gone: '10.1.0.0/23' is no /24; keep a record for each prefix length",
        ),
        (
            "allocate",
            (["web"], "100-199", "vlan"),
            {"recorded": {"web": "many"}},
            "recorded.web: 'many' is not an integer; write a number from 1 to 4094",
        ),
        (
            "allocate",
            (["web"], "100-199", "vlan"),
            {"recorded": ["web"]},
            "recorded: ['web'] is not a mapping; write key: value pairs",
        ),
        ("overlaps", (["10.1.0.0/24"],), {}, "ranges: ['10.1.0.0/24'] is not a mapping; write key: value pairs"),
        (
            "overlaps",
            ({"acme": "100-199"},),
            {},
            "ranges.acme: '100' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'",
        ),
        (
            "overlaps",
            ({"acme": "100-199,150"}, "vlan"),
            {},
            "ranges.acme: 100-199 and 150 overlap; write each id once",
        ),
    ],
)
def test_wrong_input_is_told_exactly(
    filters: Filters, name: str, arguments: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    assert message_of(filters[name], *arguments, **options) == message
