# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses which group and meter, and what breaks if it is not there."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.model.references import broken, loop, used, uses_any

NOTHING: dict[str, list[str]] = {"flow": [], "group": [], "meter": []}


def group(number: int, *others: int) -> str:
    return f"group_id={number},type=all," + ",".join(
        f"bucket=bucket_id:{other},actions=group:{other}" for other in others
    )


def test_uses() -> None:
    flow = "in_port=1,actions=meter:7,group:5,write_actions(group:6)"
    assert used("group", flow) == {5, 6}
    assert used("meter", flow) == {7}
    assert used("group", "group_id=9,type=ff,bucket=bucket_id:0,watch_group:8,actions=output:1") == {8}
    assert uses_any("meter", {**NOTHING, "flow": [flow]})
    assert not uses_any("meter", {**NOTHING, "group": [group(1, 2)]})


def test_what_is_not_there() -> None:
    coming = {**NOTHING, "flow": ["actions=group:1", "actions=group:2,group:3"], "group": [group(1, 4)]}
    staying = {**NOTHING, "group": [group(2)]}
    assert [(user, line) for user, line, fault in broken("group", coming, staying, ())] == [
        ("flow", "actions=group:2,group:3"),
        ("group", group(1, 4)),
    ]


def test_what_would_vanish() -> None:
    staying = {**NOTHING, "flow": ["actions=meter:1,drop", "actions=meter:2,drop"]}
    assert list(broken("meter", NOTHING, staying, {2})) == [
        (
            "flow",
            "actions=meter:2,drop",
            "it uses meter 2, and would vanish with it; keep it, or remove its users first",
        )
    ]


def test_circles() -> None:
    assert loop([]) == []
    assert loop([group(1, 2), group(2, 3), group(3, 9)]) == []
    assert loop([group(1, 2), group(2, 3), group(3, 2)]) == [1, 2, 3]
    assert loop([group(1, 1)]) == [1]
