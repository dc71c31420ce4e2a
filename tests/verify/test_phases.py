# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three phases on one endpoint: they can be repeated, they end, and they say what is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from verify_lab import Lab

NAME = "acme.web-1"
OTHER = "acme.web-2"


def listeners(lab: Lab, name: str = NAME) -> int:
    """Return how many sockets of listening processes an endpoint has: control, and a port for each IP version."""
    text = lab.hosts[name].run("ss", "--no-header", "--listening", "--tcp", "--unix")
    return sum("47021" in line or "tenantry-probe" in line for line in text.splitlines())


def processes(lab: Lab, name: str = NAME) -> list[str]:
    """Return the processes of an endpoint beside the one that keeps it, as what ps says of them."""
    text = lab.hosts[name].run("ps", "-A", "-ww", "-o", "pid=", "-o", "stat=", "-o", "args=")
    found = [line for line in text.splitlines() if line.split()[0] != "1" and not line.split()[1].startswith("Z")]
    return [line for line in found if "ps -A" not in line]


def wait_for_the_end(lab: Lab, name: str = NAME) -> None:
    """Wait until there is neither a process nor a socket: one that ends loses its name first and its sockets later."""
    until = time.monotonic() + 10
    while left := [*processes(lab, name), *range(listeners(lab, name))]:
        assert time.monotonic() < until, left
        time.sleep(0.1)


def test_nothing_is_left_behind(bridged: Lab) -> None:
    bridged.probe("listen", NAME)
    assert listeners(bridged) == 3
    assert len(processes(bridged)) == 1
    assert "promiscuity 1" in bridged.hosts[NAME].run("ip", "-details", "link", "show", "eth0")
    bridged.probe("send", NAME, timeout=1)
    bridged.probe("collect", NAME)
    assert listeners(bridged) == 0
    wait_for_the_end(bridged)
    assert "promiscuity 0" in bridged.hosts[NAME].run("ip", "-details", "link", "show", "eth0")


def test_listening_again_begins_anew(bridged: Lab) -> None:
    bridged.probe("listen", NAME)
    bridged.probe("listen", OTHER)
    bridged.probe("send", OTHER, timeout=1)
    bridged.probe("listen", NAME)
    assert listeners(bridged) == 3
    bridged.probe("send", NAME, timeout=1)
    measurement = bridged.probe("collect", NAME)["measurement"]
    assert OTHER not in {sighting["sender"] for sighting in measurement["sightings"]}
    assert measurement["departed"]["broadcast"] == 3


def test_frames_of_another_run_do_not_count(bridged: Lab) -> None:
    bridged.probe("listen", NAME)
    bridged.probe("listen", OTHER, run="other")
    bridged.probe("send", OTHER, timeout=1, run="other")
    bridged.probe("send", NAME, timeout=1)
    measurement = bridged.probe("collect", NAME)["measurement"]
    assert measurement["sightings"] == []
    (answer,) = [
        reply
        for reply in measurement["replies"]
        if (reply["check"], reply["receiver"], reply["address"]) == ("tcp", OTHER, "10.1.1.2")
    ]
    assert not answer["answered"]


def test_a_listener_ends_by_itself(bridged: Lab) -> None:
    bridged.probe("listen", NAME, deadline=1)
    wait_for_the_end(bridged)
    with pytest.raises(AssertionError, match=r"^acme.web-1: nobody listens here: .*deadline"):
        bridged.probe("collect", NAME)


def test_an_expired_listener_makes_the_verdict_red_not_green(bridged: Lab) -> None:
    bridged.probe("listen", NAME, deadline=1)
    time.sleep(1.5)
    with pytest.raises(AssertionError, match=r"^acme.web-1: nobody listens here: "):
        bridged.probe("send", NAME, timeout=1)


def test_collecting_what_was_never_sent_is_refused(bridged: Lab) -> None:
    bridged.probe("listen", NAME)
    with pytest.raises(AssertionError) as caught:
        bridged.probe("collect", NAME)
    assert str(caught.value) == ("acme.web-1: nothing was sent from here. Run the phase 'send' before 'collect'.")


def test_check_mode_starts_and_sends_nothing(bridged: Lab) -> None:
    for phase in ("listen", "send", "collect"):
        result = bridged.probe(phase, NAME, check=True)
        assert {"changed", "invocation", "warnings"} == result.keys()
    assert listeners(bridged) == 0
    assert processes(bridged) == []


def without_interface(lab: Lab) -> None:
    lab.hosts[NAME].run("ip", "link", "set", "eth0", "address", "02:ff:00:00:00:01")


def with_interface_down(lab: Lab) -> None:
    lab.hosts[NAME].run("ip", "link", "set", "eth0", "down")


def with_two_interfaces(lab: Lab) -> None:
    lab.hosts[NAME].run(*["ip", "link", "add", "eth1", "address", "02:00:00:00:00:01", "type", "bridge"])


def with_port_taken(lab: Lab) -> None:
    script = "import socket, time; s = socket.create_server(('', 47021)); print('x', flush=True); time.sleep(60)"
    lab.hosts[NAME].start_daemon("python3", "-c", script)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            without_interface,
            "acme.web-1: no interfaces here have the MAC address 02:00:00:00:00:01 that the intent gives to this "
            "endpoint; found: eth0 02:ff:00:00:00:01. Give the interface that address, or write its own into the "
            "intent.",
        ),
        (
            with_two_interfaces,
            "acme.web-1: 2 interfaces here have the MAC address 02:00:00:00:00:01 that the intent gives to this "
            "endpoint; found: eth0 02:00:00:00:00:01, eth1 02:00:00:00:00:01. Give the interface that address, or "
            "write its own into the intent.",
        ),
        (with_interface_down, "acme.web-1: interface eth0 is down. Bring it up: ip link set eth0 up."),
        (
            with_port_taken,
            "acme.web-1: cannot listen on TCP port 47021 of eth0: Address already in use. Choose a free one (port, or "
            "verify_port of the playbook).",
        ),
    ],
)
def test_an_endpoint_that_cannot_listen_says_why(bridged: Lab, spoil: Callable[[Lab], None], message: str) -> None:
    spoil(bridged)
    with pytest.raises(AssertionError) as caught:
        bridged.probe("listen", NAME)
    assert str(caught.value) == message


STOP = """
import contextlib, os, socket, sys
os.setuid(int(sys.argv[1]))
asking = socket.socket(socket.AF_UNIX)
asking.connect("\\0" + sys.argv[2])
with contextlib.suppress(OSError):
    asking.sendall(sys.argv[3].encode())
    asking.shutdown(socket.SHUT_WR)
    asking.recv(1)  # comes when it has decided
"""


@pytest.mark.parametrize(("user", "request_"), [("65534", '{"stop": true}'), ("0", "nonsense")])
def test_the_listener_obeys_root_and_reason_alone(bridged: Lab, user: str, request_: str) -> None:
    bridged.probe("listen", NAME)
    sockets = bridged.hosts[NAME].run("ss", "--no-header", "--listening", "--unix").split()
    (address,) = [word[1:] for word in sockets if "tenantry-probe" in word]  # ss writes @ for the first byte, 0
    bridged.hosts[NAME].run("python3", "-c", STOP, user, address, request_)
    assert listeners(bridged) == 3
