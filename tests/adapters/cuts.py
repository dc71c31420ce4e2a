# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that end before any of the things that they do, as by kill -9."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from types import ModuleType
from typing import Any

import pytest

Functions = tuple[tuple[ModuleType, str], ...]


class Cut(BaseException):
    """The task ends here, as by kill -9."""


def cut_before(call: int, functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a task end before one of the calls of these functions, which are counted from 0."""
    calls = count()

    def ticking(work: Callable[..., Any]) -> Callable[..., Any]:
        def late(*arguments: Any, **options: Any) -> Any:
            if next(calls) == call:
                raise Cut
            return work(*arguments, **options)

        return late

    for module, name in functions:
        monkeypatch.setattr(module, name, ticking(getattr(module, name)))


def cuts(
    functions: Functions, before: Callable[[], Any], after: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[int]:
    """Run one task, and cut the next before each call of these functions in turn; yield whenever that has been done."""
    for call in count():
        before()
        with monkeypatch.context() as patch:
            cut_before(call, functions, patch)
            try:
                after()
                return
            except Cut:
                pass
        yield call
