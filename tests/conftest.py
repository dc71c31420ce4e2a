# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of every folder of tests: a real Open vSwitch for each test that asks for one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from playbook_run import sharing
from private_ovs import PrivateOvs


@pytest.fixture
def ovs() -> Iterator[PrivateOvs]:
    """A running Open vSwitch with an empty database, whose devices are pretended."""
    with tempfile.TemporaryDirectory(prefix="ovs-") as directory:  # pytest's are too long for a unix socket: 108 bytes
        switch = PrivateOvs(Path(directory))
        try:
            yield switch.start()
        finally:
            switch.stop()


@pytest.fixture(scope="session")
def runs_share(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs of ansible-playbook that have our environment share what they build and compile."""
    with mock.patch.dict(os.environ, sharing(tmp_path_factory.mktemp("shared"))):
        yield
