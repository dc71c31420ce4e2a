# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``netns``: a host is a set of namespaces of this kernel."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import partial

from ansible_collections.tenantry.sdn.plugins.module_utils.twin import files, kernel, layer, processes
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import Host

_OWN = kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWNET
_HOSTNAME_BYTES = 64  # HOST_NAME_MAX, gethostname(2)


def start(host: Host, settings: Mapping[str, str], code: str, packages: Host | None) -> None:
    """Start a host with these values below /proc/sys, above the layer ``packages`` if there is one.

    ``code`` is the folder of what Python compiled.
    """
    processes.start(host, partial(_enter, host, settings, code, packages))


def leave(packages: Host | None) -> str:
    """Leave the machine's namespaces for new ones, and return the folder of the layer ``packages`` for ``files``."""
    if packages is not None:
        with open(f"/proc/{packages.live_pid()}/ns/mnt", encoding="ascii") as namespace:
            kernel.setns(namespace.fileno(), kernel.CLONE_NEWNS)
    kernel.unshare(_OWN)
    return layer.folder_of(packages) if packages else ""


def _enter(host: Host, settings: Mapping[str, str], code: str, packages: Host | None) -> None:
    files.enter(host.folder, host.name, code, leave(packages))
    socket.sethostname(host.name[:_HOSTNAME_BYTES])
    for name, value in settings.items():
        if os.path.exists(f"/proc/sys/{name}"):
            with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
                file.write(value)
