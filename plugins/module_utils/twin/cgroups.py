# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control group of a host that has a systemd of its own, which makes those of its units below it.

It is all that a twin has outside of its folder and its namespaces, and goes with the folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

_V2 = "cgroup2"


def _hierarchies() -> Iterator[tuple[str, str]]:
    """Yield kind and folder of the hierarchies that systemd-nspawn puts hosts in: cgroup2, and systemd's own."""
    with open("/proc/self/mounts", encoding="utf-8") as lines:  # proc_pid_mounts(5)
        for line in lines:
            dummy, folder, kind, options = line.split()[:4]
            if kind == _V2 or (kind == "cgroup" and "name=systemd" in options.split(",")):
                yield kind, folder


def _name(folder: str) -> str:
    return f"tenantry{folder.replace('/', '.')}"


def require() -> None:
    """Raise BackendError unless this machine has control groups of version 2."""
    if _V2 not in dict(_hierarchies()):
        raise BackendError(
            "driver systemd needs control groups of version 2. Mount them: mount -t cgroup2 none /sys/fs/cgroup"
        )


def join(folder: str) -> None:
    """Put this process into the control group of the host in ``folder``."""
    for dummy, hierarchy in _hierarchies():
        group = os.path.join(hierarchy, _name(folder))
        os.makedirs(group, exist_ok=True)
        with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write("0")


def remove(folder: str) -> None:
    """Remove the control groups of the host in ``folder``, none of whose processes is left."""
    for dummy, hierarchy in _hierarchies():
        _remove(os.path.join(hierarchy, _name(folder)))


def remove_all(folder: str) -> None:
    """Remove those of all hosts below ``folder``, whether they have a folder still or not."""
    for dummy, hierarchy in _hierarchies():
        for name in os.listdir(hierarchy):
            if name.startswith(f"{_name(folder)}."):
                _remove(os.path.join(hierarchy, name))


def _remove(group: str) -> None:
    for one, _below, _files in os.walk(group, topdown=False):
        with suppress(FileNotFoundError):
            os.rmdir(one)
