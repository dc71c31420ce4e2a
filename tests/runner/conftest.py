# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users get it: built, and installed from its tarball."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import REPOSITORY, Ansible


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the tarball, install it without any network, and return the path of collections that it is in."""
    path = tmp_path_factory.mktemp("collections")
    galaxy = Ansible(tmp_path_factory.mktemp("build"), path)
    galaxy.run("ansible-galaxy", "collection", "build", REPOSITORY)
    (tarball,) = galaxy.home.glob("tenantry-sdn-*.tar.gz")
    galaxy.run("ansible-galaxy", "collection", "install", "--offline", "-p", path, tarball)
    return path
