# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hybrid_plug saves, and what the role hypervisor's restore makes of it on a host that has no plugs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import restore_lab
import rule_lab
from plug_lab import converge, frames, guest, links, of, run, state
from restore_lab import HOST_ROOT
from rule_lab import tool
from set_lab import own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed

ARP = [{"mac": "02:00:00:00:00:01", "ip": "10.1.1.1"}]
WEB = {"name": "acme.web-1", "interface": "tap0", "mtu": 1400, "arp": ARP, "zone": 11}
DB = {"name": "acme.db-1", "interface": "tap1", "zone": 12}
PLUGS: dict[str, Any] = {"owner": "dc1", "plugs": [WEB, DB], "saved": True}
JUDGES: dict[str, Any] = {
    "name": "dc1.forward",
    "rules": [{"target": "DROP"}],
    "jumps": [{"chain": "FORWARD", "in_interface": "qb-+"}],
    "saved": True,
}
BACK = f"the sets and chains of {HOST_ROOT} are there again\n"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path / "saved"))
    with own_namespace():
        guests()
        yield tmp_path / "saved"


def guests() -> None:
    for name in ("tap0", "tap1"):
        guest(name)


def judge() -> None:
    made = rule_lab.run(**JUDGES)
    assert not made.get("failed"), made["msg"]


def saved(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_plugs_come_back_on_a_host_that_has_nothing(root: Path) -> None:
    judge()
    made = converge(**PLUGS)
    files = {f"{root}/plugs/dc1/acme.{one}": "as the task says" for one in ("db-1", "web-1")}
    assert made["diff"]["after"]["files"] == files
    before = state()
    with own_namespace():
        guests()
        theirs = "-p 0x88b5 -j DROP"
        tool("ebtables-nft", "-A", "FORWARD", *theirs.split())
        done = restore_lab.restore(root, "netfilter")
        assert (done.returncode, done.stderr, done.stdout) == (0, "", BACK)
        assert sorted(frames()) == sorted([*before[1], f"-A FORWARD {theirs}"])
        tool("ebtables-nft", "-D", "FORWARD", *theirs.split())
        assert state() == before
        assert restore_lab.restore(root, "netfilter").returncode == 0
        assert state() == before, "the second time something was doubled"
        assert not run(**PLUGS)["changed"]


def test_a_guest_that_comes_after_its_plug_is_let_in_when_open_vswitch_has_started(root: Path) -> None:
    judge()
    converge(**PLUGS)
    before = state()
    with own_namespace():
        assert restore_lab.restore(root, "netfilter").returncode == 0
        guests()
        assert links()["tap0"]["master"] is None
        assert restore_lab.restore(root, "netfilter", "again").returncode == 0
        assert state() == before


def test_a_plug_that_was_closed_passes_again_behind_its_chains(root: Path) -> None:
    judge()
    converge(**PLUGS)
    before, rules = state(), rule_lab.saved()
    assert restore_lab.restore(root, "close").returncode == 0
    assert {name for name, link in links().items() if before[0][name]["up"] and not link["up"]} == {
        of(one["name"])["bridge"] for one in (WEB, DB)
    }
    for program in ("iptables-nft", "ebtables-nft"):
        tool(program, "-F")
        tool(program, "-X")
    tool("nft", "flush", "ruleset")
    assert restore_lab.restore(root, "netfilter").returncode == 0
    assert (state(), rule_lab.saved()) == (before, rules)


def test_files_are_as_the_last_task_says(root: Path) -> None:
    plain = {key: value for key, value in PLUGS.items() if key != "saved"}
    assert converge(**plain)["changed"]
    assert not root.exists()
    predicted = run(check=True, **PLUGS)
    assert not root.exists()
    applied = run(**PLUGS)
    assert (applied["changed"], applied["diff"]) == (True, predicted["diff"])
    converge(name="other", interface="tap9", saved=True)
    assert saved(root) == ["plugs/-/other", "plugs/dc1/acme.db-1", "plugs/dc1/acme.web-1"]
    converge(**{**plain, "plugs": [WEB]})
    assert saved(root) == ["plugs/-/other", "plugs/dc1/acme.web-1"]
    converge(**WEB)  # without an owner, whosever it was
    assert saved(root) == ["plugs/-/acme.web-1", "plugs/-/other"]
    converge(name="acme.web-1", state="absent")
    assert run(name="other", interface="tap9", saved=False)["changed"]
    assert not root.exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: cut(root / "plugs/dc1/acme.web-1"), "{0}/plugs/dc1/acme.web-1 is cut off; run site"),
        (
            lambda root: rule_lab.run(name="dc1.forward", state="absent"),
            "plugs are saved in {0}/plugs, but no chains that judge what they carry; run site",
        ),
        (
            lambda root: replace(root / "plugs/dc1/acme.db-1", "nf_call_iptables 1", "nf_call_iptables no"),
            "ip does not make the plugs of {0}/plugs as they were",
        ),
        (
            lambda root: replace(root / "plugs/dc1/acme.db-1", "-p ARP", "-p nothing"),
            "ebtables does not take the chains of {0}/plugs",
        ),
        (
            lambda root: replace(root / "plugs/dc1/acme.db-1", '" : 12 }', '" : none }'),
            "nft does not take the zones of {0}/plugs",
        ),
    ],
)
def test_what_cannot_come_back_as_it_was_lets_no_guest_in(
    root: Path, spoil: Callable[[Path], object], message: str
) -> None:
    judge()
    converge(**PLUGS)
    spoil(root)
    with own_namespace():
        guests()
        done = restore_lab.restore(root, "netfilter")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[-1] == f"<2>CLOSED: {message.format(HOST_ROOT)}"
        assert {links()[name]["master"] for name in ("tap0", "tap1")} == {None}


def cut(file: Path) -> None:
    file.write_text(file.read_text()[:-30])


def replace(file: Path, old: str, new: str) -> None:
    lines = sealed.read(str(file)) or []
    assert any(old in line for line in lines)
    file.write_text(sealed.sealed(line.replace(old, new) for line in lines))
