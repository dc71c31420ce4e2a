# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to addresses, by real packets: who answers, and who does not."""

from __future__ import annotations

from typing import Any

from verify_lab import RUN, Lab, Probe, probed

from ansible_collections.tenantry.sdn.plugins.module_utils.probe.responder import answer_of

ASKER, ANSWERER = "acme.web-1", "acme.web-2"
ADDRESS, ADDRESS6, NOBODY = "10.1.1.2", "fd00::2", "10.1.1.77"
# A server of the guest's own: says who it is, or that nobody is there, or nothing at all.
SERVER = """
import socket, threading
def serve(port, answer):
    with socket.create_server(("", port)) as server:
        while True:
            with server.accept()[0] as caller:
                caller.recv(1000)
                caller.sendall(answer)
answers = {8080: b"HTTP/1.1 200 OK\\r\\n\\r\\nhello", 8081: b"HTTP/1.1 503 Service Unavailable\\r\\n\\r\\n", 8082: b""}
for item in answers.items():
    threading.Thread(target=serve, args=item).start()
print("ready", flush=True)
"""


def ask(lab: Lab, *questions: tuple[str, str, int | None]) -> list[tuple[bool, list[str], str]]:
    ways = [{"protocol": protocol, "address": address, "port": port} for protocol, address, port in questions]
    return [(one["answered"], one["answerers"], one["note"]) for one in _replies(lab, ways, 2)]


def _replies(lab: Lab, ways: list[dict[str, Any]], timeout: int) -> list[dict[str, Any]]:
    options = {"run": RUN, "ways": ways, "timeout": timeout}
    replies: list[dict[str, Any]] = Probe.start(lab.hosts[ASKER], options, name="outside_probe").result()["replies"]
    return replies


def listen(lab: Lab, *services: str) -> None:
    own = next(item for item in lab.endpoints if item.name == ANSWERER)
    lab.probe("listen", ANSWERER, endpoint={**probed(own), "services": list(services)})


def test_who_answers_and_who_does_not(bridged: Lab) -> None:
    listen(bridged, "tcp 80", "http 80", "http 81", "udp 53")
    bridged.hosts[ANSWERER].start_daemon("python3", "-c", SERVER)
    named: tuple[bool, list[str], str] = (True, [ANSWERER], "")
    other: tuple[bool, list[str], str] = (True, [], "somebody else answered")
    expected: dict[tuple[str, str, int | None], tuple[bool, list[str], str]] = {
        ("icmp", ADDRESS, None): (True, [], ""),
        ("icmp", ADDRESS6, None): (True, [], ""),
        ("icmp", NOBODY, None): (False, [], "no reply"),
        ("tcp", ADDRESS, 47021): named,
        ("tcp", ADDRESS6, 47021): named,
        ("tcp", ADDRESS, 80): named,  # which answers both
        ("http", ADDRESS, 80): named,
        ("http", ADDRESS6, 81): named,
        ("udp", ADDRESS, 53): named,
        ("udp", ADDRESS6, 53): named,
        ("tcp", ADDRESS, 82): (False, [], "Connection refused"),
        ("udp", ADDRESS, 54): (False, [], "Connection refused"),
        ("http", ADDRESS, 82): (False, [], "Connection refused"),
        ("http", ADDRESS, 8080): other,
        ("tcp", ADDRESS, 8082): other,
        ("http", ADDRESS, 8081): (False, [], "the load balancer has no member that answers"),
        ("http", ADDRESS, 8082): (False, [], "the load balancer has no member that answers"),
    }
    replies = dict(zip(expected, ask(bridged, *expected)))
    assert replies == expected


LATE = f"""
import socket, time
with socket.create_server(("", 80)) as server:
    print("ready", flush=True)
    first = None
    while True:
        with server.accept()[0] as caller:
            first = first or time.monotonic()
            caller.recv(1000)
            serves = time.monotonic() > first + 1.5
            head, body = ("200", {answer_of(RUN, ANSWERER)!r}) if serves else ("503", b"")
            caller.sendall(f"HTTP/1.1 {{head}} x\\r\\n\\r\\n".encode() + body)
"""


def test_a_load_balancer_is_waited_for(bridged: Lab) -> None:
    bridged.hosts[ANSWERER].start_daemon("python3", "-c", LATE)
    question = {"protocol": "http", "address": ADDRESS, "port": 80}
    found = []
    for settles in (0, 3):
        found += _replies(bridged, [{**question, "settles": settles}], 1)
    assert [one["answerers"] for one in found] == [[], [ANSWERER]]


TURNS = f"""
import socket
answers = [{answer_of(RUN, ANSWERER)!r}] * 5 + [b"of nobody"]
with socket.create_server(("", 80), backlog=100) as server:
    print("ready", flush=True)
    while True:
        with server.accept()[0] as caller:
            caller.recv(1000)
            answer = answers.pop(0) if answers else {answer_of(RUN, ASKER)!r}
            caller.sendall(b"HTTP/1.1 200 x\\r\\n\\r\\n" + answer)
"""


def test_all_members_are_waited_for_and_no_longer(bridged: Lab) -> None:
    bridged.hosts[ANSWERER].start_daemon("python3", "-c", TURNS)
    question = {"protocol": "http", "address": ADDRESS, "port": 80}
    awaited = [[], [ASKER, ANSWERER], [ASKER, ANSWERER]]
    found = [_replies(bridged, [{**question, "answerers": names}], 1)[0] for names in awaited]
    assert [one["answerers"] for one in found] == [[ANSWERER], [ASKER, ANSWERER], [ASKER]]
    assert [one["note"] for one in found] == ["", "somebody else answered", ""]
