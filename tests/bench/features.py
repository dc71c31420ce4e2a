# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many modules ``site`` runs on a host that has nothing yet, and on one that has all, by what the intent has there.

A twin has the machine's packages and no systemd: a host that lacks them has modules more that install them, start Open
vSwitch and have it restored. Routers, which need systemd, are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from fleet import Fleet
from lifecycle_fabric import network, port
from table import Row

FORWARDING = ("plain", "learning", "static")
PROFILE = {"gold": {"ingress": {"rate": "100Mbit"}, "egress": {"max_rate": "200Mbit"}}}
MONITORING = {"mirrors": {"audit": {"ports": ["acme.web-1"], "output": {"interface": "tap9"}}}}
MONITORING_TOO = {**MONITORING, "netflow": {"targets": ["192.0.2.9:2055"]}}
GROUPS = {"default": {"rules": [{"direction": "ingress", "protocol": "icmp"}]}}

# What the fabric, the tenant and its ports have beside a network.
FEATURES: Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "networks alone": ({}, {}, {}),
    "security groups by flows": ({"security_driver": "openflow"}, {"security_groups": GROUPS}, {}),
    "security groups by IP sets": ({"security_driver": "ipset"}, {"security_groups": GROUPS}, {}),
    "QoS profiles": ({"qos_profiles": PROFILE}, {}, {"qos": "gold"}),
    "mirrors": ({"monitoring": MONITORING}, {}, {}),
    "all of these, by IP sets, and exports": (
        {"security_driver": "ipset", "qos_profiles": PROFILE, "monitoring": MONITORING_TOO},
        {"security_groups": GROUPS},
        {"qos": "gold"},
    ),
}


def rows(directory: Path) -> Iterator[Row]:
    with Fleet(directory, 2, {}).up() as fleet:
        fabric = dict(fleet.fabric.fabric)
        for forwarding, (what, (more, of_tenant, of_port)) in product(FORWARDING, FEATURES.items()):
            if forwarding == "plain" and more.get("security_driver") == "openflow":
                continue
            ports = {f"web-{n}": port(f"hv{n}", "web", f"10.1.1.{n}", **of_port) for n in (1, 2)}
            fleet.fabric.fabric = {**fabric, "forwarding": forwarding, **more}
            fleet.fabric.tenants = {"acme": {"networks": {"web": network("gre")}, "ports": ports, **of_tenant}}
            fleet.fabric.write_intent()
            first, again = (fleet.run("site", hosts=["hv1"]) for dummy in range(2))
            assert (first.changed, again.changed) == ({"hv1"}, set())
            fleet.run("teardown", "-eteardown=all", hosts=["hv1"])
            text = f"{first.most_modules} where nothing is there"
            yield Row(f"modules on a host that has all, {forwarding}, {what}", text, "", again.most_modules, "")
