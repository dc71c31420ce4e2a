# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let runs of Ansible take the zip files of modules that other runs built of the same sources: an eighth of a run.

Ansible keeps them itself, for the tasks and hosts of one run, in a folder that goes with the run. Here they have the
code beside the sources, which a host would compile anew for each task. And let the tasks have the connection plugin
from their run: each would load it.
"""

from __future__ import annotations

import marshal
import os
from importlib.util import MAGIC_NUMBER, source_hash
from typing import Any
from zipfile import ZipFile

from ansible import constants
from ansible.executor import module_common
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import connection_loader

DOCUMENTATION = """
name: built_modules
type: aggregate
short_description: Built modules that outlive a run
description: Keeps them in the folder that the environment variable TENANTRY_BUILT_MODULES names.
"""

UNCHECKED = (1).to_bytes(4, "little")  # whether the source is still that one: PEP 552
with_module = module_common._add_module_to_zip


def with_code(archive: ZipFile, *arguments: Any) -> None:
    """Add the module, which comes last, and then the code of all sources. Another version of Python ignores it."""
    with_module(archive, *arguments)
    for name in archive.namelist():
        source = archive.read(name)
        code = marshal.dumps(compile(source, name, "exec", dont_inherit=True))
        archive.writestr(f"{name}c", MAGIC_NUMBER + UNCHECKED + source_hash(source) + code)


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "built_modules"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        module_common._add_module_to_zip = with_code
        os.symlink(os.environ["TENANTRY_BUILT_MODULES"], os.path.join(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache"))
        connection_loader.get("tenantry.sdn.netns", class_only=True)
