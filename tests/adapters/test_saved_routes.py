# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What routed_port saves, and what the role hypervisor's restore makes of it on a host that has nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import restore_lab
import rule_lab
from plug_lab import sysctl
from restore_lab import HOST_ROOT
from routed_lab import converge, host, run, state
from rule_lab import tool
from set_lab import own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed

WEB = {"interface": "tap0", "mac": "02:00:00:00:00:01", "addresses": ["10.9.0.11", "fd00:9::11"], "mtu": 1400}
DB = {"interface": "tap1", "mac": "02:00:00:00:00:02", "addresses": ["10.9.0.12", "10.9.0.13"]}
FAR = [{"destination": f"10.9.0.{number}", "via": "192.168.1.2"} for number in (21, 22)]
FAR += [{"destination": "fd00:9::21", "via": "fd00:1::2"}]
TASK: dict[str, Any] = {"subnets": ["10.9.0.0/24", "fd00:9::/64"], "ports": [WEB, DB], "routes": FAR, "saved": True}
JUDGES: dict[str, Any] = {
    "name": "dc1.routed",
    "rules": [{"target": "DROP"}],
    "jumps": [{"chain": "FORWARD"}],
    "saved": True,
}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path / "saved"))
    with own_namespace():
        host("tap0", "tap1")
        made = rule_lab.run(**JUDGES)
        assert not made.get("failed"), made["msg"]
        yield tmp_path / "saved"


def ordered() -> dict[str, Any]:
    found = state()
    return {**found, "rules": sorted(found["rules"].splitlines())}


def test_ways_come_back_on_a_host_that_has_nothing(root: Path) -> None:
    made = converge(**TASK)
    assert made["diff"]["after"]["files"] == {f"{root}/routes/dc1": "as the task says"}
    before = ordered()
    with own_namespace():
        host("tap0", "tap1")
        for dummy in range(2):
            done = restore_lab.restore(root, "netfilter", "routes")
            assert (done.returncode, done.stderr) == (0, "")
            assert ordered() == before
        assert not run(**TASK)["changed"]


def test_guests_and_the_network_may_come_later(root: Path) -> None:
    converge(**TASK)
    before = ordered()
    with own_namespace():
        assert restore_lab.restore(root, "netfilter").returncode == 0
        done = restore_lab.restore(root, "netfilter", "routes")
        assert done.stderr == f"<2>CLOSED: there is no way to 192.168.1.2, where guests of {HOST_ROOT}/routes are\n"
        host("tap0", "tap1")
        assert restore_lab.restore(root, "netfilter", "again").returncode == 0
        assert ordered() == before


def test_ways_that_were_closed_lead_there_again_behind_their_chains(root: Path) -> None:
    converge(**TASK)
    before = ordered()
    assert restore_lab.restore(root, "close").returncode == 0
    assert [sysctl("ipv4", tap, "forwarding").read_text() for tap in ("tap0", "tap1")] == ["0\n", "0\n"]
    assert [route for route in ordered()["routes"] if "10.9.0.1" in route] == []
    assert [route for route in ordered()["routes6"] if "fd00:9:" in route] == []
    tool("iptables-nft", "-F")
    tool("iptables-nft", "-X")
    assert restore_lab.restore(root, "netfilter").returncode == 0
    assert ordered() == before


def test_without_chains_nothing_comes_back(root: Path) -> None:
    converge(**TASK)
    rule_lab.run(name="dc1.routed", state="absent")
    with own_namespace():
        host("tap0", "tap1")
        before = state()
        done = restore_lab.restore(root, "netfilter")
        what = f"routes are saved in {HOST_ROOT}/routes, but no chains that judge what they lead to; run site"
        assert (done.returncode, done.stderr) == (1, f"<2>CLOSED: {what}\n")
        assert state() == before


def test_the_file_is_as_the_last_task_says(root: Path) -> None:
    file = root / "routes/dc1"
    plain = {key: value for key, value in TASK.items() if key != "saved"}
    converge(**plain)
    assert not file.exists()
    predicted = run(check=True, **TASK)
    assert not file.exists()
    assert run(**TASK)["diff"] == predicted["diff"]
    before = file.read_text()
    converge(**{**plain, "ports": [WEB]}, hold_back=True)
    assert file.read_text() == before
    assert run(**{**plain, "ports": [WEB]})["changed"]
    assert "tap1" not in file.read_text()
    converge(ports=[], allow_empty=True)
    assert not file.exists()
