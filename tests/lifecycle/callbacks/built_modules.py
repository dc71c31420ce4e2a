# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let runs of Ansible take the zip files of modules that other runs built of the same sources: an eighth of a run.

Ansible keeps them itself, for the tasks and hosts of one run, in a folder that goes with the run. And let the tasks
have the connection plugin from their run: each would load it.
"""

from __future__ import annotations

import os

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import connection_loader

DOCUMENTATION = """
name: built_modules
type: aggregate
short_description: Built modules that outlive a run
description: Keeps them in the folder that the environment variable TENANTRY_BUILT_MODULES names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "built_modules"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        os.symlink(os.environ["TENANTRY_BUILT_MODULES"], os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))
        connection_loader.get("tenantry.sdn.netns", class_only=True)
