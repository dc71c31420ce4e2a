# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diff that a user sees: what differs, in the words of the options, and no secret."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.rendering import diff
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

PORT = {"bridge": "br0", "interfaces": frozenset({"p"})}


def test_nothing_is_shown_where_nothing_differs() -> None:
    assert diff(Plan({}, {}, {})) == {"before": {}, "after": {}}


def test_a_port_and_its_interface_are_one_thing() -> None:
    plan = Plan({("Interface", "p"): {"type": "internal"}, ("Port", "p"): {**PORT, "tag": 5}}, {}, {})
    assert diff(plan)["after"] == {"ports": {"p": {"bridge": "br0", "tag": 5, "type": "internal"}}}


def test_a_bond_shows_its_members() -> None:
    plan = Plan({("Port", "bond"): {"bridge": "br0", "interfaces": frozenset({"b", "a"})}}, {}, {})
    assert diff(plan)["after"] == {"ports": {"bond": {"bridge": "br0", "interfaces": ["a", "b"]}}}


def test_of_a_changed_row_only_the_columns_that_differ_are_shown() -> None:
    old, new = {"tag": 5, "protected": True, "trunks": frozenset()}, {"tag": None, "protected": True}
    plan = Plan({}, {("Port", "p"): ({**old, **PORT}, {**new, **PORT, "trunks": frozenset({7, 3})})}, {})
    assert diff(plan) == {
        "before": {"ports": {"p": {"tag": 5, "trunks": []}}},
        "after": {"ports": {"p": {"tag": None, "trunks": [3, 7]}}},
    }


def test_controllers_are_named_by_bridge_and_target() -> None:
    plan = Plan({}, {}, {("Controller", "br0", "tcp:192.0.2.1:6653"): {"max_backoff": 1000}})
    assert diff(plan) == {"before": {"controllers": {"br0 tcp:192.0.2.1:6653": {"max_backoff": 1000}}}, "after": {}}


def test_a_secret_is_hidden_on_both_sides() -> None:
    old, new = {"options": {"psk": "canary-1", "key": "1"}}, {"options": {"psk": "canary-2", "key": "2"}}
    shown = diff(Plan({}, {("Interface", "gr-1"): (old, new)}, {}))
    assert "canary" not in str(shown)
    assert shown["after"] == {"interfaces": {"gr-1": {"options": {"key": "2", "psk": "VALUE_HIDDEN"}}}}


def test_what_hangs_on_ports_and_bridges_is_shown_there() -> None:
    rows = {
        ("Interface", "p"): {"ingress_policing_rate": 1000},
        ("QoS", "p"): {"type": "linux-htb"},
        ("Queue", "p", "7"): {"dscp": 46},
        ("QoS", "", "some uuid"): {"type": "linux-sfq"},
        ("Mirror", "br0", "audit"): {"select_vlan": frozenset({2, 1})},
        ("IPFIX", "br0"): {"sampling": 1},
        ("Flow_Sample_Collector_Set", "br0", "1"): {"id": 1},
        ("IPFIX", "br0", "1"): {"sampling": 2},
    }
    assert diff(Plan(rows, {}, {}), lambda key, columns: {"table": key[0], **columns})["after"] == {
        "ports": {
            "p": {
                "table": "Interface",
                "ingress_policing_rate": 1000,
                "qos": {"table": "QoS", "type": "linux-htb", "queues": {"7": {"table": "Queue", "dscp": 46}}},
            }
        },
        "bridges": {
            "br0": {
                "mirrors": {"audit": {"table": "Mirror", "select_vlan": [1, 2]}},
                "ipfix": {"table": "IPFIX", "sampling": 1},
                "samples": {
                    "1": {"table": "Flow_Sample_Collector_Set", "id": 1, "ipfix": {"table": "IPFIX", "sampling": 2}}
                },
            }
        },
        "left_behind": {"QoS": {"some uuid": {"table": "QoS", "type": "linux-sfq"}}},
    }
