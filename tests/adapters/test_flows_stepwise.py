# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""of_flow on bridges that speak one version of OpenFlow: what holds on each, and what else holds without bundles."""

from __future__ import annotations

import pytest
from flow_lab import converge, packets, tables, task
from host import Host
from private_ovs import eventually

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import WITH_BUNDLES
from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS

WITHOUT = [protocol for protocol in PROTOCOLS if protocol not in WITH_BUNDLES]
FLOWS = [
    "priority=100,in_port=1,actions=group:101",
    "priority=90,ip,nw_src=10.0.0.0/24,actions=mod_nw_dst:10.0.0.9,output:2",
    "table=1,cookie=0x5,idle_timeout=600,actions=drop",
    "priority=0,actions=NORMAL",
]
GROUPS = ["group_id=101,type=all,bucket=group:100", "group_id=100,type=all,bucket=output:1,bucket=output:2"]
FRAME = "in_port(1),eth(src=52:54:00:00:00:01,dst=52:54:00:00:00:02),eth_type(0x1234)"
FOREIGN = "cookie=0x9,table=0,priority=7,ip,actions=drop"


@pytest.fixture
def bridge(host: Host, request: pytest.FixtureRequest) -> str:
    """Make br0, which speaks one version."""
    ports = [{"name": f"tap{number}", "ofport_request": number} for number in (1, 2, 3)]
    host.bridge(name="br0", fail_mode="secure", ports=ports, protocols=[request.param])
    return str(request.param)


def warning(protocol: str, count: int) -> str:
    return (
        f"Bridge br0 speaks {protocol} and no version of OpenFlow that has bundles, so {count} changes go one after the "
        "other: new flows by priority from the highest down, then old ones from the lowest up. A packet that crosses "
        "several tables or groups meanwhile can meet new ones and old ones, and a failure leaves a part. To have all at "
        "once or nothing, let tenantry.sdn.ovs_bridge add one of OpenFlow13, OpenFlow14, OpenFlow15 to its protocols."
    )


def warnings(protocol: str, count: int) -> list[str]:
    return [] if protocol in WITH_BUNDLES else [warning(protocol, count)]


@pytest.mark.parametrize("bridge", PROTOCOLS, indirect=True)
def test_a_bridge_of_one_version(host: Host, bridge: str) -> None:
    host.ovs.ofctl("add-flow", "br0", FOREIGN, protocol=bridge)
    theirs = tables(host)
    assert converge(host, **task(*FLOWS, groups=GROUPS))["warnings"] == warnings(bridge, 6)
    host.ovs.appctl("netdev-dummy/receive", "tap1", FRAME)
    eventually(lambda: packets(host, "in_port=1") == 1, "the count of the packet")
    turned = ["priority=0,actions=drop", *FLOWS[:2], "table=1,cookie=0x6,actions=drop"]
    assert converge(host, **task(*turned, groups=GROUPS))["warnings"] == warnings(bridge, 2)
    assert packets(host, "in_port=1") == 1, "a flow that stayed lost its counters"
    assert converge(host, **task(*turned[1:], groups=GROUPS))["warnings"] == [], "one change is whole or not at all"
    swapped = ["group_id=101,type=all,bucket=output:3", "group_id=102,type=all,bucket=group:101"]
    assert converge(host, **task("in_port=1,actions=group:102", groups=swapped))["counts"]["groups"] == {
        **{"wanted": 2, "added": 1, "changed": 1, "removed": 1},
    }
    converge(host, **task(state="absent", meter_ids=None))
    assert tables(host) == theirs
