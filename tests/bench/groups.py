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
from table import Row

MEMBERS = (10, 1_000, 100_000)
PORT = 9  # of the datagrams


def rows(directory: Path) -> Iterator[Row]:
    yield from intents.group_rows(directory)
    fabric = forwarding.lab(directory)
    fabric.fabric["forwarding"] = "static"
    try:
        costs = {0: forwarding.costs_of(fabric, lambda: fabric.run("site"))}
        for members in MEMBERS:
            fabric.tenants["acme"].update(_security(members))
            costs[members] = forwarding.costs_of(fabric, lambda: fabric.run("site"))
    finally:
        fabric.twin.down()
    for way in forwarding.RECEIVERS:
        without = costs[0][way]
        for members in MEMBERS:
            ours = costs[members][way]
            rates = f"{1e-3 / ours:.0f} k/s of a CPU", f"without groups {1e-3 / without:.0f} k/s of a CPU"
            yield Row(f"datagrams {way}, {members:,} members", *rates, without / ours, "x", bound=0.7, at_least=True)


def _security(members: int) -> dict[str, Any]:
    """Return a tenant's groups: datagrams and pings from a list of so many addresses, the sender's among them."""
    strangers = [f"172.{16 + (n >> 16)}.{n >> 8 & 255}.{n & 255}" for n in range(members - 1)]
    rules = [
        {"direction": "ingress", "protocol": "udp", "port": PORT, "remote_address_group": "known"},
        {"direction": "ingress", "protocol": "icmp", "remote_address_group": "known"},
    ]
    groups = {"default": {"rules": rules}}
    return {"security_groups": groups, "address_groups": {"known": ["10.1.1.1", *strangers]}}
