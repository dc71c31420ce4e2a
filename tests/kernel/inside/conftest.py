# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One twin for all tests: building it takes longer than any of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_fabric import Fabric


@pytest.fixture(scope="session")
def fabric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fabric]:
    fabric = Fabric.up("kernel", tmp_path_factory.mktemp("fabric"))
    yield fabric
    fabric.twin.down()
    assert fabric.twin.leftovers() == []
