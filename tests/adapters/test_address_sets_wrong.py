# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every wrong task of sg_ipset that we know of: what is said, word for word, and no set is another byte for byte."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator

import pytest
from set_lab import ipset, own_namespace, run
from wrong_calls import cases, wrong

BASE = {"name": "x", "type": "hash:ip", "members": ["10.0.0.1"]}
WRONG = list(cases("wrong_sets.txt"))
SETS = """
create web hash:ip
add web 10.0.0.1
add web 10.0.0.2
create db hash:net
add db 10.1.0.0/16
create v6 hash:ip family inet6
create masked hash:ip netmask 24
add masked 10.9.9.0
create low bitmap:port range 0-1023
add low 80
create held hash:ip
create dc2.db hash:ip
create dc2.list list:set
create all list:set
add all web
add all dc2.db
"""
RULE = "iptables -A FORWARD -m set --match-set held src -j ACCEPT"


@pytest.fixture(scope="module", autouse=True)
def crowd() -> Iterator[None]:
    """Sets of everybody; no wrong task changes them, so that one namespace is enough for all."""
    with own_namespace():
        ipset("restore", stdin=SETS)
        ipset("create", "a b", "hash:ip")
        subprocess.run(shlex.split(RULE), check=True, timeout=10)
        yield


def test_there_are_enough_of_them_and_none_twice() -> None:
    said = [change for change, message in WRONG]
    assert len(said) == len(set(said)) >= 100
    assert all(message for change, message in WRONG)


def test_the_task_that_is_made_wrong_is_right() -> None:
    assert "failed" not in run(check=True, **BASE)


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[change for change, message in WRONG])
def test_a_wrong_task_is_told_exactly_and_does_nothing(change: str, message: str) -> None:
    before = ipset("save")
    said = [run(check, **wrong(BASE, change)).message for check in (True, False)]
    assert ipset("save") == before
    assert said == [message, message]
