# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every wrong task of sg_rules that we know of: what is said, word for word, and no rule is another byte for byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rule_lab import PROGRAMS, need, run, saved, tool
from set_lab import ipset, own_namespace
from wrong_calls import cases, wrong

BASE = {"name": "x", "backend": "nf_tables", "rules": [{"target": "ACCEPT"}], "jumps": [{"chain": "FORWARD"}]}
WRONG = list(cases("wrong_rules.txt"))
SETS = """
create web hash:ip
create web6 hash:ip family inet6
create services hash:ip,port
create low bitmap:ip range 10.0.0.0/24
"""
RULES = """
*filter
:held - [0:0]
:theirs - [0:0]
:dc2.web - [0:0]
:dc1.held - [0:0]
:back - [0:0]
-A theirs -p tcp -m comment --comment "not ours" -j held
-A theirs -g dc1.held
-A INPUT -j theirs
-A FORWARD -i eth0 -j dc2.web
-A back -i eth1 -j theirs
COMMIT
"""


@pytest.fixture(scope="module", autouse=True)
def crowd() -> Iterator[None]:
    """Chains and sets of everybody; no wrong task changes them, so that one namespace is enough for all."""
    with own_namespace():
        for program in PROGRAMS:
            need(program)
        ipset("restore", stdin=SETS)
        tool("iptables-nft-restore", "--noflush", stdin=RULES)
        tool("iptables-legacy", "-N", "by-legacy")
        tool("iptables-legacy", "-N", "dc3.by-legacy")
        yield


def test_there_are_enough_of_them_and_none_twice() -> None:
    said = [change for change, message in WRONG]
    assert len(said) == len(set(said)) >= 100
    assert all(message for change, message in WRONG)


def test_the_task_that_is_made_wrong_is_right() -> None:
    assert "failed" not in run(check=True, **BASE)


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[change for change, message in WRONG])
def test_a_wrong_task_is_told_exactly_and_does_nothing(change: str, message: str) -> None:
    before = saved()
    said = [run(check, **wrong(BASE, change)).message for check in (True, False)]
    assert saved() == before
    assert said == [message, message]
