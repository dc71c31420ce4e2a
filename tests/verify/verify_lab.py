# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints in namespaces, and something to join them: a Linux bridge, or a real Open vSwitch of its own.

The smallest network in which a probe can be right or wrong. The twin is another thing: it is made from an intent.
"""

from __future__ import annotations

import os
import subprocess
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from module_runner import run_module

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import Verdict, judge
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import parse_measurement
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import kernel

SECONDS = 30
VLANS = {"acme.web": 10, "globex.web": 20}
RUN = "a1b2c3"


def call(*argv: str, stdin: str = "") -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr or done.stdout}")
    return done.stdout


@dataclass
class Host:
    """A network, mount and process namespace; everything in it ends with it."""

    keeper: subprocess.Popen[bytes]
    pid: str

    @classmethod
    def start(cls, stack: ExitStack) -> Host:
        unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sleep", "600"]
        keeper = subprocess.Popen(unshare)
        stack.callback(keeper.wait, SECONDS)
        stack.callback(keeper.kill)
        children = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children")
        until = time.monotonic() + SECONDS
        while not (found := children.read_text().split()):
            assert time.monotonic() < until, "unshare did not start"
            time.sleep(0.01)
        host = cls(keeper, found[0])
        host.run("mount", "-t", "proc", "proc", "/proc")
        host.run("ip", "link", "set", "lo", "up")
        return host

    def run(self, *argv: str, stdin: str = "") -> str:
        return call(*self.enter(*argv), stdin=stdin)

    def enter(self, *argv: str) -> list[str]:
        return ["nsenter", "-t", self.pid, "-n", "-m", "-p", "--", *argv]

    def start_daemon(self, *argv: str) -> None:
        """Start a process that ends with the host, and wait for its first line."""
        daemon = subprocess.Popen(self.enter(*argv), stdout=subprocess.PIPE)
        assert daemon.stdout is not None
        daemon.stdout.readline()


@dataclass
class Lab:
    stack: ExitStack
    switch: Host
    endpoints: list[Endpoint] = field(default_factory=list)
    hosts: dict[str, Host] = field(default_factory=dict)

    @classmethod
    def start(cls, stack: ExitStack) -> Lab:
        return cls(stack, Host.start(stack))

    def add(self, name: str, network: str, *addresses: str, mtu: int = 1400) -> str:
        """Add an endpoint with an interface at the switch, and return that interface's name."""
        number = len(self.endpoints) + 1
        port, host, mac = f"p{number}", Host.start(self.stack), f"02:00:00:00:00:{number:02x}"
        call(
            *("ip", "link", "add", port, "netns", self.switch.pid, "mtu", str(mtu), "type", "veth"),
            *("peer", "name", "eth0", "netns", host.pid, "mtu", str(mtu), "address", mac),
        )
        for item in addresses:
            host.run("ip", "address", "add", item, "dev", "eth0", *(["nodad"] if ":" in item else []))
        host.run("ip", "link", "set", "eth0", "up")
        host.run("ethtool", "-K", "eth0", "tx", "off")
        self.switch.run("ip", "link", "set", port, "up")
        self.endpoints.append(Endpoint(name, network, f"hv{number % 2 + 1}", mac, addresses, mtu))
        self.hosts[name] = host
        return port

    def add_bridge(self, name: str) -> None:
        """Add a Linux bridge to the switch."""
        self.switch.run("ip", "link", "add", name, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.switch.run("ip", "link", "set", name, "up")

    def plug(self, port: str, bridge: str) -> None:
        self.switch.run("ip", "link", "set", port, "master", bridge)

    def join(self, left: str, right: str, mtu: int = 1500) -> None:
        """Join two Linux bridges by a cable."""
        self.switch.run(*f"ip link add to-{right} mtu {mtu} type veth peer name to-{left} mtu {mtu}".split())
        for bridge, end in ((left, f"to-{right}"), (right, f"to-{left}")):
            self.plug(end, bridge)
            self.switch.run("ip", "link", "set", end, "up")

    def start_open_vswitch(self) -> None:
        """Start daemons of Open vSwitch of the switch's own: its /run is a file system that nobody else sees."""
        self.switch.run("mount", "-t", "tmpfs", "tmpfs", "/run")
        database, schema = "/run/openvswitch/conf.db", "/usr/share/openvswitch/vswitch.ovsschema"
        self.switch.run("mkdir", "/run/openvswitch")
        self.switch.run("ovsdb-tool", "create", database, schema)
        self.switch.run("ovsdb-server", "--remote=punix:/run/openvswitch/db.sock", "--pidfile", "--detach", database)
        self.switch.run("ovs-vsctl", "--no-wait", "init")
        self.switch.run("ovs-vswitchd", "--pidfile", "--detach", "--log-file=/dev/null")

    def vsctl(self, command: str) -> None:
        self.switch.run("ovs-vsctl", "--timeout=10", *command.split())

    def probe(self, phase: str, name: str, check: bool = False, **more: Any) -> dict[str, Any]:
        """Run the module in an endpoint as Ansible does, and return its result."""
        return self.start_probe(phase, name, check, **more).result()

    def start_probe(self, phase: str, name: str, check: bool = False, **more: Any) -> Probe:
        own = next(item for item in self.endpoints if item.name == name)
        others = [item for item in self.endpoints if item is not own]
        options = {
            **{"phase": phase, "run": RUN, "endpoint": probed(own), "timeout": 2, "deadline": 60},
            **{"targets": [probed(item) for item in others], "vlans": sorted(VLANS.values()), **more},
        }
        return Probe.start(self.hosts[name], options, check)

    def measure(self) -> Verdict:
        """Run all phases on all endpoints, each on all at once, and judge."""
        results: dict[str, dict[str, Any]] = {}
        for phase in ("listen", "send", "collect"):
            probes = {item.name: self.start_probe(phase, item.name) for item in self.endpoints}
            results = {name: probe.result() for name, probe in probes.items()}
        measurements = {name: parse_measurement(result["measurement"]) for name, result in results.items()}
        return judge(self.endpoints, measurements)


@dataclass
class Probe:
    """A module, run in a copy of this process that is on the host: Python takes longer to start than the module."""

    process: int
    answers: Connection

    @classmethod
    def start(cls, host: Host, options: dict[str, Any], check: bool = False, name: str = "endpoint_probe") -> Probe:
        answers, answer = Pipe(duplex=False)
        process = os.fork()
        if not process:
            _run_on(host, name, options, check, answer)
        answer.close()
        return cls(process, answers)

    def result(self) -> dict[str, Any]:
        """Wait for the result and return it; a failed module raises its message."""
        assert self.answers.poll(SECONDS), "the module has not ended"
        result: dict[str, Any] = self.answers.recv()
        os.waitpid(self.process, 0)
        if result.get("failed"):
            raise AssertionError(result["msg"])
        return result


def _run_on(host: Host, name: str, options: dict[str, Any], check: bool, answer: Connection) -> NoReturn:
    """Enter the host, and send what the module says; a process is in another PID namespace from its birth only."""
    try:
        for namespace in [os.open(f"/proc/{host.pid}/ns/{kind}", os.O_RDONLY) for kind in ("net", "mnt", "pid")]:
            kernel.setns(namespace, 0)
        if os.fork():
            os.wait()
        else:
            answer.send(dict(run_module(name, options, check)))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def probed(endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint as the module takes it."""
    return {
        **{"name": endpoint.name, "mac": endpoint.mac, "addresses": list(endpoint.addresses)},
        **{"mtu": endpoint.mtu, "vlan": VLANS.get(endpoint.network)},
    }
