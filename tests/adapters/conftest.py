# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts to run modules on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from host import Host
from private_ovs import PrivateOvs, running

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import lock


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of the test's own, in the place of the host's: tests in other processes are not waited for."""
    monkeypatch.setattr(lock, "PATH", str(tmp_path / "lock"))
    return tmp_path / "lock"


@pytest.fixture
def host(ovs: PrivateOvs) -> Host:
    """A host whose network devices are pretended: any name will do."""
    return Host(ovs)


@pytest.fixture
def real_host() -> Iterator[Host]:
    """A host with real network devices, in a network namespace of its own."""
    with running("netdev") as switch:
        yield Host(switch)
