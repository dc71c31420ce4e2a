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
FLAT = 0.85  # of the speed with few members, at least, with most
PORT = 9  # of the datagrams
FREE = "free"  # the tenant without groups that sends in turns with acme


# A mode of forwarding for each rendering. What sets and chains cost, the kernel does on behalf of whoever sends.
RENDERINGS = {"openflow": "static", "ipset": "plain"}


def rows(directory: Path) -> Iterator[Row]:
    yield from intents.group_rows(directory)
    fabric = forwarding.lab(directory, FREE)
    try:
        for driver, mode in RENDERINGS.items():
            yield from _measured(fabric, driver, mode)
    finally:
        fabric.twin.down()


def _measured(fabric: Fabric, driver: str, mode: str) -> Iterator[Row]:
    fabric.fabric.update(forwarding=mode, security_driver=driver)
    speeds: dict[str, list[float]] = {way: [] for way in forwarding.RECEIVERS}  # with each number of members
    for members in MEMBERS:
        fabric.tenants["acme"].update(_security(members))
        fabric.run("site")
        costs = forwarding.costs_in_turns(fabric, [FREE, "acme"], of_sender=driver == "ipset")
        for way in forwarding.RECEIVERS:
            ours, without = costs["acme"][way], costs[FREE][way]
            speeds[way].append(without / ours)
            rates = f"{1e-3 / ours:.0f} k/s of a CPU", f"without groups {1e-3 / without:.0f} k/s of a CPU"
            yield Row(
                f"{driver}: datagrams {way}, {members:,} members", *rates, without / ours, "x", 0.7, at_least=True
            )
    for way, (few, *dummy, most) in speeds.items():
        sides = f"{most:.2f} times as many as without groups", f"{MEMBERS[0]} members {few:.2f}"
        what = f"{driver}: datagrams {way}, {MEMBERS[-1]:,} members against {MEMBERS[0]}"
        yield Row(what, *sides, most / few, "x", FLAT, at_least=True)


def _security(members: int) -> dict[str, Any]:
    """Return a tenant's groups: datagrams and pings from a list of so many addresses, the sender's among them."""
    strangers = [f"172.{16 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(members - 1)]
    rules = [
        {"direction": "ingress", "protocol": "udp", "port": PORT, "remote_address_group": "known"},
        {"direction": "ingress", "protocol": "icmp", "remote_address_group": "known"},
    ]
    groups = {"default": {"rules": rules}}
    return {"security_groups": groups, "address_groups": {"known": ["10.1.1.1", *strangers]}}
