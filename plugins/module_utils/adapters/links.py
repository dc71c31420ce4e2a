# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network cards of the host, as iproute2 reports them in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run


@dataclass(frozen=True)
class Link:
    name: str
    up: bool  # administratively
    addresses: tuple[str, ...]  # of global scope, without prefix length
    default_route: bool
    master: str | None  # ovs-system for a port of the kernel's datapath


def read_links() -> Mapping[str, Link]:
    """Return the links of this network namespace by name."""
    routed = _default_route_devices()
    return {
        item["ifname"]: Link(
            name=item["ifname"],
            up="UP" in item["flags"],
            addresses=tuple(each["local"] for each in item["addr_info"] if each["scope"] == "global"),
            default_route=item["ifname"] in routed,
            master=item.get("master"),
        )
        for item in json.loads(run(["ip", "-json", "address", "show"]))
        if item  # iproute2 leaves an empty mapping for each address that a filter drops
    }


def set_up(names: Iterable[str]) -> None:
    for name in names:
        run(["ip", "link", "set", "dev", name, "up"])


def _default_route_devices() -> set[str]:
    devices: set[str] = set()
    for family in ("-4", "-6"):
        for route in json.loads(run(["ip", family, "-json", "route", "show", "default"]) or "[]"):
            hops = route.get("nexthops", [route])
            devices.update(hop["dev"] for hop in hops if "dev" in hop)
    return devices
