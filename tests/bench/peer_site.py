# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ``site`` that finds all in place on a twin of ten hosts, against openvswitch.openvswitch over the same ports.

The peer has a module for one bridge and one for one port, which its users run in a loop. It runs on one of the hosts:
they are alike, so all ten take ten times that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peer
from fleet import Fleet
from lifecycle_fabric import network, port
from payload import collections
from table import Row

HOSTS = 10
TENANTS = 10  # on every host, so each has as many ports, and nine times as many tunnels
FEWER = 20  # modules of the peer for one of ours, at least


def rows(directory: Path) -> Iterator[Row]:
    link = collections(directory) / peer.FOLDER
    if not link.exists():
        link.symlink_to(peer.installed() / peer.FOLDER)
    with Fleet(directory, HOSTS, _tenants(), forwarding="plain").up() as fleet:
        fleet.run("site", forks=HOSTS)
        ours = fleet.run("site", forks=HOSTS)
        book = directory / "peer-site.json"
        ports = _ports(fleet, fleet.hosts[0])
        book.write_text(json.dumps(_play(ports)))
        theirs = fleet.run(playbook=book, hosts=fleet.hosts[:1])
    assert not ours.changed
    runs, each = sum(ours.modules.values()), len(ports) + 1
    text = f"{each} on each host, {'with' if theirs.changed else 'without'} a change"
    what = f"no-op site of {HOSTS} hosts, {len(ports)} ports each: modules that run"
    yield Row(what, f"{runs}", f"peer {each * HOSTS}: {text}", each * HOSTS / runs, "x", FEWER, at_least=True)
    cpu = theirs.cpu * HOSTS
    yield Row("  CPU of the controller", f"{ours.cpu:.0f} s", f"peer {cpu:.0f} s, of one host", cpu / ours.cpu, "x")


def _tenants() -> dict[str, Any]:
    ports = {f"p{number}": port(f"hv{number}", "web", f"10.1.1.{number}") for number in range(1, HOSTS + 1)}
    return {f"t{number}": {"networks": {"web": network("gre")}, "ports": ports} for number in range(TENANTS)}


def _ports(fleet: Fleet, host: str) -> list[dict[str, Any]]:
    """Return the tenants' ports and tunnels of a host as the peer's users write them."""
    bridge = "br-int"
    names = fleet.fabric.vsctl(host, f"list-ports {bridge}").split()
    return [_port(fleet, host, bridge, name) for name in names]


def _port(fleet: Fleet, host: str, bridge: str, name: str) -> dict[str, Any]:
    kind, options = (
        fleet.fabric.vsctl(host, f"get interface {name} {column}").strip() for column in ("type", "options")
    )
    described = {"bridge": bridge, "port": name, "tag": int(fleet.fabric.vsctl(host, f"get port {name} tag"))}
    if kind not in ("gre", '"gre"'):
        return described
    pairs = options.strip("{}").replace('"', "").split(", ")
    words = " ".join(f"options:{pair}" for pair in pairs)
    return {**described, "set": [f"Interface {name} type=gre {words}", f"Port {name} protected=true"]}


def _play(ports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    module = "openvswitch.openvswitch.openvswitch_"
    given = {name: f"{{{{ item.{name} }}}}" for name in ("bridge", "port", "tag")}
    tasks: list[dict[str, Any]] = [
        {f"{module}bridge": {"bridge": "br-int", "fail_mode": "standalone"}},
        {f"{module}port": {**given, "set": "{{ item.set | default(omit) }}"}, "loop": ports},
    ]
    return [{"hosts": "hypervisors", "gather_facts": False, "tasks": tasks}]
