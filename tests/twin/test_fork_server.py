# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that a host's Python forks for: what they see, say and leave behind is what it is on the plain way."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure
from packets import wait_until
from test_connection import TWO, connect
from twin_lab import SECONDS, TwinLab

from ansible_collections.tenantry.sdn.plugins.connection.netns import PIPELINED, Connection
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import kill

Answer = tuple[int, bytes, bytes]

SURROUNDINGS = """
import os, resource, sys
spaces = {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}
names = "SigBlk", "SigIgn", "SigCgt", "Cap", "Uid", "Gid", "Groups", "Umask" # not SigQ: all of a user
lines = [line for line in open("/proc/self/status") if line.startswith(names)]
limits = [resource.getrlimit(number) for number in range(16)]
streams = [(stream.encoding, stream.errors, stream.line_buffering) for stream in (sys.stdin, sys.stdout, sys.stderr)]
print(spaces, lines, limits, streams, sys.argv, sys.path, sys.flags, sys.warnoptions, os.getcwd(), sep="\\n")
print(sorted(globals()), __name__, __builtins__, sys.modules["__main__"].__dict__ is globals(), sep="\\n")
print(*sorted(f"{name}={value}" for name, value in os.environ.items()), sep="\\n")
print(sys.stdin.read(), os.listdir("/proc/self/fd"), os.nice(0), open("/proc/self/cgroup").read(), sep="\\n")
"""
PLAY = """
- hosts: hv1
  gather_facts: false
  tasks:
    - ansible.builtin.command: printenv WORD
      environment: {WORD: said}
      register: printed
      failed_when: printed.stdout != 'said'
    - ansible.builtin.command: sleep 1
      async: 30
      poll: 1
    - ansible.builtin.command: touch /tmp/made creates=/tmp/made
    - ansible.builtin.command: touch /tmp/not-made creates=/tmp/not-made
      check_mode: true
    - ansible.builtin.stat: path=/tmp/not-made
      register: found
      failed_when: found.stat.exists
"""


@pytest.fixture
def two(twin: TwinLab) -> TwinLab:
    twin.up(TWO)
    return twin


@pytest.fixture
def plain(two: TwinLab) -> Connection:
    return connect(two, "hv1")


@pytest.fixture
def forked(two: TwinLab) -> Connection:
    return connect(two, "hv1", fork_server=True)


def run(connection: Connection, script: str) -> Answer:
    return connection.exec_command(PIPELINED, in_data=script.encode())


def server(twin: TwinLab) -> list[int]:
    """Return the process IDs on hv1 of its servers, seen from there: not of those that they forked."""
    return [
        int(pid) for pid in twin.attempt("hv1", "pgrep", "--parent=1", "-xf", "/usr/bin/python3 - .*").stdout.split()
    ]


def test_a_module_sees_says_and_ends_as_on_the_plain_way(plain: Connection, forked: Connection, two: TwinLab) -> None:
    assert run(plain, "print(1)") == (0, b"1\n", b"")
    assert server(two) == [], "nobody asked for one"
    for script in (
        SURROUNDINGS,
        "import sys; sys.exit(3)",
        "import sys; sys.exit('wrong')",
        "import os; os.write(1, bytes(range(256)) * 4000); print('late')",
        "import atexit; atexit.register(print, 'the last word'); print('word', end='')",
        "import threading; threading.Timer(0.1, print, ['after the end']).start()",
        "import subprocess; print(subprocess.run('exit 5', shell=True).returncode, flush=True); raise SystemExit",
    ):
        assert run(forked, script) == run(plain, script), script
    assert len(server(two)) == 1
    assert run(forked, "import os; os.kill(os.getpid(), 9)") == (137, b"", b""), "sh(1) says 'Killed' besides"
    code, _stdout, stderr = run(forked, "def ask():\n    raise ValueError('x')\nask()")
    assert code == 1
    assert b'File "<stdin>", line 2, in ask\nValueError: x\n' in stderr
    assert b"SyntaxError" in run(forked, "a b")[2]


def test_modules_leave_nothing_to_each_other(forked: Connection, two: TwinLab) -> None:
    leave = "import json, os, sys, random; json.loads = None; os.environ['LEFT'] = 'x'; os.chdir('/tmp'); left = 1"
    look = (
        "import json, os, random; print(json.loads is None, os.environ.get('LEFT'), os.getcwd(), 'left' in globals())"
    )
    assert run(forked, leave)[0] == 0
    assert run(forked, look) == (0, b"False None / False\n", b"")
    draws = [run(forked, "import random, uuid, tempfile; print(random.random(), uuid.uuid4())")[1] for dummy in "ab"]
    assert draws[0] != draws[1]
    assert wait_until(lambda: two.run("hv1", "pgrep", "-x", "python3").split() == [str(pid) for pid in server(two)])


def test_a_server_that_died_is_started_anew(forked: Connection, two: TwinLab) -> None:
    assert run(forked, "print(1)")[1] == b"1\n"
    (before,) = server(two)
    two.run("hv1", "kill", "-9", str(before))
    assert wait_until(lambda: not server(two))
    assert run(forked, "print(2)")[1] == b"2\n"
    with ThreadPoolExecutor() as pool:
        pending = pool.submit(run, forked, "import time; print(3, flush=True); time.sleep(60)")
        assert wait_until(lambda: len(two.run("hv1", "pgrep", "-x", "python3").split()) == 3)
        kill(two.pid("hv1"))
        assert pending.result(SECONDS)[0] == 137
    with pytest.raises(AnsibleConnectionFailure, match="This host of the twin is down"):
        run(forked, "print(3)")
    two.up(TWO)
    assert run(forked, "import socket; print(socket.gethostname())")[1] == b"hv1\n"


def test_what_hangs_is_killed_with_its_children(two: TwinLab) -> None:
    connection = connect(two, "hv1", command_timeout=1, fork_server=True)
    began = time.monotonic()
    with pytest.raises(AnsibleConnectionFailure, match="did not end within 1 seconds and was killed"):
        run(connection, "import subprocess; subprocess.run('sleep 77 & sleep 77', shell=True)")
    assert time.monotonic() - began < 10
    assert "sleep 77" not in two.run("hv1", "ps", "-eo", "args=")
    assert run(connection, "print(1)")[1] == b"1\n"


def test_environment_async_and_check_mode(two: TwinLab, tmp_path: Path) -> None:
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAY)
    environment = {**os.environ, "ANSIBLE_PIPELINING": "true"}
    command = ["ansible-playbook", "-i", two.inventory, playbook, "-e", "tenantry_netns_fork_server=true"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(server(two)) == 1
