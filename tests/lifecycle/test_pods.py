# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""L3 isolation: tenants on one network, which has a link layer and a subnet in each pod, in static forwarding; and on
one that has none, where each hypervisor routes to its own guests.

Both tenants have the same groups. What learning does is shown by the scenario pods of molecule.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from lifecycle_fabric import HOSTS, Fabric
from talks import QUIET, Call, compare_heard, heard, open_talk, talking
from wires import Wires, wires

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_interface, default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.names import routing_table
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
            ends.say(address, "red.web", partial(announcement, MAC, address)) for address in ("10.1.0.10", "10.1.0.1")
        )
        ends.settle()
        assert (ends.heard_by(own), ends.heard_by(gateway)) == (Counter(neighbours), Counter())


def announcement(mac: str, address: str, mark: bytes) -> bytes:
    return frames.ethernet(frames.BROADCAST_MAC, mac, frames.ARP, frames.arp_announcement(mac, address, mark))


def test_a_trace_does_not_pretend_to_know_the_way_between_pods(fabric: Fabric) -> None:
    (fault,) = set(fabric.refused("trace", "-efrom=red.web", "-eto=red.far", "-eproto=tcp", "-eport=80").values())
    assert "to: red.far is in pod p2, and red.web in p1: L3 switches are between them" in fault


# -- routed: the hypervisors forward, and iptables judges --------------------------------------------------------------

EDGE = {"red.r1": ("hv1", 11, "web"), "red.r2": ("hv1", 12, "db"), "red.r3": ("hv2", 13, "web")}
NEXT_HOPS = {host: f"fd00:5::{number}" for number, host in enumerate(HOSTS, 1)}
EDGE |= {"blue.r1": ("hv1", 21, "web"), "blue.r2": ("hv2", 22, "db")}


@pytest.fixture(scope="module")
def edge(fabric: Fabric) -> Fabric:
    """The fabric, where one guest is left in a pod and all others are routed."""
    fabric.fabric["security_driver"] = "ipset"
    fabric.fabric["networks"]["edge"] = {"type": "routed", "subnet": ["10.9.0.0/24", "fd00:9::/64"]}
    for host, address in NEXT_HOPS.items():
        fabric.fabric["hypervisors"][host]["next_hop"] = address
    for described in fabric.tenants.values():
        described["ports"] = {name: port for name, port in described["ports"].items() if port.get("mac") == MAC}
    for name, (host, number, group) in EDGE.items():
        owner, short = name.split(".")
        addresses = [f"10.9.0.{number}", f"fd00:9::{number}"]
        routed = {"hypervisor": host, "network": "edge", "ip": addresses, "security_groups": [group]}
        fabric.tenants[owner]["ports"][short] = routed
    run = fabric.run("twin_up", "site", "site", *fabric.settings)
    assert run.changes(playbook=3) == {}, run.summary()
    return fabric


def test_routed_guests_reach_what_their_own_groups_allow_within_a_host_and_across(edge: Fabric) -> None:
    assert "30 pairs: 0 reach, 15 as far as groups allow, 15 isolated, 0 wrong." in edge.run("verify").output


def test_a_routed_guest_sends_as_nobody_else_and_gets_nowhere_else(edge: Fabric) -> None:
    own = default_mac("red.r1")
    cases = {
        (own, "10.9.0.11", "10.9.0.13"): ["hv2", "red.r3"],
        (own, "10.9.0.11", "10.9.0.21"): ["blue.r1"],
        (own, "10.9.0.11", "10.9.0.12"): [],  # no rule lets it in
        (own, "10.9.0.12", "10.9.0.13"): [],
        (own, "10.9.0.22", "10.9.0.21"): [],
        (own, "203.0.113.9", "10.9.0.13"): [],
        (default_mac("red.r2"), "10.9.0.11", "10.9.0.13"): [],
        (own, "10.9.0.11", HOSTS["hv2"]): [],
        (own, "10.9.0.11", "10.9.0.99"): [],  # is nowhere
        (own, "10.9.0.11", "10.1.0.10"): [],  # is in a pod
    }
    with routes(edge) as ends:
        said = {case: ends.say("forged", "red.r1", syn(edge, "red.r1", *case)) for case in cases}
        ends.settle()
        heard = {case: ends.heard_by(number) for case, number in said.items()}
    found = {case: sorted(set(names.elements()) - {"red.r1"}) for case, names in heard.items()}  # which is told by ICMP
    assert found == cases
    assert not edge.twin.pings("red.r1", "169.254.1.1", patience=1)
    edge.twin.run("hv1", "iptables", "-I", "INPUT", "-i", default_interface("red.r1"), "-j", "ACCEPT")
    assert edge.twin.pings("red.r1", "169.254.1.1"), "else this test could not fail"
    edge.twin.run("hv1", "iptables", "-D", "INPUT", "1")


def test_a_routed_guest_that_lies_in_arp_gets_nothing_of_others(edge: Fabric) -> None:
    with routes(edge) as ends:
        for address in ("10.9.0.12", "169.254.1.1"):
            lie = partial(announcement, default_mac("red.r1"), address)
            ends.say("lie", "red.r1", lie)
        honest = syn(edge, "red.r3", default_mac("red.r3"), "10.9.0.13", "10.9.0.12", 3306)
        sent = ends.say("honest", "red.r3", honest)
        ends.settle()
        assert sorted(ends.heard_by(sent)) == ["red.r2"]


def routes(fabric: Fabric) -> AbstractContextManager[Wires]:
    return wires(fabric.twin, {**{name: (name, "eth0") for name in EDGE}, "hv2": ("hv2", "underlay0")}, routed=True)


def syn(fabric: Fabric, sender: str, mac: str, source: str, target: str, to_port: int = 80) -> Callable[[bytes], bytes]:
    """Return what makes the first segment of a connection, in a frame to the hypervisor."""
    tap = f"/sys/class/net/{default_interface(sender)}/address"
    router = fabric.twin.run(EDGE[sender][0], "cat", tap).strip()

    def build(mark: bytes) -> bytes:
        return frames.ethernet(router, mac, frames.IPV4, frames.tcp_packet(source, target, 40000, to_port, 2, mark))

    return build


def test_in_the_end_the_hypervisors_route_nothing(edge: Fabric) -> None:
    hosts = ("hv1", "hv2")  # no guest of it is elsewhere
    asked = ("ip rule", "ip route show table all", "ip neighbour show nud permanent", "iptables-save")
    edge.run("teardown", "-eteardown=all", f"--limit={','.join(hosts)}")
    ours = ("10.9.0", "169.254.1.1", str(routing_table("lab")), "lab.")
    left = "".join(edge.twin.run(host, *words.split()) for host in hosts for words in asked).splitlines()
    assert [line for line in left if any(word in line for word in ours)] == []
    assert edge.twin.run("hv1", "cat", "/proc/sys/net/ipv4/conf/br-phy/forwarding") == "0\n"
