# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``systemd``: a host is booted by systemd-nspawn, with the units of Open vSwitch and few others.

It has the machine's files with all that is installed there, but of the units those alone that a hypervisor needs. What
the host changes stays on its disk, so the next boot finds it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from functools import partial
from glob import glob

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.names import digest
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import (
    cgroups,
    compiled,
    files,
    kernel,
    namespaces,
    processes,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import NSPAWN, Host
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.switch import KERNEL_MODULES

_BOOT_SECONDS = 30
_UNITS = "/etc/systemd/system"
_BUS = "/run/systemd/private"  # systemctl asks the first process there
_SWITCH = "openvswitch-switch.service"
_MASKED = (  # they would wait for what a twin has not, or be in the way of what it has
    *("systemd-networkd.service", "systemd-networkd.socket", "systemd-networkd-wait-online.service"),
    *("systemd-firstboot.service", "systemd-resolved.service", "systemd-timesyncd.service", "systemd-logind.service"),
    *("systemd-udevd.service", "systemd-udevd-kernel.socket", "systemd-udevd-control.socket"),
    *("systemd-udev-trigger.service", "getty.target", "console-getty.service"),
)
_OPTIONS = (
    *("--quiet", "--boot", "--console=pipe", "--settings=no", "--register=no", "--keep-unit", "--private-network"),
    *("--link-journal=no", "--resolv-conf=off", "--timezone=off", "--bind=/dev/net/tun"),
    *("--capability=all", "--drop-capability=CAP_SYS_MODULE"),  # the kernel is the machine's
)
_VARIABLES = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}  # else all hosts would have one tree, the machine's


def start(host: Host, settings: Mapping[str, str], code: str, packages: Host | None) -> None:
    """Boot a host with these values below /proc/sys, above the layer ``packages`` if there is one.

    ``code`` is the folder of what Python compiled.
    """
    options = [f"--machine={host.name}", f"--directory={host.folder}/root", f"--bind={code}:{compiled.FOLDER}"]
    processes.start(host, partial(_prepare, host, packages), (NSPAWN, *_OPTIONS, *options), **_VARIABLES)
    host.record(_await_first_process(host))
    host.run("sysctl", "--quiet", "--ignore", "--write", *(f"{name}={value}" for name, value in settings.items()))


def start_switch(host: Host) -> None:
    """Wait until Open vSwitch runs, which the boot starts."""
    deadline = time.monotonic() + _BOOT_SECONDS
    while not os.path.exists(f"/proc/{host.live_pid()}/root{_BUS}"):
        _pause(host, deadline)
    host.run("systemctl", "start", _SWITCH)


def _prepare(host: Host, packages: Host | None) -> None:
    root = files.build_disks(host.folder, namespaces.leave(packages))
    files.hide(host.folder, root)
    done = os.path.join(host.folder, "trimmed")
    if not os.path.exists(done):
        _trim(host.name, root)
        with open(done, "x", encoding="ascii"):
            pass
    _hide_run(host.folder)
    cgroups.join(host.folder)


def _trim(name: str, root: str) -> None:
    """Leave of what the machine would boot only what a hypervisor needs."""
    for folder in (*glob(f"{root}{_UNITS}/*.wants"), *glob(f"{root}{_UNITS}/*.requires"), *glob(f"{root}/etc/rc?.d")):
        shutil.rmtree(folder)
    for unit in _MASKED:
        _link("/dev/null", f"{root}{_UNITS}/{unit}")
    wants = f"{root}{_UNITS}/multi-user.target.wants"
    os.mkdir(wants)
    _link(f"/lib/systemd/system/{_SWITCH}", f"{wants}/{_SWITCH}")
    _link("/bin/true", root + KERNEL_MODULES)  # it would load and unload the machine's
    for path, text in {
        "/etc/fstab": "",
        "/etc/machine-id": f"{digest(name, 32)}\n",
        "/etc/default/openvswitch-switch": 'OVS_CTL_OPTS="--no-mlockall"\n',
        "/etc/openvswitch/system-id.conf": f"{name}\n",
    }.items():
        files.replace(root + path, text)
    files.write_identity(name, root)


def _link(target: str, path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)


def _hide_run(folder: str) -> None:
    """Let systemd-nspawn find a /run of its own to write to, with nothing of the machine's but the twins."""
    run, twins = os.path.join(folder, "run"), "/run/tenantry"
    os.makedirs(run, exist_ok=True)
    kernel.mount("tmpfs", run, "tmpfs", data="mode=755")
    os.mkdir(f"{run}/tenantry")
    kernel.mount(twins, f"{run}/tenantry", flags=kernel.MS_BIND | kernel.MS_REC)
    kernel.mount(run, "/run", flags=kernel.MS_BIND | kernel.MS_REC)


def _await_first_process(host: Host) -> int:
    deadline = time.monotonic() + _BOOT_SECONDS
    while True:
        for child in _children(host.keeper):
            if _is_booting(child):
                return child
        _pause(host, deadline)


def _children(keeper: int | None) -> Iterator[int]:
    try:
        with open(f"/proc/{keeper}/task/{keeper}/children", encoding="ascii") as pids:  # proc_pid_task(5)
            yield from map(int, pids.read().split())
    except OSError:  # it ended
        return


def _is_booting(pid: int) -> bool:
    """Say whether a process is a systemd that is the first of its namespace; before that it is systemd-nspawn still."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as lines:  # proc_pid_status(5)
            status = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
    except OSError:
        return False
    return status["Name"] == "systemd" and status["NSpid"].split()[-1] == "1"


def _pause(host: Host, deadline: float) -> None:
    if host.keeper is None or time.monotonic() > deadline:
        what = processes.DEATH if host.keeper is None else f"it did not boot within {_BOOT_SECONDS} s. "
        raise BackendError(f"Could not start host {host.name}: {what}{host.console().rstrip()}")
    time.sleep(0.005)
