# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of boot_restore to files by path: every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, shown

_KINDS = (".path", ".service")


def parse_boot_files(params: Mapping[str, Any]) -> dict[str, str]:
    faults = Faults()
    for path, text in params["files"].items():
        if not str(path).startswith("/"):
            faults.add(f"files.{path}", f"{shown(path)} is no whole path; write it from '/'")
        if not isinstance(text, str) or not text.endswith("\n"):
            faults.add(f"files.{path}", "is no text that ends with a line; write one, as by query(..., rstrip=false)")
    names = {str(path).rpartition("/")[2] for path in params["files"]}
    for index, unit in enumerate(params["units"]):
        if unit not in names or not unit.endswith(_KINDS):
            faults.add(f"units[{index}]", f"{shown(unit)} is none of the files; write the name of a .service or .path")
    for index, unit in enumerate(params["started"]):
        if unit not in params["units"]:
            faults.add(f"started[{index}]", f"{shown(unit)} is none of the units; list it there too")
    faults.raise_any()
    return {str(path): text for path, text in params["files"].items()}
