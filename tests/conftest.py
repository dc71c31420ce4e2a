# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of every folder of tests: a real Open vSwitch for each test that asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest import mock

import pytest
from playbook_run import sharing
from private_ovs import PrivateOvs, running


@pytest.fixture
def ovs() -> Iterator[PrivateOvs]:
    """A running Open vSwitch with an empty database, whose devices are pretended."""
    with running() as switch:
        yield switch


@pytest.fixture(scope="session")
def runs_share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs of ansible-playbook that have our environment share what they build and compile."""
    with mock.patch.dict(os.environ, sharing(tmp_path_factory.mktemp("shared"))):
        yield
