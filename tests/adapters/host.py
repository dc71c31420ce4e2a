# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as a task sees it: an Open vSwitch, and modules that run on it."""

from __future__ import annotations

import re
from typing import Any

from module_runner import Result, run_module
from private_ovs import PrivateOvs

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb_codec import DECODE
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import TABLES, Kind

_DATAPATH_PORT = re.compile(r"^ +(\S+) \d+/(\d+):", re.MULTILINE)
_ACTION = re.compile(r"push_vlan\([^)]*vid=(\d+)[^)]*\)|(pop_vlan)|(\d+)(?=,|$)")


class Host:
    def __init__(self, ovs: PrivateOvs) -> None:
        self.ovs = ovs

    def run(self, module: str, check: bool = False, **params: Any) -> Result:
        return run_module(module, {"database": self.ovs.remote, **params}, check)

    def bridge(self, check: bool = False, **params: Any) -> Result:
        return self.run("ovs_bridge", check, **params)

    def mesh(self, check: bool = False, **params: Any) -> Result:
        return self.run("ovs_gre_mesh", check, **params)

    def converge(self, module: str, transactions: int = 1, **params: Any) -> Result:
        """Run a task in check mode, in earnest and again; hold it to a module's promises; return the run in earnest."""
        before = self.ovs.state(), self.ovs.writes()
        predicted = self.run(module, check=True, **params)
        assert (self.ovs.state(), self.ovs.writes()) == before, "check mode wrote something"
        applied = self.run(module, **params)
        assert not applied.get("failed"), applied.get("msg")
        for promise in ("changed", "diff", "warnings"):
            assert applied[promise] == predicted[promise], f"check mode predicted another {promise}"
        after = self.ovs.state(), self.ovs.writes()
        assert after[1] - before[1] == (transactions if applied["changed"] else 0)
        again = self.run(module, **params)
        assert (again["changed"], again["diff"]) == (False, {"before": {}, "after": {}})
        assert (self.ovs.state(), self.ovs.writes()) == after, "the second run wrote something"
        return applied

    def row(self, table: str, name: str) -> dict[str, Any]:
        """Return the row of that name, the columns that we manage decoded."""
        (row,) = [row for row in self.ovs.rows(table) if row.get("name", row.get("target")) == name]
        kinds = {column: definition.kind for column, definition in TABLES[table].items()}
        return {column: DECODE[kinds.get(column, Kind.OPTIONAL)](value) for column, value in row.items()}

    def port(self, name: str) -> dict[str, Any]:
        return self.row("Port", name)

    def interface(self, name: str) -> dict[str, Any]:
        return self.row("Interface", name)

    def ports(self, bridge: str) -> set[str]:
        return set(self.ovs.vsctl("list-ports", bridge).split())

    def flood(self, bridge: str, source: str, vlan: int | None = None) -> dict[str, str]:
        """Return where a broadcast goes that enters at a port: {interface: its VLAN tags, outermost first}."""
        tag = f",dl_vlan={vlan}" if vlan is not None else ""
        flow = f"in_port={source},dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff{tag}"
        actions = self.ovs.appctl("ofproto/trace", bridge, flow).rpartition("Datapath actions: ")[2].strip()
        names = {number: name for name, number in _DATAPATH_PORT.findall(self.ovs.appctl("dpif/show"))}
        tags, reached = [] if vlan is None else [str(vlan)], {}
        for pushed, popped, number in _ACTION.findall(actions):
            if pushed:
                tags.insert(0, pushed)
            elif popped:
                tags.pop(0)
            else:
                reached[names[number]] = " ".join(tags)
        return reached
