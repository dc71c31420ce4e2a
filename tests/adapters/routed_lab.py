# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes in a network namespace of a test's own, and the promises of routed_port."""

from __future__ import annotations

import json
from typing import Any

from module_runner import Result, run_module
from plug_lab import sysctl
from rule_lab import tool
from set_lab import NOTHING

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import ROUTED_GATEWAYS
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import SYSCTLS

OPTIONS = list(SYSCTLS.items())
WEB = {"interface": "tap0", "mac": "02:00:00:00:00:01", "addresses": ["10.9.0.11", "fd00:9::11"], "mtu": 1400}
DB = {"interface": "tap1", "mac": "02:00:00:00:00:02", "addresses": ["10.9.0.12", "10.9.0.13"]}
FAR = {"destination": "10.9.0.21", "via": "192.168.1.2"}
FAR6 = {"destination": "fd00:9::21", "via": "fd00:1::2"}
TASK: dict[str, Any] = {"subnets": ["10.9.0.0/24", "fd00:9::/64"], "ports": [WEB, DB], "routes": [FAR, FAR6]}
NONE: dict[str, Any] = {"ports": [], "allow_empty": True}


def host(*guests: str) -> None:
    """Make a host with a link to others, in 192.168.1.0/24 and fd00:1::/64, and with interfaces of guests."""
    for name in ("eth0", *guests):
        tool("ip", "link", "add", name, "type", "veth", "peer", "name", f"in-{name}")
        tool("ip", "link", "set", f"in-{name}", "up")
    tool("ip", "address", "add", "192.168.1.1/24", "dev", "eth0")
    tool("ip", "address", "add", "fd00:1::1/64", "dev", "eth0", "nodad")
    tool("ip", "link", "set", "eth0", "up")


def state() -> dict[str, Any]:
    """Return all that the kernel has of what the module changes, and of the rest of routing."""
    links = json.loads(tool("ip", "-json", "address", "show"))
    return {
        "rules": tool("ip", "rule", "show") + tool("ip", "-6", "rule", "show"),
        "routes": sorted(tool("ip", "-4", "route", "show", "table", "all").splitlines()),
        "routes6": sorted(filter(_of_choice, tool("ip", "-6", "route", "show", "table", "all").splitlines())),
        "hosts6": [sysctl("ipv6", name, "forwarding").read_text() for name in ("all", "default")],
        "neighbours": sorted(map(str.strip, tool("ip", "neighbour", "show", "nud", "permanent").splitlines())),
        "links": {
            link["ifname"]: (
                *(link["mtu"], "UP" in link["flags"], link.get("master")),
                *(address["local"] for address in link["addr_info"] if "." in address["local"]),
                *(address["local"] for address in link["addr_info"] if address["local"] == ROUTED_GATEWAYS[6]),
                *(sysctl(family, link["ifname"], option).read_text() for option, family in OPTIONS),
                sysctl("ipv6", link["ifname"], "forwarding").read_text(),
            )
            for link in links
        },
    }


def _of_choice(route: str) -> bool:
    """Say whether somebody chose a route of IPv6; the others come and go with the addresses of links."""
    return not route.startswith(("local ", "multicast ", "anycast ", "fe80::/64 "))


def run(check: bool = False, **params: Any) -> Result:
    return run_module("routed_port", {"owner": "dc1", **params}, check)


def converge(**params: Any) -> Result:
    """Run a task in check mode, in earnest and again; hold it to a module's promises; return the run in earnest."""
    before = state()
    predicted = run(check=True, **params)
    assert not predicted.get("failed"), predicted.get("msg")
    assert state() == before, "check mode wrote something"
    applied = run(**params)
    assert not applied.get("failed"), applied.get("msg")
    for promise in ("changed", "diff", "warnings"):
        assert applied[promise] == predicted[promise], f"check mode predicted another {promise}"
    after = state()
    assert (after != before) == applied["changed"]
    again = run(**params)
    assert not again.get("failed"), again.get("msg")
    assert (again["changed"], again["diff"]) == (False, NOTHING)
    assert state() == after, "the second run wrote something"
    return applied
