# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What traces say of every pair of endpoints, in each forwarding, against frames that are really sent."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from guard_cases import Build, datagram, send
from lifecycle_fabric import Fabric
from oracle import Oracle
from packets import wait_until
from wires import QUIET, Wires, wires

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Journey
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.story import verdict
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import BROADCAST_MAC, IPV4, VLAN

# Guest 1 and 2 of a network are on hv1, 3 on hv2, 4 on hv3. In all networks they have the same MAC and IP addresses.
HOSTS = {"1": "hv1", "2": "hv1", "3": "hv2", "4": "hv3"}
NETWORKS = {
    "acme": ({"type": "gre", "segmentation_id": 5001}, "1234"),
    "globex": ({"type": "vxlan", "segmentation_id": 5002}, "13"),
    "initech": ({"type": "geneve", "segmentation_id": 5003}, "34"),
    "umbrella": ({"type": "vlan", "segmentation_id": 120, "physical_network": "physnet1"}, "134"),
    "hooli": ({"type": "flat", "physical_network": "physnet2"}, "13"),
}
PORT = 1021  # RFC 4727


def ip(number: str) -> str:
    return f"10.1.1.{number}"


def mac(number: str) -> str:
    return f"52:54:00:00:00:0{number}"


def tenant(name: str) -> dict[str, Any]:
    network, numbers = NETWORKS[name]
    ports = {
        f"web-{number}": {
            **{"hypervisor": HOSTS[number], "network": "web", "interface": f"tap-{name}-{number}"},
            **{"ip": ip(number), "mac": mac(number)},
        }
        for number in numbers
    }
    return {"networks": {"web": {**network, "subnet": "10.1.1.0/24"}}, "ports": ports}


GUESTS = [f"{name}.web-{number}" for name, (_network, numbers) in NETWORKS.items() for number in numbers]
PAIRS = [(sender, receiver) for sender in GUESTS for receiver in GUESTS if sender != receiver]


def receivers(journey: Journey) -> set[str]:
    """Return the guests that get a copy on the hypervisors that were asked, by what these say."""
    found = {journey.there.receiver.name} if journey.there.deliveries else set()
    return found.union(_guest(hop.visit.hypervisor, output["port"]) for hop, output in journey.there.elsewhere) & {
        *GUESTS
    }


def _guest(host: str, device: str | None) -> str:
    _tap, name, number = (device or "--").split("-") if (device or "").startswith("tap-") else ("", "", "")
    return f"{name}.web-{number}"


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    return new_fabric({name: tenant(name) for name in NETWORKS}, wires=["physnet2"])


@pytest.fixture(scope="module", params=["learning", "static", "plain"])
def mode(request: pytest.FixtureRequest, fabric: Fabric) -> str:
    fabric.fabric["forwarding"] = request.param
    fabric.run("site")
    return str(request.param)


@pytest.fixture
def ends(fabric: Fabric, mode: str) -> Iterator[Wires]:
    with wires(fabric.twin, {name: (name, "eth0") for name in GUESTS}) as found:
        assert wait_until(lambda: not unheard(found)), unheard(found)
        found.settle()
        for (
            host
        ) in fabric.hypervisors:  # what passes by flows that the datapath has is learned when these are looked at
            fabric.twin.run(host, "ovs-appctl", "revalidator/wait")
        yield found


def unheard(ends: Wires) -> set[str]:
    """Let each guest send a broadcast, and return who does not hear all others within a moment."""
    missing = {}
    for name in GUESTS:
        number = name[-1]
        build = send(BROADCAST_MAC, IPV4, datagram(ip(number), "255.255.255.255"), mac(number))
        missing[ends.say("greets", name, build)] = {other for other in fellows(name) if other != name}
    wait_until(lambda: all(names <= ends.heard_by(sent).keys() for sent, names in missing.items()), QUIET)
    return {name for sent, names in missing.items() for name in names - ends.heard_by(sent).keys()}


def fellows(name: str) -> list[str]:
    return [other for other in GUESTS if other.partition(".")[0] == name.partition(".")[0]]


def between(sender: str, receiver: str, **lie: Any) -> Build:
    """Return the frame that a trace is asked about."""
    source = lie.get("src_ip", ip(sender[-1]))
    build = send(mac(receiver[-1]), IPV4, datagram(source, ip(receiver[-1])), lie.get("src_mac", mac(sender[-1])))
    tag = struct.pack("!HH", VLAN, lie["vlan"]) if "vlan" in lie else b""
    return lambda mark: build(mark)[:12] + tag + build(mark)[12:]


def test_every_pair_agrees_with_a_real_frame(fabric: Fabric, mode: str, ends: Wires) -> None:
    journeys = Oracle(fabric).journeys([{"from": sender, "to": receiver} for sender, receiver in PAIRS])
    sent = [ends.say("frame", sender, between(sender, receiver)) for sender, receiver in PAIRS]
    ends.settle()
    wrong = {}
    reached = 0
    for (sender, receiver), journey, number in zip(PAIRS, journeys, sent):
        asked = {HOSTS[sender[-1]], HOSTS[receiver[-1]]}
        heard = {name for name in ends.heard_by(number) if HOSTS[name[-1]] in asked}
        reached += receiver in heard
        if (journey.there.reaches, receivers(journey)) != (receiver in heard, heard):
            wrong[sender, receiver] = (journey.there.reaches, receivers(journey), heard)
        if journey.reaches != (sender in fellows(receiver)):
            wrong[sender, receiver, "back"] = (journey.reaches,)
    assert wrong == {}, "{pair: (traced, who gets it by the traces, who got it)}"
    assert reached == sum(len(numbers) * (len(numbers) - 1) for _network, numbers in NETWORKS.values())


LOCAL, REMOTE = ("acme.web-1", "acme.web-2"), ("acme.web-1", "acme.web-3")


@pytest.mark.parametrize("network", ["acme", "umbrella"])
def test_what_a_guest_may_not_send(fabric: Fabric, mode: str, ends: Wires, network: str) -> None:
    """Each by the trace as by the frame, whether there is a guard or not."""
    vlan = fabric.recorded(f"{network}.web").get("vlan") or fabric.recorded(f"{network}.web")["local_vlan"]
    lies: list[dict[str, Any]] = [
        *({"src_ip": "10.1.1.99"}, {"src_mac": "52:54:00:00:00:99"}, {"src_ip": ip("4"), "src_mac": mac("9")}),
        *({"vlan": tag} for tag in (vlan, 0, 121)),
    ]
    asked = [(f"{network}.web-1", f"{network}.web-{number}", lie) for number in "34" for lie in lies]
    journeys = Oracle(fabric).journeys([{"from": sender, "to": receiver, **lie} for sender, receiver, lie in asked])
    sent = [ends.say(str(lie), sender, between(sender, receiver, **lie)) for sender, receiver, lie in asked]
    ends.settle()
    for (_sender, receiver, lie), journey, number in zip(asked, journeys, sent):
        heard = {name for name in ends.heard_by(number) if HOSTS[name[-1]] in ("hv1", HOSTS[receiver[-1]])}
        assert (journey.there.reaches, receivers(journey)) == (receiver in heard, heard), lie
        assert journey.back is None
        assert mode == "plain" or not heard


def test_a_guest_that_nobody_has_learned_yet(fabric: Fabric, mode: str, ends: Wires) -> None:
    """It may be learned again at any time: guests look for routers and neighbours when they like."""
    oracle = Oracle(fabric)
    others = {"learning": " It also goes to hv3.", "static": "", "plain": " It also goes to acme.web-2, hv3."}
    expected = f"acme.web-1 reaches acme.web-3, and the answer comes back.{others[mode]}"

    def flooded() -> bool:
        fabric.twin.run("hv1", "ovs-appctl", "fdb/flush", "br-int")
        (journey,) = oracle.journeys([{"from": REMOTE[0], "to": REMOTE[1]}])
        number = ends.say("the first of all", REMOTE[0], between(*REMOTE))
        ends.settle()
        heard = {name for name in ends.heard_by(number) if HOSTS[name[-1]] != "hv3"}
        return (verdict(oracle.intent()[1], journey), receivers(journey)) == (expected, heard)

    assert wait_until(flooded)


def test_reasons_in_the_words_of_the_intent(fabric: Fabric, mode: str) -> None:
    told = Oracle(fabric).told
    if mode != "plain":
        assert told(*REMOTE, src_ip="10.1.1.99") == (
            "acme.web-1 does not reach acme.web-3: dropped by guard of port acme.web-1: source address 10.1.1.99 is "
            "not its own (10.1.1.1)."
        )
        assert told(*LOCAL, vlan=5) == (
            "acme.web-1 does not reach acme.web-2: dropped by guard of port acme.web-1: it has the VLAN tag 5."
        )
    stopped = {
        "learning": "dropped by input of the wire of physnet2: hv3 has no flow that takes it in",
        "static": "dropped by input of the wire of physnet2: hv3 has no flow that takes it in",
        "plain": "dropped by table 0 of the wire of physnet2: the switch says 'disallowed VLAN VID for this input "
        "port, dropping'",
    }
    assert told("hooli.web-1", "initech.web-4") == (
        "hooli.web-1 does not reach initech.web-4: it is in network initech.web and the sender in hooli.web, and "
        f"nothing joins them; {stopped[mode]}."
    )


TOLD = """
acme.web-1 -> acme.web-3

tcp from 10.1.1.1 port 40000 to 10.1.1.3 port 3306
  hv1: comes from acme.web-1 by tap-acme-1
      input        port acme.web-1
      guard        port acme.web-1
      guard_l4, respond, track
      switch       port acme.web-3
      output
    leaves to hv2 through the gre tunnel, key 5001 (acme.web)
  hv2: comes from hv1 through the gre tunnel, key 5001 (acme.web) by gr-flow
      input        network acme.web
      tunnel       network acme.web
      track
      switch       port acme.web-3
      judge_in, output
    leaves to acme.web-3 by tap-acme-3

tcp from 10.1.1.3 port 3306 to 10.1.1.1 port 40000
  hv2: comes from acme.web-3 by tap-acme-3
      input        port acme.web-3
      guard        port acme.web-3
      guard_l4, respond, track
      switch       port acme.web-1
      output
    leaves to hv1 through the gre tunnel, key 5001 (acme.web)
  hv1: comes from hv2 through the gre tunnel, key 5001 (acme.web) by gr-flow
      input        network acme.web
      tunnel       network acme.web
      track
      switch       port acme.web-1
      judge_in, output
    leaves to acme.web-1 by tap-acme-1

acme.web-1 reaches acme.web-3, and the answer comes back.
"""
ASK = ("-efrom=acme.web-1", "-eto=acme.web-3", "-eproto=tcp", "-eport=3306")


@pytest.mark.parametrize("mode", ["static"], indirect=True)
def test_the_playbook_tells_it_whatever_the_limit(fabric: Fabric, mode: str) -> None:
    run = fabric.run("trace", *ASK, "--limit=hv3", "--check")
    assert TOLD in run.output
    assert run.changes() == {}


@pytest.mark.parametrize("mode", ["static"], indirect=True)
def test_the_playbook_names_hosts_that_cannot_be_asked(fabric: Fabric, mode: str) -> None:
    inventory = json.loads(fabric.twin.inventory.read_text())
    gone = inventory["all"]["children"]["hypervisors"]["hosts"]["hv2"]
    gone["tenantry_netns_pid_file"] = "/nowhere/pid"
    broken = fabric.folder / "broken.json"
    broken.write_text(json.dumps(inventory))
    lost = "Whether acme.web-1 reaches acme.web-3 is not known: hv2 could not be asked: "
    dead = "This host of the twin is down: no process of it belongs to /nowhere/pid."
    assert fabric.refused("trace", *ASK, inventory=broken)["hv1"].startswith(lost + dead)
    sliced = fabric.refused("trace", *ASK, inventory=fabric.inventory_of("hv1"))
    assert sliced == {"hv1": f"{lost}the inventory has no such host."}


@pytest.mark.parametrize("mode", ["static"], indirect=True)
def test_the_playbook_tells_all_that_is_wrong_with_a_question(fabric: Fabric, mode: str) -> None:
    assert fabric.refused("trace", "-efrom=acme.web1", "-eproto=tcp")["hv1"] == (
        "3 faults, nothing was changed:\n"
        "- from: 'acme.web1' is no port of this intent; did you mean acme.web-1 or acme.web-4 or acme.web-3?\n"
        "- port: missing; a tcp packet is for one, so write a number from 1 to 65535\n"
        "- to: missing; write the port that it is for, as 'acme.web-1'"
    )


NO_FLOW = "dropped by input of network acme.web: hv2 has no flow that takes it in; run site"
NO_DEVICE = "dropped by output of network acme.web: the device that it is sent to is not plugged into br-int of hv2"
BROKEN = {  # forwarding: what is said without the way in from hv1, and without the receiver's device
    "learning": (NO_FLOW, NO_DEVICE),
    "static": (NO_FLOW, NO_DEVICE),
    "plain": (
        "hv2 has no gre tunnel that takes it from hv1; run site",
        "dropped by table 0 of network acme.web: the switch says 'no learned MAC for destination, flooding'",
    ),
}


def test_what_is_broken_is_found_where_it_is(fabric: Fabric, mode: str, ends: Wires) -> None:
    """The last of a mode: the next converges again."""
    no_way_in, unplugged = BROKEN[mode]
    told, run = Oracle(fabric).told, fabric.twin.run
    close_to_hv1(fabric, mode)
    assert told(*REMOTE) == f"acme.web-1 does not reach acme.web-3: {no_way_in}."
    sent = [ends.say("no way in", REMOTE[0], between(*REMOTE))]
    ends.settle()
    run("hv2", "ovs-vsctl", "del-port", "tap-acme-3")
    assert told("acme.web-4", "acme.web-3") == f"acme.web-4 does not reach acme.web-3: {unplugged}."
    assert told("acme.web-3", "acme.web-4") == (
        "acme.web-3 does not reach acme.web-4: tap-acme-3, the device of acme.web-3, is not plugged into br-int of "
        "hv2: nothing runs there, or site has not."
    )
    sent += [
        ends.say("unplugged", *way)
        for way in (
            ("acme.web-4", between("acme.web-4", "acme.web-3")),
            ("acme.web-3", between("acme.web-3", "acme.web-4")),
        )
    ]
    ends.settle()
    assert [dict(ends.heard_by(number)) for number in sent] == [{}, {}, {}]


def close_to_hv1(fabric: Fabric, mode: str) -> None:
    """Take from hv2 what takes in the packets of acme.web that come from hv1."""
    if mode == "plain":
        (line,) = fabric.traces("hv2: Interface gr-* options:remote_ip=192.168.1.151")
        fabric.vsctl("hv2", f"del-port {line.split()[2]}")
    else:
        flow = "table=0,tun_id=5001,tun_src=192.168.1.151"
        fabric.twin.run("hv2", "ovs-ofctl", "del-flows", "br-int", flow)
