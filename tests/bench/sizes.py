# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of our code travels to a host with each task: Ansible packs it, and Python compiles it, anew every time.

The bound is on what travels. Ansible takes the sources whole, so comments and docstrings go with them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from payload import REPOSITORY, payload_files
from table import Row


def rows(directory: Path) -> Iterator[Row]:
    for module in sorted((REPOSITORY / "plugins/modules").glob("*.py")):
        files = payload_files(module)
        if files:  # the others are the documentation of actions
            size = sum(file.stat().st_size for file in files) / 1000
            packed = sum(len(zlib.compress(file.read_bytes())) for file in files) / 1000
            what = f"module_utils of {module.stem}, packed"
            yield Row(what, f"{len(files)} files", f"unpacked {size:.0f} KB", packed, "KB", bound=60)
