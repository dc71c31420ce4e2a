# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes a router in a second, by its NAT and by HAProxy, against the same namespace that only forwards.

The cables of the router are taken out of Open vSwitch, whose datapath in userspace would be most of what is measured,
and put into a namespace for a guest and one for the outside. Plain forwarding is the router without its ruleset.
"""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from lifecycle_fabric import Fabric
from packets import wait_until
from table import Row

HOST, GUEST, OUTSIDE = "hv1", "bench-guest", "bench-outside"
ROUTER = "t1.edge"
NAMESPACE = f"tenantry-{ROUTER}"
INSIDE, GATEWAY = "10.1.1.11", "203.0.113.1"
PUBLIC, STATIC = "203.0.113.10", "203.0.113.250"
ECHO, SINK, BALANCED = 8080, 8081, {8080: 80, 8081: 81}  # ports of servers; of the load balancers before them
ROUNDS = 7
SECONDS = 1
SERVER = f"""
import contextlib, os, socket
port = {ECHO} if os.fork() else {SINK}
listener = socket.create_server(("", port), backlog=1024)
while True:
    with contextlib.suppress(OSError), listener.accept()[0] as connection:
        if port == {ECHO}:
            connection.sendall(connection.recv(1))
        while connection.recv(1 << 20):
            pass
"""
CLIENT = f"""
import socket, struct, sys, time
address, kind, count = (sys.argv[1], int(sys.argv[2])), sys.argv[3], 0
start = time.monotonic()
if kind == "bits":
    with socket.create_connection(address, 5) as connection:
        while time.monotonic() < start + {SECONDS}:
            count += 8 * connection.send(bytes(1 << 18))
while kind == "connections" and time.monotonic() < start + {SECONDS}:
    with socket.create_connection(address, 5) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # leaves no TIME_WAIT
        connection.send(b".")
        count += len(connection.recv(1))
print(count / (time.monotonic() - start))
"""
PORTS = {"bits": SINK, "connections": ECHO}


class Way(NamedTuple):
    sender: str
    address: str
    balanced: bool = False


PLAIN = {GUEST: Way(GUEST, GATEWAY), OUTSIDE: Way(OUTSIDE, INSIDE)}
WAYS = {
    "source NAT": Way(GUEST, GATEWAY),
    "static NAT": Way(OUTSIDE, STATIC),
    "HAProxy": Way(OUTSIDE, PUBLIC, balanced=True),
}
BOUNDS = {"source NAT": 0.5, "static NAT": 0.5, "HAProxy": 0.1}


def rows(fabric: Fabric) -> Iterator[Row]:
    """Yield the rates of the router of t1; afterwards it is of no use any more."""
    with _serving(fabric):
        for kind, unit, scale in (("bits", "Gbit/s", 1e-9), ("connections", "a second", 1)):
            rates = _rates(fabric, kind)
            for name, way in WAYS.items():
                ours, plain = rates[name], rates[way.sender]
                texts = f"{ours * scale:,.3g} {unit}", f"plain forwarding {plain * scale:,.3g} {unit}"
                yield Row(f"{kind} by {name}", *texts, ours / plain, "x", BOUNDS[name], at_least=True)


def _rates(fabric: Fabric, kind: str) -> dict[str, float]:
    """Return the median rate of each way, and without the ruleset of each direction by its sender."""
    found: dict[str, list[float]] = {name: [] for name in (*WAYS, *PLAIN)}
    for dummy in range(ROUNDS):
        fabric.twin.run(HOST, "/usr/local/lib/tenantry/router", "load", ROUTER)
        for name, way in WAYS.items():
            found[name].append(_rate(fabric, way, kind))
        fabric.twin.run(HOST, "ip", "netns", "exec", NAMESPACE, "nft", "flush", "ruleset")
        for name, way in PLAIN.items():
            found[name].append(_rate(fabric, way, kind))
    return {name: statistics.median(rates) for name, rates in found.items()}


def _rate(fabric: Fabric, way: Way, kind: str) -> float:
    port = BALANCED[PORTS[kind]] if way.balanced else PORTS[kind]
    return float(_python(fabric, way.sender, CLIENT, way.address, str(port), kind))


def _python(fabric: Fabric, namespace: str, *words: str) -> str:
    return fabric.twin.run(HOST, "ip", "netns", "exec", namespace, "/usr/bin/python3", "-c", *words)


@contextmanager
def _serving(fabric: Fabric) -> Iterator[None]:
    """Have a server at each end of the router's cables."""
    ends: Mapping[str, tuple[str, str, str, str]] = {
        GUEST: ("web", f"{INSIDE}/24", "default", "10.1.1.1"),
        OUTSIDE: ("internet", f"{GATEWAY}/24", "10.1.1.0/24", PUBLIC),
    }
    from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_links

    servers = []
    for namespace, (network, address, to, via) in ends.items():
        links = router_links(f"{ROUTER}/{network}")
        fabric.vsctl(HOST, f"del-port {links.outer}")
        lines = f"link set dev {links.outer} up\naddress add {address} dev {links.outer}\nroute add {to} via {via}\n"
        fabric.twin.run(HOST, "ip", "netns", "add", namespace)
        fabric.twin.run(HOST, "ip", "link", "set", "dev", links.outer, "netns", namespace)
        fabric.twin.run(HOST, "ip", "-n", namespace, "-batch", "-", stdin=f"link set dev lo up\n{lines}")
        checksums = ("ethtool", "-K", links.inner, "tx", "on")  # as over the kernel's datapath
        fabric.twin.run(HOST, "ip", "netns", "exec", NAMESPACE, *checksums)
        enter = ["nsenter", f"--target={fabric.twin.pid(HOST)}", "--all", "--", "ip", "netns", "exec", namespace]
        servers.append(subprocess.Popen([*enter, "/usr/bin/python3", "-c", SERVER], start_new_session=True))
    for way in (*WAYS.values(),):
        assert wait_until(lambda way=way: _answers(fabric, way), 20), way
    try:
        yield
    finally:
        for namespace, server in zip(ends, servers):
            pids = fabric.twin.run(HOST, "ip", "netns", "pids", namespace).split()
            fabric.twin.attempt(HOST, "kill", *pids)
            server.wait()


def _answers(fabric: Fabric, way: Way) -> bool:
    port = BALANCED[ECHO] if way.balanced else ECHO
    asks = f"import socket; c = socket.create_connection(('{way.address}', {port}), 1); c.send(b'.'); print(c.recv(1))"
    enter = ["ip", "netns", "exec", way.sender, "/usr/bin/python3", "-c", asks]
    return "b'.'" in fabric.twin.attempt(HOST, *enter).stdout
