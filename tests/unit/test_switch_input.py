# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of ovs_bridge says, as the wanted bridge: only what was said, in one spelling.

What it says wrongly is tested with the whole module, in tests/adapters/test_wrong_bridges.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Bridge, Controller, Interface, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch_input import parse_bridge
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY


def parse_port(**port: Any) -> Port:
    """Return the one port of a bridge br0."""
    wanted = parse_bridge({"name": "br0", "ports": [port]})
    assert wanted.ports
    return wanted.ports[0]


def test_a_bridge_without_options_has_no_opinion() -> None:
    assert parse_bridge({"name": "br0"}) == Bridge("br0")
    assert parse_bridge({"name": "br0", "fail_mode": None, "ports": None, "controllers": None}) == Bridge("br0")


def test_an_empty_list_is_an_opinion() -> None:
    assert parse_bridge({"name": "br0", "ports": [], "controllers": []}) == Bridge("br0", ports=(), controllers=())


@pytest.mark.parametrize(
    ("column", "given", "canonical"),
    [
        ("datapath_type", "netdev", "netdev"),
        ("datapath_type", "system", ""),
        ("fail_mode", "secure", "secure"),
        ("fail_mode", "", None),
        ("protocols", ["OpenFlow13", "OpenFlow10", "OpenFlow13"], frozenset({"OpenFlow10", "OpenFlow13"})),
        ("protocols", [], frozenset()),
        ("rstp_enable", False, False),
        ("external_ids", {}, {}),
        ("external_ids", {"a": None, "b": 1, "c": True, "d": 2.5}, {"a": None, "b": "1", "c": "true", "d": "2.5"}),
        ("other_config", {"mac-aging-time": 30}, {"mac-aging-time": "30"}),
    ],
)
def test_columns_of_a_bridge(column: str, given: Any, canonical: Any) -> None:
    assert parse_bridge({"name": "br0", column: given}).columns == {column: canonical}


@pytest.mark.parametrize(
    ("column", "given", "canonical"),
    [
        ("tag", "12", 12),
        ("tag", 0, 0),
        ("tag", "", None),
        ("trunks", [30, "20"], frozenset({20, 30})),
        ("trunks", [], frozenset()),
        ("vlan_mode", "dot1q-tunnel", "dot1q-tunnel"),
        ("vlan_mode", "", None),
        ("protected", True, True),
        ("lacp", "off", "off"),
        ("bond_updelay", 100, 100),
    ],
)
def test_columns_of_a_port(column: str, given: Any, canonical: Any) -> None:
    assert parse_port(name="p", **{column: given}).columns == {column: canonical}


@pytest.mark.parametrize(
    ("column", "given", "canonical"),
    [
        ("type", "internal", "internal"),
        ("type", "system", ""),
        ("mac", "52:54:00:AA:BB:CC", "52:54:00:aa:bb:cc"),
        ("mtu_request", "", None),
        ("ofport_request", "7", 7),
        ("options", {"peer": "q"}, {"peer": "q"}),
    ],
)
def test_columns_of_the_interface_of_a_port(column: str, given: Any, canonical: Any) -> None:
    port = parse_port(name="p", **{column: given})
    assert port == Port("p", {}, (Interface("p", {column: canonical}),))


def test_a_bond_lists_its_interfaces_by_name_or_with_columns() -> None:
    port = parse_port(name="bond0", lacp="active", interfaces=["eth1", {"name": "eth2", "mtu_request": 9000}])
    members = (Interface("eth1"), Interface("eth2", {"mtu_request": 9000}))
    assert port == Port("bond0", {"lacp": "active"}, members, listed=True)


def test_an_absent_port_says_nothing_but_its_name() -> None:
    assert parse_port(name="p", state="absent", tag="5000") == Port("p", present=False)


def test_the_bridges_own_port_is_internal_without_being_told() -> None:
    assert parse_port(name="br0", tag="5") == Port("br0", {"tag": 5}, (Interface("br0", {"type": "internal"}),))


def test_an_owner_marks_the_bridge_and_its_ports_but_not_the_bridges_own() -> None:
    wanted = parse_bridge({"name": "br0", "owner": "dc1", "ports": [{"name": "p"}, {"name": "br0"}]})
    assert wanted.marks == {OWNER_KEY: "dc1"}
    assert wanted.ports
    assert [port.marks for port in wanted.ports] == [{OWNER_KEY: "dc1", MESH_KEY: None}, {}]


@pytest.mark.parametrize(
    "target",
    [
        "tcp:192.0.2.33:6653",
        "tcp:127.0.0.1:6653",
        "tcp:192.0.2.33",
        "ssl:[fd00::33]:6653",
        "ptcp:6653",
        "ptcp:6653:192.0.2.1",
        "pssl:",
        "unix:/run/controller.sock",
        "punix:/run/br0.mgmt",
    ],
)
def test_controller_targets(target: str) -> None:
    wanted = parse_bridge({"name": "br0", "controllers": [{"target": target, "max_backoff": "2000"}]})
    assert wanted.controllers == (Controller(target, {"max_backoff": 2000}),)


def test_all_faults_of_a_task_come_at_once() -> None:
    ports = [{"name": "p", "tag": "x"}, {"name": "p"}, {"name": "averyveryverylongname"}]
    with pytest.raises(InvalidInput) as caught:
        parse_bridge({"name": "br 0", "fail_mode": "open", "ports": ports, "adopt": True})
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "adopt",
        "fail_mode",
        "name",
        "ports[0].tag",
        "ports[1].name",
        "ports[2].name",
    ]


def test_one_wrong_value_is_one_fault() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_port(name="p", tag="5000", vlan_mode="access")
    assert caught.value.faults == ["ports[0].tag: 5000 is out of range; write a number from 0 to 4095"]
