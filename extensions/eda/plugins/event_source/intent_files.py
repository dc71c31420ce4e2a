# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source intent_files, for ansible-rulebook: an intent in a directory was changed."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
name: intent_files
short_description: Say that the intent in a directory was changed
version_added: 0.3.0
description:
  - Looks at the files of an intent again and again, and sends an event when they are others than before, and have
    stayed so for an interval, so that a checkout that is being written is one event.
  - The record allocations.yml is not looked at, as runs write it.
  - The event is C(intent), with C(directory) and the list C(changed) of files, as V(tenants/acme.yml).
options:
  directory:
    description: The directory of the intent.
    type: str
    required: true
  interval:
    description: Seconds from one look to the next.
    type: float
    default: 5
author: the tenantry.sdn authors
"""

EXAMPLES = r"""
- tenantry.sdn.intent_files:
    directory: /srv/dc1/inventory/intent
    interval: 5
"""

RECORD = "allocations.yml"


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Send an event for each change until the end."""
    directory = Path(str(args.get("directory", "")))
    interval = float(args.get("interval", 5))
    if not directory.is_dir() or not directory.is_absolute():
        raise ValueError(f"directory: {str(directory)!r} is no directory; write the path of an intent, from the root")
    if interval <= 0:
        raise ValueError(f"interval: {interval} is no time; write seconds, more than 0")
    told = last = contents(directory)
    while True:
        await asyncio.sleep(interval)
        now = contents(directory)
        if now == last != told:
            await queue.put({"intent": {"directory": str(directory), "changed": changed(told, now)}})
            told = now
        last = now


def contents(directory: Path) -> dict[str, str]:
    """Return the hash of each file of the intent by its path in the directory."""
    found = {}
    for path in sorted(directory.rglob("*.yml")):
        try:
            found[str(path.relative_to(directory))] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:  # it went, or is being replaced
            continue
    found.pop(RECORD, None)
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the files that came, went or have other contents."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
