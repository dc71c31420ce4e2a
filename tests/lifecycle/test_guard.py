# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who hears what, exactly, in learning and in static forwarding: every frame of a guest, of a stranger on the wire, of
a forged tunnel, and of a port that nobody programmed.

Networks of all types have the same MAC and IP addresses. hv1 has their first two guests and hv2 the third; hv3 has
uplinks and no guests, so it stands for a stranger. The underlay is IPv6; that of test_moves.py is IPv4.
"""

from __future__ import annotations

import struct
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
    arp_of,
    asks,
    cases,
    datagram,
    dhcp,
    says,
    send,
    serving,
    tagged,
    tagged_frame,
    unicast,
)
from lifecycle_fabric import Fabric
from packets import wait_until
from wires import QUIET, Wires, wires

from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import BROADCAST_MAC, IPV4

GUARDED = {"a": "gre", "b": "vxlan", "c": "geneve", "w": "vlan", "f": "flat"}
NETWORKS = {**GUARDED, "o": "gre", "p": "gre"}  # of o the first guest has no guard; of p two have PAIRS
IDS = {"a": 5001, "b": 5002, "c": 5003, "o": 5004, "p": 5005, "w": 120}
PHYSICAL = {"w": "physnet1", "f": "physnet2"}
WIRE = {"w": "trunk@120", "f": "flat"}  # how a stranger hears a network
GUESTS = {"1": ONE, "2": TWO, "3": THREE}
VTEPS = {f"hv{number}": f"fd00:a::{number}" for number in (1, 2, 3)}
ROUNDS = 2  # of each frame: the first is decided by ovs-vswitchd, the second by the datapath
EVERYBODY = datagram(ONE.ipv4, "255.255.255.255")


def tenant(name: str) -> dict[str, Any]:
    network: dict[str, Any] = {"type": NETWORKS[name], "subnet": ["10.1.1.0/24", "fd00:1::/64"]}
    if name in PHYSICAL:
        network["physical_network"] = PHYSICAL[name]
    if name in IDS:
        network["segmentation_id"] = IDS[name]
    ports = {
        number: {
            **{"hypervisor": "hv2" if number == "3" else "hv1", "network": "net", "interface": f"tap-{name}{number}"},
            **{"ip": [guest.ipv4, guest.ipv6], "mac": guest.mac},
        }
        for number, guest in GUESTS.items()
    }
    if name == "o":
        ports["1"]["port_security"] = False
    if name == "p":
        ports["1"]["allowed_address_pairs"] = ports["3"]["allowed_address_pairs"] = PAIRS
    return {"networks": {"net": network}, "ports": ports}


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    return new_fabric({name: tenant(name) for name in NETWORKS}, VTEPS, wires=["physnet2"])


@pytest.fixture(scope="module", params=["learning", "static"])
def mode(request: pytest.FixtureRequest, fabric: Fabric) -> str:
    fabric.fabric["forwarding"] = request.param
    fabric.run("site")
    return str(request.param)


PLACES = {f"{name}.{number}": (f"{name}.{number}", "eth0") for name in NETWORKS for number in GUESTS}
PLACES.update({"trunk": ("hv3", "eth1"), "flat": ("hv3", "eth2")})


@pytest.fixture
def ends(fabric: Fabric, mode: str) -> Iterator[Wires]:
    with wires(fabric.twin, PLACES) as found:
        greet(found)
        yield found


def greet(ends: Wires) -> None:
    """Let each guest be heard by the others of its network: switches learn, and what was sent before has arrived.

    The underlay asks for an address first, and loses what is sent meanwhile: so all greet until all are heard.
    """
    assert wait_until(lambda: not unheard(ends)), unheard(ends)
    ends.settle()


def unheard(ends: Wires) -> set[str]:
    """Let each guest send a broadcast, and return who does not hear all others within a moment."""
    missing: dict[int, set[str]] = {}
    for number, guest in GUESTS.items():
        build = send(BROADCAST_MAC, IPV4, datagram(guest.ipv4, "255.255.255.255"), guest.mac)
        for name in NETWORKS:
            sent = ends.say("greets", f"{name}.{number}", build)
            missing[sent] = {f"{name}.{other}" for other in GUESTS if other != number}
    wait_until(lambda: all(names <= ends.heard_by(sent).keys() for sent, names in missing.items()), QUIET)
    return {name for sent, names in missing.items() for name in names - ends.heard_by(sent).keys()}


def compare(ends: Wires, expected: dict[int, set[str]]) -> None:
    """Check that each frame was heard once by each of those, and by no other guest."""
    greet(ends)
    heard = {number: among_guests(ends.heard_by(number)) for number in expected}
    wrong = {
        f"{ends.said[number].sender}: {ends.said[number].label}": (sorted(names), dict(heard[number]))
        for number, names in expected.items()
        if heard[number] != Counter(names)
    }
    assert wrong == {}, "{frame: (who should have heard it, who did)}"


def among_guests(heard: Counter[str]) -> Counter[str]:
    return Counter({name: count for name, count in heard.items() if not name.startswith(("trunk", "flat"))})


def test_a_guest_is_heard_by_whom_it_may_reach_and_by_nobody_else(ends: Wires, mode: str, fabric: Fabric) -> None:
    vlans = {name: IDS["w"] if name == "w" else fabric.recorded(f"{name}.net")["local_vlan"] for name in GUARDED}
    expected: dict[int, set[str]] = {}
    outside: dict[int, bool | None] = {}
    for dummy in range(ROUNDS):
        for name in GUARDED:
            for case in cases(vlans[name], vlans["b" if name == "a" else "a"]):
                number = ends.say(case.name, f"{name}.1", case.build)
                expected[number] = {who if who == "answered" else f"{name}.{who}" for who in case.heard(mode)}
                outside[number] = case.on_the_wire(mode) if name in WIRE else False
        ends.settle()
    assert len(expected) >= ROUNDS * len(GUARDED) * 125
    compare(ends, expected)
    for number, wanted in outside.items():
        heard = ends.heard_by(number) - among_guests(ends.heard_by(number))
        wire = {} if wanted is False else {WIRE[ends.said[number].sender[0]]: 1}
        assert dict(heard) == wire or (wanted is None and not heard), (ends.said[number], heard)


def test_a_port_without_a_guard_sends_as_anybody_but_tags_nothing(ends: Wires, mode: str) -> None:
    others = {"o.2", "o.3"}
    allowed = {
        "another's MAC address": (unicast(ONE.ipv4, TWO, STRANGE_MAC), {"o.2"}),
        "another's IPv4 address": (unicast(STRANGE_IPV4, THREE), {"o.3"}),
        "another's IPv6 address": (unicast("fd00:1::99", TWO), {"o.2"}),
        "another's ARP": (says((STRANGE_MAC, STRANGE_IPV4), (TWO.mac, TWO.ipv4), BROADCAST_MAC), others),
        "an unknown protocol": (send(BROADCAST_MAC, 0x88B5, lambda mark: mark), others),
        "DHCP server": (send(BROADCAST_MAC, IPV4, dhcp(ONE.ipv4, "255.255.255.255", 67, 68)), others),
    }
    expected = {ends.say(name, "o.1", build): set(names) for name, (build, names) in allowed.items()}
    router = {case.name: case.build for case in serving() if case.name.startswith("router advertisement behind")}
    expected.update({ends.say(name, "o.1", build): others for name, build in router.items()})
    expected.update({ends.say(case.name, "o.1", case.build): set() for case in tagged(100, 101)})
    for sender, guest in (("o.2", TWO), ("o.3", THREE)):
        build = send(STRANGE_MAC, IPV4, datagram(guest.ipv4, STRANGE_IPV4), guest.mac)
        expected[ends.say(FOR_NOBODY, sender, build)] = {"o.1"}
    compare(ends, expected)


def test_a_port_sends_with_its_address_pairs_and_gets_what_is_for_them(ends: Wires) -> None:
    others = {"p.2", "p.3"}
    expected = {
        ends.say(name, sender, build): heard
        for name, sender, build, heard in (
            ("its own MAC with the pair of it", "p.1", unicast("10.1.1.100", TWO), {"p.2"}),
            ("announces it", "p.1", arp_of(ONE.mac, "10.1.1.100"), others),
            ("the shared MAC", "p.1", unicast("10.1.1.101", THREE, SHARED_MAC), {"p.3"}),
            ("the shared MAC over IPv6", "p.1", unicast("fd00:1::1:5", TWO, SHARED_MAC), {"p.2"}),
            ("announces the shared MAC", "p.1", arp_of(SHARED_MAC, "10.1.1.101"), others),
            ("the shared MAC with the other pair", "p.1", unicast("10.1.1.100", TWO, SHARED_MAC), set()),
            ("its own MAC with the pair of the shared one", "p.1", unicast("10.1.1.101", TWO), set()),
            ("its own MAC with that over IPv6", "p.1", unicast("fd00:1::1:5", TWO), set()),
            ("the shared MAC with its own address", "p.1", unicast(ONE.ipv4, TWO, SHARED_MAC), set()),
            ("an address beside the pair", "p.1", unicast("fd00:1::2:5", TWO, SHARED_MAC), set()),
            ("ARP of another's pair", "p.2", arp_of(TWO.mac, "10.1.1.100"), set()),
            (
                "to the shared MAC",
                "p.2",
                send(SHARED_MAC, IPV4, datagram(TWO.ipv4, "10.1.1.101"), TWO.mac),
                {"p.1", "p.3"},
            ),
        )
    }
    compare(ends, expected)


def test_a_stranger_on_the_wire_is_in_the_network_of_the_wire_and_in_no_other(ends: Wires) -> None:
    w, f = {f"w.{number}" for number in GUESTS}, {f"f.{number}" for number in GUESTS}
    expected = {}

    def said(label: str, sender: str, tags: list[int], to: str, heard: set[str]) -> None:
        def build(mark: bytes) -> bytes:
            stack = b"".join(struct.pack("!HH", 0x8100, tag) for tag in tags)
            plain = asks(ONE.ipv4, (STRANGE_MAC, STRANGE_IPV4), to)(mark)
            return plain[:6] + bytes.fromhex(STRANGE_MAC.replace(":", "")) + stack + plain[12:]

        expected[ends.say(label, sender, build)] = heard

    said("broadcast", "trunk", [120], BROADCAST_MAC, w)
    said("broadcast", "flat", [], BROADCAST_MAC, f)
    said("to the first", "trunk", [120], ONE.mac, {"w.1"})
    said("to the third", "trunk", [120], THREE.mac, {"w.3"})
    said("to the first", "flat", [], ONE.mac, {"f.1"})
    said(FOR_NOBODY, "trunk", [120], "02:00:00:00:00:77", set())
    said(FOR_NOBODY, "flat", [], "02:00:00:00:00:77", set())
    for tags in ([], [0], [121], [0, 120], [121, 120], [1]):
        said(f"broadcast with tags {tags}", "trunk", tags, BROADCAST_MAC, set())
    for tags in ([0], [120], [0, 120], [1981]):
        said(f"broadcast with tags {tags}", "flat", tags, BROADCAST_MAC, set())
    for sender, tags in (("trunk", [120]), ("flat", [])):
        said("to a bridge's address", sender, tags, "01:80:c2:00:00:00", set())
    compare(ends, expected)


SEND = """
import socket, sys
kind, to, data = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
way = (socket.SOCK_DGRAM, 0, 4789) if kind == "vxlan" else (socket.SOCK_RAW, 47, 0)
with socket.socket(socket.AF_INET6, *way[:2]) as end:
    for dummy in range(3):  # the first is lost if the underlay has to ask for an address
        end.sendto(data, (to, way[2]))
"""


def test_a_tunnel_is_taken_from_hypervisors_that_have_its_network_alone(ends: Wires, fabric: Fabric) -> None:
    broadcast = send(BROADCAST_MAC, IPV4, datagram(THREE.ipv4, "255.255.255.255"), THREE.mac)
    hidden = tagged_frame([(0x8100, 120)])
    heads = {"gre": lambda key: struct.pack("!HHI", 0x2000, 0x6558, key), "vxlan": vxlan}
    members = {"gre": {"a.1", "a.2"}, "vxlan": {"b.1", "b.2"}}
    sent: dict[int, set[str]] = {}
    for kind, key in (("gre", 5001), ("vxlan", 5002)):
        for host, its_key, build, heard in (
            ("hv2", key, broadcast, members[kind]),
            ("hv3", key, broadcast, set()),  # it has no guest there
            ("hv2", 9, broadcast, set()),
            ("hv2", 6000, broadcast, set()),
            ("hv2", key, hidden, set()),
        ):
            sent[tunneled(ends, fabric, kind, heads[kind](its_key), host, build)] = heard
    assert wait_until(lambda: all(heard <= ends.heard_by(number).keys() for number, heard in sent.items()))
    greet(ends)
    assert {number: set(ends.heard_by(number)) for number in sent} == sent


def vxlan(key: int) -> bytes:
    return struct.pack("!II", 1 << 27, key << 8)


def tunneled(ends: Wires, fabric: Fabric, kind: str, head: bytes, host: str, build: Build) -> int:
    """Send a frame from a hypervisor to hv1 as if its switch had put it into a tunnel."""
    number, frame = ends.announce(kind, "", build)
    fabric.twin.run(host, "/usr/bin/python3", "-c", SEND, kind, VTEPS["hv1"], (head + frame).hex())
    return number


DEAD = "vlan_mode=trunk trunks=4095"


@pytest.mark.parametrize("columns", [DEAD, ""], ids=["as ours are made", "of somebody else"])
def test_a_port_without_flows_sends_nothing_and_hears_nothing(fabric: Fabric, mode: str, columns: str) -> None:
    """Somebody else's port in learning is heard by nobody too; but it hears what NORMAL floods, as on any switch."""
    add = "add-port br-int new0 -- set interface new0 type=internal"
    fabric.vsctl("hv1", f"{add} -- set port new0 {columns}" if columns else add)
    try:
        fabric.twin.run("hv1", "ip", "link", "set", "new0", "up")
        with wires(fabric.twin, {**PLACES, "new": ("hv1", "new0")}) as ends:
            greet(ends)
            forms = [[], [(0x8100, fabric.recorded("a.net")["local_vlan"])], [(0x8100, 120)], [(0x8100, 0)]]
            expected = {
                ends.say(f"{form}", "new", tagged_frame(form, to)): set()
                for form in forms
                for to in (BROADCAST_MAC, TWO.mac)
            }
            for name in NETWORKS:
                ends.say("unknown", f"{name}.1", send(STRANGE_MAC, IPV4, EVERYBODY))
            greet(ends)
            overheard = [
                ends.said[number] for number, heard in ends.heard.items() if any("new" in who for who in heard)
            ]
            if columns or mode == "static":
                assert overheard == []
            assert {number: set(ends.heard_by(number)) for number in expected} == expected
    finally:
        fabric.vsctl("hv1", "del-port br-int new0")


def test_a_guest_that_is_plugged_in_anew_is_dead_until_it_has_its_number(fabric: Fabric, mode: str) -> None:
    """As by a hypervisor's own tool, which makes the port as docs/security-model.md says: with its number, or without,
    so that ``site`` has to give it back."""
    number = fabric.interface_number("hv1", "a.1")
    plug_in(fabric, f"-- set interface {TAP} ofport_request={number}")
    with wires(fabric.twin, PLACES) as ends:
        greet(ends)
        assert plug_in(fabric) not in (number, -1)
        dead = {
            ends.say(label, sender, build): label
            for label, sender, build in (
                ("broadcast", "a.1", send(BROADCAST_MAC, IPV4, EVERYBODY)),
                ("to the second", "a.1", unicast(ONE.ipv4, TWO)),
                ("to the third", "a.1", unicast(ONE.ipv6, THREE)),
                ("of the second", "a.2", send(ONE.mac, IPV4, datagram(TWO.ipv4, ONE.ipv4), TWO.mac)),
                ("of the third", "a.3", send(ONE.mac, IPV4, datagram(THREE.ipv4, ONE.ipv4), THREE.mac)),
            )
        }
        called = ends.say("calls", "a.2", send(BROADCAST_MAC, IPV4, datagram(TWO.ipv4, "255.255.255.255"), TWO.mac))
        flooded = [ends.say("to nobody", f"{name}.1", send(STRANGE_MAC, IPV4, EVERYBODY)) for name in NETWORKS]
        ends.settle()
        assert {dead[each]: ends.heard_by(each) for each in dead if ends.heard_by(each)} == {}
        assert ends.heard_by(called) == {"a.3": 1}
        assert [who for each in flooded for who in ends.heard_by(each) if who.startswith("a.1")] == []
        fabric.run("site")
        assert fabric.interface_number("hv1", "a.1") == number
        greet(ends)


TAP = "tap-a1"


def plug_in(fabric: Fabric, more: str = "") -> int:
    """Delete a guest's port and add it again, dead and with the fabric's mark; return its number."""
    fabric.vsctl("hv1", f"del-port br-int {TAP}")
    fabric.vsctl("hv1", f"add-port br-int {TAP} {DEAD} external_ids:tenantry-owner=lab {more}")
    return int(fabric.vsctl("hv1", f"get interface {TAP} ofport"))
