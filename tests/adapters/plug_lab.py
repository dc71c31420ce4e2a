# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links in a network namespace of a test's own, and the promises of hybrid_plug."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from module_runner import Result, run_module
from rule_lab import tool
from set_lab import NOTHING

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plug_zones import NAME
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plugs import read
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_links


def links() -> dict[str, dict[str, Any]]:
    """Return all that is set at the links."""
    return {name: dict(link) for name, link in read().items()}


def frames() -> list[str]:
    """Return the rules of ebtables."""
    return [line for line in tool("ebtables-nft-save").splitlines() if line.startswith("-A")]


def zones() -> str:
    """Return the rules of nftables for fragments, and the zones."""
    tables = tool("nft", "list", "tables").splitlines()
    return tool("nft", "list", "table", "inet", NAME) if f"table inet {NAME}" in tables else ""


def state() -> tuple[dict[str, dict[str, Any]], list[str], str]:
    return links(), frames(), zones()


def indexes() -> dict[str, int]:
    """Return the number of each link, by which one that was made anew is known."""
    return {item["ifname"]: item["ifindex"] for item in json.loads(tool("ip", "-json", "link", "show"))}


def guest(name: str) -> None:
    tool("ip", "link", "add", name, "type", "veth", "peer", "name", f"in-{name}")


def sysctl(family: str, name: str, option: str) -> Path:
    return Path("/proc/sys/net", family, "conf", name, option)


def of(name: str) -> dict[str, str]:
    return dict(plug_links(name)._asdict())


def run(check: bool = False, **params: Any) -> Result:
    return run_module("hybrid_plug", params, check)


def converge(**params: Any) -> Result:
    """Run a task in check mode, in earnest and again; hold it to a module's promises; return the run in earnest."""
    before = state()
    predicted = run(check=True, **params)
    assert not predicted.get("failed"), predicted.get("msg")
    assert state() == before, "check mode wrote something"
    applied = run(**params)
    assert not applied.get("failed"), applied.get("msg")
    for promise in ("changed", "plugs", "diff", "warnings"):
        assert applied[promise] == predicted[promise], f"check mode predicted another {promise}"
    after, numbers = state(), indexes()
    assert (after != before) == applied["changed"]
    again = run(**params)
    assert not again.get("failed"), again.get("msg")
    assert (again["changed"], again["diff"]) == (False, NOTHING)
    assert (state(), indexes()) == (after, numbers), "the second run wrote something"
    return applied
