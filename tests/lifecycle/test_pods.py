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

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import link_local
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import routing_table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_interface, default_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import rejecting
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
        run = fabric.run("members", "-emembers_of=red.web,red.default")
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), {"red"})
    assert {host for host, _task in run.changes()} == run.tasks().keys() == {"hv1", "hv3"}, "hv2 has none of red"
    ports["far"]["security_groups"] = ["web"]
    fabric.run("site")
    assert open_talk(fabric, calls["red"])


def test_nobody_speaks_for_the_gateway(fabric: Fabric) -> None:
    assert_no_gateway(fabric, ["red.db", "blue.web", "blue.db"], "red.far")


def assert_no_gateway(fabric: Fabric, neighbours: list[str], stranger: str) -> None:
    """Check who hears what red.web says by ARP of its own address, and that nobody hears it of the gateway's."""
    with wires(fabric.twin, {name: (name, "eth0") for name in ("red.web", stranger, *neighbours)}) as ends:
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
    """The fabric with plugs, where one guest of each tenant is left in the first pod and all others are routed."""
    fabric.fabric["security_driver"] = "ipset"
    fabric.fabric["networks"]["edge"] = {"type": "routed", "subnet": ["10.9.0.0/24", "fd00:9::/64"]}
    for host, address in NEXT_HOPS.items():
        fabric.fabric["hypervisors"][host]["next_hop"] = address
    for described in fabric.tenants.values():
        described["ports"] = {"web": described["ports"]["web"]}
    for name, (host, number, group) in EDGE.items():
        owner, short = name.split(".")
        addresses = [f"10.9.0.{number}", f"fd00:9::{number}"]
        routed = {"hypervisor": host, "network": "edge", "ip": addresses, "security_groups": [group]}
        fabric.tenants[owner]["ports"][short] = routed
    run = fabric.run("twin_up", "site", "site", *fabric.settings)
    assert run.changes(playbook=3) == {}, run.summary()
    return fabric


def test_routed_guests_reach_what_their_own_groups_allow_within_a_host_and_across(edge: Fabric) -> None:
    assert "42 pairs: 0 reach, 17 as far as groups allow, 25 isolated, 0 wrong." in edge.run("verify").output


def test_nobody_speaks_for_the_gateway_from_a_plug(edge: Fabric) -> None:
    assert_no_gateway(edge, ["blue.web"], "red.r1")


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
        (own, "fd00:9::11", "fd00:9::13"): ["hv2", "red.r3"],
        (own, "fd00:9::11", "fd00:9::21"): ["blue.r1"],
        (own, "fd00:9::11", "fd00:9::12"): [],
        (own, "fd00:9::12", "fd00:9::13"): [],
        (own, "fd00:9::22", "fd00:9::21"): [],
        (own, "2001:db8::9", "fd00:9::13"): [],
        (default_mac("red.r2"), "fd00:9::11", "fd00:9::13"): [],
        (own, "fd00:9::11", NEXT_HOPS["hv2"]): [],
        (own, "fd00:9::11", "fd00:9::99"): [],
        (own, "fd00:9::11", "fd00:1::10"): [],
    }
    with routes(edge) as ends:
        said = {case: ends.say("forged", "red.r1", syn(edge, "red.r1", *case)) for case in cases}
        ends.settle()
        heard = {case: ends.heard_by(number) for case, number in said.items()}
    found = {case: sorted(set(names.elements()) - {"red.r1"}) for case, names in heard.items()}  # which is told by ICMP
    assert found == cases
    for program, gateway in (("iptables", "169.254.1.1"), ("ip6tables", "fe80::1%eth0")):
        assert not edge.twin.pings("red.r1", gateway, patience=1)
        edge.twin.run("hv1", program, "-I", "INPUT", "-i", default_interface("red.r1"), "-j", "ACCEPT")
        assert edge.twin.pings("red.r1", gateway), "else this test could not fail"
        edge.twin.run("hv1", program, "-D", "INPUT", "1")


def test_a_routed_guest_that_lies_about_addresses_gets_nothing_of_others(edge: Fabric) -> None:
    own = default_mac("red.r1")
    with routes(edge) as ends:
        for address in ("10.9.0.12", "169.254.1.1"):
            ends.say("lie", "red.r1", partial(announcement, own, address))
        for address in ("fd00:9::12", "fd00:9::13", "fe80::1"):
            ends.say("lie", "red.r1", partial(advertisement, own, address))
            ends.say("lie", "red.r1", partial(question, own, address))
        sent = [
            ends.say("honest", "red.r3", syn(edge, "red.r3", default_mac("red.r3"), f"{net}13", f"{net}12", 3306))
            for net in ("10.9.0.", "fd00:9::")
        ]
        ends.settle()
        assert [sorted(ends.heard_by(one)) for one in sent] == [["red.r2"]] * 2
    believed = edge.twin.run("hv1", "ip", "-6", "neighbour", "show", "dev", default_interface("red.r1")).splitlines()
    assert sorted(line.split()[0] for line in believed) == ["fd00:9::11", link_local(own)]


def advertisement(mac: str, address: str, mark: bytes) -> bytes:
    """Return what says, to the host, that an address of IPv6 is here (RFC 4861)."""
    message = frames.nd_message(136, b"\x20\0\0\0" + frames.packed_ip(address), mark, (2, mac))
    packet = frames.icmpv6_packet(address, "ff02::1", message)
    return frames.ethernet(frames.multicast_mac("ff02::1"), mac, frames.IPV6, packet)


def question(mac: str, address: str, mark: bytes) -> bytes:
    """Return what asks for the gateway in another's name."""
    packet = frames.neighbour_solicitation(address, "fe80::1", mac, mark)
    return frames.ethernet(frames.multicast_mac(frames.solicited_node("fe80::1")), mac, frames.IPV6, packet)


def routes(fabric: Fabric) -> AbstractContextManager[Wires]:
    return wires(fabric.twin, {**{name: (name, "eth0") for name in EDGE}, "hv2": ("hv2", "underlay0")}, routed=True)


def syn(fabric: Fabric, sender: str, mac: str, source: str, target: str, to_port: int = 80) -> Callable[[bytes], bytes]:
    """Return what makes the first segment of a connection, in a frame to the hypervisor."""
    tap = f"/sys/class/net/{default_interface(sender)}/address"
    router = fabric.twin.run(EDGE[sender][0], "cat", tap).strip()

    def build(mark: bytes) -> bytes:
        kind = frames.IPV6 if ":" in source else frames.IPV4
        return frames.ethernet(router, mac, kind, frames.tcp_packet(source, target, 40000, to_port, 2, mark))

    return build


def test_in_the_end_the_hypervisors_route_nothing(edge: Fabric) -> None:
    hosts = ("hv1", "hv2")  # no guest of it is elsewhere
    asked = (
        *("ip rule", "ip route show table all", "ip neighbour show nud permanent", "iptables-save"),
        *("ip -6 rule", "ip -6 route show table all", "ip6tables-save"),
    )
    edge.run("teardown", "-eteardown=all", f"--limit={','.join(hosts)}")
    tables = (routing_table("lab"), rejecting(routing_table("lab")))
    ours = ("10.9.0", "169.254.1.1", "fd00:9:", "fe80::1 ", *map(str, tables), "lab.")
    left = "".join(edge.twin.run(host, *words.split()) for host in hosts for words in asked).splitlines()
    assert [line for line in left if any(word in line for word in ours)] == []
    forwarding = [f"/proc/sys/net/{each}/forwarding" for each in ("ipv4/conf/br-phy", "ipv6/conf/all")]
    assert edge.twin.run("hv1", "cat", *forwarding) == "0\n0\n"
