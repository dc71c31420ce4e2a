# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restore of the role hypervisor in this network namespace, as if the host had saved what the test has."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed

RESTORE = Path(__file__).parents[2] / "roles/hypervisor/files/restore"
HOST_ROOT = sealed.ROOT
_SCRIPT = f"""
mount -t tmpfs none /run && mount -t tmpfs none /var/lib && mount -t sysfs none /sys && mkdir {Path(HOST_ROOT).parent}
cp -r "$1" {HOST_ROOT} && shift || exit
for verb in "$@"; do sh {RESTORE} $verb || exit; done
"""


def restore(root: Path, *verbs: str) -> subprocess.CompletedProcess[str]:
    """Run verbs one after the other, up to the first that fails, on a host that was just booted."""
    command = ["unshare", "--mount", "sh", "-c", _SCRIPT, "sh", str(root), *verbs]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
