# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same mesh by openvswitch.openvswitch, one task a port, as its users write it; whole ansible-playbook runs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from measure import Cost, medians, run
from payload import REPOSITORY, environment, playbook
from table import Row
from tunnels import TUNNELS, address, daemons, mesh, switch

CACHE = REPOSITORY / ".cache/peer"
RELEASE = "ansible==10.7.0"  # holds openvswitch.openvswitch
FOLDER = "ansible_collections/openvswitch/"
PORTS = 20
RUNS = 3


def rows(directory: Path) -> Iterator[Row]:
    host = directory / "host"
    database = f"unix:{host}/db.sock"
    variables = environment(directory)
    variables["ANSIBLE_COLLECTIONS_PATH"] += f":{installed()}"

    def play(name: str, task: dict[str, object]) -> Cost:
        book = playbook(directory / f"{name}.json", [task])
        with switch(host) as ovs:
            return run(["ansible-playbook", str(book)], daemons(ovs), variables)

    costs = medians(
        RUNS,
        {
            "empty": lambda: play("noop", {"meta": "noop"}),
            "ours": lambda: play("ours", {"tenantry.sdn.ovs_gre_mesh": mesh(TUNNELS, database)}),
            "peer": lambda: play("peer", _loop(database)),
        },
    )
    ours, peer = (costs[name].cpu - costs["empty"].cpu for name in ("ours", "peer"))
    each = peer / PORTS
    yield Row(
        f"create {TUNNELS:,} tunnels, whole playbook, CPU",
        f"{ours:.2f} s",
        f"openvswitch_port {each * TUNNELS:.0f} s ({PORTS} ports measured, {each:.3f} s each)",
        each * TUNNELS / ours,
        "x",
        bound=300,
        at_least=True,
    )


def _loop(database: str) -> dict[str, object]:
    options = {"key": "5001", "local_ip": "192.168.1.151", "remote_ip": "{{ item }}"}
    interface = " ".join(f"options:{option}={value}" for option, value in options.items())
    name = "gre{{ ansible_loop.index }}"
    return {
        "openvswitch.openvswitch.openvswitch_port": {
            "bridge": "br-int",
            "port": name,
            "tag": "12",
            "external_ids": {"tenantry-mesh": "web"},
            "set": [f"Interface {name} type=gre {interface}", f"Port {name} protected=true"],
            "database_socket": database,
        },
        "loop": [address(number) for number in range(1, PORTS + 1)],
        "loop_control": {"extended": True},
    }


def installed() -> Path:
    """Return the collections path of the peer, fetched from PyPI once; only the peer is kept of the large package."""
    if not (CACHE / FOLDER).is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*download, "--dest", CACHE, RELEASE], check=True, timeout=300)
        (wheel,) = CACHE.glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(CACHE, [name for name in archive.namelist() if name.startswith(FOLDER)])
        wheel.unlink()
    return CACHE
