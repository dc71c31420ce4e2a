# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every supported ansible-core, with the installed tarball, against managed hosts with each supported Python.

`scripts/setup matrix` makes the environments.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from commands import NEWEST, REPOSITORY, Ansible
from private_ovs import running

CACHE = REPOSITORY / ".cache"
CORES = {"2.17": CACHE / "core-2.17", "2.18": CACHE / "core-2.18", "newest": NEWEST}
PYTHONS = {version: CACHE / f"managed-{version}/bin/python" for version in ("3.9", "3.10", "3.12", "3.13")}
PYTHONS["distribution"] = Path("/usr/bin/python3")
OLDER_CORES_ON = ("3.9", "distribution")
INVENTORY = """
hypervisors:
  hosts: {hv1: {}, hv2: {}}
  vars:
    fabric:
      name: packaged
      mtu: 1500
      segments: {tunnel: 5000-5099}
      hypervisors: {hv1: {vtep: 192.0.2.1}, hv2: {vtep: 192.0.2.2}}
    tenants:
      acme:
        networks: {web: {type: gre, subnet: 10.1.1.0/24}}
        ports:
          web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20, interface: tap0}
          web-2: {hypervisor: hv2, network: web, ip: 10.1.1.21, interface: tap0}
      globex:
        networks: {lab: {type: vxlan, subnet: 10.1.1.0/24}}
        ports:
          lab-1: {hypervisor: hv1, network: lab, ip: 10.1.1.20, interface: tap1}
"""
PLAYBOOK = """
- hosts: all
  gather_facts: false
  module_defaults:
    group/tenantry.sdn.ovs: {database: "{{ remote }}", owner: matrix}
  tasks:
    - tenantry.sdn.ovs_bridge:
        name: br0
        fail_mode: secure
        ports: [{name: tap0, type: internal, tag: 12}]
    - tenantry.sdn.ovs_gre_mesh:
        bridge: br0
        name: web
        local_ip: 192.0.2.1
        remotes: "{{ {'hv1': '192.0.2.1', 'hv2': '192.0.2.2', 'hv3': '192.0.2.3'} | tenantry.sdn.tunnel_peers('hv1') }}"
        key: 5001
        tag: 12
    - tenantry.sdn.host_state:
        fabric:
          name: dc1
          forwarding: plain
          segments: {tunnel: 5000-5099}
          hypervisors: {hv1: {vtep: 192.0.2.1}, hv2: {vtep: 192.0.2.2}}
        tenants:
          acme:
            networks: {web: {type: vxlan, segmentation_id: 5002, subnet: 10.1.1.0/24}}
            ports:
              web-1: {hypervisor: hv1, network: web, ip: 10.1.1.1}
              web-2: {hypervisor: hv2, network: web, ip: 10.1.1.2}
        allocations: "{{ playbook_dir }}/ids.yml"
        hypervisor: hv1
      register: compiled
      changed_when: false
    - tenantry.sdn.converge: # not to the database of the machine: module_defaults hold for what it runs
        state: "{{ compiled.state }}"
        parts: [networks, monitoring]
"""

each_core = pytest.mark.parametrize("core", CORES)


@each_core
def test_every_playbook_is_understood(core: str, collections: Path, tmp_path: Path) -> None:
    playbooks = [f"tenantry.sdn.{path.stem}" for path in (REPOSITORY / "playbooks").glob("*.yml")]
    assert playbooks
    control = Ansible(tmp_path, collections, CORES[core])
    control.run("ansible-playbook", "--syntax-check", "-i", "localhost,", *playbooks)


@each_core
def test_bridges_with_meshes_twice(core: str, collections: Path, tmp_path: Path) -> None:
    """A host for each Python, with an Open vSwitch of its own."""
    asked = {python: PYTHONS[python] for python in (PYTHONS if core == "newest" else OLDER_CORES_ON)}
    there = {python: path for python, path in asked.items() if path.exists()}
    playbook, inventory = tmp_path / "play.yml", tmp_path / "hosts.json"
    playbook.write_text(PLAYBOOK)
    control = Ansible(tmp_path, collections, CORES[core])
    with ExitStack() as stack:
        switches = {python: stack.enter_context(running()) for python in there}
        hosts = {
            f"python-{python}": {"remote": switches[python].remote, "ansible_python_interpreter": str(path)}
            for python, path in there.items()
        }
        variables = {"ansible_connection": "local"}
        inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
        assert control.run("ansible-playbook", "-i", inventory, playbook).count(" changed=3 ") == len(hosts)
        for ovs in switches.values():
            assert ovs.vsctl("list-ports", "br0").splitlines()[-1] == "tap0"
            assert ovs.vsctl("get", "port", "tap0", "tag") == "12"
            kinds = Counter(row["type"] for row in ovs.rows("Interface"))
            assert (kinds["gre"], kinds["vxlan"]) == (2, 1)
            assert ovs.vsctl("list-br").split() == ["br-int", "br0"]
        assert control.run("ansible-playbook", "-i", inventory, playbook).count(" changed=0 ") == len(hosts)
    if there != asked:
        lacking = ", ".join(sorted(asked.keys() - there.keys()))
        pytest.skip(f"managed hosts on Python {lacking}: no such interpreter on this machine; on the others it holds")


@each_core
def test_a_twin_is_built_converged_and_proved_without_a_checkout(core: str, collections: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(INVENTORY)
    control = Ansible(tmp_path, collections, CORES[core])
    name = f"twin_name=matrix-{os.getpid()}"
    try:
        printed = control.run("ansible-playbook", "-i", inventory, "-e", name, "tenantry.sdn.twin")
    finally:
        control.run("ansible-playbook", "-e", name, "tenantry.sdn.twin_down")
    assert "6 pairs: 2 reach, 4 isolated" in printed
