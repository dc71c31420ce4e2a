# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""of_trace on a real switch: where packets would leave, by which rules, and that asking changes nothing."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from host import Host
from private_ovs import PrivateOvs

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import tracer

ETHERNET = "dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02"
IPV4 = f"{ETHERNET},nw_src=10.1.1.1,nw_dst=10.1.1.2,nw_ttl=64"
ICMP, UDP, TCP = f"icmp,{IPV4}", f"udp,{IPV4},udp_src=5,udp_dst=9", f"tcp,{IPV4},tcp_src=5,tcp_dst=80"
ARP = f"arp,{ETHERNET},arp_op=1,arp_spa=10.1.1.1,arp_tpa=10.1.1.2,arp_sha=02:00:00:00:00:01"
HERE, THERE, NOWHERE = "192.168.1.151", "192.168.1.152", "192.168.1.159"
HERE6, THERE6 = "fd00:a::1", "fd00:a::2"
TAPS = {"tap0": 10, "tap1": 11, "tap2": 12, "tap3": 13, "tap4": 14, "tap5": 15, "eth1": 20}
TUNNELS = {
    "gre0": (100, {"remote_ip": "flow", "key": "flow", "local_ip": HERE}),
    "gre1": (101, {"remote_ip": THERE, "key": 5001, "local_ip": HERE}),
    "gre6": (106, {"remote_ip": THERE6, "key": 77, "local_ip": HERE6}),
    "vxlan0": (102, {"remote_ip": THERE, "key": 5002, "local_ip": HERE}),
    "geneve0": (103, {"remote_ip": THERE, "key": 5003, "local_ip": HERE}),
    "erspan0": (104, {"remote_ip": THERE, "key": 7, "erspan_ver": 1, "erspan_idx": 3, "local_ip": HERE}),
}
ALL = "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],set_field:02:00:00:00:00:99->eth_src,set_field:2->arp_op,IN_PORT"
FLOWS = [
    "cookie=0x7e4a00,in_port=10,icmp,actions=push_vlan:0x8100,set_field:4216->vlan_vid,output:20,pop_vlan,resubmit(,1)",
    "table=1,cookie=0x7e4a01,priority=7,icmp,actions=output:11",
    f"in_port=10,arp,actions={ALL}",
    "in_port=10,udp,actions=output:101,output:102,output:103,output:104,set_field:0x1392->tun_id,"
    f"set_field:{THERE}->tun_dst,output:100,output:106,output:11",
    "in_port=11,tcp,actions=push_vlan:0x8100,set_field:4100->vlan_vid,ct(table=2,zone=5)",
    "table=2,tcp,ct_state=+trk+new,actions=ct(commit,zone=5),ct(table=3,zone=6)",
    "table=2,tcp,ct_state=+trk+rpl,actions=output:12",
    "table=3,tcp,actions=output:13",
    "table=3,priority=40000,tcp,ct_state=+trk+rpl,actions=output:15",
    "in_port=11,udp,actions=output:99",
    "in_port=101,icmp,actions=output:10",
    "in_port=100,icmp,actions=dec_ttl,output:10",
    "in_port=14,actions=NORMAL",
]


@pytest.fixture(scope="module")
def traced() -> Iterator[Host]:
    """A host with tunnels and flows. Nothing here changes it, so that one is enough for all."""
    with tempfile.TemporaryDirectory(prefix="ovs-") as directory:
        switch = PrivateOvs(Path(directory), "netdev")
        try:
            host = Host(switch.start())
            populate(host)
            yield host
        finally:
            switch.stop()


def populate(host: Host) -> None:
    for number, name in enumerate([*TAPS, "eth0"]):
        host.ovs.run("ip", "link", "add", name, "type", "veth", "peer", "name", f"peer{number}")
    host.bridge(name="br-phy", datapath_type="netdev", ports=[{"name": "eth0"}])
    for address in (f"{HERE}/24", f"{HERE6}/64"):
        host.ovs.run("ip", "address", "add", address, "dev", "br-phy", *(["nodad"] if ":" in address else []))
    host.ovs.run("ip", "link", "set", "br-phy", "up")
    tunnels = [
        {"name": name, "type": re.sub(r"\d", "", name), "ofport_request": number, "options": options}
        for name, (number, options) in TUNNELS.items()
    ]
    taps = [{"name": name, "ofport_request": number} for name, number in TAPS.items()]
    host.bridge(name="br0", datapath_type="netdev", fail_mode="secure", ports=[*taps, *tunnels])
    theirs = {"name": "gre9", "type": "gre", "options": {"remote_ip": THERE, "key": 9, "local_ip": HERE}}
    host.bridge(name="br1", datapath_type="netdev", ports=[theirs])
    for flow in FLOWS:
        host.ovs.ofctl("add-flow", "br0", flow)
    for address in (THERE, THERE6):
        host.ovs.appctl("tnl/neigh/set", "br-phy", address, "02:00:00:00:01:52")


ENCAPSULATED = (("gre", 5001), ("vxlan", 5002), ("geneve", 5003), ("erspan", 7))


def trace(host: Host, *packets: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    traces: list[dict[str, Any]] = host.run("of_trace", bridge="br0", packets=list(packets), **options)["traces"]
    return traces


def leaves(host: Host, **packet: Any) -> list[str]:
    """Return where a packet leaves, in short: port or tunnel, and tags."""
    (found,) = trace(host, packet)
    return [_short(output) for output in found["outputs"]]


def _short(output: dict[str, Any]) -> str:
    tunnel = output["tunnel"]
    where = output["port"] or f"{tunnel['type']} {tunnel['tun_id']} {tunnel['tun_src']}->{tunnel['tun_dst']}"
    return "@".join([where, *map(str, output["vlans"])])


def through(kind: str, key: int, source: str = THERE, target: str = HERE) -> dict[str, Any]:
    return {"type": kind, "tun_id": key, "tun_src": source, "tun_dst": target}


def test_ports_tags_and_rules(traced: Host) -> None:
    (found,) = trace(traced, {"in_port": "tap0", "flow": ICMP})
    assert [_short(output) for output in found["outputs"]] == ["eth1@120", "tap1"]
    assert found["in_port"] == "tap0"
    assert found["rules"] == [
        {
            **{"bridge": "br0", "table": 0, "match": "icmp,in_port=10", "priority": 32768, "cookie": "0x7e4a00"},
            "steps": ["push_vlan:0x8100", "set_field:4216->vlan_vid", "output:20", "pop_vlan", "resubmit(,1)"],
        },
        {
            **{"bridge": "br0", "table": 1, "match": "icmp", "priority": 7, "cookie": "0x7e4a01"},
            "steps": ["output:11"],
        },
    ]
    assert leaves(traced, in_port="tap0", flow=f"{ICMP},dl_vlan=5,dl_vlan_pcp=0") == ["eth1@120@5", "tap1@5"]


@pytest.mark.parametrize("native", [True, False], ids=["userspace", "kernel"])
def test_tunnels_as_both_datapaths_say_them(traced: Host, native: bool) -> None:
    traced.ovs.appctl("dpif/set-dp-features", "br0", "tnl_push_pop", str(native).lower())
    found = leaves(traced, in_port="tap0", flow=UDP)
    traced.ovs.appctl("dpif/set-dp-features", "br0", "tnl_push_pop", "true")
    assert found == [
        *(f"{kind} {key} {HERE}->{THERE}" for kind, key in ENCAPSULATED),
        f"gre 5010 {HERE}->{THERE}",
        f"gre 77 {HERE6}->{THERE6}",
        "tap1",
    ]


def test_the_switch_says_which_port_takes_what_comes_through_a_tunnel(traced: Host) -> None:
    arrivals = [
        through("gre", 5001),
        through("gre", 5009),
        through("gre", 5001, NOWHERE),
        through("gre", 77, THERE6, HERE6),
        through("gre", 78, THERE6, HERE6),
        through("gre", 5001, THERE, NOWHERE),
        through("vxlan", 5001),
        through("geneve", 5003),
        through("gre", 9),  # of another bridge
    ]
    found = trace(traced, *({"tunnel": tunnel, "flow": ICMP} for tunnel in arrivals))
    assert [item["in_port"] for item in found] == ["gre1", "gre0", "gre0", "gre6", None, None, None, "geneve0", None]
    assert [_short(output) for item in found for output in item["outputs"]] == ["tap0"] * 3
    assert [output["rewritten"] for item in found for output in item["outputs"]] == [[], *[["ipv4(ttl=63)"]] * 2]
    assert found[4] == {"in_port": None, "outputs": [], "rules": [], "datapath_actions": []}


def test_an_answer_of_the_switch_itself(traced: Host) -> None:
    (found,) = trace(traced, {"in_port": "tap0", "flow": ARP})
    assert found["outputs"] == [
        {
            **{"port": "tap0", "tunnel": None, "vlans": [], "rewritten": ["arp(op=2)"]},
            **{"dl_src": "02:00:00:00:00:99", "dl_dst": "02:00:00:00:00:01"},
        }
    ]


def test_each_pass_through_conntrack(traced: Host) -> None:
    new = {"in_port": "tap1", "flow": TCP, "ct_states": ["trk,new", "trk|new"]}
    reply = {"in_port": "tap1", "flow": TCP, "ct_states": ["trk,est,rpl"] * 5}
    unsaid = {"in_port": "tap1", "flow": TCP}
    changed = {**new, "ct_states": ["trk,new", "trk,est,rpl"]}
    opened, answered, assumed, turned = trace(traced, new, reply, unsaid, changed)
    assert [_short(output) for output in opened["outputs"]] == ["tap3@4"]
    assert [len(item["datapath_actions"]) for item in (opened, answered)] == [3, 2]
    assert [rule["table"] for rule in opened["rules"]] == [0, 2, 3]
    assert [_short(output) for output in answered["outputs"]] == ["tap2@4"]
    assert assumed["outputs"] == opened["outputs"]
    assert [_short(output) for output in turned["outputs"]] == ["tap5@4"]


def test_dropped(traced: Host) -> None:
    no_rule, no_port, no_table = trace(
        traced,
        {"in_port": "tap2", "flow": ICMP},
        {"in_port": "tap1", "flow": UDP},
        {"in_port": "tap0", "flow": f"tcp6,{ETHERNET},ipv6_src=fd00::1,ipv6_dst=fd00::2"},
    )
    assert [item["outputs"] for item in (no_rule, no_port, no_table)] == [[], [], []]
    missed = {
        "bridge": "br0",
        "table": 0,
        "match": "",
        "priority": None,
        "cookie": "0x0",
        "steps": ["No match.", "drop"],
    }
    assert no_rule["rules"] == no_table["rules"] == [missed]
    assert no_port["rules"][-1]["steps"] == ["output:99", ">> Nonexistent output port"]


def test_a_port_that_is_not_there(traced: Host) -> None:
    assert trace(traced, {"in_port": "tap9", "flow": ICMP}) == [
        {"in_port": None, "outputs": [], "rules": [], "datapath_actions": []}
    ]


def test_asking_teaches_the_switch_nothing(traced: Host) -> None:
    def known() -> tuple[list[str], str, str]:
        """Return the addresses, the flows with what they counted, and the database, all but how old things are."""
        learned = traced.ovs.appctl("fdb/show", "br0").splitlines()
        flows = re.sub(r"(duration|idle_age)=[\d.]+", "", traced.ovs.ofctl("dump-flows", "br0"))
        return sorted(line.rsplit(None, 1)[0] for line in learned), flows, traced.ovs.dump()

    before = known()
    (found,) = trace(traced, {"in_port": "tap4", "flow": ICMP})
    assert len(found["outputs"]) > len(TAPS), "NORMAL has not learned the address, and floods"
    assert "-> no learned MAC for destination, flooding" in found["rules"][0]["steps"]
    assert known() == before
    traced.ovs.appctl("fdb/add", "br0", "tap5", "0", "02:00:00:00:00:02")
    assert leaves(traced, in_port="tap4", flow=ICMP) == ["tap5"]
    traced.ovs.appctl("fdb/flush", "br0")


def test_the_other_end_of_a_tunnel_that_nobody_knows_yet(traced: Host) -> None:
    traced.ovs.appctl("tnl/neigh/flush")
    try:
        start = time.monotonic()
        found = trace(traced, {"in_port": "tap0", "flow": UDP}, timeout=4)
        assert 1 <= time.monotonic() - start < 4, "it waits a moment for an answer"
        assert [_short(output) for output in found[0]["outputs"]] == ["tap1"]
        assert (
            f"-> neighbor cache miss for {THERE} on bridge br-phy, sending ARP request" in found[0]["rules"][0]["steps"]
        )
    finally:
        for address in (THERE, THERE6):
            traced.ovs.appctl("tnl/neigh/set", "br-phy", address, "02:00:00:00:01:52")


RIGHT = {"in_port": "tap0", "flow": ICMP}
HERE_AND_THERE = through("gre", 5001)
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"bridge": "br 0"}, "bridge: 'br 0' is no interface name; write letters, digits, '_', '.', '-', starting with a "
     "letter, digit or '_', and none of all, default, none"),
    ({"bridge": "br7"}, "ovs-vswitchd has no bridge br7; it has br-phy, br0, br1. Write one of these."),
    ({"timeout": 0}, "timeout: 0 is out of range; write a number from 1 to 3600"),
    ({"packets": []}, "packets: 0 packets; write 1 to 1000 of them"),
    ({"packets": [RIGHT] * 1001}, "packets: 1001 packets; write 1 to 1000 of them"),
    ({"packets": [{"flow": ICMP}]}, "packets[0]: write either in_port or tunnel: how the packet comes to the bridge"),
    ({"packets": [{**RIGHT, "tunnel": HERE_AND_THERE}]},
     "packets[0]: write either in_port or tunnel: how the packet comes to the bridge"),
    ({"packets": [{"in_port": "-tap0", "flow": ICMP}]}, "packets[0].in_port: '-tap0' is no interface name; write "
     "letters, digits, '_', '.', '-', starting with a letter, digit or '_', and none of all, default, none"),
    ({"packets": [{"in_port": "tap0", "flow": ""}]},
     "packets[0].flow: '' is no packet; write its fields as in ovs-fields(7), as 'tcp,nw_dst=10.1.1.20'"),
    ({"packets": [{"in_port": "tap0", "flow": "tcp\nudp"}]},
     "packets[0].flow: 'tcp\\nudp' holds a control character; write printable text on one line"),
    ({"packets": [{"in_port": "tap0", "flow": "tcp,in_port=3"}]},
     "packets[0].flow: 'tcp,in_port=3' holds in_port; write it as an option of the packet, in_port or tunnel"),
    ({"packets": [{"in_port": "tap0", "flow": "tun_id=3,tcp"}]},
     "packets[0].flow: 'tun_id=3,tcp' holds tun_id; write it as an option of the packet, in_port or tunnel"),
    ({"packets": [{**RIGHT, "ct_states": ["trk", "trk,old"]}]}, "packets[0].ct_states[1]: 'trk,old' is no state; write "
     "flags of dnat, est, inv, new, rel, rpl, snat, trk, as 'trk,new'"),
    ({"packets": [{"tunnel": {**HERE_AND_THERE, "tun_src": "fd00::1"}, "flow": ICMP}]},
     "packets[0].tunnel.tun_dst: 192.168.1.151 and tun_src fd00::1 are of different families; write two of one"),
    ({"packets": [{"tunnel": {**HERE_AND_THERE, "tun_id": 2**32}, "flow": ICMP}]},
     "packets[0].tunnel.tun_id: 4294967296 is out of range; write a number from 0 to 4294967295"),
    ({"packets": [{"tunnel": {**through("vxlan", 2**24), "tun_src": "224.0.0.1"}, "flow": ICMP}]},
     "2 faults, nothing was changed:\n"
     "- packets[0].tunnel.tun_id: 16777216 is out of range; write a number from 0 to 16777215\n"
     "- packets[0].tunnel.tun_src: '224.0.0.1' is no address of a host; write a unicast address"),
    ({"packets": [RIGHT, {"in_port": "tap0", "flow": "tcpp"}, {"in_port": "tap0", "flow": "nw_src=10.1.1.1"}]},
     "2 faults, nothing was changed:\n"
     "- packets[1].flow: unknown field tcpp\n"
     "- packets[2].flow: prerequisites not met for setting nw_src"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_wrong_calls(traced: Host, change: dict[str, Any], message: str) -> None:
    assert traced.run("of_trace", **{"bridge": "br0", "packets": [RIGHT], **change}).message == message


def test_a_daemon_that_is_dead_or_hangs_is_named_in_time(host: Host) -> None:
    host.bridge(name="br0", ports=[{"name": "tap0"}])
    task = {"bridge": "br0", "packets": [RIGHT], "timeout": 1}
    assert len(host.run("of_trace", **task)["traces"]) == 1
    host.ovs.freeze("ovs-vswitchd")
    start = time.monotonic()
    stuck = host.run("of_trace", **task).message
    assert time.monotonic() - start < 5
    assert re.fullmatch(
        rf"ovs-vswitchd does not answer at unix:{host.ovs.directory}/ovs-vswitchd\.\d+\.ctl: Connection timed out\. Is "
        r"Open vSwitch running \(package openvswitch-switch; systemctl status ovs-vswitchd\), and is database right\?",
        stuck,
    )
    host.ovs.kill("ovs-vswitchd")
    assert host.run("of_trace", **task).message == (
        f"No ovs-vswitchd answers at {host.ovs.directory}/ovs-vswitchd.*.ctl. Is it running (package "
        "openvswitch-switch; systemctl status ovs-vswitchd), and is database right?"
    )


def test_a_switch_that_is_too_slow_for_all_that_is_asked(traced: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "_REST", 2)
    assert traced.run("of_trace", bridge="br0", packets=[RIGHT] * 101, timeout=1).message == (
        "ovs-vswitchd did not answer everything within 1 s. It is busy; ask about fewer packets in a task, or raise "
        "timeout."
    )
