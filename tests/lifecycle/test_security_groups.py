# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups with real packets, by flows and by iptables, over a tunnel, a VLAN and an untagged wire.

Tenants have the same MAC and IP addresses and the same groups. Each has a guest of web and one of db on each of two
hypervisors; the first sends.
"""

from __future__ import annotations

import copy
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from guard_cases import ONE, THREE, TWO, Build, Guest, arp_of, send
from judge_cases import ACK, DB_RULES, SYN, fragments, framed, misjudged, tcp
from lifecycle_fabric import Fabric
from oracle import Oracle
from packets import pinging, wait_until
from playbook_run import Run
from talks import QUIET, Call, compare_heard, heard, is_refused, open_talk, talking
from wires import Wires, wires

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import (
    Connection,
    End,
    allowed,
    answered,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import ICMP, TCP, UDP
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import IPV4, NOBODY_MAC, udp_packet

NETWORKS = {"a": "gre", "w": "vlan", "f": "flat"}
PHYSICAL = {"w": "physnet1", "f": "physnet2"}
FOUR = Guest("52:54:00:00:00:04", "10.1.1.4", "fd00:1::4")
GUESTS = {"1": (ONE, "hv1", "web"), "2": (TWO, "hv1", "db"), "3": (THREE, "hv2", "db"), "4": (FOUR, "hv2", "web")}
GROUPS = {
    "web": {
        "rules": [
            {"direction": "ingress", "protocol": "tcp", "port": 80},
            {"direction": "ingress", "protocol": "icmp"},
            {"direction": "ingress", "protocol": "tcp", "port": "1024-65535", "remote_group": "db"},
        ]
    },
    "db": {"rules": DB_RULES},
}
ALL = ["learning", "static", "learning ipset", "plain ipset"]  # forwarding, and the driver if it is not that of flows
MOST = ["learning", "static", "plain ipset"]
FLOWS = ["learning", "static"]
PACKETS = {  # of guest 1: the group judges each by itself, but for that of guest 3
    "web": {
        "stateless": True,
        "rules": [
            {"direction": "ingress", "protocol": "tcp", "port": "32768-60999"},
            {"direction": "ingress", "protocol": "icmp", "icmp_type": 0},
        ],
    },
    "db": {
        "stateless": True,
        "rules": [
            *DB_RULES,
            {"direction": "egress", "protocol": "tcp", "port": "32768-60999", "remote_group": "web"},
            {"direction": "egress", "protocol": "icmp", "icmp_type": 0, "remote_group": "web"},
        ],
    },
    "old": {"rules": DB_RULES},
}
OTHERS = {"w.1": FOUR.ipv4, "f.1": TWO.ipv4}  # than tenant a
MEMBERS = {"1": "web", "2": "db", "3": "old", "4": "db"}
DEEP_QUEUES = Path(__file__).with_name("deep_queues.py").read_text()
FORGET = """
import socket, struct
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as kernel:  # NETLINK_NETFILTER
    kernel.send(struct.pack("=IHHII", 20, 0x102, 5, 1, 0) + bytes(4))  # IPCTNL_MSG_CT_DELETE of all, and say so
    length, kind, flags, number, port, error = struct.unpack("=IHHIIi", kernel.recv(4096)[:20])
    assert not error, error
"""


def tenant(name: str, kind: str) -> dict[str, Any]:
    wire = {"physical_network": PHYSICAL[name]} if name in PHYSICAL else {}
    ports = {
        number: {
            **{"hypervisor": host, "network": "net", "mac": guest.mac, "ip": [guest.ipv4, guest.ipv6]},
            "security_groups": [group],
        }
        for number, (guest, host, group) in GUESTS.items()
    }
    return {
        "networks": {"net": {"type": kind, "subnet": ["10.1.1.0/24", "fd00:1::/64"], **wire}},
        "ports": ports,
        "security_groups": copy.deepcopy(GROUPS),
    }


def stateless() -> dict[str, Any]:
    """Return a tenant as the others, of whose groups all but one remember nothing."""
    made = tenant("s", "gre")
    for number, group in MEMBERS.items():
        made["ports"][number]["security_groups"] = [group]
    return {**made, "security_groups": copy.deepcopy(PACKETS)}


@pytest.fixture(scope="module")
def twin_fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    tenants = {"s": stateless(), **{name: tenant(name, kind) for name, kind in NETWORKS.items()}}
    return new_fabric(tenants, ["hv1", "hv2"], wires=["physnet2"], forwarding="learning")


@pytest.fixture(scope="module", params=ALL)
def fabric(request: pytest.FixtureRequest, twin_fabric: Fabric) -> Fabric:
    forwarding, dummy, driver = request.param.partition(" ")
    twin_fabric.fabric.update(forwarding=forwarding, security_driver=driver or "openflow")
    twin_fabric.run("site")
    greet(twin_fabric)
    return twin_fabric


def greet(fabric: Fabric) -> None:
    """Let each guest be heard by all others of its tenant: no switch floods what is for a guest that it knows."""
    with all_wires(fabric, *NETWORKS, "s") as ends:
        for name in ends.ends:
            guest = GUESTS[name.partition(".")[2]][0]
            hello = partial(ends.say, "hello", name, arp_of(guest.mac, guest.ipv4))
            # A switch in userspace loses the first frame for a tunnel's end that it does not know.
            assert wait_until(lambda hello=hello: wait_until(partial(heard_by_all, ends, hello()), 1))


def heard_by_all(ends: Wires, number: int) -> bool:
    return len(ends.heard_by(number)) == len(GUESTS) - 1


def all_wires(fabric: Fabric, *tenants: str) -> AbstractContextManager[Wires]:
    guests = [f"{name}.{number}" for name in tenants for number in GUESTS]
    return wires(fabric.twin, {guest: (guest, "eth0") for guest in guests})


def test_a_run_that_changes_nothing_costs_nobody_a_packet(fabric: Fabric) -> None:
    run = losing_nothing(fabric, {**OTHERS, "a.2": ONE.ipv4, "a.3": ONE.ipv4})
    assert run.changes() == {}, run.summary()


@pytest.mark.parametrize("fabric", ["learning", "plain ipset"], indirect=True)
def test_the_matrix_is_as_the_groups_say(fabric: Fabric) -> None:
    """So are ARP, ND and full packets; and tenants are isolated as before. That of static is in test_pods.py."""
    assert "0 wrong" in fabric.run("verify").output


@pytest.mark.parametrize("fabric", ["learning"], indirect=True)
def test_verify_tells_what_gets_through_and_may_not(fabric: Fabric) -> None:
    """As somebody else's flows let a guest send what it likes, and everybody get it. No lie stays in their caches."""
    unguarded, unjudged = f"table=10,priority=200,dl_src={ONE.mac}", "table=62,priority=200"
    switch = partial(fabric.twin.run, "hv1", "ovs-ofctl", "-OOpenFlow15")
    switch("add-flow", "br-int", f"{unguarded},actions=goto_table:30")
    switch("add-flow", "br-int", f"{unjudged},actions=set_field:8/8->reg0")
    try:
        (said,) = set(fabric.refused("verify").values())
    finally:
        for flow in (unguarded, unjudged):
            switch("--strict", "del-flows", "br-int", flow)
        # Until the datapath has forgotten them too. One round may have begun before, another before it was told.
        for dummy in range(3):
            fabric.twin.run("hv1", "ovs-appctl", "revalidator/wait")
    assert "a.1 -> a.2 tcp to 10.1.1.2: expected denied by security groups, measured delivered" in said
    assert re.search(r"a\.1 -> a\.2 .* kinds of frames: expected stopped by port security, measured delivered", said)
    known = [fabric.twin.run(f"{name}.{number}", "ip", "neigh") for name, number in product(NETWORKS, "234")]
    assert [entries for entries in known if NOBODY_MAC in entries] == []


def test_of_hand_made_packets_only_those_that_open_an_allowed_connection_arrive(fabric: Fabric) -> None:
    with all_wires(fabric, *NETWORKS) as ends:
        wrong = misjudged(ends, {f"{name}.1": {f"{name}.2": TWO, f"{name}.3": THREE} for name in NETWORKS})
    assert wrong == {}, "{packet: (who should have heard it, who did)}"


def test_a_connection_of_a_tenant_is_none_of_another_that_has_the_same_addresses(fabric: Fabric) -> None:
    """Its answer is an answer to nobody there."""
    with all_wires(fabric, *NETWORKS) as ends:
        for port, (own, other) in enumerate(permutations(NETWORKS, 2), 40000):
            asked = ends.say("asks", f"{own}.1", datagram(ONE, TWO, port, 5001))
            assert wait_until(lambda asked=asked, own=own: f"{own}.2" in ends.heard_by(asked))
            answer = datagram(TWO, ONE, 5001, port)
            strange, right = ends.say("answers", f"{other}.2", answer), ends.say("answers", f"{own}.2", answer)
            assert wait_until(lambda right=right, own=own: f"{own}.1" in ends.heard_by(right))
            ends.settle()
            assert not ends.heard_by(strange), (own, other)


@pytest.mark.parametrize("fabric", MOST, indirect=True)
def test_of_a_stateless_group_each_packet_is_judged_by_itself(fabric: Fabric) -> None:
    """Guest 3 remembers its connections, which others may open to it."""
    with all_wires(fabric, "s") as ends:
        expected = {}
        for version, (number, to) in product((4, 6), (("2", TWO), ("3", THREE), ("4", FOUR))):
            remembers = number == "3"
            for name, packet, passes in (
                ("what opens a connection", tcp(to, version, 3306, SYN), True),
                ("one of a connection", tcp(to, version, 3306, ACK), not remembers),
                ("one to another port", tcp(to, version, 3307, ACK), False),
            ):
                sent = ends.say(f"{name} over IPv{version} to {number}", "s.1", framed(to, version, packet))
                expected[sent] = Counter([f"s.{number}"] * passes)
            for port, passes in ((5001, True), (5009, False)):
                first, later = fragments(to, version, port)  # of one mark
                sent = ends.say(f"fragments to {port} over IPv{version} to {number}", "s.1", first)
                expected[sent] = Counter([f"s.{number}"] * 2 * passes)
                ends.say("the later one", "s.1", later)
            for source, port, passes in ((3306, 40000, not remembers), (3306, 30000, False)):
                answer = framed(ONE, version, tcp(ONE, version, port, ACK, source, sender=to), to)
                sent = ends.say(f"an answer to {port} over IPv{version} of {number}", f"s.{number}", answer)
                expected[sent] = Counter(["s.1"] * passes)
        wait_until(lambda: all(ends.heard_by(number) for number, heard in expected.items() if heard), 5)
        ends.settle()
        wrong = {
            ends.said[number].label: (dict(heard), dict(ends.heard_by(number)))
            for number, heard in expected.items()
            if heard != ends.heard_by(number)
        }
    assert wrong == {}, "{packet: (who should have heard it, who did)}"
    assert open_talk(fabric, Call("s.1", "s.3", THREE.ipv4, 3306)), "its answers are of a connection that it remembers"


@pytest.mark.parametrize("fabric", MOST, indirect=True)
def test_a_fragment_of_a_tenant_is_no_part_of_a_datagram_of_another(fabric: Fabric) -> None:
    with all_wires(fabric, *NETWORKS) as ends:
        for version in (4, 6):
            first, later = fragments(TWO, version, 5001)
            sent = [ends.say("the first", "a.1", first), ends.say("a later one", "w.1", later)]
            ends.settle()
            assert [ends.heard_by(number) for number in sent] == [{}, {}]


def datagram(sender: Guest, to: Guest, source: int, port: int) -> Build:
    return send(to.mac, IPV4, lambda mark: udp_packet(sender.ipv4, to.ipv4, source, mark, port), sender.mac)


def test_traces_say_the_same_of_every_pair(fabric: Fabric) -> None:
    oracle = Oracle(fabric)
    asked, expected = [], []
    for tenant in oracle.intent()[0].tenants.values():
        for ports in permutations(tenant.ports.values(), 2):
            ends = [
                End(
                    port.tenant, tenant.security, port.groups, [address.partition("/")[0] for address in port.addresses]
                )
                for port in ports
            ]
            addresses = ends[0].addresses[0], ends[1].addresses[0]
            for question, protocol, number in (
                *(({"proto": "tcp", "port": port}, TCP, port) for port in (80, 3306, 3307)),
                ({"proto": "udp", "port": 5001}, UDP, 5001),
                ({"proto": "icmp", "port": None}, ICMP, 8),
            ):
                asked.append({"from": ports[0].name, "to": ports[1].name, **question})
                connection = Connection(protocol, *addresses, number)
                expected.append(allowed(*ends, connection) and answered(*ends, connection))
    said = [journey.reaches for journey in oracle.journeys(asked)]
    assert [pair for pair in zip(asked, expected, said) if pair[1] != pair[2]] == []
    assert 10 < sum(expected) < len(expected) - 10
    by = (
        "the plug of port a.3, by the intent"
        if fabric.fabric["security_driver"] == "ipset"
        else "verdict_in of port a.3"
    )
    assert oracle.told("a.1", "a.3", proto="tcp", port=3307) == (
        f"a.1 does not reach a.3: dropped by {by}: no rule of its security groups (db) lets it receive this."
    )
    by = ["a.security_groups.web.open_egress", "a.security_groups.db.rules[0]"]
    said = oracle.permits("a.1", "a.3", proto="tcp", port=3306)
    assert [path in line for path, line in zip([*by, *by[::-1]], said)] == [True] * 4, "sent, received, and answered"


@pytest.mark.parametrize("fabric", MOST, indirect=True)
def test_an_error_that_belongs_to_an_allowed_connection_comes_back(fabric: Fabric) -> None:
    """No rule lets ICMPv6 in to web: it is judged as the datagram that it is about."""
    for name in NETWORKS:
        for number, guest in (("2", TWO), ("3", THREE)):
            assert is_refused(fabric, Call(f"{name}.1", f"{name}.{number}", guest.ipv6, 5002)), (name, number)
    assert not is_refused(fabric, Call("a.1", "a.2", TWO.ipv6, 5009)), "the datagram itself is not allowed"


def calls(name: str) -> dict[str, Call]:
    """Return a connection to each guest of db, and one that has nothing to do with db's rules."""
    return {
        f"{name}, on the same hypervisor": Call(f"{name}.1", f"{name}.2", TWO.ipv4, 3306),
        f"{name}, to another": Call(f"{name}.1", f"{name}.3", THREE.ipv6, 3306),
        f"{name}, among web": Call(f"{name}.1", f"{name}.4", FOUR.ipv4, 80),
    }


@pytest.mark.parametrize("fabric", MOST, indirect=True)
def test_a_rule_that_goes_cuts_its_connections_and_no_others(fabric: Fabric) -> None:
    """So does a port that goes. Both ends go on sending all the time. What conntrack forgets they cannot open again,
    not even from the server, who may open connections to the client's port."""
    groups, ports = fabric.tenants["a"]["security_groups"], fabric.tenants["f"]["ports"]
    with talking(fabric, {**calls("a"), **calls("w"), **calls("f")}) as talks:
        assert wait_until(lambda: all(min(talk.heard) > 20 for talk in talks.values())), heard(talks)
        groups["db"], gone = {"rules": DB_RULES[1:]}, ports.pop("3")
        fabric.run("site")
        cut = {name for name in talks if name.startswith("a") and "web" not in name} | {"f, to another"}
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), cut)
        for host in ("hv1", "hv2"):
            fabric.twin.run(host, "ovs-appctl", "dpctl/flush-conntrack")
            fabric.twin.run(host, "/usr/bin/python3", "-c", FORGET)
        before = heard(talks)
        time.sleep(QUIET)
        assert {name: talk for name, talk in heard(talks).items() if name in cut} == {
            name: before[name] for name in cut
        }
        assert open_talk(fabric, calls("a")["a, to another"]) is None
    groups["db"], ports["3"] = {"rules": DB_RULES}, gone
    fabric.run("site")
    for name in "af":
        assert open_talk(fabric, calls(name)[f"{name}, to another"])


@pytest.mark.parametrize("fabric", ["learning", "plain ipset"], indirect=True)
def test_a_guest_that_leaves_a_group_is_cut_off_and_a_guest_that_joins_it_is_let_in(fabric: Fabric) -> None:
    ports = fabric.tenants["w"]["ports"]
    late = Call("w.2", "w.3", THREE.ipv4, 3306)
    assert open_talk(fabric, late) is None
    with talking(fabric, calls("w")) as talks:
        ports["1"]["security_groups"], ports["2"]["security_groups"] = ["default"], ["db", "web"]
        fabric.run("members", "-emembers_of=w.web,w.default")
        before = heard(talks)
        time.sleep(QUIET)
        compare_heard(before, heard(talks), {name for name in talks if "web" not in name})
        assert open_talk(fabric, late)
    fabric.converged()
    ports["1"]["security_groups"], ports["2"]["security_groups"] = ["web"], ["db"]
    fabric.run("members", "-emembers_of=w.web")


@pytest.mark.parametrize("fabric", ["learning"], indirect=True)
def test_a_group_that_no_tenant_has_is_named(fabric: Fabric) -> None:
    (fault,) = set(fabric.refused("members", "-emembers_of=w.web,w.wbe").values())
    assert "members_of[1]: 'w.wbe' is no security group of this intent; did you mean" in fault


def test_a_change_of_one_tenant_costs_another_no_packet(fabric: Fabric) -> None:
    tenant = fabric.tenants["a"]
    tenant["security_groups"]["db"], tenant["ports"]["4"]["security_groups"] = {"rules": DB_RULES[:1]}, ["db"]
    try:
        run = losing_nothing(fabric, OTHERS)
    finally:
        tenant["security_groups"]["db"], tenant["ports"]["4"]["security_groups"] = {"rules": DB_RULES}, ["web"]
    assert run.changes(), run.summary()


def losing_nothing(fabric: Fabric, pinged: Mapping[str, str]) -> Run:
    """Run site while these endpoints ping an address each, a thousand times a second, and check that none is lost."""
    deepened = [int(fabric.twin.run(host, "/usr/bin/python3", "-c", DEEP_QUEUES)) for host in fabric.hypervisors]
    assert min(deepened) > 0
    with pinging(fabric.twin, pinged, period=0.001) as pings:
        run = fabric.run("site")
    assert {ping.sender: ping.lost for ping in pings} == {sender: [] for sender in pinged}, drops(fabric)
    assert all(ping.answered > 500 for ping in pings), pings
    return run


def drops(fabric: Fabric) -> dict[str, list[str]]:
    """Return what the switch of each host has counted as dropped."""
    said = {host: fabric.twin.run(host, "ovs-appctl", "coverage/show") for host in fabric.hypervisors}
    return {host: [line for line in text.splitlines() if "drop" in line] for host, text in said.items()}
