# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real packets: a network as it should be is green, and each way to break it shows as exactly the right wrong cells."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

from verify_lab import Lab

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import Verdict

ACME = ["acme.web-1", "acme.web-2"]
GLOBEX = ["globex.web-1", "globex.web-2"]
GREEN = {"ok-reach": 4, "ok-isolated": 8}


def wrong(verdict: Verdict) -> dict[tuple[str, str], str]:
    return {(cell.sender, cell.receiver): cell.state for cell in verdict.wrong}


def words(verdict: Verdict) -> str:
    return "\n".join(fault.words for cell in verdict.wrong for fault in cell.faults)


def both_ways(left: list[str], right: list[str]) -> set[tuple[str, str]]:
    return {*product(left, right), *product(right, left)}


def test_two_tenants_with_the_same_addresses_are_told_apart(bridged: Lab) -> None:
    verdict = bridged.measure()
    assert words(verdict) == ""
    assert verdict.counts() == GREEN
    assert verdict.ailments == {}


def test_access_ports_of_open_vswitch_are_isolated(switched: Lab) -> None:
    verdict = switched.measure()
    assert words(verdict) == ""
    assert verdict.counts() == GREEN


def test_a_link_that_is_down_is_unreachable(bridged: Lab) -> None:
    bridged.switch.run("ip", "link", "set", "p2", "nomaster")
    verdict = bridged.measure()
    assert wrong(verdict) == dict.fromkeys(permutations(ACME), "unreachable")
    assert "acme.web-1 -> acme.web-2 broadcast: expected once, measured never" in words(verdict)
    assert "tcp to fd00::2: expected reachable, measured unreachable (no reply)" in words(verdict)


def test_a_link_that_loses_one_frame_of_three_is_told(bridged: Lab) -> None:
    bridged.switch.run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1")
    broadcasts = ["-m", "physdev", "--physdev-in", "p1", "-d", "255.255.255.255", "-p", "udp", "--dport", "1021"]
    every_third = ["-m", "statistic", "--mode", "nth", "--every", "3", "--packet", "0"]
    bridged.switch.run("iptables", "-A", "FORWARD", *broadcasts, *every_third, "-j", "DROP")
    verdict = bridged.measure()
    assert words(verdict) == "acme.web-1 -> acme.web-2 broadcast: expected 3 times, measured 2 times: packets get lost"


def test_an_endpoint_without_carrier_proves_nothing(bridged: Lab) -> None:
    bridged.switch.run("ip", "link", "set", "p2", "down")
    verdict = bridged.measure()
    isolated = both_ways(["acme.web-2"], GLOBEX)
    assert wrong(verdict) == {
        **dict.fromkeys(permutations(ACME), "unreachable"),
        **dict.fromkeys(isolated, "unmeasured"),
    }
    assert "were seen to leave eth0" in verdict.ailments["acme.web-2"]


def test_two_networks_joined_are_a_leak(bridged: Lab) -> None:
    bridged.join("acme.web", "globex.web")
    for number, name in enumerate(GLOBEX, 3):  # else each address has two owners, and the tenants are disturbed too
        renumber(bridged, name, f"10.1.1.{number}/24")
    verdict = bridged.measure()
    assert wrong(verdict) == dict.fromkeys(both_ways(ACME, GLOBEX), "leak")
    assert (
        "acme.web-1 -> globex.web-1 icmp, tcp, broadcast, IPv4 multicast and 15 other kinds of frames: "
        "expected isolated, measured reachable"
    ) in words(verdict)


def test_two_networks_joined_leak_without_a_common_address_or_route(lab: Lab) -> None:
    lab.add_bridge("br0")
    for name, network, address in (("acme.a", "acme.web", "10.1.1.1/24"), ("globex.b", "globex.web", "10.2.2.2/24")):
        lab.plug(lab.add(name, network, address), "br0")
    verdict = lab.measure()
    assert wrong(verdict) == dict.fromkeys(permutations(["acme.a", "globex.b"]), "leak")
    assert "acme.a -> globex.b icmp, tcp, broadcast," in words(verdict)


def test_two_paths_are_a_duplicate(lab: Lab) -> None:
    lab.start_open_vswitch()
    for bridge, other in (("left", "right"), ("right", "left")):
        lab.vsctl(f"add-br {bridge} -- set bridge {bridge} datapath_type=netdev")
        for path in (1, 2):  # protected, as tunnel ports are: the copies end at the endpoints, nothing circles
            options = f"type=patch options:peer={other}-{path}"
            lab.vsctl(f"add-port {bridge} {bridge}-{path} protected=true -- set interface {bridge}-{path} {options}")
    for name, bridge in (("acme.a", "left"), ("acme.b", "left"), ("acme.c", "right")):
        lab.vsctl(f"add-port {bridge} {lab.add(name, 'acme.web', f'10.1.1.{ord(name[-1])}/24')}")
    verdict = lab.measure()
    assert wrong(verdict) == dict.fromkeys(both_ways(["acme.a", "acme.b"], ["acme.c"]), "duplicate")
    assert "broadcast" in words(verdict)
    assert "expected once, measured 2 times: a loop or a second path" in words(verdict)


def test_frames_that_come_back_are_a_loop(switched: Lab) -> None:
    switched.switch.run("ovs-ofctl", "add-flow", "br-int", "in_port=p1,dl_dst=ff:ff:ff:ff:ff:ff,actions=in_port,NORMAL")
    verdict = switched.measure()
    assert wrong(verdict) == {("acme.web-1", "acme.web-1"): "duplicate"}
    assert "its own frames again: a loop" in words(verdict)


def test_a_path_with_too_small_an_mtu_is_unreachable(lab: Lab) -> None:
    for bridge in ("left", "right"):
        lab.add_bridge(bridge)
    lab.join("left", "right", mtu=1399)
    for name, bridge in (("acme.a", "left"), ("acme.b", "left"), ("acme.c", "right")):
        lab.plug(lab.add(name, "acme.web", f"10.1.1.{ord(name[-1])}/24"), bridge)
    verdict = lab.measure()
    assert wrong(verdict) == dict.fromkeys(both_ways(["acme.a", "acme.b"], ["acme.c"]), "unreachable")
    kinds = {fault.words.partition(" -> ")[2].split(" ", 1)[1] for cell in verdict.wrong for fault in cell.faults}
    assert {kind.partition(" to ")[0] for kind in kinds} == {"icmp at full MTU", "tcp"}


def test_an_interface_with_too_small_an_mtu_says_so(bridged: Lab) -> None:
    bridged.hosts["acme.web-1"].run("ip", "link", "set", "eth0", "mtu", "1399")
    verdict = bridged.measure()
    assert wrong(verdict) == {("acme.web-1", "acme.web-2"): "unreachable"}
    assert words(verdict).splitlines() == [
        f"acme.web-1 -> acme.web-2 icmp at full MTU to {address}: "
        "expected reachable, measured unreachable (Message too long)"
        for address in ("10.1.1.2", "fd00::2")
    ]


def test_more_than_the_mtu_of_the_network_must_not_pass(bridged: Lab) -> None:
    for port, name in (("p1", "acme.web-1"), ("p2", "acme.web-2")):
        bridged.switch.run("ip", "link", "set", port, "mtu", "1500")
        bridged.hosts[name].run("ip", "link", "set", "eth0", "mtu", "1500")
    verdict = bridged.measure()
    assert wrong(verdict) == dict.fromkeys(permutations(ACME), "oversize")
    assert "icmp of 1401 bytes to 10.1.1.2: expected refused beyond the MTU of 1400, measured delivered" in words(
        verdict
    )


def test_a_trunk_port_leaks_what_its_guest_tags(switched: Lab) -> None:
    switched.vsctl("set port p1 vlan_mode=native-untagged")
    verdict = switched.measure()
    assert wrong(verdict) == dict.fromkeys(both_ways(["acme.web-1"], GLOBEX), "leak")
    attempt = next(cell for cell in verdict.wrong if (cell.sender, cell.receiver) == ("acme.web-1", "globex.web-1"))
    assert attempt.faults[0].words == "acme.web-1 -> globex.web-1 802.1Q tag 20: expected isolated, measured reachable"


def test_somebody_else_with_the_address_does_not_pass_for_the_receiver(bridged: Lab) -> None:
    rogue = bridged.add("acme.rogue", "acme.web", "10.1.1.9/24", "fd00::9/64")
    bridged.plug(rogue, "acme.web")
    for address in ("10.1.1.2/24", "fd00::2/64"):
        bridged.hosts["acme.web-2"].run("ip", "address", "del", address, "dev", "eth0")
    renumber(bridged, "acme.rogue", "10.1.1.2/24", keep=True)
    verdict = bridged.measure()
    assert {pair for pair, state in wrong(verdict).items() if state == "unreachable"} == both_ways(
        ["acme.web-2"], ["acme.web-1", "acme.rogue"]
    )
    assert "tcp to 10.1.1.2: expected reachable, measured unreachable (answered by acme.rogue)" in words(verdict)
    assert "answered, but acme.web-2 never saw the request; acme.rogue did" in words(verdict)


def renumber(lab: Lab, name: str, address: str, keep: bool = False) -> None:
    """Give an endpoint another IPv4 address, in the network and, unless it is a rogue, in the intent."""
    host = lab.hosts[name]
    if not keep:
        host.run("ip", "address", "flush", "dev", "eth0")
        index = next(index for index, item in enumerate(lab.endpoints) if item.name == name)
        lab.endpoints[index] = replace(lab.endpoints[index], addresses=(address,))
    host.run("ip", "address", "add", address, "dev", "eth0")
