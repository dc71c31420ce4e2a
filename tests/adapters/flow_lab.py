# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of of_flow have in common: its tasks, the tables of the switch, and the promises of the module."""

from __future__ import annotations

from typing import Any

from host import Host
from module_runner import Result

from ansible_collections.tenantry.sdn.plugins.module_utils.names import PROTOCOLS

VALUE, MASK = 0x7E4A000000000000, 0xFFFF000000000000
COOKIE = f"{VALUE:#x}/{MASK:#x}"
IDS = {"group_ids": "100-199", "meter_ids": "100-199"}
NOTHING = {"before": "", "after": ""}
ANY = ",".join(PROTOCOLS)


def task(*flows: Any, **options: Any) -> dict[str, Any]:
    """Return a task that wants these flows on br0 and has 100 to 199 for its groups and meters."""
    return {"bridge": "br0", "cookie": COOKIE, "flows": list(flows), **IDS, **options}


def tables(host: Host, bridge: str = "br0") -> dict[str, list[str]]:
    """Return all flows, groups and meters of a bridge, as ovs-ofctl prints them."""
    dumps = {
        "flows": host.ovs.ofctl("dump-flows", bridge, "--no-stats", "--no-names", protocol=ANY),
        "groups": host.ovs.ofctl("dump-groups", bridge, "--no-names", protocol=ANY),
        "meters": _meters(host, bridge).replace("bands=\n", "bands="),
    }
    return {
        kind: sorted(line for line in dump.splitlines() if "=" in line and "(xid=" not in line)
        for kind, dump in dumps.items()
    }


def _meters(host: Host, bridge: str) -> str:
    """Return the meters of a bridge; one that speaks OpenFlow 1.0, 1.1 or 1.2 alone cannot be asked for them."""
    (protocols,) = [row["protocols"] for row in host.ovs.rows("Bridge") if row["name"] == bridge]
    return "" if protocols in PROTOCOLS[:3] else host.ovs.ofctl("dump-meters", bridge, protocol=ANY)


def converge(host: Host, **options: Any) -> Result:
    """Run a task in check mode, in earnest and again; hold it to a module's promises; return the run in earnest."""
    before = tables(host)
    predicted = host.run("of_flow", check=True, **options)
    assert tables(host) == before, "check mode wrote something"
    applied = host.run("of_flow", **options)
    assert not applied.get("failed"), applied.get("msg")
    for promise in ("changed", "counts", "diff", "warnings"):
        assert applied[promise] == predicted[promise], f"check mode predicted another {promise}"
    after = tables(host)
    assert (after != before) == applied["changed"]
    again = host.run("of_flow", **options)
    assert (again["changed"], again["diff"]) == (False, NOTHING)
    assert tables(host) == after, "the second run wrote something"
    return applied


def packets(host: Host, match: str) -> int:
    """Return how many packets the flow with this match has seen."""
    (flow,) = [
        line for line in host.ovs.ofctl("dump-flows", "br0", match, protocol=ANY).splitlines() if "actions=" in line
    ]
    return int(flow.partition("n_packets=")[2].partition(",")[0])
