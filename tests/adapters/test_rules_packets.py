# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real packets through what sg_rules and sg_ipset made: guests at a Linux bridge, as the talk's slide has them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import set_lab
from private_ovs import eventually
from rule_lab import BACKEND, converge, each_backend, need, saved, tool
from set_lab import CLONE_NEWNET, own_namespace

GUESTS = {"web-1": "10.1.1.20", "web-2": "10.1.1.21", "db-1": "10.1.1.30"}
BRIDGED = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
PATIENCE = 10.0  # seconds for what is allowed
IMPATIENCE = 0.3  # for what is denied, which the counter of the rule proves

Guest = subprocess.Popen[bytes]


@contextmanager
def inside(guest: Guest) -> Iterator[None]:
    """Be in a guest's network namespace; what is opened meanwhile stays in it."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    away = os.open(f"/proc/{guest.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        assert set_lab._LIBC.setns(away, CLONE_NEWNET) == 0
        yield
    finally:
        assert set_lab._LIBC.setns(home, CLONE_NEWNET) == 0
        os.close(home)
        os.close(away)


@pytest.fixture
def guests() -> Iterator[Mapping[str, Guest]]:
    """Guests at a bridge of a hypervisor, which is the namespace that the test is in."""
    with own_namespace(), ExitStack() as running:
        tool("ip", "link", "add", "qbr", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        tool("ip", "link", "set", "qbr", "up")
        started = {}
        for name, address in GUESTS.items():
            guest = running.enter_context(subprocess.Popen(["unshare", "--net", "sleep", "300"]))
            running.callback(guest.kill)
            here = os.readlink("/proc/thread-self/ns/net")
            own = f"/proc/{guest.pid}/ns/net"
            eventually(lambda own=own, here=here: os.readlink(own) != here, f"namespace of {name}")
            tool("ip", "link", "add", f"tap-{name}", "type", "veth", "peer", "eth0", "netns", str(guest.pid))
            tool("ip", "link", "set", f"tap-{name}", "master", "qbr", "up")
            with inside(guest):
                tool("ip", "address", "add", f"{address}/24", "dev", "eth0")
                tool("ip", "link", "set", "eth0", "up")
            started[name] = guest
        if not BRIDGED.exists():
            pytest.skip("this kernel has no br_netfilter: iptables does not see what a bridge forwards")
        BRIDGED.write_text("1")
        yield started


def connects(sender: Guest, port: int, seconds: float) -> bool:
    with inside(sender), socket.socket() as client:
        client.settimeout(seconds)
        return client.connect_ex((GUESTS["db-1"], port)) == 0


def dropped() -> int:
    found = re.search(r"\[(\d+):\d+\] -A db-1 -j DROP", saved(counters=True))
    assert found
    return int(found[1])


def all_rules() -> list[str]:
    return [line for line in saved().splitlines() if line.startswith("-A ")]


def is_denied(sender: Guest, port: int) -> bool:
    before = dropped()
    return not connects(sender, port, IMPATIENCE) and dropped() > before


@each_backend
def test_a_member_may_what_its_group_may_and_members_change_without_a_rule(
    guests: Mapping[str, Guest], backend: str
) -> None:
    need(f"iptables-{BACKEND[backend]}")
    web, stranger, db = (guests[name] for name in GUESTS)
    with ExitStack() as open_ports:
        with inside(db):
            for port in (3306, 22):
                open_ports.enter_context(socket.create_server(("", port)))
        for port in (3306, 22):
            assert connects(stranger, port, PATIENCE), "without rules everybody may everything"
        set_lab.converge(name="web", type="hash:ip", members=[GUESTS["web-1"]])
        converge(
            name="db-1",
            backend=backend,
            rules=[
                {"ctstate": ["ESTABLISHED", "RELATED"], "target": "RETURN"},
                {
                    "protocol": "tcp",
                    "destination_ports": [3306],
                    "syn": True,
                    "sets": [{"set": "web", "direction": "src"}],
                    "target": "RETURN",
                    "comment": "web may reach db",
                },
                {"target": "DROP"},
            ],
            jumps=[{"chain": "FORWARD", "physdev_out": "tap-db-1", "physdev_is_bridged": True}],
        )
        rules = all_rules()
        assert connects(web, 3306, PATIENCE)
        assert is_denied(web, 22)
        assert is_denied(stranger, 3306)
        set_lab.converge(name="web", members=[GUESTS["web-2"]])
        assert connects(stranger, 3306, PATIENCE)
        assert is_denied(web, 3306)
        assert all_rules() == rules
