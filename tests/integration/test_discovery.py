# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to discovery, docs/discovery.md, is run as it stands: answers and guests in, an intent in files out."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.tenantry.sdn.plugins.module_utils import errors
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.cloudstack import MAPPING

ROOT = Path(__file__).parents[2]
COLLECTIONS = Path(errors.__file__).parents[5]
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
HYPERVISORS = ("kvm1-example-net", "kvm2-example-net", "kvm3-example-net")
CHECK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - tenantry.sdn.intent: {directory: "{{ directory }}"}
"""


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    """The blocks of YAML in the guide."""
    return re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/discovery.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_guide_shows_the_expressions_of_the_filter(blocks: list[str]) -> None:
    shown = [yaml.safe_load(block) for block in blocks]
    (mapping,) = [block for block in shown if isinstance(block, dict)]
    assert mapping == MAPPING


def test_the_guide_writes_an_intent(blocks: list[str], tmp_path: Path) -> None:
    directory = tmp_path / "intent"
    (directory / "tenants").mkdir(parents=True)
    playbook = tmp_path / "discover.yml"
    playbook.write_text("".join(block for block in blocks if block.startswith("- name:")) + CHECK)
    hosts = {name: {"ansible_connection": "local"} for name in HYPERVISORS}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"hypervisors": {"hosts": hosts}}))
    variables = {
        "answers": str(ROOT / "tests/unit/discovery/cloudstack"),
        "libvirt_uri": f"test://{ROOT}/tests/adapters/node.xml",
        "directory": str(directory),
        "ansible_become": False,
    }
    done = subprocess.run(
        [ANSIBLE, "-i", inventory, "-e", json.dumps(variables), playbook],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ports = yaml.safe_load((directory / "tenants/acme.yml").read_text())["tenants"]["acme"]["ports"]
    assert {name: port.get("interface") for name, port in ports.items()} == {
        "web01": "tap-web01",  # by its profile
        "web01-lab": "tap-lab",  # by its MAC address
        "web02": None,
    }
    record = yaml.safe_load((directory / "allocations.yml").read_text())
    assert record, "the network without a number got one"
