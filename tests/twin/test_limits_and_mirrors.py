# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ovs_qos and ovs_mirror do to real packets in the userspace datapath: a rate that holds, copies that arrive."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from module_runner import run_module
from twin_lab import SECONDS, TwinLab, endpoint, hypervisor, succeeded

PYTHON = "/usr/bin/python3"
SENT = 30  # Mbit/s

# Send datagrams to argv[1] at a steady rate until killed.
SEND = f"""
import socket, sys, time
datagram, step = bytes(1250), 1250 * 8 / {SENT}e6
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    due = time.monotonic()
    while True:
        while due < time.monotonic():
            sender.sendto(datagram, (sys.argv[1], 5001))
            due += step
        time.sleep(0.002)
"""
# Print how many Mbit/s arrive: from the first datagram on, for 1.5 seconds.
RECEIVE = """
import socket, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
    receiver.settimeout(20)
    receiver.bind(("", 5001))
    print("ready", flush=True)
    receiver.recv(2000)
    start, received = time.monotonic(), 0
    while time.monotonic() < start + 1.5:
        received += len(receiver.recv(2000))
    print(received * 8 / (time.monotonic() - start) / 1e6)
"""
# Print how many pings from 10.1.1.1 to 10.1.1.2 and answers were seen, up to the datagram to port 9 that ends it.
SNIFF = """
import socket
here, there = socket.inet_aton("10.1.1.1"), socket.inet_aton("10.1.1.2")
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as sniffer:
    sniffer.settimeout(20)
    sniffer.bind(("eth0", 0x0800))
    print("ready", flush=True)
    seen = []
    while True:
        frame = sniffer.recv(2000)
        protocol, addresses, payload = frame[23], (frame[26:30], frame[30:34]), frame[34:]
        if protocol == 1:
            seen.append((payload[0], addresses))
        elif protocol == 17 and payload[2:4] == bytes([0, 9]):
            break
print(seen.count((8, (here, there))), seen.count((0, (there, here))))
"""
END = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sender.sendto(b"end", ("10.1.1.255", 9))
"""


@pytest.fixture
def lab(twin: TwinLab) -> TwinLab:
    """One hypervisor with four guests that reach each other."""
    guests = [endpoint(number, on=1) for number in (1, 2, 3, 4)]
    twin.up([hypervisor(1)], guests)
    twin.switch_by_hand("hv1", ["tap1", "tap2", "tap3", "tap4"])
    for address in ("10.1.1.2", "10.1.1.3", "10.1.1.4"):
        assert twin.pings("acme.web-1", address)
    return twin


def run(lab: TwinLab, module: str, **options: Any) -> None:
    """Run a module on the database of the hypervisor."""
    database = f"unix:/proc/{lab.pid('hv1')}/root/run/openvswitch/db.sock"
    assert succeeded(run_module(module, {"database": database, **options}))["changed"]


@contextmanager
def python(lab: TwinLab, guest: int, script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script in a guest; it is killed at the end if it still runs."""
    enter = ["nsenter", f"--target={lab.pid(f'acme.web-{guest}')}", "--all", "--", PYTHON, "-c", script, *arguments]
    with subprocess.Popen(enter, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def printed(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def received(lab: TwinLab, guest: int) -> float:
    """Return how many Mbit/s of those that web-1 sends a guest receives."""
    with python(lab, guest, RECEIVE) as receiver:
        assert printed(receiver) == "ready"
        with python(lab, 1, SEND, f"10.1.1.{guest}"):
            return float(printed(receiver))


def test_a_port_receives_at_the_rate_of_its_default_queue_and_others_at_theirs(lab: TwinLab) -> None:
    run(lab, "ovs_qos", interface="tap2", max_rate="50Mbit", queues={0: {"max_rate": "5Mbit"}})
    assert 4 < received(lab, 2) < 5.5
    assert received(lab, 3) > 10, "the test could not tell a limit from a slow machine"
    run(lab, "ovs_qos", interface="tap2", max_rate="3Mbit", queues={})
    assert 2.4 < received(lab, 2) < 3.3, "without queues of its own it has the rate of the port"
    run(lab, "ovs_qos", interface="tap2", state="absent")
    assert received(lab, 2) > 10


def seen(lab: TwinLab, guests: list[int], between: Callable[[], Any]) -> dict[int, str]:
    """Return (pings, answers) that each guest sees while something is done, then web-1 says that it is over."""
    with ExitStack() as stack:
        sniffers = {guest: stack.enter_context(python(lab, guest, SNIFF)) for guest in guests}
        assert {printed(sniffer) for sniffer in sniffers.values()} == {"ready"}
        between()
        lab.run("acme.web-1", PYTHON, "-c", END)
        return {guest: printed(sniffer) for guest, sniffer in sniffers.items()}


def test_a_mirror_shows_both_directions_to_its_output_and_nothing_to_others(lab: TwinLab) -> None:
    """Of what flows already, too, and not a moment longer than it is there."""

    def ping() -> None:
        lab.run("acme.web-1", "ping", "-c3", "-i0.2", f"-w{SECONDS // 2}", "10.1.1.2")

    audit = {"bridge": "br-int", "name": "audit"}
    run(lab, "ovs_mirror", **audit, select_src_port=["tap1"], select_dst_port=["tap1"], output_port="tap4")
    assert seen(lab, [3, 4], ping) == {3: "0 0", 4: "3 3"}
    run(lab, "ovs_mirror", **audit, select_dst_port=[])
    assert seen(lab, [3, 4], ping) == {3: "0 0", 4: "3 0"}
    run(lab, "ovs_mirror", **audit, state="absent")
    assert seen(lab, [3, 4], ping) == {3: "0 0", 4: "0 0"}
