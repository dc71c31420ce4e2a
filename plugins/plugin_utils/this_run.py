# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name of this run of Ansible, as the modules on a host know it: see module_utils/model/runs.py."""

from __future__ import annotations

import os
import platform
import re

from ansible import constants


def this_run() -> str:
    """Return a name that all tasks of this run have, and no other run anywhere.

    Each task on each host is a process of its own. What they have in common is their parent, and its folder for
    temporary files, whose name nobody else has.
    """
    controller = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node())[:64] or "unknown"
    return f"{os.getppid()}.{os.path.basename(constants.DEFAULT_LOCAL_TMP)}@{controller}"
