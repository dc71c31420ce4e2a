# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as OVSDB operations: each change behind a guard on what the plan was made from, everything in one list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowPlan
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Row, Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.transaction import operations

MARKS = {"external_ids": {"tenantry-owner": "dc1"}}
WIRE_MARKS = {"external_ids": ["map", [["tenantry-owner", "dc1"]]]}
SNAPSHOT = Snapshot(
    next_cfg=4,
    cur_cfg=4,
    bridges={
        "br0": Row(
            "B0",
            "br0",
            {"datapath_type": "", **MARKS},
            {"datapath_type": "system"},
            {"ports": ["P1"], "controller": ["C1"]},
        ),
        "br1": Row("B1", "br1", MARKS, {}, {"ports": [], "controller": []}),
    },
    ports={"p1": Row("P1", "p1", {"tag": 1, **MARKS}, {}, {"interfaces": ["I1"]})},
    interfaces={"p1": Row("I1", "p1", {"type": ""}, {}, {}), "p2": Row("I2", "p2", {"type": ""}, {}, {})},
    controllers={("br0", "ptcp:1"): Row("C1", "ptcp:1", {"max_backoff": None}, {}, {})},
    bridge_of={"p1": "br0"},
    port_of={"p1": "p1"},
    members={"p1": frozenset({"p1"})},
)
CLOSING = ["mutate Open_vSwitch", "select Open_vSwitch", "comment"]


def compiled(snapshot: Snapshot = SNAPSHOT, **changes: Any) -> list[dict[str, Any]]:
    plan = RowPlan(**{"create": {}, "update": {}, "delete": {}, **changes})
    return [dict(operation) for operation in operations(plan, snapshot, "a test")]


def outline(operations: list[dict[str, Any]]) -> list[str]:
    return [f"{operation['op']} {operation.get('table', '')}".strip() for operation in operations]


def guards(operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    waits = [operation for operation in operations if operation["op"] == "wait"]
    assert operations[: len(waits)] == waits, "guards come before all changes"
    assert all((wait["timeout"], wait["until"]) == (0, "==") for wait in waits)
    return [{"where": wait["where"], **wait["rows"][0]} for wait in waits]


def test_the_end_asks_ovs_vswitchd_to_apply_it_and_says_who_did_it() -> None:
    increment, select, comment = compiled()[-3:]
    assert increment["mutations"] == [["next_cfg", "+=", 1]]
    assert select["columns"] == ["next_cfg", "cur_cfg"]
    assert comment == {"op": "comment", "comment": "a test"}


def test_a_bridge_is_made_with_its_fail_mode_and_its_port_at_once() -> None:
    made = compiled(
        create={
            ("Bridge", "br2"): {"fail_mode": "secure"},
            ("Port", "br2"): {"bridge": "br2", "interfaces": frozenset({"br2"})},
            ("Interface", "br2"): {"type": "internal"},
        }
    )
    inserts = ["insert Bridge", "mutate Open_vSwitch", "insert Port", "insert Interface", "mutate Bridge"]
    assert outline(made) == [*inserts, *CLOSING]
    bridge, root, port, interface, membership = made[:5]
    assert bridge["row"] == {"name": "br2", "fail_mode": "secure"}
    assert root["mutations"] == [["bridges", "insert", ["set", [["named-uuid", bridge["uuid-name"]]]]]]
    assert port["row"] == {"name": "br2", "interfaces": ["set", [["named-uuid", interface["uuid-name"]]]]}
    assert membership["where"] == [["_uuid", "==", ["named-uuid", bridge["uuid-name"]]]]
    assert membership["mutations"] == [["ports", "insert", ["set", [["named-uuid", port["uuid-name"]]]]]]


def test_a_thousand_ports_are_one_change_of_the_bridge_behind_one_guard() -> None:
    ports = {("Port", f"t{number}"): {"bridge": "br0", "interfaces": frozenset()} for number in range(1000)}
    made = compiled(create=ports)
    assert outline(made) == ["wait Bridge", *["insert Port"] * 1000, "mutate Bridge", *CLOSING]
    assert guards(made) == [
        {"where": [["_uuid", "==", ["uuid", "B0"]], ["ports", "includes", ["set", []]]], "name": "br0"}
    ]


def test_only_what_differs_is_written_behind_what_was_there_and_whose_it_was() -> None:
    links = {"bridge": "br0", "interfaces": frozenset({"p1"})}
    made = compiled(
        update={("Port", "p1"): ({"tag": 1, "protected": False, **links}, {"tag": None, "protected": False, **links})}
    )
    assert outline(made) == ["wait Port", "update Port", *CLOSING]
    assert guards(made) == [{"where": [["_uuid", "==", ["uuid", "P1"]]], "tag": 1, **WIRE_MARKS}]
    assert made[1]["row"] == {"tag": ["set", []]}


def test_a_guard_is_spelled_as_the_database_spells_it() -> None:
    made = compiled(update={("Bridge", "br0"): ({"datapath_type": ""}, {"datapath_type": "netdev"})})
    assert guards(made)[0]["datapath_type"] == "system"


def test_new_members_of_a_port_are_written_behind_the_old_ones() -> None:
    old, new = (
        {"bridge": "br0", "interfaces": frozenset({"p1"})},
        {"bridge": "br0", "interfaces": frozenset({"p1", "p2"})},
    )
    made = compiled(update={("Port", "p1"): (old, new)})
    assert guards(made)[0]["interfaces"] == ["set", [["uuid", "I1"]]]
    assert made[1]["row"] == {"interfaces": ["set", [["uuid", "I1"], ["uuid", "I2"]]]}


def test_a_port_moves_only_while_it_is_where_it_was() -> None:
    members = {"interfaces": frozenset({"p1"})}
    made = compiled(update={("Port", "p1"): ({"bridge": "br0", **members}, {"bridge": "br1", **members})})
    assert outline(made) == ["wait Port", "wait Bridge", "wait Bridge", "mutate Bridge", "mutate Bridge", *CLOSING]
    assert guards(made)[1]["where"] == [
        ["_uuid", "==", ["uuid", "B0"]],
        ["ports", "includes", ["set", [["uuid", "P1"]]]],
    ]


def test_a_removed_port_is_taken_from_its_bridge_while_it_is_ours() -> None:
    made = compiled(delete={("Port", "p1"): {}})
    assert outline(made) == ["wait Port", "wait Bridge", "mutate Bridge", *CLOSING]
    assert guards(made)[0] == {"where": [["_uuid", "==", ["uuid", "P1"]]], **WIRE_MARKS}
    assert made[2]["mutations"] == [["ports", "delete", ["set", [["uuid", "P1"]]]]]


SHAPED = replace(
    SNAPSHOT,
    ports={name: Row(f"P-{name}", name, MARKS, {}, {"interfaces": [], "qos": ["Q"]}) for name in ("p1", "p2")},
    bridge_of={"p1": "br0", "p2": "br0"},
    hanging={
        (table, port, *number): Row(uuid, "", {**MARKS, column: value}, {}, references)
        for port in ("p1", "p2")
        for table, uuid, number, column, value, references in (
            ("QoS", "Q", (), "type", "linux-htb", {"queues": {0: "U"}}),
            ("Queue", "U", ("0",), "dscp", 1, {}),
        )
    },
)


def test_a_row_that_hangs_elsewhere_too_is_copied_with_what_it_hangs_on() -> None:
    made = compiled(SHAPED, update={("Queue", "p1", "0"): ({"dscp": 1}, {"dscp": 2})})
    assert outline(made)[:4] == ["wait Queue", "wait QoS", "wait Port", "insert QoS"]
    qos, queue, *hung = [operation for operation in made if operation["op"] in ("insert", "mutate")]
    assert qos["row"]["queues"] == ["map", [[0, ["uuid", "U"]]]]
    assert queue["row"] == {"dscp": 2, **WIRE_MARKS}
    named = {"qos": ["named-uuid", qos["uuid-name"]], "queue": ["named-uuid", queue["uuid-name"]]}
    assert [(operation["where"][0][2], *operation["mutations"][0]) for operation in hung[:-1]] == [
        (["uuid", "P-p1"], "qos", "delete", ["set", [["uuid", "Q"]]]),
        (named["qos"], "queues", "delete", ["set", [0]]),
        (["uuid", "P-p1"], "qos", "insert", ["set", [named["qos"]]]),
        (named["qos"], "queues", "insert", ["map", [[0, named["queue"]]]]),
    ]


def test_a_row_of_a_root_table_is_deleted_when_the_last_place_lets_go_of_it() -> None:
    rows = {key: row.columns for key, row in SHAPED.hanging.items()}
    one = compiled(SHAPED, delete={key: columns for key, columns in rows.items() if key[1] == "p1"})
    assert [operation["op"] for operation in one].count("delete") == 0
    both = compiled(SHAPED, delete={**rows, ("Port", "p1"): {}, ("Port", "p2"): {}})
    assert [operation["table"] for operation in both if operation["op"] == "delete"] == ["QoS", "Queue"]
    assert outline(both).count("mutate Port") == 2, "a port that is collected still counts as a reference"


def test_a_removed_bridge_takes_no_port_with_it_that_nobody_saw() -> None:
    made = compiled(delete={("Port", "p1"): {}, ("Bridge", "br0"): {}})
    assert outline(made) == ["wait Bridge", "mutate Open_vSwitch", *CLOSING]
    assert guards(made)[0]["ports"] == ["set", [["uuid", "P1"]]]


@pytest.mark.parametrize(
    "changes",
    [
        {"create": {("Controller", "br0", "ptcp:2"): {"bridge": "br0"}}},
        {"delete": {("Controller", "br0", "ptcp:1"): {}}},
    ],
)
def test_controllers_change_only_while_all_of_them_are_those_that_we_saw(changes: dict[str, Any]) -> None:
    made = compiled(**changes)
    assert guards(made)[0]["controller"] == ["set", [["uuid", "C1"]]]
