# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors and flow exports by editing the intent and running site: what sniffers and collectors get, and none else."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import inet_ntoa
from typing import Any

import pytest
from ipfix import Ipfix
from lifecycle_fabric import HOSTS, Fabric, network, tenant
from packets import running, wait_until
from witnesses import program

HERE = Path(__file__).parent
TENANTS = {
    "acme": tenant(network("gre"), "hv1", "hv2", "hv2"),
    "globex": tenant(network("vxlan"), "hv1", "hv2", "hv3"),
    "wire": tenant(network("vlan", 120), "hv1", "hv3"),
}
KEY, VLAN = 77, 900
COUNT = 20
SNIFFER = {"hypervisor": "hv3", "interface": "tap9"}
MIRRORS: dict[str, Any] = {
    "near": {"ports": "acme.web-1", "output": {"interface": "tap9"}},
    "far": {"networks": ["acme.web"], "direction": "from", "output": {"vlan": VLAN, "physical_network": "physnet1"}},
    "away": {
        "ports": ["acme.web-1"],
        "direction": "to",
        "output": {"tunnel": {"type": "gre", "remote_ip": HOSTS["hv3"], "key": KEY}},
    },
}
COLLECTOR = {"netflow": 2055, "sflow": 6343, "ipfix": 4739}
EXPORTS: dict[str, dict[str, Any]] = {
    "netflow": {"active_timeout": 1},
    "sflow": {"sampling": 1, "polling": 1},
    "ipfix": {"sampling": 1, "cache_active_timeout": 1},
}
SEND = f"""
import socket, time
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.bind(("", 7001))
for number in range({COUNT}):
    peer.sendto(bytes(100), ("10.1.1.2", 7002))
    time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    fabric = new_fabric(TENANTS, forwarding="learning")
    for bridge in json.loads(fabric.twin.run("underlay", "ip", "-json", "link", "show", "type", "bridge")):
        # A switch that learns addresses on the VLAN of copies sends them where the guests are.
        fabric.twin.run("underlay", "ip", "link", "set", bridge["ifname"], "type", "bridge", "ageing_time", "0")
    for host in ("hv1", "hv3"):
        fabric.twin.run(host, "ip", "link", "add", "tap9", "type", "veth", "peer", "name", "sniff9")
        for device in ("tap9", "sniff9"):
            fabric.twin.run(host, "ip", "link", "set", device, "up")
    fabric.run("site")
    return fabric


@pytest.fixture(scope="module")
def collected(fabric: Fabric) -> Iterator[Sequence[str]]:
    """What a collector got so far, which was there before the first export, from hosts that are used meanwhile."""
    exports = {name: {**export, "targets": f"{HOSTS['hv3']}:{COLLECTOR[name]}"} for name, export in EXPORTS.items()}
    script, ports = (HERE / "collector.py").read_text(), [str(port) for port in COLLECTOR.values()]
    before = fabric.portable()
    with running(fabric.twin, {"hv3": ["/usr/bin/python3", "-c", script, *ports]}) as lines:
        fabric.fabric["monitoring"] = {**exports, "mirrors": MIRRORS}
        with fabric.pinging(("acme.web-1", "acme.web-2"), ("globex.web-1", "globex.web-2")) as pings:
            predicted = fabric.run("site", "--check", "--diff").changes()
            done = fabric.run("site", "--diff")
        assert all(len(ping.lost) < ping.answered / 100 for ping in pings), pings
        assert done.changes() == predicted
        yield lines["hv3"]
    del fabric.fabric["monitoring"]
    fabric.fabric["forwarding"] = "learning"
    fabric.run("site")
    assert fabric.portable() == before


@contextmanager
def sniffing(fabric: Fabric, devices: dict[str, Sequence[str]]) -> Iterator[Mapping[str, Sequence[str]]]:
    """Yield what is told of pings on devices of hosts, as it comes, after the word that it begins."""
    script = (HERE / "sniffer.py").read_text()
    programs = {host: ["/usr/bin/python3", "-c", script, *names] for host, names in devices.items()}
    with running(fabric.twin, programs) as lines:
        yield lines


def counts(lines: Mapping[str, Sequence[str]]) -> dict[str, Counter[str]]:
    return {host: Counter(told[1:]) for host, told in lines.items()}


def test_collectors_get_each_flow(fabric: Fabric, collected: Sequence[str]) -> None:
    fabric.twin.run("globex.web-1", "/usr/bin/python3", "-c", SEND)  # of which no mirror makes more
    complete = wait_until(lambda: all(total >= COUNT for total in told(collected).values()))
    found = told(collected)
    assert complete, found
    assert {key: total for key, total in found.items() if key[0] != "ipfix"} == {
        (kind, HOSTS[host]): COUNT for kind in ("netflow", "sflow") for host in ("hv1", "hv2")
    }


@pytest.mark.parametrize("forwarding", ["learning", "plain"])
def test_mirrors_show_what_they_shall_and_to_nobody_else(
    fabric: Fabric, collected: Sequence[str], forwarding: str
) -> None:
    """In plain a VLAN of copies ends at a port of the fabric, else at a machine that has it on its own wire."""
    if forwarding == "plain":
        far = MIRRORS["far"]
        fabric.fabric["monitoring"]["mirrors"] = {
            **MIRRORS,
            "far": {**far, "output": {**far["output"], "sniffer": SNIFFER}},
        }
        fabric.fabric["forwarding"] = "plain"
        fabric.run("site")
    wire, note = ("sniff9", "") if forwarding == "plain" else ("eth1", f" vlan {VLAN}")
    request, reply = "request 10.1.1.1 > 10.1.1.2", "reply 10.1.1.2 > 10.1.1.1"
    bystanders = ["acme.web-3", "globex.web-1", "globex.web-2", "globex.web-3", "wire.web-1", "wire.web-2"]
    expected = {name: Counter[str]() for name in bystanders} | {
        "acme.web-1": Counter({f"eth0 {reply}": COUNT}),
        "acme.web-2": Counter({f"eth0 {request}": COUNT}),
        "hv1": Counter({f"sniff9 {request}": COUNT, f"sniff9 {reply}": COUNT}),  # near: both directions
        "hv3": Counter(
            {
                f"{wire} {request}{note}": COUNT,  # far: what the network's ports send, from hv1
                f"{wire} {reply}{note}": COUNT,  # and from hv2
                f"br-phy {reply} key {KEY}": COUNT,  # away: what comes to web-1
            }
        ),
    }
    assert fabric.twin.pings("acme.web-1", "10.1.1.2"), "so that addresses are learned and nothing is flooded"
    for host in ("hv1", "hv2"):
        fabric.twin.run(host, "ovs-appctl", "revalidator/wait")
    with sniffing(
        fabric, {name: ["eth0"] for name in expected} | {"hv1": ["sniff9"], "hv3": [wire, "br-phy"]}
    ) as lines:
        fabric.twin.run("acme.web-1", "ping", "-n", f"-c{COUNT}", "-i0.05", "10.1.1.2")
        wait_until(lambda: all(counts(lines)[host] >= expected[host] for host in expected))
    assert counts(lines) == expected, "each once, and nobody else any"


def told(lines: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return how many packets of the flow each hypervisor told of, by the kind of export and the sender."""
    found = {(kind, HOSTS[host]): 0 for kind in COLLECTOR for host in ("hv1", "hv2")}
    flow = ["10.1.1.1", "10.1.1.2", 7001, 7002]
    kinds = {port: kind for kind, port in COLLECTOR.items()}
    for record in [*by_others(lines), *by_ourselves(lines)]:
        key = kinds[record["port"]], record["sender"]
        if record["flow"] == flow and key in found:
            assert record.get("agent", record["sender"]) == record["sender"]
            found[key] += record["packets"]
    return found


def by_others(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Return what libraries that nobody here wrote read of NetFlow and sFlow."""
    theirs = [line for line in lines[1:] if not line.startswith(str(COLLECTOR["ipfix"]))]
    decode = [program("python"), str(HERE / "decode_exports.py")]
    done = subprocess.run(decode, input="\n".join(theirs), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_ourselves(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    exporters: dict[str, Ipfix] = {}
    for line in lines[1:]:
        port, sender, datagram = line.split()
        if int(port) == COLLECTOR["ipfix"]:
            for record in exporters.setdefault(sender, Ipfix()).records(bytes.fromhex(datagram)):
                if "sourceIPv4Address" in record and "sourceTransportPort" in record:
                    addresses = [inet_ntoa(record[name]) for name in ("sourceIPv4Address", "destinationIPv4Address")]
                    ends = [int.from_bytes(record[f"{end}TransportPort"], "big") for end in ("source", "destination")]
                    packets = int.from_bytes(record["packetDeltaCount"], "big")
                    yield {"port": int(port), "sender": sender, "flow": [*addresses, *ends], "packets": packets}
