# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into a filter may be tagged, lazy or frozen; what comes out is plain data."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

Filters = dict[str, Callable[..., Any]]
PLAIN = {bool, dict, float, int, list, str, type(None)}


class Tagged(str):
    """As Ansible hands out strings that it has marked with where they come from."""

    __slots__ = ()


def lazy(**items: Any) -> Any:
    return MappingProxyType({Tagged(key): value for key, value in items.items()})


def types_in(value: Any) -> set[type]:
    if isinstance(value, dict):
        return {dict}.union(*map(types_in, [*value, *value.values()]))
    return {list}.union(*map(types_in, value)) if isinstance(value, list) else {type(value)}


HYPERVISORS = lazy(
    hv1=lazy(vtep=Tagged("192.168.1.151"), zone=Tagged("z1")), hv2=lazy(vtep=Tagged("192.168.1.152"), zone=Tagged("z1"))
)
PLACEMENT = lazy(web=[Tagged("hv1"), Tagged("hv2")])


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("tunnel_peers", (HYPERVISORS, Tagged("hv1")), ["192.168.1.152"]),
        ("tunnel_peers", (HYPERVISORS, Tagged("hv1"), None, PLACEMENT, Tagged("zone")), ["192.168.1.152"]),
        ("tunnel_peers", (HYPERVISORS, Tagged("hv2"), [Tagged("hv1")]), ["192.168.1.151"]),
        ("tunnel_cost", (HYPERVISORS,), {"total": 1, "per_host": {"min": 1, "mean": 1.0, "p99": 1, "max": 1}}),
        ("subnets", (Tagged("10.1.0.0/23"), Tagged("24")), ["10.1.0.0/24", "10.1.1.0/24"]),
        ("prefixes", ([Tagged("10.1.0.0-10.1.0.3")],), ["10.1.0.0/30"]),
        ("address_range", (Tagged("10.1.0.1"),), ["10.1.0.1"]),
        ("id_range", (Tagged("7"), Tagged("vlan")), [7]),
        ("allocate", ([Tagged("web")], Tagged("7"), Tagged("vlan")), {"web": 7}),
        ("allocate", ((name for name in [Tagged("web")]), "10.1.0.1"), {"web": "10.1.0.1"}),
        ("allocate", (lazy(web=1).keys(), "10.1.0.0/24", "address", 24), {"web": "10.1.0.0/24"}),
        ("allocate", (lazy(web=1), "7-9", "vlan", None, "7", lazy(web=Tagged("8"))), {"web": 8}),
        (
            "overlaps",
            (lazy(a=Tagged("1-3"), b=Tagged("3")), Tagged("vlan")),
            [{"names": ["a", "b"], "range": "3"}],
        ),
    ],
)
def test_results_are_plain_data(filters: Filters, name: str, arguments: tuple[Any, ...], result: Any) -> None:
    found = filters[name](*arguments)
    assert found == result
    assert types_in(found) <= PLAIN


def test_subnet_facts_are_plain_data(filters: Filters) -> None:
    assert types_in(filters["subnet_facts"](Tagged("10.1.0.0/24"), Tagged("10.1.0.7"))) <= PLAIN


def test_the_cost_of_a_placement_is_told_in_tunnels_and_in_pairs(filters: Filters) -> None:
    placement = {"web": ["hv1", "hv2"], "db": ["hv1", "hv2"]}
    cost = filters["tunnel_cost"](HYPERVISORS, placement=placement)
    assert (cost["total"], cost["pairs"]["total"]) == (2, 1)
