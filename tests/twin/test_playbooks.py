# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks twin_up and twin_down, on inventories as users have them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from twin_lab import SECONDS, TwinLab

FABRIC = """
fabric:
  name: lab
  mtu: 9000
  segments: {tunnel: 5000-5999}
  hypervisors:
    kvm-a: {vtep: 192.0.2.1, uplinks: {physnet1: eth0}}
    kvm-b: {vtep: 192.0.2.2}
"""
TENANTS = """
tenants:
  acme:
    networks:
      web: {type: gre, subnet: 10.1.1.0/24}
    ports:
      web-1: {hypervisor: kvm-a, network: web, ip: 10.1.1.20, interface: tap0}
      web-2: {hypervisor: kvm-b, network: web, ip: 10.1.1.21, interface: tap0}
"""
HOSTS = """
[hypervisors]
kvm-a ansible_host=192.0.2.99
kvm-b

[hypervisors:vars]
ansible_become=true
"""


def play(playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["ansible-playbook", f"tenantry.sdn.{playbook}", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "hosts.ini").write_text(HOSTS)
    return folder


def of_directory(folder: Path) -> None:
    intent = folder.parent / "intent"
    (intent / "tenants").mkdir(parents=True)
    (intent / "fabric.yml").write_text(FABRIC)
    (intent / "tenants/acme.yml").write_text(TENANTS)
    (folder / "group_vars/all.yml").write_text('tenantry_intent_dir: "{{ inventory_dir }}/../intent"\n')


def of_variables_of_all(folder: Path) -> None:
    (folder / "group_vars/all.yml").write_text(FABRIC + TENANTS)


def of_variables_of_the_group(folder: Path) -> None:
    (folder / "group_vars/hypervisors.yml").write_text(FABRIC + TENANTS)


@pytest.mark.parametrize("write", [of_directory, of_variables_of_all, of_variables_of_the_group])
def test_up_and_down_of_any_inventory(twin: TwinLab, folder: Path, write: Callable[[Path], None]) -> None:
    write(folder)
    up = succeeded(play("twin_up", "-i", str(folder), "-e", f"twin_name={twin.name}"))
    assert f"The inventory of the twin is {twin.inventory}" in up
    assert twin.links("acme.web-2")["eth0"]["mtu"] == 9000 - 42
    assert "eth0" in twin.links("kvm-a"), "a user's NIC may well have this name"
    succeeded(play("twin_down", "-e", f"twin_name={twin.name}"))
    assert twin.leftovers() == []


def test_the_twin_has_the_ids_of_the_inventory(twin: TwinLab, folder: Path) -> None:
    of_variables_of_all(folder)
    succeeded(play("twin_up", "-i", str(folder), "-e", f"twin_name={twin.name}"))
    record = (folder / "allocations.yml").read_text()
    succeeded(play("site", "-i", str(twin.inventory)))
    assert [path for path in twin.folder.glob("*.yml") if path != twin.inventory] == []
    assert (folder / "allocations.yml").read_text() == record
    assert twin.pings("acme.web-1", "10.1.1.21", payload=9000 - 42 - 28)
    again = succeeded(play("twin_up", "-i", str(folder), "-e", f"twin_name={twin.name}"))
    assert "changed: [" not in again


def test_an_inventory_without_hypervisors_is_refused(folder: Path) -> None:
    (folder / "hosts.ini").write_text("[routers]\nr1\n")
    up = play("twin_up", "-i", str(folder))
    assert up.returncode != 0
    assert "The inventory has no host in the group hypervisors." in up.stdout + up.stderr
