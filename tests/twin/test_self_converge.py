# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hypervisor that systemd booted converges by itself, from a repository, as often as it is told to."""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ansible
import pytest
import yaml
from packets import wait_until
from playbook_run import Run, start
from twin_lab import TwinLab, hypervisor

REPOSITORY = Path(__file__).parents[2]
PACKAGES = Path(ansible.__file__).parents[1]
NEEDED = re.compile(r"(ansible|jinja2|markupsafe|_?yaml|cryptography|_?cffi|packaging|resolvelib)([-_.].*)?")
UNNEEDED = re.compile(r"__pycache__|ansible_(test|compat|lint|pygments)")
PROGRAM = """#!/usr/bin/python3
import sys
sys.path.insert(0, "/opt/ansible")
from {module} import main
sys.exit(main())
"""
PROGRAMS = {"ansible": "adhoc", "ansible-playbook": "playbook", "ansible-pull": "pull"}
FABRIC = """
fabric:
  name: dc1
  segments: {tunnel: 5000-5999}
  hypervisors: {hv1: {vtep: 192.168.1.151}, hv2: {vtep: 192.168.1.152}}
tenants:
  acme:
    networks: {web: {type: gre, segmentation_id: 5001, subnet: 10.1.1.0/24}}
    ports:
      web-1: {hypervisor: hv1, network: web, ip: 10.1.1.1, interface: tap1}
      web-2: {hypervisor: hv2, network: web, ip: 10.1.1.2, interface: tap2}
"""
YESTERDAY, TODAY = FABRIC.replace("5001", "5002"), FABRIC.replace("5001", "5003")
HOSTS = """
hypervisors:
  hosts: {hv1: {ansible_host: hv1.example.net}, hv2: {}}
  vars: {hypervisor_manage_packages: false, hypervisor_datapath_type: netdev}
"""
FILES = {
    "site.yml": "- import_playbook: tenantry.sdn.site\n",
    "inventory/hosts.yml": HOSTS,
    "inventory/group_vars/all.yml": FABRIC,
}
URL = "file:///srv/fabric"
OPTIONS = {
    "self_converge_url": URL,
    "self_converge_ansible_pull": "/opt/ansible/bin/ansible-pull",
    "self_converge_environment": {"ANSIBLE_COLLECTIONS_PATH": "/opt/collections", "ODD": "it's $HOME"},
    "self_converge_splay": "2min",
}
WRONG = {
    "self_converge_url": "x; reboot",
    "self_converge_environment": {"A B": 1},
    "self_converge_interval": "soon",
    "self_converge_ansible_pull": "/usr/bin/env",
}
TOLD = [
    'self_converge_url: "x; reboot" is empty, or has other characters than letters, digits and _./:@~+-; write for '
    "example https://git.example.net/fabric.git",
    'self_converge_environment: "A B" is no name of a variable; write letters, digits and _',
    "self_converge_interval, self_converge_splay, self_converge_timeout: Failed to parse time span 'soon': Invalid "
    "argument; write for example 30min",
    "self_converge_ansible_pull: /usr/bin/env is not there, or not of ansible-core 2.17 or later; install that on the "
    "host, in a virtual environment for example, and write its path",
]
RECORDS = "Check the intent, and keep the ids that it gives out"  # the controller's file
PLAY = """
- hosts: hypervisors
  gather_facts: false
  roles: [tenantry.sdn.self_converge]
"""


def archive() -> bytes:
    """Return Ansible, this collection and a repository as a tar archive of a host's files."""
    listing = ["git", "-C", REPOSITORY, "ls-files", "--cached", "--others", "--exclude-standard", "plugins", "roles"]
    ours = subprocess.run([*listing, "playbooks", "meta"], capture_output=True, text=True, check=True, timeout=30)
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for path in filter(lambda path: NEEDED.fullmatch(path.name), PACKAGES.iterdir()):
            tar.add(path, f"opt/ansible/{path.name}", filter=needed)
        for name in filter(lambda name: (REPOSITORY / name).exists(), ours.stdout.splitlines()):
            tar.add(REPOSITORY / name, f"opt/collections/ansible_collections/tenantry/sdn/{name}")
        texts = {f"srv/fabric/{name}": text for name, text in FILES.items()}
        texts |= {
            f"opt/ansible/bin/{name}": PROGRAM.format(module=f"ansible.cli.{of}") for name, of in PROGRAMS.items()
        }
        for name, text in texts.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return whole.getvalue()


def needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if UNNEEDED.search(entry.name) else entry


class Converging:
    """A host with a repository of its own, and the role that is run on it from outside."""

    def __init__(self, twin: TwinLab, folder: Path) -> None:
        self.twin, self.folder = twin, folder
        command = ["nsenter", f"--target={twin.pid('hv1')}", "--all", "--", "tar", "-C", "/", "-xf", "-"]
        subprocess.run(command, input=archive(), check=True, timeout=60)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit()

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=ops", "-c", "user.email=ops@example.net")
        return self.twin.run("hv1", "git", *who, "-C", "/srv/fabric", *arguments)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")

    def write(self, name: str, text: str) -> None:
        self.twin.run("hv1", "sh", "-c", 'cat >"$0"', f"/srv/fabric/{name}", stdin=text)
        self.commit()

    def role(self, *arguments: str, **options: Any) -> Run:
        playbook = self.folder / "role.yml"
        playbook.write_text(PLAY)
        variables = json.dumps({**OPTIONS, **options})
        run = start(self.twin.inventory, self.folder / "home", "-e", variables, str(playbook), *arguments)
        assert run.output
        return run

    def converge(self) -> tuple[bool, str]:
        """Run the unit; return whether it succeeded, and what the journal has of it."""
        done = self.twin.attempt("hv1", "systemctl", "start", "tenantry-converge.service")
        return done.returncode == 0, self.twin.run("hv1", "journalctl", "--unit=tenantry-converge", "--output=cat")

    def push(self, intent: str) -> list[str]:
        """Run site from outside, with the repository's settings, and return the tasks that changed the host."""
        variables = json.dumps({**yaml.safe_load(HOSTS)["hypervisors"]["vars"], **yaml.safe_load(intent)})
        run = start(self.twin.inventory, self.folder / "home", "-e", variables, "tenantry.sdn.site")
        assert run.succeeded, run.summary()
        return [task for _host, task in run.changes() if task != RECORDS]

    def boot(self) -> None:
        """Power off and on again."""
        before = self.twin.pid("hv1")
        self.twin.attempt("hv1", "systemctl", "poweroff")
        assert wait_until(lambda: not Path(f"/proc/{before}").exists(), 20)
        self.twin.up([hypervisor(1)], driver="systemd")

    def status(self, *arguments: str) -> tuple[int, str]:
        done = self.twin.attempt("hv1", "tenantry-converge", "status", *arguments)
        return done.returncode, done.stdout

    def key(self) -> str:
        return self.twin.run("hv1", "ovs-vsctl", "--bare", "--columns=options", "find", "interface", "type=gre")


@pytest.fixture
def host(new_twin: Callable[[], TwinLab], tmp_path: Path) -> Converging:
    twin = new_twin()
    twin.up([hypervisor(1)], driver="systemd")
    return Converging(twin, tmp_path)


def test_a_host_converges_by_itself(host: Converging) -> None:
    assert host.role(**WRONG).faults()["hv1"].splitlines() == TOLD
    assert not host.role("--check").faults()
    assert not host.twin.run(
        "hv1", "sh", "-c", "ls /etc/tenantry /usr/local/sbin/tenantry-converge 2>/dev/null || true"
    )

    assert host.role().succeeded
    again = host.role()
    assert (again.succeeded, again.changes()) == (True, {})
    units = [f"/etc/systemd/system/tenantry-converge.{kind}" for kind in ("service", "timer")]
    assert host.twin.attempt("hv1", "systemd-analyze", "verify", *units).stderr == ""
    timer = host.twin.run(
        "hv1", "systemctl", "show", "tenantry-converge.timer", "--property=RandomizedDelayUSec,ActiveState"
    )
    assert sorted(timer.split()) == ["ActiveState=active", "RandomizedDelayUSec=2min"]
    assert host.status() == (1, "no run has succeeded yet: see journalctl -u tenantry-converge\n")

    succeeded, journal = host.converge()
    assert succeeded, journal
    assert "Run site where you can commit allocations.yml." in journal
    assert "key=5001" in host.key().replace('"', "")
    result, printed = host.status("600")
    commit = host.git("rev-parse", "--short", "HEAD").strip()
    assert (result, printed.split(" at ")[1]) == (0, f"commit {commit}\n")
    assert host.push(FABRIC) == [], "a run from outside leaves the same"

    host.write("inventory/group_vars/all.yml", "fabric: {name: dc1}\n")  # a mistake, and the host stays as it was
    succeeded, journal = host.converge()
    assert not succeeded, journal
    assert "key=5001" in host.key().replace('"', "")
    result, printed = host.status()
    assert (result, "last failure: " in printed, "ansible-pull ended with" in printed) == (1, True, True)

    host.write("inventory/group_vars/all.yml", YESTERDAY)
    host.boot()  # it was away for a while
    host.write("inventory/group_vars/all.yml", TODAY)
    holder = ["flock", "/run/tenantry-converge.lock", "tenantry-converge"]
    done = host.twin.attempt("hv1", *holder)
    assert (done.returncode, done.stdout) == (75, "another run is at work (/run/tenantry-converge.lock)\n")
    succeeded, journal = host.converge()
    assert succeeded, journal
    assert "key=5003" in host.key().replace('"', "")
    assert host.status("600")[0] == 0
    assert host.push(TODAY) == []
    host.twin.run("hv1", "touch", "--date=2 hours ago", "/var/lib/tenantry/converge/last-success")
    assert "more than 600" in host.status("600")[1]

    assert host.role(self_converge_state="absent").succeeded
    gone = host.role(self_converge_state="absent")
    assert (gone.succeeded, gone.changes()) == (True, {})
    folders = ("/etc", "/var/lib", "/usr/local")
    assert host.twin.run("hv1", "find", *folders, "-path", "*tenantry*converge*") == ""
