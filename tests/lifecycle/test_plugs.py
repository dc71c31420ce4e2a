# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is around the plugs of guests: nothing gets past them, and nothing of them stays.

Both tenants have the same MAC and IP addresses. The guests of ``g`` may reach each other by everything, so that what is
not heard is the guard's; those of ``h`` by nothing. Of ``o`` the first has no guard, and so no plug.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from guard_cases import (
    FOR_NOBODY,
    ONE,
    PAIRS,
    SHARED_MAC,
    STRANGE_IPV4,
    STRANGE_MAC,
    THREE,
    TWO,
    Build,
    Guest,
    arp_of,
    cases,
    datagram,
    lying_nd,
    send,
    serving,
    unicast,
)
from lifecycle_fabric import HOSTS, Fabric
from packets import wait_until
from twin_lab import TwinLab
from wires import QUIET, Wires, wires

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_links
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_plug_link
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import BROADCAST_MAC, IPV4

PAUSE = 0.005  # seconds between two rounds of packets that are denied
GUESTS = {"1": (ONE, "hv1"), "2": (TWO, "hv1"), "3": (THREE, "hv2")}
EVERYTHING = {"open": {"rules": [{"direction": "ingress"}, {"direction": "egress"}]}}
NOTHING = {"open": {"open_egress": False}}


def tenant(groups: dict[str, Any]) -> dict[str, Any]:
    ports = {
        number: {
            **{"hypervisor": host, "network": "net", "mac": guest.mac, "ip": [guest.ipv4, guest.ipv6]},
            "security_groups": ["open"],
        }
        for number, (guest, host) in GUESTS.items()
    }
    network = {"type": "gre", "subnet": ["10.1.1.0/24", "fd00:1::/64"]}
    return {"networks": {"net": network}, "ports": ports, "security_groups": groups}


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    tenants = {"g": tenant(EVERYTHING), "h": tenant(NOTHING), "o": tenant(EVERYTHING)}
    tenants["g"]["ports"]["2"]["allowed_address_pairs"] = PAIRS
    unguarded = tenants["o"]["ports"]["1"]
    del unguarded["security_groups"], tenants["o"]["ports"]["3"]
    unguarded["port_security"] = False
    return new_fabric(tenants, ["hv1", "hv2"], forwarding="plain", security_driver="ipset")


@pytest.fixture
def ends(fabric: Fabric) -> Iterator[Wires]:
    with wires(fabric.twin, {name: (name, "eth0") for name in fabric.endpoints()}) as found:
        yield found


def greet(ends: Wires) -> None:
    """Let each guest of ``g`` be heard by the others: switches learn, and the underlay has asked for addresses."""
    builds = {f"g.{number}": greeting(guest) for number, (guest, dummy) in GUESTS.items()}

    def all_hear() -> bool:
        sent = {ends.say("greets", name, build): builds.keys() - {name} for name, build in builds.items()}
        return wait_until(lambda: all(names <= ends.heard_by(number).keys() for number, names in sent.items()), QUIET)

    assert wait_until(all_hear)
    ends.settle()


def greeting(guest: Guest) -> Build:
    return send(BROADCAST_MAC, IPV4, datagram(guest.ipv4, "255.255.255.255"), guest.mac)


def left(fabric: Fabric) -> dict[str, list[str]]:
    """Return what the hosts have of plugs, chains and sets, and of files that these come back from."""
    return {host: list(left_on(fabric.twin, host)) for host in fabric.hypervisors}


def left_on(twin: TwinLab, host: str) -> Iterator[str]:
    links = json.loads(twin.run(host, "ip", "-json", "link"))
    yield from (link["ifname"] for link in links if is_plug_link(link["ifname"]))
    for program in ("iptables-save", "ip6tables-save", "ebtables-nft-save", "nft list tables"):
        lines = twin.run(host, *program.split()).splitlines()
        yield from (line for line in lines if "lab." in line or "tenantry" in line)
    yield from twin.run(host, "ipset", "list", "-name").split()
    folders = [f"/var/lib/tenantry/sdn/{kind}" for kind in ("sets", "rules", "plugs")]
    yield from twin.run(host, "sh", "-c", f"find {' '.join(folders)} -type f 2>/dev/null || true").split()


def test_check_mode_predicts_it(fabric: Fabric) -> None:
    predicted = fabric.run("site", "--check", "--diff").changes()
    assert fabric.run("site", "--diff").changes() == predicted
    names = [name for host in left(fabric).values() for name in host]
    assert len([name for name in names if is_plug_link(name)]) == 3 * (2 * len(GUESTS) + 1)


def test_what_a_guest_sends_in_plain_is_its_own_but_for_macs_that_nd_gives_its_addresses(
    fabric: Fabric, ends: Wires
) -> None:
    """Fragments wait for the rest of their datagram."""
    with_others_macs = ("ND gives the MAC of", "ND asks with the MAC of", "is an address free, with a MAC?")
    lies = {case.name for case in lying_nd() if case.name.startswith(with_others_macs)}
    vlans = [fabric.recorded(f"{name}.net")["local_vlan"] for name in "gh"]
    greet(ends)
    sent = {ends.say(case.name, "g.1", case.build): case for case in cases(*vlans)}
    greet(ends)
    heard = {case.name: ends.heard_by(number) for number, case in sent.items()}
    wrong = {
        case.name for case in sent.values() if heard[case.name] != Counter(f"g.{number}" for number in case.expected)
    }
    pieces = {name for name in heard if re.match(r"(the first|a later) fragment of", name)}
    pieces.add("the second, of which nobody can make anything then")
    assert wrong == lies | pieces | {FOR_NOBODY}
    assert [name for name in pieces if heard[name]] == []
    assert [name for name in lies if not heard[name]] == []


def test_a_plug_lets_out_what_address_pairs_allow_and_no_plug_stops_a_port_without_a_guard(ends: Wires) -> None:
    greet(ends)
    others = {"g.1", "g.3"}
    router = next(case.build for case in serving() if case.name == "router advertisement")
    expected = {
        ends.say(name, sender, build): heard
        for name, sender, build, heard in (
            ("its own MAC with the pair of it", "g.2", unicast("10.1.1.100", ONE, TWO.mac), {"g.1"}),
            ("announces it", "g.2", arp_of(TWO.mac, "10.1.1.100"), others),
            ("the shared MAC", "g.2", unicast("10.1.1.101", THREE, SHARED_MAC), {"g.3"}),
            ("the shared MAC over IPv6", "g.2", unicast("fd00:1::1:5", ONE, SHARED_MAC), {"g.1"}),
            ("announces the shared MAC", "g.2", arp_of(SHARED_MAC, "10.1.1.101"), others),
            ("the shared MAC with the other pair", "g.2", unicast("10.1.1.100", ONE, SHARED_MAC), set()),
            ("its own MAC with the pair of the shared one", "g.2", unicast("10.1.1.101", ONE, TWO.mac), set()),
            ("its own MAC with that over IPv6", "g.2", unicast("fd00:1::1:5", ONE, TWO.mac), set()),
            ("an address beside the pair", "g.2", unicast("fd00:1::2:5", ONE, SHARED_MAC), set()),
            ("ARP of another's pair", "g.3", arp_of(THREE.mac, "10.1.1.100"), set()),
            ("another's MAC address", "o.1", unicast(ONE.ipv4, TWO, STRANGE_MAC), {"o.2"}),
            ("another's IPv4 address", "o.1", unicast(STRANGE_IPV4, TWO), {"o.2"}),
            ("another's ARP", "o.1", arp_of(STRANGE_MAC, TWO.ipv4), {"o.2"}),
            ("router advertisement", "o.1", router, {"o.2"}),
        )
    }
    greet(ends)
    wrong = {
        ends.said[number].label: (sorted(names), dict(ends.heard_by(number)))
        for number, names in expected.items()
        if ends.heard_by(number) != Counter(names)
    }
    assert wrong == {}, "{frame: (who should have heard it, who did)}"


def test_a_guest_does_not_reach_its_hypervisor(fabric: Fabric) -> None:
    """Who would be answered if the Linux bridge were any."""
    twin, bridge, there = fabric.twin, plug_links("g.1").bridge, HOSTS["hv1"]
    mac = twin.run("hv1", "cat", f"/sys/class/net/{bridge}/address").strip()
    twin.run("hv1", "ip", "route", "add", ONE.ipv4, "dev", bridge)
    twin.run("hv1", "ip", "neighbour", "add", ONE.ipv4, "lladdr", ONE.mac, "dev", bridge)
    twin.run("g.1", "ip", "route", "add", there, "dev", "eth0")
    assert not twin.pings("g.1", there), "ARP was answered, or the packet"
    twin.run("g.1", "ip", "neighbour", "replace", there, "lladdr", mac, "dev", "eth0")
    assert not twin.pings("g.1", there)
    opened = ["INPUT", "-i", bridge, "-j", "ACCEPT"]
    twin.run("hv1", "iptables", "-I", *opened)
    assert twin.pings("g.1", there), "else this test could not fail"
    twin.run("hv1", "iptables", "-D", *opened)
    twin.run("hv1", "ip", "route", "delete", ONE.ipv4, "dev", bridge)
    twin.run("hv1", "ip", "neighbour", "delete", ONE.ipv4, "dev", bridge)


@pytest.mark.parametrize(("forwarding", "driver"), [("static", "ipset"), ("learning", "openflow"), ("plain", "ipset")])
def test_while_the_driver_changes_nothing_passes_that_no_group_allows(
    fabric: Fabric, ends: Wires, forwarding: str, driver: str
) -> None:
    fabric.fabric.update(forwarding=forwarding, security_driver=driver)
    denied = [unicast(source, to) for to in (TWO, THREE) for source in (ONE.ipv4, ONE.ipv6)]
    run, sent = fabric.start("site"), []
    while run.process.is_alive():
        sent += [ends.say("denied", "h.1", build) for build in denied]
        time.sleep(PAUSE)
    assert run.succeeded, run.summary()
    greet(ends)
    assert len(sent) > 100
    assert {number: dict(ends.heard_by(number)) for number in sent if ends.heard_by(number)} == {}
    if driver == "openflow":
        assert left(fabric) == {host: [] for host in fabric.hypervisors}


def test_a_tenant_goes_with_its_plugs_and_in_the_end_nothing_is_left(fabric: Fabric) -> None:
    before = left(fabric)
    fabric.run("teardown", "-eteardown=h")
    gone, own = left(fabric), plug_links("g.1")
    assert not [line for line in gone["hv1"] if plug_links("h.1").inner in line]
    assert [line for line in gone["hv1"] if own.inner in line] == [line for line in before["hv1"] if own.inner in line]
    for port in ("g.1", "g.2"):  # as after a boot
        for link in plug_links(port)[:2]:
            fabric.twin.run("hv1", "ip", "link", "delete", link)
    fabric.run("teardown", "-eteardown=all")
    assert left(fabric) == {host: [] for host in fabric.hypervisors}
