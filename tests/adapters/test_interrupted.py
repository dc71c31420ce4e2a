# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any moment leaves the state before it or the state after it; another run makes it whole."""

from __future__ import annotations

import time
from typing import Any

import pytest
from host import Host
from module_runner import fork_module

KILLS = 40
NETWORKS = [
    {"name": name, "key": key, "tag": key, "remotes": ["10.0.0.2", "10.0.0.3"]} for name, key in (("web", 1), ("db", 2))
]
BOND = {"name": "bond0", "interfaces": ["eth1", "eth2"]}
BEFORE: dict[str, dict[str, Any]] = {
    "ovs_bridge": {
        "name": "br0",
        "owner": "dc1",
        "ports": [{"name": "eth1"}, {"name": "eth2"}, {"name": "a", "tag": 5}],
        "other_config": {"x": None},
    },
    "ovs_gre_mesh": {"bridge": "br0", "owner": "dc1", "networks": NETWORKS[:1]},
}
AFTER: dict[str, dict[str, Any]] = {
    "ovs_bridge": {
        "name": "br0",
        "owner": "dc1",
        "ports": [BOND, {"name": "a", "tag": 6}, {"name": "b"}],
        "other_config": {"x": "y"},
    },
    "ovs_gre_mesh": {
        "bridge": "br0",
        "owner": "dc1",
        "networks": [{**NETWORKS[0], "remotes": ["10.0.0.4"]}, NETWORKS[1]],
    },
}


@pytest.mark.parametrize("module", BEFORE)
def test_a_killed_run_followed_by_a_run_equals_a_run(host: Host, module: str) -> None:
    host.bridge(name="br0", owner="dc1")
    host.run(module, **BEFORE[module])
    before, start = host.ovs.state(), time.monotonic()
    host.run(module, **AFTER[module])
    duration, after = time.monotonic() - start, host.ovs.state()
    outcomes: list[bool] = []
    while len(outcomes) < KILLS or (not any(outcomes) and len(outcomes) < 5 * KILLS):  # later and later, till too late
        host.run(module, **BEFORE[module])
        assert host.ovs.state() == before
        run = fork_module(module, {"database": host.ovs.remote, **AFTER[module]})
        time.sleep(1.5 * duration * len(outcomes) / KILLS)
        run.kill()
        run.join(timeout=10)
        left = host.ovs.state()
        assert left in (before, after), "neither the state before nor the one after"
        outcomes.append(left == after)
        assert not host.run(module, **AFTER[module]).get("failed")
        assert host.ovs.state() == after
    assert len(set(outcomes)) == 2, "all kills came too early or too late"
