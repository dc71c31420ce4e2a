# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from verify_lab import VLANS, Lab


@pytest.fixture(scope="session", autouse=True)
def _cheaper(runs_share: None) -> None: ...


@pytest.fixture
def lab() -> Iterator[Lab]:
    with ExitStack() as stack:
        yield Lab.start(stack)


@pytest.fixture
def bridged(lab: Lab) -> Lab:
    """Two tenants with the same subnets, dual stack, each on a Linux bridge of its own."""
    for network in VLANS:
        lab.add_bridge(network)
        for number in (1, 2):
            port = lab.add(f"{network}-{number}", network, f"10.1.1.{number}/24", f"fd00::{number}/64")
            lab.plug(port, network)
    return lab


@pytest.fixture
def switched(lab: Lab) -> Lab:
    """Two tenants as access ports of one Open vSwitch bridge, each endpoint with an address of its own."""
    lab.start_open_vswitch()
    lab.vsctl("add-br br-int -- set bridge br-int datapath_type=netdev")
    for network, vlan in VLANS.items():
        for number in (1, 2):
            port = lab.add(f"{network}-{number}", network, f"10.1.1.{vlan + number}/24")
            lab.vsctl(f"add-port br-int {port} tag={vlan} vlan_mode=access")
    return lab
