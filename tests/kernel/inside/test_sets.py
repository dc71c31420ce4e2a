# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups by the sets and chains of Debian's own kernel, at plugs into its own bridges."""

from __future__ import annotations

import pytest
from kernel_fabric import Fabric
from test_datapath import judged_wrong


@pytest.fixture(scope="module", autouse=True)
def _driver(fabric: Fabric) -> None:
    fabric.converge(forwarding="plain", security_driver="ipset")


def test_security_groups_judge_as_flows_do(fabric: Fabric) -> None:
    assert judged_wrong(fabric) == {}, "{packet: (who should have heard it, who did)}"
    assert "kernel." in fabric.twin.run("hv1", "ipset", "list", "-name")
    assert "kernel." in fabric.twin.run("hv1", "iptables-save")
