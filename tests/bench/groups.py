# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What security groups cost: to compile, and for each datagram, whatever the number of members of a set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forwarding
import intents
from lifecycle_fabric import Fabric
from table import Row

MEMBERS = (10, 1_000, 100_000)
PORT = 9  # of the datagrams
FREE, FEW = "free", "few"  # tenants that send in turns with acme: one without groups, one whose set stays small
OTHERS = {FREE: ("without groups", 0.7), FEW: (f"with {MEMBERS[0]} members", 0.85)}  # with the bounds of the ratios
Costs = dict[str, float]  # of a datagram, by its way

# A mode of forwarding for each rendering. What sets and chains cost, the kernel does on behalf of whoever sends.
RENDERINGS = {"openflow": "static", "ipset": "plain"}


def rows(directory: Path) -> Iterator[Row]:
    yield from intents.group_rows(directory)
    fabric = forwarding.lab(directory, FREE, FEW)
    fabric.tenants[FEW].update(_security(MEMBERS[0]))
    try:
        for driver, mode in RENDERINGS.items():
            yield from _measured(fabric, driver, mode)
    finally:
        fabric.twin.down()


def _measured(fabric: Fabric, driver: str, mode: str) -> Iterator[Row]:
    fabric.fabric.update(forwarding=mode, security_driver=driver)
    for members in MEMBERS:
        fabric.tenants["acme"].update(_security(members))
        fabric.run("site")
        others = (FREE, FEW) if members == MEMBERS[-1] else (FREE,)
        costs = forwarding.costs_in_turns(fabric, [*others, "acme"], of_sender=driver == "ipset")
        for other in others:
            against = f" against {MEMBERS[0]}" if other == FEW else ""
            what = f"{driver}: datagrams {{}}, {members:,} members{against}"
            yield from _compared(costs["acme"], costs[other], what, *OTHERS[other])


def _compared(ours: Costs, others: Costs, what: str, name: str, bound: float) -> Iterator[Row]:
    for way in forwarding.RECEIVERS:
        rates = (f"{who}{1e-3 / cost[way]:.0f} k/s of a CPU" for who, cost in (("", ours), (f"{name} ", others)))
        yield Row(what.format(way), *rates, others[way] / ours[way], "x", bound, at_least=True)


def _security(members: int) -> dict[str, Any]:
    """Return a tenant's groups: datagrams and pings from a list of so many addresses, the sender's among them."""
    strangers = [f"172.{16 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(members - 1)]
    rules = [
        {"direction": "ingress", "protocol": "udp", "port": PORT, "remote_address_group": "known"},
        {"direction": "ingress", "protocol": "icmp", "remote_address_group": "known"},
    ]
    groups = {"default": {"rules": rules}}
    return {"security_groups": groups, "address_groups": {"known": ["10.1.1.1", *strangers]}}
