# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real packets through what sg_rules and sg_ipset made: guests at a Linux bridge, as the talk's slide has them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
import set_lab
from private_ovs import eventually
from rule_lab import BACKEND, converge, each_backend, need, run, saved, tool
from set_lab import CLONE_NEWNET, own_namespace

GUESTS = {"web-1": "10.1.1.20", "web-2": "10.1.1.21", "db-1": "10.1.1.30"}
PORT = 9  # of datagrams
CHANGES = 5  # there and back, while they are sent
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
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


def datagrams(guest: Guest) -> socket.socket:
    """Return a socket of a guest, at which datagrams wait until they are asked for."""
    with inside(guest):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 2**26)
    opened.bind(("", PORT))
    opened.settimeout(IMPATIENCE)
    return opened


@contextmanager
def sending(senders: Sequence[socket.socket]) -> Iterator[list[int]]:
    """Have guests send numbers to db-1 all the while, and give them."""
    stop, sent = Event(), list[int]()

    def send() -> None:
        for number in count():
            for sender in senders:
                sender.sendto(str(number).encode(), (GUESTS["db-1"], PORT))
            sent.append(number)
            if stop.wait(0.0005):
                return

    thread = Thread(target=send)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


def heard(receiver: socket.socket) -> dict[str, list[int]]:
    """Return the numbers that have come, by the address of who sent them."""
    found: dict[str, list[int]] = {}
    with suppress(TimeoutError):
        while True:
            number, (address, dummy) = receiver.recvfrom(16)
            found.setdefault(address, []).append(int(number))
    return found


@each_backend
def test_rules_go_over_to_a_set_of_another_type_without_a_gap(guests: Mapping[str, Guest], backend: str) -> None:
    """As the examples of sg_ipset do it: the new set, the chain, the old set. Who is in both passes all the while."""
    need(f"iptables-{BACKEND[backend]}")
    jump = {"chain": "FORWARD", "physdev_out": "tap-db-1", "physdev_is_bridged": True}

    def put(name: str, kind: str, member: str) -> None:
        assert set_lab.run(name=name, type=kind, members=[member])["changed"]
        rule = {"protocol": "udp", "sets": [{"set": name, "direction": "src"}], "target": "RETURN"}
        assert run(name="db-1", backend=backend, rules=[rule, {"target": "DROP"}], jumps=[jump])["changed"]

    sets = [("web", "hash:ip", GUESTS["web-1"]), ("web_nets", "hash:net", f"{GUESTS['web-1']}/32")]
    with ExitStack() as opened:
        *senders, receiver = (opened.enter_context(datagrams(guest)) for guest in guests.values())
        put(*sets[0])
        with sending(senders) as sent:
            for old, new in [sets, sets[::-1]] * CHANGES:
                put(*new)
                assert set_lab.run(name=old[0], state="absent")["changed"]
        assert len(sent) > 10 * CHANGES
        assert heard(receiver) == {GUESTS["web-1"]: sent}
        assert dropped() > 0
