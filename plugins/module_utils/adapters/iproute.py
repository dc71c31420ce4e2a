# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of ip(8), all in one call."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, ConflictError

_MOVED = ("Cannot find device", "File exists", "No such")  # what ip says of things that came or went


def batch(lines: Sequence[str], timeout: float, version: int | None = None) -> None:
    """Run them, of one IP family or any; ConflictError if what they are about came or went since it was read."""
    if not lines:
        return
    only = [f"-{version}"] if version else []
    done = attempt(["ip", *only, "-batch", "-"], timeout, "".join(f"{line}\n" for line in lines))
    if done.returncode:
        said = " ".join(done.stderr.split())
        if any(word in said for word in _MOVED):
            raise ConflictError(f"A link, a rule or a route came or went meanwhile: {said}")
        raise BackendError(f"ip failed ({done.returncode}): {said}")
