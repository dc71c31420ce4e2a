# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only place where a twin starts a program that ends again."""

from __future__ import annotations

import shutil
import subprocess

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C"}
OVS_CTL = "/usr/share/openvswitch/scripts/ovs-ctl"

_TIMEOUT = 60  # seconds; the slowest, ovs-ctl, takes 0.1
_PACKAGES = {  # program: its package in Debian and Ubuntu
    OVS_CTL: "openvswitch-switch",
    "ovs-vsctl": "openvswitch-switch",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "nsenter": "util-linux",
    "sysctl": "procps",
}


def require_programs() -> None:
    """Raise BackendError if a program is missing that a twin is built with."""
    missing = sorted({package for program, package in _PACKAGES.items() if not shutil.which(program, path=SEARCH_PATH)})
    if missing:
        packages = " ".join(missing)
        raise BackendError(f"A twin needs packages that are not installed. Install them: apt-get install {packages}")


def run(*argv: str, stdin: str = "") -> str:
    """Run a program and return what it printed; BackendError if it fails, with what it said."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=_TIMEOUT, env=ENVIRONMENT, check=True
        )
    except subprocess.TimeoutExpired:
        raise BackendError(f"'{' '.join(argv)}' did not end within {_TIMEOUT} seconds and was killed.") from None
    except subprocess.CalledProcessError as failure:
        said = (failure.stderr or failure.stdout).strip()
        raise BackendError(f"'{' '.join(argv)}' failed with exit status {failure.returncode}: {said}") from None
    return done.stdout
