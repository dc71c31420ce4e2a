# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of gateways on devices of the kernel, and the files that they come back from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import restore_lab
from module_runner import Result, run_module
from plug_lab import sysctl
from rule_lab import tool
from set_lab import own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed

WEB, DB = ({"interface": f"gw-{name}", "addresses": [f"10.1.{at}.1/24"]} for at, name in enumerate(("web", "db"), 1))
UP = (["10.1.1.1/24"], True, "1", "1")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path / "saved"))
    with own_namespace():
        devices()
        yield tmp_path / "saved"


def devices() -> None:
    for name in ("gw-web", "gw-db", "eth9"):
        tool("ip", "link", "add", name, "type", "bridge")


def run(*gateways: dict[str, Any], check: bool = False, **more: Any) -> Result:
    return run_module("gateway_address", {"owner": "dc1", "gateways": list(gateways), **more}, check)


def state(name: str) -> tuple[list[str], bool, str, str]:
    [link] = json.loads(tool("ip", "-json", "address", "show", "dev", name))
    addresses = [f"{at['local']}/{at['prefixlen']}" for at in link["addr_info"] if at["family"] == "inet"]
    kernel = [
        sysctl(*one).read_text().strip() for one in (("ipv6", name, "disable_ipv6"), ("ipv4", name, "arp_ignore"))
    ]
    return addresses, "UP" in link["flags"], kernel[0], kernel[1]


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def converge(*gateways: dict[str, Any], **more: Any) -> Result:
    before = state("gw-web"), state("gw-db")
    predicted = run(*gateways, check=True, **more)
    assert (state("gw-web"), state("gw-db")) == before, "check mode wrote something"
    done = run(*gateways, **more)
    assert not done.get("failed"), done.get("msg")
    assert (done["changed"], done["diff"]) == (predicted["changed"], predicted["diff"])
    assert not run(*gateways, **more)["changed"]
    return done


def test_they_have_their_addresses_and_lose_them_as_the_task_says(root: Path) -> None:
    tool("ip", "address", "add", "10.9.9.9/24", "dev", "gw-web")  # somebody's
    assert converge(WEB, DB)["changed"]
    assert state("gw-web") == UP
    assert files(root) == ["gateways/dc1/gw-db", "gateways/dc1/gw-web"]
    assert converge(WEB)["changed"]
    assert (state("gw-web"), state("gw-db")[:2]) == (UP, ([], False))
    assert converge(allow_empty=True)["changed"]
    assert (state("gw-web")[:2], files(root)) == (([], False), [])


def test_they_come_back_on_ports_that_are_new(root: Path) -> None:
    converge(WEB)
    with own_namespace():
        devices()
        done = restore_lab.restore(root, "again")
        assert done.returncode == 0, done.stderr
        assert (state("gw-web"), state("gw-db")[:2]) == (UP, ([], False))
        assert restore_lab.restore(root, "again").returncode == 0
        assert not run(WEB)["changed"]
        assert restore_lab.restore(root, "close").returncode == 0  # as somebody takes chains away, of which it has none
        assert state("gw-web") == UP
        (root / "rules").mkdir()
        assert restore_lab.restore(root, "close").returncode == 0
        assert state("gw-web")[:2] == (["10.1.1.1/24"], False)


def test_without_their_chains_they_do_not_come_back(root: Path) -> None:
    converge(WEB)
    (root / "rules/ipv4/mangle").mkdir(parents=True)
    chain = ["iptables-nft", ":dc1.gateways - [0:0]", "jump 1 PREROUTING first -i gw-web -j dc1.gateways"]
    (root / "rules/ipv4/mangle/dc1.gateways").write_text(sealed.sealed(chain))
    with own_namespace():
        devices()
        done = restore_lab.restore(root, "again")
        assert done.returncode == 1
        assert "so no flow is restored" in done.stderr
        assert state("gw-web")[:2] == ([], False)


WRONG = {
    "an empty list would remove every gateway of the owner; if you mean it, set allow_empty: true": [],
    "gateways[1].interface: 'gw-web' is listed twice; list each once": [WEB, WEB],
    "gateways[0].addresses[0]: '10.1.1.1' has no prefix length; write it as '10.1.1.1/24'": [
        {**WEB, "addresses": ["10.1.1.1"]}
    ],
    "gateways[0].addresses[0]: fd00::1/64 is of IPv6, and a hypervisor is a gateway of IPv4 alone; use a router": [
        {**WEB, "addresses": ["fd00::1/64"]}
    ],
    "gateways[0].interface: 'a-name-that-is-too-long' has 23 bytes; the kernel takes at most 15": [
        {**WEB, "interface": "a-name-that-is-too-long"}
    ],
    "gateway gw-web: the network of 10.1.1.1/24 has 10.1.1.5/32 in it, which eth9 has; write another subnet, or use "
    "a router": [WEB],
    "There is no interface gw-none. Have Open vSwitch make it as a port of type internal, with "
    "tenantry.sdn.ovs_bridge, and run the task again; nothing was changed.": [{**DB, "interface": "gw-none"}],
}


@pytest.mark.parametrize(("said", "gateways"), WRONG.items())
def test_wrong_tasks_are_told(root: Path, said: str, gateways: list[dict[str, Any]]) -> None:
    tool("ip", "address", "add", "10.1.1.5/32", "dev", "eth9")
    assert said in run(*gateways).message
    assert (state("gw-web")[:2], files(root)) == (([], False), [])
