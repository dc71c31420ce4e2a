# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the process of ansible-playbook itself has used (CPU seconds, MB at peak).

Those that it starts for tasks of hosts are not in it.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: own_cpu
type: aggregate
short_description: CPU seconds and memory of ansible-playbook itself
description: Writes them to the file that the environment variable TENANTRY_OWN_CPU names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "own_cpu"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: Any) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        Path(os.environ["TENANTRY_OWN_CPU"]).write_text(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}")
