# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""L3 isolation: tenants on one network, which has a link layer and a subnet in each pod, in static forwarding.

Both tenants have the same groups. What learning does is shown by the scenario pods of molecule.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from lifecycle_fabric import Fabric
from talks import QUIET, Call, compare_heard, heard, open_talk, talking
from wires import wires

from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames

PODS = {"hv1": "p1", "hv2": "p1", "hv3": "p2"}
SUBNETS = {"p1": ["10.1.0.0/21", "fd00:1::/64"], "p2": ["10.1.8.0/21", "fd00:2::/64"]}
CLOUD = {
    "type": "flat",
    "physical_network": "physnet2",
    "pods": {pod: {"subnet": subnet} for pod, subnet in SUBNETS.items()},
}
MAC = "02:00:00:00:00:0a"  # of red.web
NUMBERS = {"red": 11, "blue": 21}  # of each tenant's guest of db
GROUPS = {
    "web": {"rules": [{"direction": "ingress", "protocol": "tcp", "port": 80}]},
    "db": {"rules": [{"direction": "ingress", "protocol": "tcp", "port": 3306, "remote_group": "web"}]},
}


def port(host: str, number: int, group: str) -> dict[str, Any]:
    prefixes = ("10.1.0.", "fd00:1::") if PODS[host] == "p1" else ("10.1.8.", "fd00:2::")
    addresses = [f"{prefix}{number}" for prefix in prefixes]
    return {"hypervisor": host, "network": "cloud", "ip": addresses, "security_groups": [group]}


def tenant(number: int, home: str) -> dict[str, Any]:
    ports = {"web": port(home, number, "web"), "far": port("hv3", number, "web"), "db": port("hv1", number + 1, "db")}
    return {"security_groups": GROUPS, "ports": ports}


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    tenants = {"red": tenant(10, "hv1"), "blue": tenant(20, "hv2")}
    tenants["red"]["ports"]["web"]["mac"] = MAC
    found = new_fabric(tenants, list(PODS), ["physnet2"], PODS, forwarding="static", networks={"cloud": CLOUD})
    found.run("site")
    found.converged()
    return found


def test_each_reaches_what_its_own_groups_allow_in_every_pod(fabric: Fabric) -> None:
    assert "30 pairs: 0 reach, 24 as far as groups allow, 6 isolated, 0 wrong." in fabric.run("verify").output


def test_a_guest_that_leaves_a_group_is_cut_off_in_other_pods_too(fabric: Fabric) -> None:
    calls = {name: Call(f"{name}.far", f"{name}.db", f"fd00:1::{number}", 3306) for name, number in NUMBERS.items()}
    ports = fabric.tenants["red"]["ports"]
    with talking(fabric, calls) as talks:
        ports["far"]["security_groups"] = ["default"]
        fabric.run("members", "-emembers_of=red.web")
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), {"red"})
    ports["far"]["security_groups"] = ["web"]
    fabric.run("site")
    assert open_talk(fabric, calls["red"])


def test_nobody_speaks_for_the_gateway(fabric: Fabric) -> None:
    neighbours = ("red.db", "blue.web", "blue.db")
    with wires(fabric.twin, {name: (name, "eth0") for name in ("red.web", "red.far", *neighbours)}) as ends:
        own, gateway = (
            ends.say(address, "red.web", partial(announcement, address)) for address in ("10.1.0.10", "10.1.0.1")
        )
        ends.settle()
        assert (ends.heard_by(own), ends.heard_by(gateway)) == (Counter(neighbours), Counter())


def announcement(address: str, mark: bytes) -> bytes:
    return frames.ethernet(frames.BROADCAST_MAC, MAC, frames.ARP, frames.arp_announcement(MAC, address, mark))


def test_a_trace_does_not_pretend_to_know_the_way_between_pods(fabric: Fabric) -> None:
    (fault,) = set(fabric.refused("trace", "-efrom=red.web", "-eto=red.far", "-eproto=tcp", "-eport=80").values())
    assert "to: red.far is in pod p2, and red.web in p1: L3 switches are between them" in fault
