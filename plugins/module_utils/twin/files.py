# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a host of a twin sees: the machine's own, with the host's changes in a layer of its own.

An overlay (mount_namespaces(7), the kernel's overlayfs.rst) covers each file system separately, so every disk that is
mounted below / gets one too. Runtime state is private: a host never sees a socket or a database of the machine.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from urllib.parse import quote

from ansible_collections.tenantry.sdn.plugins.module_utils.twin import compiled, kernel

_OWN_MOUNTS = ("/proc/", "/sys/", "/dev/", "/run/", "/tmp/")
_PRIVATE = ("/etc/openvswitch", "/var/lib/openvswitch", "/var/log/openvswitch")


def build(folder: str, below: str = "") -> str:
    """Mount the files of the host in ``folder`` and return their root; its mount and PID namespaces are ours, and new.

    ``below`` is the folder of a host whose changes lie between the machine's files and this host's own.
    """
    root = build_disks(folder, below)
    kernel.mount("/dev", f"{root}/dev", flags=kernel.MS_BIND | kernel.MS_REC)
    kernel.mount("proc", f"{root}/proc", "proc")
    kernel.mount("sysfs", f"{root}/sys", "sysfs")  # a new one shows the devices of our network namespace
    kernel.mount("tmpfs", f"{root}/run", "tmpfs", data="mode=755")
    kernel.mount("tmpfs", f"{root}/tmp", "tmpfs", data="mode=1777")
    return root


def build_disks(folder: str, below: str = "") -> str:
    """Mount what of the files is on disks, likewise."""
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    root = os.path.join(folder, "root")
    _overlay("/", root, folder, below)
    for disk in _disks():
        try:
            _overlay(disk, root + disk, folder, below)
        except OSError:  # vfat (/boot/efi) and the like cannot be a lower layer: the host does without
            continue
    return root


def enter(folder: str, hostname: str, code: str, below: str = "") -> None:
    """Make the files of the host in ``folder`` the root of this process; ``code`` is what it shares with others."""
    root = build(folder, below)
    hide(folder, root)
    os.mkdir(root + compiled.FOLDER)
    kernel.mount(code, root + compiled.FOLDER, flags=kernel.MS_BIND)
    _pivot(root)
    write_identity(hostname)


def hide(folder: str, root: str) -> None:
    """Mount folders of the host's own over those of the machine's Open vSwitch; like a disk, they stay."""
    for directory in _PRIVATE:
        own = os.path.join(folder, "private", quote(directory, safe=""))
        os.makedirs(own, exist_ok=True)
        os.makedirs(root + directory, exist_ok=True)
        kernel.mount(own, root + directory, flags=kernel.MS_BIND)


def _overlay(lower: str, target: str, folder: str, below: str) -> None:
    upper, work = (os.path.join(_layer(folder, lower), name) for name in ("upper", "work"))
    for directory in (target, upper, work):
        os.makedirs(directory, exist_ok=True)
    os.chmod(upper, stat.S_IMODE(os.stat(lower).st_mode))  # what the host sees as the mode of ``lower``
    lowers = [os.path.join(_layer(below, lower), "upper"), lower] if below else [lower]
    escaped = ":".join(re.sub(r"([\\:,])", r"\\\1", path) for path in lowers)
    kernel.mount("overlay", target, "overlay", data=f"lowerdir={escaped},upperdir={upper},workdir={work}")


def _layer(folder: str, lower: str) -> str:
    return os.path.join(folder, "layers", quote(lower, safe=""))


def _disks() -> Iterator[str]:
    """Yield the directories below / on which disks are mounted, outermost first."""
    with open("/proc/filesystems", encoding="utf-8") as lines:
        kinds = {line.strip() for line in lines if not line.startswith("nodev")}
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:  # proc_pid_mountinfo(5)
        for line in lines:
            fields = line.split()
            target = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
            is_ours = target == "/" or f"{target}/".startswith(_OWN_MOUNTS)
            if fields[fields.index("-") + 1] in kinds and not is_ours and os.path.isdir(target):
                yield target


def _pivot(root: str) -> None:
    os.chdir(root)
    os.mkdir("run/machine")
    kernel.pivot_root(".", "run/machine")
    os.chdir("/")
    kernel.detach("/run/machine")
    os.rmdir("/run/machine")


def write_identity(hostname: str, root: str = "") -> None:
    """Give the host its name, and a resolver that fails at once instead of waiting for a network that is not there."""
    files = {
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n::1 localhost ip6-localhost ip6-loopback\n",
        "/etc/resolv.conf": "",
    }
    for path, text in files.items():
        replace(root + path, text)


def replace(path: str, text: str, mode: int = 0o644) -> None:
    """Write a file, not through a link that may be there."""
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
