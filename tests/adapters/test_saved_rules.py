# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sg_ipset and sg_rules save, and what the role hypervisor's restore makes of it on a host that has neither."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import restore_lab
import rule_lab
import set_lab
from module_runner import Result
from restore_lab import HOST_ROOT
from set_lab import ipset, own_namespace

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed

SETS: dict[str, Any] = {
    "owner": "dc1",
    "saved": True,
    "sets": [
        {"name": "dc1.all", "type": "list:set", "members": ["dc1.web", "dc1.nets"]},
        {"name": "dc1.web", "type": "hash:ip", "members": ["10.1.1.21", "10.1.1.20"]},
        {
            **{"name": "dc1.nets", "type": "hash:net", "counters": True, "comment": True, "timeout": 600},
            "members": ["10.2.0.0/16", {"entry": "10.3.0.0/16", "comment": "the third", "timeout": 0}],
        },
    ],
}
RULES: dict[str, Any] = {
    "owner": "dc1",
    "saved": True,
    "family": "both",
    "chains": [
        {"name": "dc1.forward", "rules": [{"out_interface": "tap1", "goto": "dc1.db-1"}]},
        {
            "name": "dc1.db-1",
            "rules": [
                {
                    "sets": [{"set": "dc1.all", "direction": "src"}],
                    "target": "RETURN",
                    "comment": "web may, db may not",
                },
                {"protocol": "icmpv6", "target": "RETURN"},
                {"target": "DROP"},
            ],
        },
        {"name": "dc1.in", "rules": [{"protocol": "udp", "destination_ports": [67], "target": "DROP"}]},
    ],
    "jumps": [
        {"chain": "FORWARD", "target": "dc1.in", "comment": "first of all"},
        {"chain": "FORWARD", "target": "dc1.forward", "physdev_out": "tap+", "physdev_is_bridged": True},
        {"chain": "INPUT", "target": "dc1.in", "position": "last"},
    ],
}
CHAIN = """\
iptables
:dc1.in - [0:0]
-A dc1.in -p udp -m udp --dport 67 -j DROP
jump 1 FORWARD first -m comment --comment "tenantry.sdn: first of all" -j dc1.in
jump 3 INPUT last -m comment --comment "tenantry.sdn" -j dc1.in
"""

Restore = Callable[[], subprocess.CompletedProcess[str]]


def sets(check: bool = False, **changed: Any) -> Result:
    return succeeded(set_lab.run(check, **{**SETS, **changed}))


def rules(check: bool = False, **changed: Any) -> Result:
    return succeeded(rule_lab.run(check, **{**RULES, **changed}))


def succeeded(result: Result) -> Result:
    assert not result.get("failed"), result["msg"]
    return result


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sealed, "ROOT", str(tmp_path / "saved"))
    with own_namespace():
        yield tmp_path / "saved"


@pytest.fixture
def restore(root: Path) -> Restore:
    return lambda: restore_lab.restore(root, "netfilter")


def state() -> tuple[list[str], str]:
    """Return all sets and all rules, without what differs from set to set that are alike."""
    sets = re.sub(r" initval \S+| timeout [56]\d\d| packets \d+ bytes \d+", "", ipset("save"))
    return sorted(sets.splitlines()), rule_lab.saved()


def test_all_comes_back_on_a_host_that_has_nothing(root: Path, restore: Restore) -> None:
    applied = sets()
    rules()
    assert applied["diff"]["after"]["files"] == {
        f"{root}/sets/{one}": "as the task says" for one in ("dc1.all", "dc1.nets", "dc1.web")
    }
    assert (root / "rules/ipv4/filter/dc1.in").read_text() == "".join(sealed.sealed(CHAIN.splitlines()))
    assert (root / "sets/dc1.web").stat().st_mode & 0o777 == 0o600
    before = state()
    with own_namespace():
        done = restore()
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"the sets and chains of {HOST_ROOT} are there again\n"
        assert state() == before
        assert restore().returncode == 0
        assert state() == before, "the second time something was doubled"
        assert not sets()["changed"]
        assert not rules()["changed"]


def test_rules_come_back_alone_where_sets_are_live(restore: Restore) -> None:
    sets()
    rules()
    before = state()
    rule_lab.tool("iptables", "-F")
    rule_lab.tool("iptables", "-X")
    assert restore().returncode == 0
    assert state() == before


def test_files_are_as_the_last_task_says(root: Path) -> None:
    sets(saved=None)
    rules(saved=None)
    assert not root.exists()
    for run, folder in ((sets, "sets"), (rules, "rules")):
        predicted = run(check=True)
        assert not (root / folder).exists()
        applied = run()
        assert (applied["changed"], applied["diff"]) == (True, predicted["diff"])
        assert not run()["changed"]
    rules(saved=None, chains=RULES["chains"][:2], jumps=RULES["jumps"][1:2])
    assert sorted(path.name for path in (root / "rules/ipv6/filter").iterdir()) == ["dc1.db-1", "dc1.forward"]
    rules(saved=None, chains=[], jumps=[], allow_empty=True)
    sets(saved=None, sets=SETS["sets"][1:2])
    assert [path.name for path in root.rglob("*")] == ["sets", "dc1.web"]
    succeeded(set_lab.run(name="dc1.web", state="absent"))
    assert not root.exists()


@pytest.mark.parametrize(
    ("file", "spoil", "message"),
    [
        (
            "sets/dc1.web",
            lambda text: text[:-30],
            "{}/sets/dc1.web is cut off; run site",
        ),
        (
            "sets/dc1.web",
            lambda text: text.replace("10.1.1.21", "10.1.1.22"),
            "{}/sets/dc1.web is damaged: its lines are not those that were saved; run site",
        ),
        (
            "sets/dc1.web",
            lambda text: "".join(text.splitlines(keepends=True)[-1:]),
            "{}/sets/dc1.web is damaged: its lines are not those that were saved; run site",
        ),
        ("rules/ipv4/filter/dc1.in", lambda text: "", "{}/rules/ipv4/filter/dc1.in is cut off; run site"),
        (
            "sets/dc1.web",
            lambda text: sealed.sealed(["create dc1.web hash:pi"]),
            "ipset does not take the sets of {}/sets",
        ),
        (
            "rules/ipv4/filter/dc1.in",
            lambda text: sealed.sealed(["iptables", ":dc1.in - [0:0]", "-A dc1.in -j nowhere"]),
            "iptables does not take the chains of {}/rules",
        ),
    ],
)
def test_of_a_host_whose_files_are_not_whole_no_chain_comes_back(
    root: Path, restore: Restore, file: str, spoil: Callable[[str], str], message: str
) -> None:
    sets()
    rules()
    (root / file).write_text(spoil((root / file).read_text()))
    with own_namespace():
        done = restore()
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[-1] == f"<2>CLOSED: {message.format(HOST_ROOT)}"
        assert ":dc1.in" not in rule_lab.tool("iptables-save")
