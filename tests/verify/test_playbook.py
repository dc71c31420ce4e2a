# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook verify, over a twin: green when converged, red and clear when not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

INTENT = """
fabric:
  name: dc1
  mtu: 1500
  segments: {vlan: 100-999, tunnel: 5000-9999}
  forwarding: plain # what a test breaks is the tag of a port
  hypervisors:
    hv1: {vtep: 192.168.1.151, uplinks: {physnet1: eth1}}
    hv2: {vtep: 192.168.1.152, uplinks: {physnet1: eth1}}
tenants:
  acme:
    networks:
      web: {type: gre, segmentation_id: 5001, subnet: 10.1.1.0/24}
    ports:
      web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20, interface: tap0}
      web-2: {hypervisor: hv2, network: web, ip: 10.1.1.21, interface: tap0}
  globex:
    networks:
      web: {type: vlan, segmentation_id: 120, physical_network: physnet1, subnet: 10.1.1.0/24}
    ports:
      web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20, interface: tap1}
      web-2: {hypervisor: hv2, network: web, ip: 10.1.1.22, interface: tap1}
"""
HOSTS = "hypervisors: {hosts: {hv1: {ansible_connection: local}, hv2: {ansible_connection: local}}}\n"
REMEDY = (
    "Verifying sends packets from inside the tenants' machines. Add each of them to the inventory's group 'endpoints', "
    "as a host named tenant.port that Ansible reaches as root. Or rehearse in the twin, which has them all: "
    "ansible-playbook -i INVENTORY tenantry.sdn.twin"
)
GOOD = re.compile(r"^12 pairs: 4 reach, 8 isolated, 0 wrong\.$", re.MULTILINE)


def play(inventory: Path, playbook: str, *options: str) -> tuple[int, str]:
    """Run a playbook of the collection; return its exit status and all that it printed."""
    collections = next(path for path in sys.path if Path(path, "ansible_collections/tenantry/sdn").exists())
    argv = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory), f"tenantry.sdn.{playbook}"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": collections, "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run([*argv, *options], capture_output=True, text=True, timeout=200, env=environment, check=False)
    return done.returncode, done.stdout + done.stderr


def succeed(inventory: Path, playbook: str, *options: str) -> None:
    status, text = play(inventory, playbook, *options)
    assert status == 0, text


def write_inventory(folder: Path) -> Path:
    (folder / "group_vars").mkdir()
    (folder / "group_vars/all.yml").write_text(INTENT)
    (folder / "hosts.yml").write_text(HOSTS)
    return folder / "hosts.yml"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    return write_inventory(tmp_path)


@pytest.fixture(scope="module")
def converged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A twin that has converged: its inventory, and its state folder."""
    inventory, name = write_inventory(tmp_path_factory.mktemp("intent")), f"v{uuid.uuid4().hex[:6]}"
    state = Path("/run/tenantry/twin", name)
    try:
        succeed(inventory, "twin_up", "-e", f"twin_name={name}")
        succeed(state / "inventory.yml", "site")
        yield state / "inventory.yml", state
    finally:
        succeed(inventory, "twin_down", "-e", f"twin_name={name}")


def test_the_twin_is_green_until_it_is_broken(converged: tuple[Path, Path]) -> None:
    inventory, state = converged
    status, text = play(inventory, "verify", "--forks", "4")
    assert GOOD.search(text), text
    assert status == 0
    assert "Measuring 12 ordered pairs of 4 endpoints" in text
    assert "changed=0" in text
    assert not re.search("changed=[1-9]", text)

    pid = (state / "hypervisor/hv2/pid").read_text().strip()
    vsctl = ["nsenter", "-t", pid, "-a", "ovs-vsctl"]
    tag = subprocess.run([*vsctl, "get", "port", "tap0", "tag"], capture_output=True, text=True, timeout=30, check=True)
    subprocess.run([*vsctl, "set", "port", "tap0", "tag=120"], timeout=30, check=True)
    status, text = play(inventory, "verify", "--forks", "4", "-e", "verify_unicode=false")
    subprocess.run([*vsctl, "set", "port", "tap0", f"tag={tag.stdout.strip()}"], timeout=30, check=True)
    assert status != 0
    assert "12 pairs: 2 reach, 4 isolated, 6 wrong (4 leak, 2 unreachable)." in text
    for leak in ("acme.web-2 -> globex.web-1", "acme.web-2 -> globex.web-2", "globex.web-1 -> acme.web-2"):
        assert re.search(f"^{leak} .*: expected isolated, measured reachable$", text, re.MULTILINE)
    assert "acme.web-1 -> acme.web-2 broadcast: expected once, measured never" in text
    assert "[ERROR]: Task failed: Action failed: The network is not as the intent wants it. 12 pairs" in text


def test_an_endpoint_that_cannot_be_measured_is_named(converged: tuple[Path, Path]) -> None:
    inventory, state = converged
    pid = (state / "endpoint/acme.web-2/pid").read_text().strip()
    link = ["nsenter", "-t", pid, "-a", "ip", "link", "set", "eth0"]
    subprocess.run([*link, "down"], timeout=30, check=True)
    status, text = play(inventory, "verify", "--forks", "4")
    subprocess.run([*link, "up"], timeout=30, check=True)
    assert status != 0
    assert "acme.web-2: interface eth0 is down. Bring it up: ip link set eth0 up." in text
    assert "\nacme.web-2: nothing was measured here; see its failed task above" in text
    assert "12 pairs: 2 reach, 4 isolated, 6 wrong (6 unmeasured)." in text


def test_check_mode_sends_nothing_and_judges_nothing(converged: tuple[Path, Path]) -> None:
    status, text = play(converged[0], "verify", "--check")
    assert status == 0
    assert "pairs: " not in text
    assert "skipping: [localhost]" in text


def test_a_sample_is_announced(converged: tuple[Path, Path]) -> None:
    status, text = play(converged[0], "verify", "-e", "verify_sample=2")
    assert status == 0
    words = "SAMPLED, not all: 2 ordered pairs of 2 endpoints, of 4 in the intent; 1 of 2 networks, 2 of 2 hypervisors"
    assert f"Measuring {words}" in text
    assert f"Expected against measured: {words}" in text


def test_without_endpoints_it_says_where_they_come_from(inventory: Path) -> None:
    status, text = play(inventory, "verify")
    assert status != 0
    assert f"The inventory has no group 'endpoints', or an empty one. {REMEDY}" in text


def test_endpoints_that_the_inventory_lacks_are_named(inventory: Path) -> None:
    inventory.write_text(HOSTS + "endpoints: {hosts: {acme.web-1: {}, globex.web-2: {}}}\n")
    status, text = play(inventory, "verify")
    assert status != 0
    assert (
        "2 of 4 endpoints of the intent are not in the inventory's group 'endpoints': acme.web-2, globex.web-1. "
        f"{REMEDY}"
    ) in text


def test_without_hypervisors_it_says_so(inventory: Path) -> None:
    inventory.write_text("endpoints: {hosts: {acme.web-1: {}}}\n")
    status, text = play(inventory, "verify")
    assert status != 0
    assert "The inventory has no host in the group hypervisors." in text


@pytest.mark.parametrize("size", ["1", "501"])
def test_a_sample_of_no_pair_or_of_too_many_is_refused(inventory: Path, size: str) -> None:
    status, text = play(inventory, "verify", "-e", f"verify_sample={size}")
    assert status != 0
    assert f'verify_sample: "{size}" is no number from 2 to 500; write how many endpoints to measure.' in text
