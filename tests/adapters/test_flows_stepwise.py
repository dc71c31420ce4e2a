# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""of_flow on bridges that speak one version of OpenFlow: what holds on each, and what else holds without bundles."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flow_lab import VALUE, converge, packets, tables, task
from host import Host
from module_runner import fork_module
from private_ovs import eventually

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import openflow_steps
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


def warnings(protocol: str, count: int) -> list[str]:
    if protocol in WITH_BUNDLES:
        return []
    return [
        f"Bridge br0 speaks {protocol} and no version of OpenFlow that has bundles, so {count} changes go one after "
        "the other. Of each table a packet meets what was there or what is to be there, but of several tables and "
        "groups it can meet both meanwhile, and a failure leaves a part. To have all at once or nothing, let "
        "tenantry.sdn.ovs_bridge add one of OpenFlow13, OpenFlow14, OpenFlow15 to its protocols."
    ]


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
    assert "with cookie 0x9, which is not the owner's" in host.run("of_flow", **task("priority=7,ip,actions=2")).message
    converge(host, **task(state="absent", meter_ids=None))
    assert tables(host) == theirs


@pytest.mark.parametrize("bridge", WITHOUT, indirect=True)
def test_a_refusal_in_the_middle_is_told_with_what_was_made(host: Host, bridge: str) -> None:
    old = ["priority=1,actions=drop", "table=1,actions=drop"]
    converge(host, **task(*old))
    limit = ["--id=@two", "create", "Flow_Table", "flow_limit=2", "--", "set", "Bridge", "br0", "flow_tables:0=@two"]
    host.ovs.vsctl(*limit)
    wanted = task("priority=2,actions=drop", "priority=3,actions=group:100", "table=1,actions=NORMAL", groups=GROUPS)
    refused = host.run("of_flow", **wanted)
    assert refused.message == (
        "Bridge br0 refused the change: OFPFMFC_TABLE_FULL for flows[0]. The bridge has no bundles: 4 of 6 changes "
        "were made before (first groups[1], groups[0], flows[2], flows[1]) and stay. Run the task again when the cause "
        "is gone."
    )
    assert refused["made"] == ["groups[1]", "groups[0]", "flows[2]", "flows[1]"]
    assert tables(host)["flows"] == [
        f" cookie={VALUE:#x}, priority=1 actions=drop",
        f" cookie={VALUE:#x}, priority=3 actions=group:100",
        f" cookie={VALUE:#x}, table=1, actions=NORMAL",
    ]
    host.ovs.vsctl("clear", "Bridge", "br0", "flow_tables")
    assert converge(host, **wanted)["counts"]["flows"] == {"wanted": 3, "added": 1, "changed": 0, "removed": 1}


def test_a_flow_that_an_older_version_cannot_name_is_told_before_anything_changes(host: Host) -> None:
    """What was made in a newer one it prints all the same."""
    host.bridge(name="br0", fail_mode="secure")
    strange = [f"table={table},reg0=1,actions=drop" for table in (3, 7)]
    converge(host, **task(*FLOWS[1:], *strange, groups=[GROUPS[1]]))
    host.bridge(name="br0", protocols=["OpenFlow11"])
    before = tables(host)
    other = task(*FLOWS[2:], groups=[GROUPS[1].replace("output:1", "output:3")])
    for check in (True, False):
        assert host.run("of_flow", check, **other).message == (
            "flow table=3,reg0=0x1 of bridge br0 is to change or to go, but OpenFlow11 cannot name it; let "
            "tenantry.sdn.ovs_bridge add a version that can to its protocols: OpenFlow10, OpenFlow12 and later"
        )
    assert tables(host) == before


def many(port: int) -> dict[str, Any]:
    return task(*[f"table={number % 3},priority={number},in_port=9,actions=output:{port}" for number in range(1000)])


def kill_amid(run: Any, delay: float) -> None:
    """Kill a task and its ovs-ofctl, which would end its work otherwise, some time after that has started to write."""
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    while run.is_alive():
        with suppress(FileNotFoundError, ProcessLookupError):  # one that has ended meanwhile
            for program in children.read_text().split():
                if b"add-flows" in Path(f"/proc/{program}/cmdline").read_bytes():
                    time.sleep(delay)
                    os.kill(int(program), signal.SIGKILL)
                    run.kill()
                    break
    run.join(timeout=10)


@pytest.mark.parametrize("bridge", ["OpenFlow10"], indirect=True)
def test_a_run_that_is_killed_in_the_middle_leaves_a_beginning_and_the_next_makes_the_rest(
    host: Host, bridge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openflow_steps, "_AT_ONCE", 700)  # so that the rest of a whole run goes in two
    for number in range(10):
        host.run("of_flow", **many(1))
        kill_amid(fork_module("of_flow", {"database": host.ovs.remote, **many(2)}), delay=0.01 * (number + 1))
        left = tables(host)["flows"]
        made = {place(flow) for flow in left if flow.endswith("output:2")}
        assert len(left) == 1000
        assert made == set(sorted(map(place, left), reverse=True)[: len(made)]), "not in the order"
        if made and len(made) < 1000:
            break
    else:
        raise AssertionError("all kills came too early or too late")
    assert host.run("of_flow", **many(2))["counts"]["flows"]["changed"] == 1000 - len(made)
    assert {flow.rpartition("actions=")[2] for flow in tables(host)["flows"]} == {"output:2"}


def place(flow: str) -> tuple[int, int]:
    table, priority = (flow.partition(f"{name}=")[2].partition(",")[0] or 0 for name in ("table", "priority"))
    return int(table), int(priority)


@pytest.mark.parametrize("bridge", ["OpenFlow10"], indirect=True)
def test_what_another_puts_in_the_place_of_an_old_flow_meanwhile_stays(
    host: Host, bridge: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the reading and the first change; of a flow that comes, OpenFlow cannot ask for an empty place."""
    converge(host, **task("priority=1,ip,actions=drop", "priority=2,ip,actions=drop"))
    theirs = [f"cookie=0x9,priority={priority},ip,actions=output:3" for priority in (1, 2)]
    send = openflow_steps.send

    def late(*arguments: Any) -> None:
        for flow in theirs:
            host.ovs.ofctl("add-flow", "br0", flow, protocol=bridge)
        send(*arguments)

    monkeypatch.setattr(openflow_steps, "send", late)
    assert host.run("of_flow", **task("priority=1,ip,actions=NORMAL")).message == (
        "flows[0]: bridge br0 has a flow there with cookie 0x9, which is not the owner's: "
        "cookie=0x9,priority=1,ip,actions=output:3; choose another priority or match, or remove that flow first"
    )
    assert tables(host)["flows"] == [f" cookie=0x9, priority={priority},ip actions=output:3" for priority in (1, 2)]
