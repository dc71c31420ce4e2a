# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real controllers on a host of a twin, and what switches say to them."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import yaml
from key_pairs import KeyPair
from lifecycle_fabric import Fabric
from packets import wait_until
from witnesses import PYTHON, witness

HOST = "hv3"  # has no ports of tenants
ADDRESS = "192.168.1.153"
FAUCET_COOKIE = "0x5adc15c0"
PACKET_IN = re.compile(r"^OFPT_PACKET_IN .*\n(icmp),", re.MULTILINE)


def flows(fabric: Fabric, host: str) -> list[str]:
    """Return the flows of br-int, but those that everybody has."""
    return fabric.twin.run(host, "ovs-ofctl", "-OOpenFlow13", "--no-stats", "dump-flows", "br-int").splitlines()


def connected(fabric: Fabric, host: str) -> set[int]:
    """Return the ports of controllers that a switch is connected to; the database knows seconds later."""
    established = fabric.twin.run(host, "ss", "-Hnt", "state", "established", "dst", ADDRESS)
    return {int(line.split()[-1].rpartition(":")[2]) for line in established.splitlines()}


def learning_switch(
    fabric: Fabric, *options: str, target: str = "ptcp:6653"
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run ovs-testcontroller: by default a flow for each conversation, once its first packet has come."""
    folder = Path(tempfile.mkdtemp(prefix="controller-", dir=fabric.folder))
    argv = ["ovs-testcontroller", "-vconsole:off", f"--unixctl={folder}/ctl", "--max-idle=permanent", *options]
    return witness(fabric.twin, HOST, folder / "output", *argv, target)


@contextmanager
def faucet(fabric: Fabric, switch: KeyPair, own: KeyPair) -> Iterator[None]:
    """Run Faucet over SSL, with a VLAN for each network: a pipeline beforehand, hosts learned by packets."""
    folder = Path(tempfile.mkdtemp(prefix="faucet-", dir=fabric.folder))
    (folder / "faucet.yaml").write_text(yaml.safe_dump(faucet_configuration(fabric)))
    environment = {
        "PATH": f"{PYTHON}:/usr/bin:/bin",
        "HOME": str(folder),
        "FAUCET_CONFIG": str(folder / "faucet.yaml"),
        "FAUCET_LOG": str(folder / "faucet.log"),
        "FAUCET_EXCEPTION_LOG": str(folder / "exceptions.log"),
    }
    keys = [f"--ryu-ctl-privkey={own.private_key}", f"--ryu-ctl-cert={own.certificate}"]
    argv = ["faucet", "--ryu-ofp-ssl-listen-port=6653", *keys, f"--ryu-ca-certs={switch.certificate}"]
    with witness(fabric.twin, HOST, folder / "output", *argv, environment=environment):
        yield


def faucet_configuration(fabric: Fabric) -> dict[str, Any]:
    vlans = {network: number for number, network in enumerate(sorted(fabric.networks()), 100)}
    switches = {}
    for host in ("hv1", "hv2"):
        identity = fabric.vsctl(host, "get bridge br-int datapath_id").strip().strip('"')
        networks = _network_of_ports(fabric, host)
        interfaces = {
            ofport: {"name": name, "native_vlan": vlans[networks[name]]}
            for name, ofport in _ofports(fabric, host).items()
            if name in networks
        }
        switches[host] = {"dp_id": int(identity, 16), "hardware": "Open vSwitch", "interfaces": interfaces}
    return {"vlans": {number: {"name": network} for network, number in vlans.items()}, "dps": switches}


def _network_of_ports(fabric: Fabric, host: str) -> dict[str, str]:
    """Return the network of each tap and tunnel, by its marks."""
    marks = r": Port (\S+) external_ids:tenantry-(?:network|mesh)=(.*)"
    lines = fabric.traces(f"{host}: Port *")
    return {match[1]: match[2] for line in lines if (match := re.search(marks, line))}


def _ofports(fabric: Fabric, host: str) -> dict[str, int]:
    table = json.loads(fabric.vsctl(host, "--format=json --columns=name,ofport list Interface"))
    return dict(table["data"])


@contextmanager
def snooping(fabric: Fabric, host: str) -> Iterator[Path]:
    """Write what br-int says to its controllers, and they to it, to the file that is yielded."""
    said = Path(tempfile.mkdtemp(prefix="snoop-", dir=fabric.folder)) / "said"
    enter = ["nsenter", f"--target={fabric.twin.pid(host)}", "--mount", "--net", "--", "ovs-ofctl", "snoop", "br-int"]
    with said.open("w") as file, subprocess.Popen(enter, stdout=file, stderr=file) as process:
        try:
            assert wait_until(lambda: "br-int.snoop" in fabric.twin.run(host, "ss", "-Hx", "state", "established"))
            yield said
        finally:
            process.terminate()


def pings_told(said: Path) -> int:
    """Return how many ICMP packets the controller was asked about."""
    return len(PACKET_IN.findall(said.read_text()))
