# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: netns
short_description: Enter a host of a twin
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Runs commands in all namespaces of a host that M(tenantry.sdn.twin) made, by nsenter(1).
  - Needs root on the controller, which is the machine that holds the twin.
  - Commands have C(/run/tenantry-compiled) as their PYTHONPATH, where Python keeps what it compiles of Ansible's
    modules for the next task and for the other hosts of the twin.
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
options:
  pid_file:
    description:
      - File with the process ID of the host's first process. M(tenantry.sdn.twin) writes it, and this variable into the
        twin's inventory.
      - Read again for each command, since the host may have been restarted. A process that is not the host's first
        process, as one that got the number of a dead host, is never entered.
    type: path
    required: true
    vars:
      - name: tenantry_netns_pid_file
  command_timeout:
    description: Seconds after which a command is killed and the task fails as unreachable.
    type: int
    default: 3600
    vars:
      - name: tenantry_netns_command_timeout
  fork_server:
    description:
      - Whether a Python on the host, which has imported the standard library, forks for each module instead of one
        being started. It comes with the first module and dies with the host.
      - For tests that run very many tasks, since it halves what a task costs on the host. No real host has it.
      - This is for modules that are pipelined to C(/usr/bin/python3), without C(become) and C(environment). Other
        commands are not concerned.
    type: bool
    default: false
    version_added: "0.3.0"
    vars:
      - name: tenantry_netns_fork_server
seealso:
  - module: tenantry.sdn.twin
"""

EXAMPLES = r"""
- name: The inventory that the twin writes
  hypervisors:
    hosts:
      hv1:
        ansible_connection: tenantry.sdn.netns
        ansible_python_interpreter: /usr/bin/python3
        tenantry_netns_pid_file: /run/tenantry/twin/demo/hypervisor/hv1/pid
"""

import os
import signal
import subprocess
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

from ansible_collections.tenantry.sdn.plugins.module_utils.twin import compiled, fork_server
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import first_process
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.programs import ENVIRONMENT

display = Display()

# What a login would give: the controller's virtual environment, proxies and tokens end here.
LOGIN = {**ENVIRONMENT, "HOME": "/root", "USER": "root", "LOGNAME": "root", "LANG": "C.UTF-8", **compiled.ENVIRONMENT}

PIPELINED = f"/bin/sh -c '{fork_server.PYTHON} && sleep 0'"  # what Ansible wants of a host to which it sends a module


class Connection(ConnectionBase):
    """A host of a twin."""

    transport = "tenantry.sdn.netns"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._first_process()
        self._connected = True
        return self

    def close(self) -> None:
        self._connected = False

    def reset(self) -> None:
        """There is nothing to reset: every command enters the host anew."""

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        display.vvv(f"EXEC {cmd}", host=self._play_context.remote_addr)
        if cmd == PIPELINED and in_data and self.get_option("fork_server"):
            return self._fork(in_data)
        return self._enter("/bin/sh", "-c", cmd, in_data=in_data)

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        display.vvv(f"PUT {in_path} TO {out_path}", host=self._play_context.remote_addr)
        if not os.path.exists(in_path):
            raise AnsibleFileNotFound(f"There is no file {in_path} to transfer.")
        with open(in_path, "rb") as source:
            self._copy(f"of={out_path}", stdin=source)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        display.vvv(f"FETCH {in_path} TO {out_path}", host=self._play_context.remote_addr)
        with open(out_path, "wb") as target:
            self._copy(f"if={in_path}", stdout=target)

    def _copy(self, operand: str, **streams: Any) -> None:
        """Copy by dd(1) inside: through /proc/PID/root an absolute link would lead to a file of the machine."""
        code, _stdout, stderr = self._enter("dd", operand, "bs=1M", "status=none", **streams)
        if code != 0:
            raise AnsibleError(f"Could not transfer a file ({operand}): {to_text(stderr).strip()}")

    def _enter(self, *argv: str, in_data: bytes | None = None, **streams: Any) -> tuple[int, bytes, bytes]:
        command = ["nsenter", f"--target={self._first_process()}", "--all", "--", *map(to_bytes, argv)]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **streams}
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, env=LOGIN, cwd="/", start_new_session=True, **streams
        )
        try:
            stdout, stderr = process.communicate(in_data, timeout=self.get_option("command_timeout"))
        except subprocess.TimeoutExpired:
            raise self._late() from None
        finally:
            if process.poll() is None:  # also when Ansible's own task timeout ends us
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        return process.returncode, stdout or b"", stderr

    def _fork(self, script: bytes) -> tuple[int, bytes, bytes]:
        folder, timeout = os.path.dirname(self.get_option("pid_file")), self.get_option("command_timeout")
        try:
            return fork_server.run(self._first_process(), folder, script, LOGIN, timeout)
        except TimeoutError:
            raise self._late() from None

    def _late(self) -> AnsibleConnectionFailure:
        return AnsibleConnectionFailure(
            f"A command did not end within {self.get_option('command_timeout')} seconds and was killed. "
            "Raise tenantry_netns_command_timeout if it needs longer."
        )

    def _first_process(self) -> int:
        if os.geteuid() != 0:
            raise AnsibleConnectionFailure("Only root may enter the host of a twin. Run Ansible as root.")
        pid_file = self.get_option("pid_file")
        pid = first_process(pid_file)
        if pid is None:
            raise AnsibleConnectionFailure(
                f"This host of the twin is down: no process of it belongs to {pid_file}. Run the playbook "
                "tenantry.sdn.twin_up again: it starts what has died."
            )
        return pid
