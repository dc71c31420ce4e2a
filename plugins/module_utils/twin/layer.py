# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages that the hosts of a twin have and the machine need not.

They are installed once, into a layer between the machine's files and those of the hosts. The kernel refuses a lower
layer that lies inside another one (ELOOP), so this one is on a tmpfs of its own. The tmpfs is mounted in the mount
namespace of one process only, from which the hosts are started: the machine never has a mount of ours.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import command
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import files, kernel, processes
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import Host

_APT_SECONDS = 900


def folder_of(layer: Host) -> str:
    """Return the folder whose changes the layer consists of, as ``files.build`` takes it."""
    return os.path.join(layer.folder, "tmpfs")


def build(layer: Host, packages: tuple[str, ...]) -> None:
    """Make the layer anew; BackendError with apt's own words if it cannot be."""
    layer.stop()
    processes.start(layer, partial(_mount, folder_of(layer)))
    chroot = ("nsenter", f"--target={layer.live_pid()}", "--mount", "--pid", "--", "chroot", f"{folder_of(layer)}/root")
    apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2", "--yes")
    install = [*chroot, *apt, "install", "--no-install-recommends", "--", *packages]
    try:
        command.run(install, timeout=_APT_SECONDS)
    except BackendError:  # perhaps the machine knows none of them, or none that is still offered
        command.run([*chroot, *apt, "update"], timeout=_APT_SECONDS)
        command.run(install, timeout=_APT_SECONDS)
    command.run([*chroot, *apt, "clean"], timeout=_APT_SECONDS)


def _mount(folder: str) -> None:
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    os.makedirs(folder, exist_ok=True)
    kernel.mount("tmpfs", folder, "tmpfs", data="mode=755")
    root = files.build(folder)
    with open("/etc/resolv.conf", encoding="utf-8") as file:
        files.replace(f"{root}/etc/resolv.conf", file.read())
    files.replace(f"{root}/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", mode=0o755)  # start no service
    with suppress(FileNotFoundError):  # and index no manuals, for which man-db takes longer than all else
        os.remove(f"{root}/var/lib/man-db/auto-update")
