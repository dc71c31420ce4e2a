# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sg_ipset with hold_back: what lets more pass by the rules of today waits for a task after the change of the rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import rule_lab
from set_lab import converge, ipset, members, own_namespace, run

OURS = {"owner": "dc1", "allow_empty": True}


def one(name: str, *elements: str, **more: Any) -> dict[str, Any]:
    return {"name": f"dc1.{name}", "type": "hash:net", "members": list(elements), **more}


@pytest.fixture(autouse=True)
def namespace() -> Iterator[None]:
    with own_namespace():
        converge(**OURS, sets=[one("web", "10.0.0.1", "10.0.0.2"), one("old", "10.0.0.9")])
        yield


WANTED = [one("web", "10.0.0.2", "10.0.0.3"), one("new", "10.0.0.4")]


def test_members_go_and_new_sets_come_and_the_rest_waits() -> None:
    made = converge(**OURS, sets=WANTED, hold_back=True)
    assert made["held_back"]
    assert made["counts"]["dc1.web"] == {"members": 1, "added": 0, "changed": 0, "removed": 1}
    assert (members("dc1.web"), members("dc1.new"), members("dc1.old")) == (["10.0.0.2"], ["10.0.0.4"], ["10.0.0.9"])
    converge(**OURS, sets=WANTED)
    assert (members("dc1.web"), ipset("list", "-name").split()) == (["10.0.0.2", "10.0.0.3"], ["dc1.web", "dc1.new"])
    assert not converge(**OURS, sets=WANTED, hold_back=True)["held_back"]


@pytest.mark.parametrize(
    ("sets", "waits"),
    [
        ([one("web", "10.0.0.1"), one("old", "10.0.0.9")], False),
        ([one("web", "10.0.0.1", "10.0.0.2"), one("old", "10.0.0.9"), one("new")], False),
        ([one("web", "10.0.0.1", "10.0.0.2", "10.0.0.3"), one("old", "10.0.0.9")], True),
        ([one("web", "10.0.0.1", "10.0.0.2")], True),
        ([one("web", "10.0.0.1", "10.0.0.2", comment=True), one("old", "10.0.0.9")], True),
    ],
    ids=["a member goes", "a set comes", "a member comes", "a set goes", "another option"],
)
def test_it_says_whether_something_waits(sets: list[dict[str, Any]], waits: bool) -> None:
    assert run(**OURS, sets=sets, hold_back=True)["held_back"] is waits
    assert "held_back" not in run(**OURS, sets=sets)


def test_rules_may_be_planned_with_sets_that_a_task_before_will_make() -> None:
    rules = {
        "owner": "dc1",
        "family": "both",
        "chains": [
            {
                "name": "dc1.judge",
                "rules": [
                    {"sets": [{"set": name, "direction": "src"}], "target": "ACCEPT"} for name in ("dc1.v4", "dc1.v6")
                ],
            }
        ],
        "coming_sets": [
            {"name": "dc1.v4", "type": "hash:net"},
            {"name": "dc1.v6", "type": "hash:net", "family": "inet6"},
        ],
    }
    predicted = rule_lab.run(check=True, **rules)
    assert rule_lab.run(**rules)["faults"] == [
        f"chains[0].rules[{at}].sets[0].set: 'dc1.v{version}' is no set of this host; make it first, as by sg_ipset"
        for at, version in enumerate((4, 6))
    ]
    run(**OURS, sets=[one("v4", "10.0.0.1"), one("v6", "fd00::1", family="inet6")])
    assert rule_lab.run(**rules)["diff"] == predicted["diff"]
    assert predicted["counts"] == {"ipv4": {"dc1.judge": 1}, "ipv6": {"dc1.judge": 1}}
