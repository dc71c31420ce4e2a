# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is made to forward for routed ports, and what else it goes on doing."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from plug_lab import sysctl
from routed_lab import NONE, TASK, converge, host, run, state
from rule_lab import tool
from set_lab import own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.routes import TIMEOUT
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        host("tap0", "tap1")
        yield


def test_a_host_that_was_a_router_stays_one() -> None:
    sysctl("ipv4", "eth0", "forwarding").write_text("1")
    sysctl("ipv6", "all", "forwarding").write_text("1")
    converge(**TASK)
    assert [rule for rule in ("iif eth0", "iif lo") if rule in state()["rules"]] == []
    converge(**NONE)
    assert [sysctl("ipv4", "eth0", "forwarding").read_text(), *state()["hosts6"]] == ["1\n"] * 3


def test_of_ipv6_a_host_that_was_no_router_forwards_what_comes_from_guests_and_hosts_alone() -> None:
    tool("ip", "link", "set", "in-tap0", "up")
    run(**TASK)
    ways = [forwarded(link, to) for link in ("tap0", "eth0", "in-tap0") for to in ("fd00:9::11", "fd00:9::21")]
    assert ways == ["tap0", "eth0", "tap0", "eth0", "", ""]
    assert forwarded("tap0", "fd00:1::2") == forwarded("eth0", "fd00:1::2") == ""
    run(**NONE)
    assert forwarded("in-tap0", "fd00:1::2") == "eth0", "else this test could not fail"


def forwarded(interface: str, destination: str) -> str:
    """Return where the kernel would send a packet that comes in by an interface; '' for nowhere."""
    arguments = ["ip", "-json", "-6", "route", "get", destination, "from", "fd00:9::99", "iif", interface]
    done = attempt(arguments, TIMEOUT)
    return "" if done.returncode else str(json.loads(done.stdout)[0]["dev"])


def test_a_host_that_hears_routers_keeps_the_ways_that_it_has_from_them() -> None:
    sysctl("ipv6", "in-tap1", "forwarding").write_text("1")  # somebody's own, and nothing is forwarded by it
    advertise("in-eth0")
    for task in ({}, TASK, NONE):
        assert not task or run(**task)["changed"]
        assert "default via fe80::99 dev eth0 proto ra" in "".join(state()["routes6"])
        heard = [sysctl("ipv6", "eth0", option).read_text() for option in ("accept_ra", "forwarding")]
        assert [*heard, sysctl("ipv6", "in-tap1", "forwarding").read_text()] == ["1\n", "0\n", "1\n"]


def advertise(interface: str) -> None:
    """Say that a router is there (RFC 4861), until it is heard."""
    message = frames.nd_message(134, struct.pack("!BBHII", 64, 0, 1800, 0, 0), b"")
    packet = frames.icmpv6_packet("fe80::99", "ff02::1", message)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        deadline = time.monotonic() + 5
        while not any("proto ra" in route for route in state()["routes6"]) and time.monotonic() < deadline:
            wire.send(frames.ethernet(frames.multicast_mac("ff02::1"), "02:00:00:00:00:99", 0x86DD, packet))
            time.sleep(0.05)
