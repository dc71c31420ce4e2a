# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hypervisors have of virtual routers, and what the module does with files that no service would take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from lifecycle_fabric import Fabric
from playbook_run import Run, start

PLACES = """
ip netns
ls /etc/tenantry/routers /run/tenantry-routers /etc/systemd/system/*.wants
systemctl list-units --all --plain --no-legend 'tenantry-*'
ip -oneline link
ovs-vsctl list-ports br-int
exit 0
"""
FILES = "find /etc/tenantry/routers -type f -exec sha256sum {} + | sort"


def cables(fabric: Fabric, host: str, router: str) -> list[str]:
    """Return the names of the ends that a router's cables have in Open vSwitch."""
    return fabric.twin.run(host, "cut", "-d ", "-f1", f"/etc/tenantry/routers/{router}/devices").split()


def left(fabric: Fabric, host: str, router: str, cables: list[str]) -> list[str]:
    """Return what is of a router on a hypervisor; its connections and routes are its namespace's."""
    lines = [*fabric.twin.run(host, "sh", "-c", PLACES).splitlines(), *fabric.portable()[host]]
    return [line for line in lines if any(name in line for name in (router, *cables))]


def files(fabric: Fabric) -> dict[str, str]:
    """Return digests of all files of routers."""
    return {host: fabric.twin.run(host, "sh", "-c", FILES) for host in fabric.hypervisors}


def make(fabric: Fabric, folder: Path, wrong: dict[str, str]) -> Run:
    """Have the module make, for each of these files, a router that has it, on hv1."""
    sound = {"nftables.conf": "table inet edge {\n}\n"}
    edges = [{"name": "other.edge", "interfaces": [], "files": {**sound, name: wrong[name]}} for name in wrong]
    task: dict[str, Any] = {
        "tenantry.sdn.virtual_router": {"owner": "other", "routers": "{{ item.routers }}"},
        "loop": [{"routers": [edge]} for edge in edges],
        "ignore_errors": True,
    }
    play = [{"hosts": "hv1", "gather_facts": False, "tasks": [task]}]
    (folder / "make.yml").write_text(yaml.safe_dump(play))
    return start(fabric.twin.inventory, fabric.folder / "ansible", str(folder / "make.yml"))
