# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ovs_bridge says an owner has of other modules: all that these made, and nothing of anybody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host import Host
from key_pairs import key_pair

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed

MODULES = (
    "ovs_gre_mesh",
    "ovs_qos",
    "ovs_mirror",
    "ovs_flow_export",
    "ovs_ssl",
    "of_flow",
    "hybrid_plug",
    "routed_port",
)
NOTHING = dict.fromkeys((*MODULES, "virtual_router", "gateway_address"), 0)
NO_EFFECT = {"require_effect": False}  # of limits, on a pretended datapath
COLLECTOR = ["192.0.2.7:6343"]
MESH = {"bridge": "br0", "name": "web", "local_ip": "192.0.2.1", "remotes": ["192.0.2.2", "192.0.2.3"], "key": "5001"}
MADE: list[tuple[str, dict[str, Any], int]] = [
    ("ovs_gre_mesh", MESH, 2),
    ("ovs_qos", {"interface": "tap0", "ingress_policing_rate": "1Mbit", **NO_EFFECT}, 1),
    ("ovs_qos", {"interface": "tap0", "type": "linux-htb", "queues": {"0": {"max_rate": "1Mbit"}}, **NO_EFFECT}, 2),
    ("ovs_mirror", {"bridge": "br0", "name": "m", "select_all": True, "output_port": "tap1"}, 1),
    ("ovs_flow_export", {"bridge": "br0", "sflow": {"targets": COLLECTOR, "agent": "192.0.2.1"}}, 1),
    ("ovs_flow_export", {"bridge": "br0", "netflow": {"targets": COLLECTOR}}, 1),
    ("ovs_flow_export", {"bridge": "br0", "ipfix": {"targets": COLLECTOR}}, 1),
    ("ovs_flow_export", {"bridge": "br0", "samples": [{"id": 1, "ipfix": {"targets": COLLECTOR}}]}, 2),
]


def owned(host: Host, owner: str, check: bool = False) -> dict[str, int]:
    found: dict[str, int] = host.run("ovs_bridge", check, name="br0", owner=owner)["owned"]
    return found


@pytest.fixture
def bridge(host: Host) -> Host:
    host.converge("ovs_bridge", name="br0", ports=[{"name": "tap0"}, {"name": "tap1"}], owner="dc1")
    return host


@pytest.mark.parametrize(("module", "task", "rows"), MADE)
def test_what_a_module_makes_is_counted_for_its_owner_until_it_is_gone(
    bridge: Host, module: str, task: dict[str, Any], rows: int
) -> None:
    assert owned(bridge, "dc1") == NOTHING
    assert bridge.run(module, owner="dc1", **task)["changed"]
    assert owned(bridge, "dc1") == owned(bridge, "dc1", check=True) == {**NOTHING, module: rows}
    bridge.bridge(name="br1", owner="dc2")
    assert bridge.bridge(name="br1", owner="dc2")["owned"] == NOTHING


def test_the_key_of_an_owner_counts_and_a_foreign_one_does_not(bridge: Host, tmp_path: Path) -> None:
    own, authority = (key_pair(tmp_path, name) for name in ("own", "authority"))
    names = ("private_key", "certificate", "ca_cert")
    files = dict(zip(names, map(str, (own.private_key, own.certificate, authority.certificate))))
    bridge.ovs.vsctl("set-ssl", *files.values())
    assert owned(bridge, "dc1") == NOTHING
    bridge.run("ovs_ssl", owner="dc1", adopt=True, **files)
    assert owned(bridge, "dc1") == {**NOTHING, "ovs_ssl": 1}


def test_without_an_owner_nothing_is_counted(bridge: Host) -> None:
    assert "owned" not in bridge.bridge(name="br0")


def test_flows_that_the_bridge_comes_back_with_are_counted_whoever_has_them(
    bridge: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path))
    for cookie in ("1", "2"):
        bridge.run("of_flow", bridge="br0", cookie=cookie, flows=[f"priority={cookie},actions=drop"], saved=True)
    assert owned(bridge, "dc1") == owned(bridge, "dc1", check=True) == {**NOTHING, "of_flow": 2}
    bridge.run("of_flow", bridge="br0", cookie="1", state="absent")
    assert owned(bridge, "dc1") == {**NOTHING, "of_flow": 1}
