# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python on a host of a twin that has imported the standard library, and becomes each script that is sent to it.

Of what a task of Ansible costs on a host, more than half is the start of Python and these imports. A script gets a
process of its own, forked, with the streams of its sender, in the host's namespaces and the environment of a login; it
runs as __main__ and ends as any Python does. The server is started by the first sender, has a socket in the host's
folder, and dies with the host. Nothing of Ansible is imported by it: that comes with the script.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module
from types import ModuleType
from typing import NoReturn

PYTHON = "/usr/bin/python3"
LIBRARY = (  # what modules import of the standard library, and what that imports
    "argparse",
    "ast",
    "base64",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "encodings.cp437",
    "encodings.idna",
    "hashlib",
    "ipaddress",
    "json",
    "locale",
    "logging",
    "pkgutil",
    "platform",
    "runpy",
    "shlex",
    "tempfile",
    "zipfile",
)

_KILL = b"k"


def run(pid: int, folder: str, script: bytes, environment: Mapping[str, str], timeout: int) -> tuple[int, bytes, bytes]:
    """Run a script on the host whose first process is ``pid``; return its exit status and what it printed.

    TimeoutError after ``timeout`` seconds; then, and however else the call is ended, the script is killed.
    """
    with ExitStack() as stack:
        streams = [stack.enter_context(open(os.memfd_create(name), "w+b")) for name in ("stdin", "stdout", "stderr")]
        streams[0].write(script)
        streams[0].seek(0)
        server = stack.enter_context(_connect(os.path.join(folder, f"python-{pid}"), pid, environment))
        server.settimeout(timeout)
        try:
            socket.send_fds(server, [b"s"], [stream.fileno() for stream in streams])
            status = server.recv(4)
        except ConnectionError:
            status = b""  # the host died
        except BaseException:
            server.settimeout(None)
            server.sendall(_KILL)
            server.recv(4)
            raise
        return int(status or 128 + signal.SIGKILL), *(_read(stream.fileno()) for stream in streams[1:])


def _read(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _connect(address: str, pid: int, environment: Mapping[str, str]) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        _start(address, pid, environment)
        server.connect(address)
    return server


def _start(address: str, pid: int, environment: Mapping[str, str]) -> None:
    draft = f"{address}.{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(draft)
        listener.listen()
        subprocess.run(
            ["nsenter", f"--target={pid}", "--all", "--", PYTHON, "-", str(listener.fileno())],
            input=__loader__.get_data(__file__),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            env={**environment, "PWD": "/"},  # sh(1) adds it on the plain way
            cwd="/",
            check=True,
        )
        os.replace(draft, address)


def serve(listener: socket.socket) -> bytes:
    """Return each script that is sent, in a process that has the sender's streams."""
    if os.fork():
        os._exit(0)  # who started the server goes on
    os.setsid()
    for name in LIBRARY:
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for the scripts
    while True:
        sender = listener.accept()[0]
        if not os.fork():
            break
        sender.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    listener.close()
    streams = socket.recv_fds(sender, 1, 3)[1]
    script = os.fork()
    if script:
        _await(script, sender)
    os.setsid()
    sender.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    return sys.stdin.buffer.read()


def _await(script: int, sender: socket.socket) -> NoReturn:
    """Tell the sender how the script ended, as sh(1) does; kill the script with its children if he wants it."""
    process = os.pidfd_open(script)
    while process not in select.select([process, sender], [], [])[0]:
        if not sender.recv(1):  # he ended, and the script goes on without him
            break
        os.killpg(script, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(script, 0)[1])
    try:
        sender.sendall(b"%d" % (status if status >= 0 else 128 - status))
    finally:
        os._exit(0)


if __name__ == "__main__":
    source = serve(socket.socket(fileno=int(sys.argv[1])))
    sys.argv[:] = [""]
    main = sys.modules["__main__"] = ModuleType("__main__")
    its = {name: value for name, value in globals().items() if name.startswith("__")}
    main.__dict__.update(its, __doc__=None, __annotations__={})
    exec(compile(source, "<stdin>", "exec", dont_inherit=True), main.__dict__)
