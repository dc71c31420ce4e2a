# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twins for the tests: none is left behind, and the machine is as it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from twin_lab import TwinLab, machine

NUMBERS = count(1)


@pytest.fixture(scope="session", autouse=True)
def _cheaper(runs_share: None) -> None: ...


@pytest.fixture
def new_twin() -> Iterator[Callable[[], TwinLab]]:
    """Names twins that do not exist yet; takes down those that the test built."""
    before = machine()
    twins: list[TwinLab] = []

    def name_one() -> TwinLab:
        twins.append(TwinLab(f"test-{os.getpid()}-{next(NUMBERS)}"))
        return twins[-1]

    yield name_one
    for twin in twins:
        twin.down()
    assert [twin.leftovers() for twin in twins] == [[] for dummy in twins]
    assert machine() == before


@pytest.fixture
def twin(new_twin: Callable[[], TwinLab]) -> TwinLab:
    return new_twin()
