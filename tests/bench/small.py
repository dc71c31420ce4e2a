# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our own code costs where a host has little, and all of it: a task's process less that of a module that does
nothing. Most runs are of such tasks. Plugs, routed ports and gateways are looked for, and there are none.
Not of those that want more than that of a host: virtual_router and boot_restore systemd, ovs_uplink a network card.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import flows
import rules
import sets
import tunnels
from measure import medians, run
from payload import HOST_PYTHON, payload
from set_lab import own_namespace
from table import Row

RUNS = 9
FEW = 3


def tasks(database: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the arguments of each module, for a switch that has br-int."""
    ours = {"cookie": f"{flows.COOKIE}/0xffff000000000000", "database": database}
    ports = [{"name": f"port{number}", "type": "internal"} for number in range(FEW)]
    limits = {"interface": "port0", "ingress_policing_rate": 1000}
    mirror = {"name": "all", "select_all": True, "output_port": "port0"}
    of_bridge = {"bridge": "br-int", "owner": "lab", "database": database}
    nothing = {"owner": "lab", "allow_empty": True}
    return {
        "hypervisor_info": {"programs": ["ip"], "python_modules": ["ovs"]},
        "ovs_bridge": {"name": "br-int", "datapath_type": "netdev", "ports": ports, "database": database},
        "ovs_gre_mesh": tunnels.mesh(FEW, database),
        "of_flow": {"bridge": flows.BRIDGE, "flows": flows.flows(4 * FEW), **ours},
        "ovs_qos": {"ports": [limits], "owner": "lab", "require_effect": False, "database": database},
        "sg_ipset": {"name": "web", "type": "hash:ip", "members": sets.members(FEW)},
        "sg_rules": {"chains": rules.chains()[:FEW]},
        "ovs_mirror": {"mirrors": [mirror], **of_bridge},
        "ovs_flow_export": {"sflow": {"targets": ["192.0.2.9:6343"]}, **of_bridge},
        "ovs_ssl": {"owner": "lab", "state": "absent", "database": database},
        "hybrid_plug": {"plugs": [], **nothing},
        "routed_port": {"subnets": [], "ports": [], "routes": [], **nothing},
        "gateway_address": {"gateways": [], **nothing},
    }


def rows(directory: Path) -> Iterator[Row]:
    host = directory / "host"
    given = {"empty": payload(directory, "small-empty", "empty", {})}
    for module, arguments in tasks(f"unix:{host}/db.sock").items():
        given[module] = payload(directory, f"small-{module}", f"tenantry.sdn.{module}", arguments)
    commands = {name: [HOST_PYTHON, str(path)] for name, path in given.items()}
    with own_namespace(), tunnels.switch(host) as ovs:
        for command in commands.values():
            run(command, tunnels.daemons(ovs))
        costs = medians(RUNS, {name: partial(run, command) for name, command in commands.items()})
    empty = costs.pop("empty").client
    for name, cost in costs.items():
        shown = f"{cost.client * 1000:.0f} ms", f"empty {empty * 1000:.0f} ms"
        yield Row(f"no change, {name} of little, own code, CPU", *shown, (cost.client - empty) * 1000, "ms", bound=50)
