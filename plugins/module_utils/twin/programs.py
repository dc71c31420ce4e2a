# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that a twin is built with, and the environment that they run in: nothing of the caller's."""

from __future__ import annotations

import shutil

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
OVS_CTL = "/usr/share/openvswitch/scripts/ovs-ctl"

_PACKAGES = {  # program: its package in Debian and Ubuntu
    OVS_CTL: "openvswitch-switch",
    "ovs-vsctl": "openvswitch-switch",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "nsenter": "util-linux",
    "sysctl": "procps",
}


def require_programs(**more: str) -> None:
    """Raise BackendError if a program is missing that a twin is built with, or one of ``more`` with their packages."""
    path, programs = ENVIRONMENT["PATH"], {**_PACKAGES, **more}
    missing = sorted({package for program, package in programs.items() if shutil.which(program, path=path) is None})
    if missing:
        packages = " ".join(missing)
        raise BackendError(f"A twin needs packages that are not installed. Install them: apt-get install {packages}")
