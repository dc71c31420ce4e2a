# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A twin under test: built and removed by the module in a process of its own, entered by nsenter."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from module_runner import call_module, run_module, start_module

SECONDS = 60


def hypervisor(number: int, vtep: str = "", **uplinks: str) -> dict[str, Any]:
    return {"name": f"hv{number}", "vtep": vtep or f"192.168.1.15{number}", "uplinks": uplinks, "zone": "z1"}


def endpoint(
    number: int, on: int, interface: str = "", mtu: int = 1458, addresses: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        "name": f"acme.web-{number}",
        "hypervisor": f"hv{on}",
        "interface": interface or f"tap{number}",
        "mac": f"52:54:00:00:00:{number:02x}",
        "addresses": list(addresses) or [f"10.1.1.{number}/24"],
        "mtu": mtu,
        "tenant": "acme",
    }


@dataclass(frozen=True)
class TwinLab:
    name: str

    @property
    def folder(self) -> Path:
        return Path("/run/tenantry/twin") / self.name

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.yml"

    def start(self, *wrapper: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start the module and return without waiting for it."""
        return start_module("twin", {"name": self.name, **options}, *wrapper)

    def call(self, *wrapper: str, **options: Any) -> dict[str, Any]:
        """Run the module to its end and return its result, failed or not; by a wrapper in a Python of its own."""
        if wrapper:
            return result_of(self.start(*wrapper, **options))
        return call_module("twin", {"name": self.name, **options})

    def check(self, **options: Any) -> dict[str, Any]:
        """Run the module in check and diff mode."""
        return succeeded(run_module("twin", {"name": self.name, **options}, check=True))

    def up(self, hypervisors: Sequence[Any], endpoints: Sequence[Any] = (), **options: Any) -> dict[str, Any]:
        return succeeded(self.call(hypervisors=list(hypervisors), endpoints=list(endpoints), **options))

    def down(self) -> dict[str, Any]:
        return succeeded(self.call(state="absent"))

    def pid_file(self, host: str) -> Path:
        """Return the PID file of a host by its name; the fabric's is named underlay."""
        [path] = self.folder.glob(f"*/{host}/pid")
        return path

    def pid(self, host: str) -> int:
        return int(self.pid_file(host).read_text())

    def run(self, host: str, *argv: str, stdin: str = "") -> str:
        """Run a command on a host and return what it printed."""
        done = self.attempt(host, *argv, stdin=stdin)
        assert done.returncode == 0, f"{host}: {argv}: {done.stderr or done.stdout}"
        return done.stdout

    def attempt(self, host: str, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = ["nsenter", f"--target={self.pid(host)}", "--all", "--", *argv]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=SECONDS, check=False)

    def pings(self, sender: str, address: str, payload: int = 56, patience: int = 4) -> bool:
        """Say whether an unfragmented ping is answered; the first are lost while the underlay resolves addresses."""
        ping = ["ping", "-c1", "-W1", "-M", "do", "-s", str(payload), address]
        return any(self.attempt(sender, *ping).returncode == 0 for dummy in range(patience))

    def links(self, host: str) -> dict[str, Any]:
        """Return the network devices of a host by name, with their addresses, as ``ip -json`` shows them."""
        links = json.loads(self.run(host, "ip", "-json", "-details", "address"))
        return {link["ifname"]: link for link in links if link["ifname"] not in _FALLBACKS}

    def switch_by_hand(self, host: str, ports: Sequence[str], *tunnels: Sequence[str]) -> None:
        """Make br-int with these ports of VLAN 5, and GRE tunnels of (local, remote) address."""
        command = ["--may-exist", "add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev"]
        for port in ports:
            command += ["--", "--may-exist", "add-port", "br-int", port, "tag=5"]
        for number, (local, remote) in enumerate(tunnels):
            name = f"gre{number}"
            command += ["--", "add-port", "br-int", name, "tag=5", "--", "set", "port", name, "protected=true"]
            command += ["--", "set", "interface", name, "type=gre", "options:key=5001"]
            command += [f'options:local_ip="{local}"', f'options:remote_ip="{remote}"']
        self.run(host, "ovs-vsctl", "--timeout=10", *command)

    def leftovers(self) -> list[str]:
        """Return what there still is of the twin: its folder, its mounts, its processes."""
        left = [str(self.folder)] if self.folder.exists() else []
        mounts = Path("/proc/self/mounts").read_text().splitlines()
        left += [line for line in mounts if str(self.folder) in line]
        hierarchies = [Path(line.split()[1]) for line in mounts if line.split()[2] in ("cgroup", "cgroup2")]
        left += [str(group) for hierarchy in hierarchies for group in hierarchy.glob(f"*.{self.name}.*")]
        return left + [f"process {pid}" for pid in self.processes()]

    def processes(self) -> list[int]:
        """Return the first processes of hosts: they are named after their folder, and the others die with them."""
        name = os.fsencode(f"{self.folder}/")
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _name_of(pid).startswith(name)]


# What loaded modules put into every network namespace (net.core.fb_tunnels_only_for_init_net).
_FALLBACKS = {"gre0", "gretap0", "erspan0", "ip6gre0", "tunl0", "ip6tnl0", "sit0", "ip_vti0", "ip6_vti0"}


def _name_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it ended
        return b""


def result_of(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    stdout, stderr = process.communicate(timeout=SECONDS)
    assert stdout, stderr.decode()
    result: dict[str, Any] = json.loads(stdout)
    return result


def succeeded(result: dict[str, Any]) -> dict[str, Any]:
    assert not result.get("failed"), result["msg"]
    return result


def machine() -> dict[str, Any]:
    """Return what a twin must not touch: the machine's devices, namespaces, mounts and Open vSwitch."""
    show = {
        name: subprocess.run(["ip", *argv], capture_output=True, text=True, check=True).stdout for name, argv in _SHOWN
    }
    folders = {path: sorted(os.listdir(path)) if os.path.isdir(path) else None for path in _FOLDERS}
    return {**show, **folders, "mounts": Path("/proc/self/mounts").read_text()}


_SHOWN = [("devices", ["-oneline", "link"]), ("addresses", ["-oneline", "address"]), ("namespaces", ["netns"])]
_FOLDERS = ["/run/systemd", "/run/openvswitch", "/etc/openvswitch", "/var/lib/openvswitch", "/var/log/openvswitch"]
