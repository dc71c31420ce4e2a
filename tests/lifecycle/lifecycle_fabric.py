# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fabric under test: an intent in a directory, its twin, the playbooks over both, and what its packets say.

A test edits ``fabric`` and ``tenants`` and converges; files are written anew for each run.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from typing import Any

import ovsdb_dump
import packets
import yaml
from ovsdb_dump import Dump
from packets import Heard, Ping, Radio
from playbook_run import Run, start
from twin_lab import TwinLab

PLAYBOOKS = "tenantry.sdn."
HOSTS = {"hv1": "192.168.1.151", "hv2": "192.168.1.152", "hv3": "192.168.1.153"}
MOST_TASKS = 8  # of site, on a host
MOST_TASKS_OF_NOTHING = 1  # where all is as it shall be; with secrets of VPNs one more
ICMP_HEADERS = 28  # bytes, with those of IPv4


def hypervisor(vtep: str, *more: str) -> dict[str, Any]:
    """Return a hypervisor that is plugged into physnet1 and, with an uplink each, into more physical networks."""
    return {"vtep": vtep, "uplinks": {name: f"eth{number}" for number, name in enumerate(("physnet1", *more), 1)}}


def network(kind: str, segmentation_id: int | None = None, subnet: str = "10.1.1.0/24") -> dict[str, Any]:
    """Return a network; of each tenant one has the same subnet, so that addresses tell no two tenants apart."""
    pinned = {"segmentation_id": segmentation_id} if segmentation_id else {}
    wire = {"physical_network": "physnet1"} if kind == "vlan" else {}
    return {"type": kind, "subnet": subnet, **pinned, **wire}


def port(host: str, of: str, address: str, **more: Any) -> dict[str, Any]:
    return {"hypervisor": host, "network": of, "ip": address, **more}


def tenant(network: dict[str, Any], *hosts: str) -> dict[str, Any]:
    """Return a tenant with one network, ``web``, and a port of it on each of the hosts: web-1, web-2, ..."""
    ports = {f"web-{number}": port(host, "web", f"10.1.1.{number}") for number, host in enumerate(hosts, 1)}
    return {"networks": {"web": network}, "ports": ports}


class Fabric:
    def __init__(
        self,
        folder: Path,
        twin: TwinLab,
        tenants: dict[str, Any],
        hypervisors: Mapping[str, Any],
        options: Iterable[str] = (),
        **more: Any,
    ) -> None:
        self.folder = folder
        self.twin = twin
        self.settings = (f"-etwin_name={twin.name}", *options)  # of twin_up
        self.intent_dir = folder / "intent"
        self.record = self.intent_dir / "allocations.yml"
        self.fabric: dict[str, Any] = {
            "name": "lab",
            "segments": {"vlan": "100-999", "tunnel": "5000-9999"},
            "hypervisors": dict(hypervisors),
            "forwarding": "plain",
            **more,
        }
        self.tenants = copy.deepcopy(tenants)

    @property
    def hypervisors(self) -> list[str]:
        return sorted(path.name for path in (self.twin.folder / "hypervisor").iterdir())

    # -- playbooks -------------------------------------------------------------------------------------------------

    def start(self, *arguments: str, inventory: Path | None = None) -> Run:
        """Write the intent and start playbooks of ours (``site``) with options of ansible-playbook."""
        self.write_intent()
        words = [word if word.startswith("-") or "=" in word else PLAYBOOKS + word for word in arguments]
        return start(inventory or self.twin.inventory, self.folder / "ansible", *words)

    def run(self, *arguments: str, inventory: Path | None = None) -> Run:
        run = self.start(*arguments, inventory=inventory)
        assert run.succeeded, run.summary()
        return run

    def refused(self, *arguments: str, inventory: Path | None = None) -> dict[str, str]:
        """Run what must fail, and return each failed host's message."""
        run = self.start(*arguments, inventory=inventory)
        assert not run.succeeded, run.summary()
        return run.faults()

    def build(self) -> None:
        """Build the twin, or bring it up to date with the intent, from an inventory as a user has it."""
        hosts = self.folder / "hosts.yml"
        names = {name: {} for name in self.fabric["hypervisors"]}
        variables = {"tenantry_intent_dir": str(self.intent_dir)}
        hosts.write_text(yaml.safe_dump({"all": {"vars": variables, "children": {"hypervisors": {"hosts": names}}}}))
        self.run("twin_up", *self.settings, inventory=hosts)

    def converge(self) -> None:
        """Bring twin and hosts to the intent; a second run of site must change nothing, and both take few tasks."""
        if self.hypervisors != sorted(self.fabric["hypervisors"]):
            self.build()
        run = self.run("twin_up", "site", "site", *self.settings)
        assert run.changes(playbook=3) == {}, run.summary()
        assert max(run.tasks(playbook=2).values()) <= MOST_TASKS, run.summary()
        assert max(run.tasks(playbook=3).values()) <= MOST_TASKS_OF_NOTHING, run.summary()

    def converged(self) -> None:
        """Check that site changes nothing."""
        run = self.run("site")
        assert run.changes() == {}, run.summary()

    def inventory_of(self, *hosts: str) -> Path:
        """Return an inventory that has only these hypervisors, as a slice of a job gets it."""
        inventory = json.loads(self.twin.inventory.read_text())
        listed = inventory["all"]["children"]["hypervisors"]["hosts"]
        inventory["all"]["children"]["hypervisors"]["hosts"] = {name: listed[name] for name in hosts}
        path = self.folder / f"slice-{'-'.join(hosts)}.json"
        path.write_text(json.dumps(inventory))
        return path

    def write_intent(self) -> None:
        tenants = self.intent_dir / "tenants"
        shutil.rmtree(tenants, ignore_errors=True)
        tenants.mkdir(parents=True)
        (self.intent_dir / "fabric.yml").write_text(yaml.safe_dump({"fabric": self.fabric}))
        for name, described in self.tenants.items():
            (tenants / f"{name}.yml").write_text(yaml.safe_dump({"tenants": {name: described}}, sort_keys=False))

    def recorded(self, network: str) -> dict[str, int]:
        """Return the ids of a network by the allocation record."""
        ids: dict[str, int] = yaml.safe_load(self.record.read_text())["networks"][network]
        return ids

    # -- what the hosts have ---------------------------------------------------------------------------------------

    def dump(self, host: str) -> Dump:
        return ovsdb_dump.parse(self.twin.run(host, "ovsdb-client", "--format=json", "dump"))

    def dumps(self) -> dict[str, Dump]:
        return {host: self.dump(host) for host in self.hypervisors}

    def portable(self) -> dict[str, list[str]]:
        return {host: ovsdb_dump.portable(self.dump(host)) for host in self.hypervisors}

    def traces(self, *patterns: str) -> list[str]:
        """Return the lines of all hosts' dumps that match one of the patterns, as ``* trunks=120``."""
        lines = [f"{host}: {line}" for host, dump in self.portable().items() for line in dump]
        return [line for line in lines if any(fnmatchcase(line, pattern) for pattern in patterns)]

    def interface(self, endpoint: str) -> str:
        """Return the name of the device that an endpoint is plugged in with."""
        (line,) = self.traces(f"*: Port * external_ids:tenantry-port={endpoint}")
        return line.split()[2]

    def interface_number(self, host: str, endpoint: str) -> int:
        """Return the OpenFlow port number of the device that an endpoint is plugged in with."""
        return int(self.vsctl(host, f"get interface {self.interface(endpoint)} ofport"))

    def vsctl(self, host: str, command: str) -> str:
        return self.twin.run(host, "ovs-vsctl", "--timeout=10", *command.split())

    # -- what its packets say --------------------------------------------------------------------------------------

    def networks(self) -> dict[str, list[str]]:
        """Return the endpoints of each network of the intent."""
        found: dict[str, list[str]] = {}
        for owner, described in self.tenants.items():
            for name, item in described["ports"].items():
                found.setdefault(f"{owner}.{item['network']}", []).append(f"{owner}.{name}")
        return found

    def home(self) -> dict[str, str]:
        """Return the network of each endpoint."""
        return {name: network for network, members in self.networks().items() for name in members}

    def endpoints(self) -> list[str]:
        return sorted(self.home())

    def address(self, endpoint: str) -> str:
        owner, name = endpoint.split(".")
        return str(self.tenants[owner]["ports"][name]["ip"])

    def prove(self) -> None:
        """Check by packets that each endpoint reaches those of its network, and hears nobody else."""
        pairs = [pair for members in self.networks().values() for pair in combinations(members, 2)]
        others = {name: set(members) - {name} for members in self.networks().values() for name in members}
        with self.listening() as heard, ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda pair: self.reaches(*pair), pairs))
            heard.wait_for(others)
        silent = [pair for pair, reply in zip(pairs, replies) if not reply]
        assert not silent, f"no answers: {silent}\n{self._evidence(silent[0])}"
        assert heard.leaks(self.home()) == []
        assert {name: set(frames) for name, frames in heard.frames.items()} == others

    def _evidence(self, pair: Iterable[str]) -> str:
        """Return what endpoints that do not reach each other, and their switches, know of the way."""
        asked = dict.fromkeys(pair, ("ip -s link show eth0", "ip neigh", "ip route"))
        switches = ("dpctl/show -s", "fdb/show br-int", "dpctl/dump-flows -m")
        asked |= {host: ("ip -o link", *(f"ovs-appctl {words}" for words in switches)) for host in self.hypervisors}
        asked["underlay"] = ("bridge fdb show",)
        told = [(host, words, self.twin.attempt(host, *words.split())) for host in asked for words in asked[host]]
        return "\n".join(f"--- {host}: {words}\n{done.stdout}{done.stderr}" for host, words, done in told)

    def reaches(self, sender: str, receiver: str) -> bool:
        """Say whether a ping of the largest size that the network has is answered."""
        mtu = self.twin.run(sender, "cat", "/sys/class/net/eth0/mtu")
        return self.twin.pings(sender, self.address(receiver), int(mtu) - ICMP_HEADERS)

    def listening(self) -> AbstractContextManager[Heard]:
        """Let all endpoints call their names, and hear what arrives meanwhile."""
        return packets.listening(self.twin, [Radio(name) for name in self.endpoints()])

    def pinging(self, *pairs: tuple[str, str]) -> AbstractContextManager[list[Ping]]:
        """Let the first endpoint of each pair ping the second one 100 times a second meanwhile."""
        return packets.pinging(self.twin, {sender: self.address(receiver) for sender, receiver in pairs})
