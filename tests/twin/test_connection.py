# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin: through Ansible's own front door, and its edges one by one."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.playbook.play_context import PlayContext
from twin_lab import SECONDS, TwinLab, endpoint, hypervisor

from ansible_collections.tenantry.sdn.plugins.connection.netns import Connection
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import kill

TWO = [hypervisor(1), hypervisor(2)]
PLAY = """
- hosts: hypervisors:endpoints
  gather_facts: "{{ all }}"
  tasks:
    - name: setup
      ansible.builtin.setup:
        gather_subset: [min, network]
    - name: Facts are those of the host
      ansible.builtin.assert:
        that:
          - ansible_facts.fqdn == inventory_hostname
          - ('br-phy' in ansible_facts.interfaces) == (inventory_hostname in groups.hypervisors)
    - ansible.builtin.copy:
        content: "{{ inventory_hostname }}: Überraschung\\n"
        dest: "/etc/it's here.txt"
        mode: "0600"
    - ansible.builtin.fetch:
        src: "/etc/it's here.txt"
        dest: "{{ into }}/{{ inventory_hostname }}"
        flat: true
    - ansible.builtin.shell: cat | tr a-z A-Z
      args:
        stdin: through the pipe
      register: piped
      failed_when: piped.stdout != 'THROUGH THE PIPE'
    - ansible.builtin.command: ping -c 1 127.0.0.1
"""


@pytest.fixture
def connection(twin: TwinLab) -> Connection:
    twin.up(TWO, [endpoint(1, on=1)])
    return connect(twin, "hv1")


def connect(twin: TwinLab, host: str, command_timeout: int = SECONDS, fork_server: bool = False) -> Connection:
    plugin = Connection(PlayContext())
    plugin._options = {
        "pid_file": str(twin.pid_file(host)),
        "command_timeout": command_timeout,
        "fork_server": fork_server,
    }
    return plugin


@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_modules_copy_fetch_and_facts(twin: TwinLab, tmp_path: Path, pipelining: str) -> None:
    twin.up(TWO, [endpoint(1, on=1)])
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAY)
    command = ["ansible-playbook", "-i", twin.inventory, playbook, "-e", f"into={tmp_path} all={pipelining}"]
    environment = {**os.environ, "ANSIBLE_PIPELINING": pipelining}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "hv1").read_text() == "hv1: Überraschung\n"
    assert (tmp_path / "acme.web-1").read_text() == "acme.web-1: Überraschung\n"
    assert not os.path.exists("/etc/it's here.txt")


def test_the_issues_own_command(twin: TwinLab) -> None:
    twin.up(TWO, [endpoint(1, on=1), endpoint(2, on=1)])
    twin.switch_by_hand("hv1", ["tap1", "tap2"])
    command = ["ansible", "-i", twin.inventory, "acme.web-1", "-m", "ansible.builtin.command", "-a"]
    done = subprocess.run(
        [*command, "ping -c 1 10.1.1.2"], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_exit_status_output_input_and_environment(connection: Connection) -> None:
    assert connection.has_pipelining
    assert connection.exec_command("cat; echo wrong >&2; exit 7", in_data=b"a\0b") == (7, b"a\0b", b"wrong\n")
    os.environ["SECRET_OF_THE_CONTROLLER"] = "1"
    code, stdout, _stderr = connection.exec_command("env; pwd; hostname")
    assert code == 0
    assert b"SECRET" not in stdout
    assert b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n" in stdout
    assert stdout.endswith(b"/\nhv1\n")


def test_files_arrive_as_they_are(connection: Connection, tmp_path: Path) -> None:
    there, back, content = "/tmp/-of=x y'\"$(id).bin", tmp_path / "back", os.urandom(3_000_000)
    (tmp_path / "local").write_bytes(content)
    connection.put_file(str(tmp_path / "local"), there)
    connection.fetch_file(there, str(back))
    assert back.read_bytes() == content
    assert not os.path.exists(there)
    with pytest.raises(AnsibleFileNotFound, match="There is no file /nowhere to transfer"):
        connection.put_file("/nowhere", "/tmp/x")
    with pytest.raises(AnsibleError, match=r"Could not transfer a file .*No such file or directory"):
        connection.fetch_file("/tmp/nowhere", str(back))
    with pytest.raises(AnsibleError, match=r"Could not transfer a file .*No such file or directory"):
        connection.put_file(str(tmp_path / "local"), "/no/such/folder/x")


def test_a_link_does_not_lead_out_of_the_host(connection: Connection, twin: TwinLab, tmp_path: Path) -> None:
    (tmp_path / "local").write_text("x")
    connection.put_file(str(tmp_path / "local"), f"/var/run/{twin.name}")  # on Debian a link to /run
    assert not os.path.exists(f"/run/{twin.name}")
    assert twin.run("hv1", "cat", f"/run/{twin.name}") == "x"


def test_a_host_that_is_down_is_said_to_be_down(connection: Connection, twin: TwinLab) -> None:
    pid_file = twin.pid_file("hv1")
    message = f"This host of the twin is down: no process of it belongs to {pid_file}."
    kill(twin.pid("hv1"))
    with pytest.raises(AnsibleConnectionFailure, match=message):
        connection.exec_command("true")
    twin.up(TWO, [endpoint(1, on=1)])
    assert connection.exec_command("hostname") == (0, b"hv1\n", b""), "the PID is read again for each command"
    pid_file.unlink()
    with pytest.raises(AnsibleConnectionFailure, match=message):
        connection.exec_command("true")


@pytest.mark.parametrize("other", ["the machine", "another host"])
def test_a_number_that_was_given_to_another_process_is_not_entered(
    connection: Connection, twin: TwinLab, other: str
) -> None:
    """After a crash the machine may use the number for a process of its own: roles would converge the machine."""
    twin.pid_file("hv1").write_text(f"{os.getpid() if other == 'the machine' else twin.pid('hv2')}\n")
    with pytest.raises(AnsibleConnectionFailure, match="This host of the twin is down"):
        connection.exec_command("true")


def test_a_command_that_hangs_is_killed_with_its_children(twin: TwinLab) -> None:
    twin.up(TWO, [endpoint(1, on=1)])
    connection = connect(twin, "hv1", command_timeout=1)
    began = time.monotonic()
    with pytest.raises(AnsibleConnectionFailure, match="did not end within 1 seconds and was killed"):
        connection.exec_command("sleep 77 & sleep 77")
    assert time.monotonic() - began < 10
    assert "sleep 77" not in twin.run("hv1", "ps", "-eo", "args=")
