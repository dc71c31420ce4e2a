# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module that converge runs asks, before it looks at anything, whether its run has missed something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from module_runner import run_module

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import lock
from ansible_collections.tenantry.sdn.plugins.modules import boot_restore

NOWHERE = {"database": "unix:/nowhere"}
UNIT = {"files": {"/etc/systemd/system/x.service": "[Unit]\n"}, "units": ["x.service"]}
MODULES: dict[str, dict[str, Any]] = {
    "boot_restore": UNIT,
    "gateway_address": {"owner": "dc1", "gateways": [], "allow_empty": True},
    "hybrid_plug": {"owner": "dc1", "plugs": [], "allow_empty": True},
    "hypervisor_info": {},
    "of_flow": {"bridge": "br0", "cookie": "1", "flows": [], "allow_empty": True, **NOWHERE},
    "ovs_bridge": {"name": "br0", **NOWHERE},
    "ovs_flow_export": {"bridge": "br0", **NOWHERE},
    "ovs_gre_mesh": {"bridge": "br0", "owner": "dc1", "networks": [], "allow_empty": True, **NOWHERE},
    "ovs_mirror": {"bridge": "br0", "owner": "dc1", "mirrors": [], "allow_empty": True, **NOWHERE},
    "ovs_qos": {"owner": "dc1", "ports": [], "allow_empty": True, **NOWHERE},
    "ovs_ssl": {"owner": "dc1", "state": "absent", **NOWHERE},
    "ovs_uplink": {"interfaces": ["nowhere0"]},
    "routed_port": {"owner": "dc1", "ports": [], "allow_empty": True},
    "sg_ipset": {"owner": "dc1", "sets": [], "allow_empty": True},
    "sg_rules": {"owner": "dc1", "chains": [], "jumps": [], "allow_empty": True},
    "virtual_router": {"owner": "dc1", "routers": [], "allow_empty": True},
}


@pytest.mark.parametrize("name", MODULES)
def test_a_run_that_has_missed_something_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(boot_restore, "BOOTED", str(tmp_path))
    known = {"changes": 2, "holder": "2.other@ctl", "alive": 0.0, "seen": {"1.mine@ctl": 1, "2.other@ctl": 2}}
    Path(lock.RUNS).write_text(json.dumps(known))
    result = run_module(name, {**MODULES[name], "run": "1.mine@ctl"})
    assert result.message == (
        "Another run has changed this host since this one began: 2.other@ctl. This one has changed nothing since. "
        "Run it again when the other has ended."
    )
    assert json.loads(Path(lock.RUNS).read_text()) == known
