# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The actions intent and host_state in real playbooks: the record, check mode, messages, values as Ansible has them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.tenantry.sdn.plugins.module_utils import errors

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "inventories/example"
COLLECTIONS = Path(errors.__file__).parents[5]
ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
SETTING = re.compile("ANSIBLE_(?!CALLBACK)")  # of the user's, and not what makes runs cheaper

VARIABLES = """
underlay_prefix: 192.168.1
tunnel_key: 5001
fabric:
  name: dc1
  segments: {tunnel: 5000-5999}
  hypervisors:
    hv1: {vtep: "{{ underlay_prefix }}.151"}
    hv2: {vtep: "{{ underlay_prefix }}.152"}
tenants:
  acme:
    networks:
      web: {type: gre, segmentation_id: "{{ tunnel_key }}", subnet: 10.1.1.0/24}
    ports:
      web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20}
      web-2: {hypervisor: hv2, network: web, ip: ["10.1.1.{{ 20 + 1 }}"], interface: tap0}
"""
FROM_VARIABLES = {"fabric": "{{ fabric }}", "tenants": "{{ tenants }}"}


class Controller:
    """An inventory of three hypervisors on this machine, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.screen = ""  # what the last run printed
        (folder / "group_vars").mkdir()
        (folder / "group_vars/all.yml").write_text(VARIABLES)
        self.list_hosts("hv1", "hv2", "hv3")

    def list_hosts(self, *names: str) -> None:
        hosts = {name: {"ansible_connection": "local"} for name in names}
        inventory = {"all": {"children": {"hypervisors": {"hosts": hosts}}}}
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(inventory))
        self.inventory = "hosts.yml"

    def run(self, *tasks: dict[str, Any], hosts: str = "localhost", options: tuple[str, ...] = ()) -> dict[str, Any]:
        """Run tasks, whatever becomes of them, and return the list of their results by host."""
        steps = [{**task, "register": f"result_{number}", "ignore_errors": True} for number, task in enumerate(tasks)]
        results = ", ".join(str(step["register"]) for step in steps)
        keep = {
            "ansible.builtin.copy": {
                "content": f"{{{{ [{results}] | to_json }}}}",
                "dest": f"{self.folder}/{{{{ inventory_hostname }}}}.json",
            },
            "check_mode": False,
            "diff": False,
        }
        play = {"hosts": hosts, "gather_facts": False, "tasks": [*steps, keep]}
        (self.folder / "play.yml").write_text(yaml.safe_dump([play]))
        for old in self.folder.glob("*.json"):
            old.unlink()
        environment = {name: value for name, value in os.environ.items() if not SETTING.match(name)}
        ours = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_HOME": str(self.folder / "home")}
        command = [
            ANSIBLE,
            "-i",
            self.inventory,
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "play.yml",
            *options,
        ]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**environment, **ours},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        self.screen = done.stdout
        assert done.returncode == 0, done.stdout
        return {file.stem: json.loads(file.read_text()) for file in self.folder.glob("*.json")}


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The example's intent, without its record."""
    copy = tmp_path / "intent"
    shutil.copytree(EXAMPLE / "intent", copy)
    (copy / "allocations.yml").unlink()
    return copy


def intent(**arguments: Any) -> dict[str, Any]:
    return {"tenantry.sdn.intent": arguments}


def host_state(**arguments: Any) -> dict[str, Any]:
    return {"tenantry.sdn.host_state": {"hypervisor": "{{ inventory_hostname }}", **arguments}}


def test_the_record_is_written_once_and_never_in_check_mode(controller: Controller, directory: Path) -> None:
    record = directory / "allocations.yml"
    task = intent(directory=str(directory))
    (checked,) = controller.run(task, options=("--check", "--diff"))["localhost"]
    assert checked["changed"]
    assert not record.exists()
    assert "+  acme.web: {tunnel: 5001, local_vlan:" in controller.screen
    first, second = controller.run(task, task)["localhost"]
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["diff"]["after"] == record.read_text() == (EXAMPLE / "intent/allocations.yml").read_text()
    written = record.stat()
    os.chmod(directory, 0o555)
    (third,) = controller.run(task)["localhost"]
    assert (third["changed"], record.stat().st_mtime_ns, record.stat().st_ino) == (
        False,
        written.st_mtime_ns,
        written.st_ino,
    )
    golden = yaml.safe_load((ROOT / "tests/unit/golden/fabric.yml").read_text())
    assert {key: third.get(key, []) for key in golden} == golden


def test_all_hosts_at_once_agree_on_new_ids(controller: Controller, directory: Path) -> None:
    """Their processes find no record at the same time; one writes it, and all compile from what it wrote."""
    results = controller.run(host_state(directory="intent"), hosts="hypervisors", options=("--forks", "3"))
    for name in ("hv1", "hv2", "hv3"):
        assert results[name][0]["state"] == yaml.safe_load(
            (ROOT / f"tests/unit/golden/learning/{name}.yml").read_text()
        )
    assert (directory / "allocations.yml").read_text() == (EXAMPLE / "intent/allocations.yml").read_text()


def test_a_sliced_or_limited_run_compiles_the_same(controller: Controller, directory: Path) -> None:
    golden = yaml.safe_load((ROOT / "tests/unit/golden/learning/hv2.yml").read_text())
    limited = controller.run(host_state(directory="intent"), hosts="hypervisors", options=("--limit", "hv2"))
    controller.list_hosts("hv2")
    sliced = controller.run(host_state(directory="intent"), hosts="hypervisors")
    assert [limited.keys(), sliced.keys()] == [{"hv2"}, {"hv2"}]
    assert limited["hv2"][0]["state"] == sliced["hv2"][0]["state"] == golden


def test_variables_with_templates_keep_their_ids_beside_the_inventory(controller: Controller) -> None:
    whole, state = controller.run(intent(**FROM_VARIABLES), host_state(**FROM_VARIABLES, hypervisor="hv2"))["localhost"]
    assert (whole["changed"], state["changed"]) == (True, False)
    assert whole["networks"]["acme.web"]["segmentation_id"] == 5001
    assert [endpoint["addresses"] for endpoint in whole["endpoints"]] == [["10.1.1.20/24"], ["10.1.1.21/24"]]
    assert state["state"]["networks"][0]["remotes"] == ["192.168.1.151"]
    assert "acme.web: {tunnel: 5001, local_vlan: " in (controller.folder / "allocations.yml").read_text()
    (controller.folder / "ids").mkdir()
    (moved,) = controller.run(intent(**FROM_VARIABLES, allocations="ids/record.yml"))["localhost"]
    assert moved["networks"] == whole["networks"], "the same names, the same ids"


def test_a_tenant_is_left_out_without_touching_the_record(controller: Controller, directory: Path) -> None:
    shutil.copy(EXAMPLE / "intent/allocations.yml", directory)
    (directory / "tenants/new.yml").write_text(
        "tenants: {new: {networks: {web: {type: gre, subnet: 10.1.1.0/24}}, ports: {}}}"
    )
    without, wrong = controller.run(
        host_state(directory="intent", hypervisor="hv1", without_tenants=["acme", "initech", "umbrella"]),
        host_state(directory="intent", hypervisor="hv1", without_tenants=["acme", "acmee"]),
    )["localhost"]
    assert [port["name"] for port in without["state"]["ports"]] == [
        "eth1",
        "eth2",
        "eth3",
        "br-int",
        "gn-flow",
        "tap-49be219a85c",
    ]
    assert [mesh["name"] for mesh in without["state"]["networks"]] == ["globex.app"]
    assert not without["changed"]
    assert (directory / "allocations.yml").read_text() == (EXAMPLE / "intent/allocations.yml").read_text()
    assert wrong["msg"] == (
        "without_tenants[1]: 'acmee' is no tenant of this intent; known are acme, globex, initech, new, umbrella"
    )


def test_a_hypervisor_that_left_is_emptied_but_an_unknown_one_is_an_error(
    controller: Controller, directory: Path
) -> None:
    shutil.copy(EXAMPLE / "intent/allocations.yml", directory)
    fabric = directory / "fabric.yml"
    fabric.write_text("".join(line for line in fabric.read_text().splitlines(True) if "hv3:" not in line))
    (directory / "tenants").rename(controller.folder / "elsewhere")
    gone, unknown = controller.run(
        host_state(directory="intent", hypervisor="hv3"), host_state(directory="intent", hypervisor="hv33")
    )["localhost"]
    assert gone["state"] == {
        "hypervisor": "hv3",
        "owner": "dc1",
        "vtep": None,
        "forwarding": "learning",
        "cookie": "0x7e4a000000000000/0xffff000000000000",
        "bridge": {"name": "br-int", "state": "absent"},
        "uplinks": [],
        "ports": [],
        "networks": [],
        "flows": [],
        "qos": [],
        "mirrors": [],
        "exports": {},
        "ssl": None,
        "security_driver": "openflow",
        "routers": [],
        "firewall": {
            "plugs": [],
            "sets": [],
            "zones": {"chains": [], "jumps": []},
            "rules": {"chains": [], "jumps": [], "coming_sets": []},
        },
        "routed": {"subnets": [], "ports": [], "routes": []},
        "gateways": {"addresses": [], "rules": {"chains": [], "jumps": []}},
    }
    assert unknown["msg"] == "hypervisor: 'hv33' is no hypervisor of this fabric; known are hv1, hv2"


def test_all_faults_are_the_message_and_nothing_is_written(controller: Controller, directory: Path) -> None:
    acme = directory / "tenants/acme.yml"
    acme.write_text(
        acme.read_text().replace("ip: 10.1.1.21", "ip: 10.1.1.255").replace("type: vxlan", "type: vxlna", 1)
    )
    whole, state = controller.run(intent(directory="intent"), host_state(directory="intent", hypervisor="hv1"))[
        "localhost"
    ]
    faults = [
        "tenants.acme.networks.db.type (tenants/acme.yml:9): 'vxlna' is unknown; write one of gre, vxlan, geneve, "
        "vlan, flat",
        "tenants.acme.ports.web-2.ip (tenants/acme.yml:40): 10.1.1.255 is the broadcast address of 10.1.1.0/24; write "
        "the address of a host",
    ]
    for result in (whole, state):
        assert (result["failed"], result["changed"]) == (True, False)
        assert result["msg"] == "2 faults, nothing was changed:\n- " + "\n- ".join(faults)
        assert result["faults"] == faults
        assert "Traceback" not in str(result)
    assert "Traceback" not in controller.screen
    assert not (directory / "allocations.yml").exists()


def test_wrong_arguments(controller: Controller) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "fabric: missing; say where the intent is, for playbooks of the collection by the variables fabric and "),
        ({"fabric": {}}, "parameters are required together: fabric, tenants"),
        ({"fabric": {}, "tenants": {}, "directory": "intent"}, "parameters are mutually exclusive: fabric|directory"),
        ({"fabric": "{{ fabrik }}", "tenants": {}}, "'fabrik' is undefined"),
        ({"fabric": {"name": "{{ nowhere.name }}"}, "tenants": {}}, "'nowhere' is undefined"),
        ({"fabric": "dc1", "tenants": {}}, "argument 'fabric' is of type "),
        (
            {**FROM_VARIABLES, "allocations": "none/ids.yml"},
            f"{controller.folder}/none/ids.yml: {controller.folder}/none cannot be opened (No such file or directory); "
            "create it",
        ),
    ]
    results = controller.run(*(intent(**arguments) for arguments, message in wrong))["localhost"]
    for result, (_arguments, message) in zip(results, wrong):
        assert result["failed"]
        assert message in result["msg"]


def test_without_a_file_as_inventory_the_record_must_be_named(controller: Controller) -> None:
    controller.inventory = "hv1,"
    (result,) = controller.run(intent(**FROM_VARIABLES), options=("-e", "@group_vars/all.yml"))["localhost"]
    assert result["msg"] == (
        "allocations: missing; the inventory is no file to keep ids beside, so write the path of a file"
    )


def test_a_secret_in_the_intent_is_read_like_any_other_value(controller: Controller) -> None:
    (controller.folder / "password").write_text("open sesame")
    vault = Path(sys.executable).with_name("ansible-vault")
    arguments = ["encrypt_string", "--vault-password-file", "password", "--name", "underlay_prefix", "192.168.2"]
    environment = {**os.environ, "ANSIBLE_HOME": str(controller.folder / "home")}
    secret = subprocess.run(
        [vault, *arguments],
        cwd=controller.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (controller.folder / "group_vars/all.yml").write_text(
        VARIABLES.replace("underlay_prefix: 192.168.1\n", secret.stdout).replace(
            '"{{ underlay_prefix }}.152"', "!unsafe 192.168.2.152"
        )
    )
    (result,) = controller.run(intent(**FROM_VARIABLES), options=("--vault-password-file", "password"))["localhost"]
    assert [host["vtep"] for host in result["hypervisors"]] == ["192.168.2.151", "192.168.2.152"]


def test_a_warning_is_shown(controller: Controller) -> None:
    hosts = {f"h{number}": {"vtep": f"10.0.{number // 250}.{number % 250 + 1}"} for number in range(1002)}
    ports = {
        name: {"hypervisor": name, "network": "web", "ip": f"10.1.{number // 250}.{number % 250 + 1}"}
        for number, name in enumerate(hosts)
    }
    fabric = {"name": "dc1", "segments": {"tunnel": "1-9"}, "hypervisors": hosts}
    tenants = {"acme": {"networks": {"web": {"type": "gre", "subnet": "10.1.0.0/16"}}, "ports": ports}}
    (controller.folder / "big.json").write_text(json.dumps({"fabric": fabric, "tenants": tenants}))
    (controller.folder / "big.json").rename(controller.folder / "big.yml")
    (result,) = controller.run(host_state(**FROM_VARIABLES, hypervisor="h7"), options=("-e", "@big.yml"))["localhost"]
    assert len(result["state"]["networks"][0]["remotes"]) == 1001
    assert "[WARNING]: More than 1000 tunnels end at h7 (1001)." in controller.screen
