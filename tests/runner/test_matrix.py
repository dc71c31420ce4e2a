# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every supported ansible-core, against the oldest and the distribution's Python on the managed host, on a real OVS.

`scripts/setup matrix` makes the environments.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import NEWEST, REPOSITORY, Ansible
from private_ovs import PrivateOvs

CACHE = REPOSITORY / ".cache"
CORES = {"2.17": CACHE / "core-2.17", "2.18": CACHE / "core-2.18", "newest": NEWEST}
PYTHONS = {"3.9": CACHE / "managed-3.9/bin/python", "distribution": Path("/usr/bin/python3")}
PLAYBOOK = """
- hosts: all
  gather_facts: false
  module_defaults:
    group/tenantry.sdn.ovs: {database: "{{ remote }}", owner: matrix}
  tasks:
    - tenantry.sdn.ovs_bridge:
        name: br-int
        fail_mode: secure
        ports: [{name: tap0, type: internal, tag: 12}]
    - tenantry.sdn.ovs_gre_mesh:
        bridge: br-int
        name: web
        local_ip: 192.0.2.1
        remotes: "{{ {'hv1': '192.0.2.1', 'hv2': '192.0.2.2', 'hv3': '192.0.2.3'} | tenantry.sdn.tunnel_peers('hv1') }}"
        key: 5001
        tag: 12
"""

each_core = pytest.mark.parametrize("core", CORES)


@each_core
def test_every_playbook_is_understood(core: str, collections: Path, tmp_path: Path) -> None:
    playbooks = [f"tenantry.sdn.{path.stem}" for path in (REPOSITORY / "playbooks").glob("*.yml")]
    assert playbooks
    control = Ansible(tmp_path, collections, CORES[core])
    control.run("ansible-playbook", "--syntax-check", "-i", "localhost,", *playbooks)


@each_core
@pytest.mark.parametrize("python", PYTHONS)
def test_a_bridge_with_a_mesh_twice(core: str, python: str, collections: Path, tmp_path: Path, ovs: PrivateOvs) -> None:
    interpreter = PYTHONS[python]
    if not interpreter.exists():
        pytest.skip(f"managed hosts on Python {python}: no such interpreter on this machine")
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAYBOOK)
    variables = {"remote": ovs.remote, "ansible_connection": "local", "ansible_python_interpreter": str(interpreter)}
    control = Ansible(tmp_path, collections, CORES[core])
    play = ["-i", "host,", "-e", json.dumps(variables), playbook]
    assert " changed=2 " in control.run("ansible-playbook", *play)
    assert ovs.vsctl("list-ports", "br-int").splitlines()[-1] == "tap0"
    assert ovs.vsctl("get", "port", "tap0", "tag") == "12"
    assert len([row for row in ovs.rows("Interface") if row["type"] == "gre"]) == 2
    assert " changed=0 " in control.run("ansible-playbook", *play)
