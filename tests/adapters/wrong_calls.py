# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of wrong tasks: what each says beside a right one, and below it, indented, what it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml


def cases(table: str) -> Iterator[tuple[str, str]]:
    """Yield (what the task says, what it is told)."""
    change, message = "", []
    text = Path(__file__).with_name(table).read_text(encoding="utf-8")
    for line in [*text.splitlines(), "{}"]:
        if line.startswith("    "):
            message.append(line[4:])
        elif line.startswith("{"):
            if change:
                yield change, "\n".join(message)
            change, message = line, []


def wrong(base: Mapping[str, Any], change: str) -> dict[str, Any]:
    """Return the right task with the change; an option that is null is left out."""
    said = {**base, **yaml.safe_load(change)}
    return {option: value for option, value in said.items() if value is not None}
