# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a twin's wires carry, with bridges and tunnels made by hand: what passes, and what must not."""

from __future__ import annotations

import subprocess

import pytest
from twin_lab import SECONDS, TwinLab, endpoint, hypervisor

IPV4, IPV6 = 20, 40  # bytes of a header
ICMP = 8
GRE = IPV4 + 8 + 14  # an IPv4 underlay, a GRE header with key, the inner Ethernet header

VTEPS = {
    "one subnet": (["192.168.1.151", "192.168.1.152", "192.168.1.153"], IPV4),
    "subnets that have nothing in common": (["192.168.1.151", "10.7.7.7", "172.16.0.9"], IPV4),
    "IPv6": (["fd00:a::1", "fd00:b::2", "2001:db8::3"], IPV6),
}

SERVE = """
import socket
socket.setdefaulttimeout(20)
with socket.create_server(("", 8080)) as server:
    print("ready", flush=True)
    with server.accept()[0] as peer:
        data = b""
        while chunk := peer.recv(65536):
            data += chunk
        print(len(data))
"""
SEND = """
import socket
with socket.create_connection(("10.1.1.3", 8080), timeout=10) as peer:
    peer.sendall(bytes(1000000))
"""


def joined_by_gre(twin: TwinLab, vteps: list[str], mtu: int) -> None:
    guests = [endpoint(number, on=number, mtu=mtu) for number in (1, 2, 3)]
    twin.up([hypervisor(number, vtep) for number, vtep in enumerate(vteps, start=1)], guests)
    for number, own in enumerate(vteps, start=1):
        tunnels = [(own, peer) for peer in vteps if peer != own]
        twin.switch_by_hand(f"hv{number}", [f"tap{number}"], *tunnels)


@pytest.mark.parametrize(("vteps", "outer"), VTEPS.values(), ids=VTEPS.keys())
def test_gre_passes_exactly_what_the_underlay_leaves(twin: TwinLab, vteps: list[str], outer: int) -> None:
    mtu = 1500 - GRE - (outer - IPV4)
    joined_by_gre(twin, vteps, mtu + 1)  # guests one byte too large
    for address in ("10.1.1.2", "10.1.1.3"):
        assert twin.pings("acme.web-1", address, payload=mtu - IPV4 - ICMP)
        assert not twin.pings("acme.web-1", address, payload=mtu + 1 - IPV4 - ICMP, patience=2)


def test_tcp_passes(twin: TwinLab) -> None:
    """With checksums left to a NIC that does not exist it would hang after the handshake."""
    joined_by_gre(twin, VTEPS["one subnet"][0], 1458)
    enter = ["nsenter", f"--target={twin.pid('acme.web-3')}", "--all", "--", "/usr/bin/python3", "-c", SERVE]
    with subprocess.Popen(enter, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        sent = twin.attempt("acme.web-1", "/usr/bin/python3", "-c", SEND)
        if sent.returncode != 0:
            server.kill()
        assert server.communicate(timeout=SECONDS)[0] == "1000000\n", sent.stderr


def test_a_physical_network_passes_the_tag_on_top_of_the_mtu(twin: TwinLab) -> None:
    guests = [endpoint(number, on=number, mtu=1501) for number in (1, 2)]
    twin.up([hypervisor(1, physnet1="eth1"), hypervisor(2, physnet1="eno2")], guests)
    for number, nic in ((1, "eth1"), (2, "eno2")):
        twin.switch_by_hand(f"hv{number}", [f"tap{number}"])
        twin.run(f"hv{number}", "ovs-vsctl", "add-port", "br-int", nic, "vlan_mode=trunk", "trunks=5")
    assert twin.pings("acme.web-1", "10.1.1.2", payload=1500 - IPV4 - ICMP)
    assert not twin.pings("acme.web-1", "10.1.1.2", payload=1501 - IPV4 - ICMP, patience=2)
    twin.run("hv2", "ovs-vsctl", "set", "port", "eno2", "trunks=6")
    assert not twin.pings("acme.web-1", "10.1.1.2", patience=2), "the tag got lost on the way"


def test_physical_networks_and_the_underlay_do_not_meet(twin: TwinLab) -> None:
    guests = [endpoint(number, on=number) for number in (1, 2)]
    twin.up([hypervisor(1, physnet1="eth1", physnet2="eth2"), hypervisor(2, physnet1="eth1", physnet2="eth2")], guests)
    for number, nic in ((1, "eth1"), (2, "eth2")):
        twin.switch_by_hand(f"hv{number}", [f"tap{number}"])
        twin.run(f"hv{number}", "ovs-vsctl", "add-port", "br-int", nic)
    assert not twin.pings("acme.web-1", "10.1.1.2", patience=2)
    assert not twin.pings("acme.web-1", "192.168.1.152", patience=1)
    twin.run("hv2", "ovs-vsctl", "del-port", "eth2", "--", "add-port", "br-int", "eth1")
    assert twin.pings("acme.web-1", "10.1.1.2"), "the test would not see them meet"


def test_the_hypervisor_itself_does_not_answer_its_guests(twin: TwinLab) -> None:
    """In the userspace datapath its own stack hears them, whatever the flows say."""
    twin.up([hypervisor(1)], [endpoint(1, on=1)])
    twin.run("acme.web-1", "ip", "route", "add", "192.168.1.151", "dev", "eth0")
    twin.run("hv1", "ip", "route", "add", "10.1.1.1", "dev", "tap1")
    assert not twin.pings("acme.web-1", "192.168.1.151", patience=1)
    mac = [int(octet, 16) for octet in twin.links("hv1")["tap1"]["address"].split(":")]
    eui64 = bytes([mac[0] ^ 2, mac[1], mac[2], 0xFF, 0xFE, mac[3], mac[4], mac[5]])  # RFC 4291, appendix A
    own = f"fe80::{eui64.hex(':', 2)}%eth0"
    assert not twin.pings("acme.web-1", own, patience=1)
    twin.run("hv1", "sysctl", "--write", "net.ipv4.conf.tap1.arp_ignore=0", "net.ipv6.conf.tap1.disable_ipv6=0")
    assert twin.pings("acme.web-1", "192.168.1.151"), "the test would not hear an answer"
    assert twin.pings("acme.web-1", own), "the test would not hear an answer"


def test_a_moved_endpoint_is_reached_at_its_new_place(twin: TwinLab) -> None:
    vteps = VTEPS["one subnet"][0]
    joined_by_gre(twin, vteps, 1458)
    assert twin.pings("acme.web-1", "10.1.1.2")
    twin.run("acme.web-2", "touch", "/run/lives-on")
    moved = [endpoint(1, on=1), endpoint(2, on=3, interface="tap9"), endpoint(3, on=3)]
    twin.up([hypervisor(number, vtep) for number, vtep in enumerate(vteps, start=1)], moved)
    assert not twin.pings("acme.web-1", "10.1.1.2", patience=1)
    error = twin.run("hv2", "ovs-vsctl", "--bare", "--columns=error", "find", "Interface", "name=tap2")
    assert "No such device" in error, "Open vSwitch believes in a device that is gone"
    twin.run("hv3", "ovs-vsctl", "add-port", "br-int", "tap9", "tag=5")
    assert twin.pings("acme.web-2", "10.1.1.1"), "the one that moved speaks first: the others learn its place"
    assert twin.pings("acme.web-1", "10.1.1.2")
    assert twin.run("acme.web-2", "ls", "/run/lives-on")
