# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the filter tests: every filter, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILTERS = Path(__file__).parents[3] / "plugins/filter"
PACKAGE = "ansible_collections.tenantry.sdn.plugins.filter"


@pytest.fixture(scope="session")
def filters() -> dict[str, Callable[..., Any]]:
    """Every filter of the collection, as Ansible would find it."""
    found = {}
    for path in sorted(FILTERS.glob("*.py")):
        plugin = importlib.import_module(f"{PACKAGE}.{path.stem}").FilterModule().filters()
        assert list(plugin) == [path.stem], "one filter a file, named as the file"
        found.update(plugin)
    assert found
    return found
