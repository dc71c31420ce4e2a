# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""of_flow on a real switch: what it installs, keeps, takes away and leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from host import Host

COOKIE = "0x7e4a000000000000/0xffff000000000000"
TALK = [
    "table=0,priority=100,in_port=1,actions=output:2",
    "priority=100,in_port=2,actions=output:1",
    "priority=50,ip,nw_src=10.0.0.0/24,actions=drop",
    "priority=0,actions=NORMAL",
]


@pytest.fixture(autouse=True)
def bridge(host: Host) -> None:
    host.bridge(name="br0", fail_mode="secure", ports=[{"name": f"tap{number}"} for number in (1, 2)])


def task(*flows: Any, **options: Any) -> dict[str, Any]:
    return {"bridge": "br0", "cookie": COOKIE, "flows": list(flows), **options}


def flows(host: Host) -> list[str]:
    return sorted(host.ovs.ofctl("dump-flows", "br0", "--no-stats", "--no-names").splitlines())


def test_flows_are_checked_applied_kept_and_taken_away(host: Host) -> None:
    for wanted in (TALK, TALK[1:], ["table=1,actions=drop"]):
        before = flows(host)
        predicted = host.run("of_flow", check=True, **task(*wanted))
        assert flows(host) == before, "check mode wrote something"
        applied = host.run("of_flow", **task(*wanted))
        assert applied["changed"]
        assert applied["diff"] == predicted["diff"]
        assert len(flows(host)) == len(wanted)
        assert not host.run("of_flow", **task(*wanted))["changed"]
    assert host.run("of_flow", **task(state="absent"))["changed"]
    assert flows(host) == []


def test_a_bridge_that_is_not_there_yet(host: Host) -> None:
    missing = task(*TALK, bridge="br9")
    assert host.run("of_flow", check=True, **missing)["changed"]
    expected = "Bridge br9 does not exist. Create it first, with tenantry.sdn.ovs_bridge."
    assert host.run("of_flow", **missing).message == expected
    assert not host.run("of_flow", **task(bridge="br9", state="absent"))["changed"]
