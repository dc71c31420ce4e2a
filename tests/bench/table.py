# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the result: what was measured, against what, and whether it keeps the bound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Row:
    what: str
    ours: str
    against: str
    result: float
    unit: str  # "x" for a ratio
    bound: float | None = None  # None: measured and reported
    at_least: bool = False  # the bound is a floor, not a ceiling

    @property
    def passed(self) -> bool:
        if self.bound is None:
            return True
        return self.result >= self.bound if self.at_least else self.result <= self.bound

    def cells(self) -> tuple[str, ...]:
        sign = ">=" if self.at_least else "<="
        bound = "" if self.bound is None else f"{sign} {self.bound:g} {self.unit}"
        verdict = "" if self.bound is None else "pass" if self.passed else "FAIL"
        return self.what, self.ours, self.against, f"{self.result:.3g} {self.unit}", bound, verdict


def record(row: Row) -> dict[str, object]:
    return {**asdict(row), "passed": row.passed}


def render(rows: Iterable[Row]) -> str:
    lines = [("measured", "ours", "against", "result", "bound", ""), *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
