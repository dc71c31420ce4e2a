# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says of limits, mirrors and exports, as values: only what was said, in one spelling.

What it says wrongly is tested with the whole modules, in tests/adapters/test_wrong_calls.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.model.attachment import Attachment, Attachments
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_export import collector, parse_exports
from ansible_collections.tenantry.sdn.plugins.module_utils.model.mirror import parse_mirrors
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping import POLICING, UNPOLICED, Limits, in_words
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping_input import parse_limits

RATE, BURST = "ingress_policing_rate", "ingress_policing_burst"


def one(**options: Any) -> Limits:
    (limits,) = parse_limits({"interface": "tap0", **options})
    return limits


def test_silence_is_no_opinion() -> None:
    assert one() == Limits("tap0")
    assert parse_limits({"ports": [{"interface": "tap0"}, {"interface": "tap1"}]}) == (Limits("tap0"), Limits("tap1"))


@pytest.mark.parametrize(
    ("options", "policing"),
    [
        ({RATE: "100Mbit"}, {RATE: 100_000, BURST: 80_000}),
        ({RATE: 1}, {RATE: 1, BURST: 12}),
        ({RATE: "100Mbit", BURST: ""}, {RATE: 100_000, BURST: 0}),
        ({RATE: ""}, {RATE: 0, BURST: 0}),
        ({BURST: "1Mbit"}, {BURST: 1000}),
        ({"ingress_policing_kpkts_rate": "1"}, {"ingress_policing_kpkts_rate": 1, "ingress_policing_kpkts_burst": 1}),
    ],
)
def test_a_rate_brings_a_burst_that_tcp_can_live_with(options: dict[str, Any], policing: dict[str, int]) -> None:
    assert one(**options).policing == policing


def test_rates_of_a_qos_are_keys_of_its_other_config() -> None:
    assert one(max_rate="1Mbit", other_config={"x": 1}).qos == {"other_config": {"x": "1", "max-rate": "1000000"}}
    assert one(max_rate="").qos == one(max_rate=0).qos == {"other_config": {"max-rate": None}}
    assert one(type="linux-sfq").qos == {"type": "linux-sfq"}


def test_a_queue_is_whole() -> None:
    queues = one(queues={"7": {"min_rate": "1kbit", "priority": 0}, 0: {}}).queues
    assert queues == {
        7: {"dscp": None, "other_config": {"min-rate": "1000", "priority": "0"}},
        0: {"dscp": None, "other_config": {}},
    }


@pytest.mark.parametrize("options", [{"state": "absent", "max_rate": "1Mbit"}, {"state": "absent"}])
def test_absent_is_nothing_at_all(options: dict[str, Any]) -> None:
    assert one(**options) == Limits("tap0", UNPOLICED, shaped=False, present=False)
    assert one(type="") == Limits("tap0", shaped=False)


def test_the_state_of_the_task_is_that_of_its_ports() -> None:
    ports = [{"interface": "tap0"}, {"interface": "tap1", "state": "present"}]
    assert [limits.present for limits in parse_limits({"ports": ports, "state": "absent"})] == [False, True]


def test_columns_in_the_words_of_a_task() -> None:
    policing = dict.fromkeys(POLICING, 0) | {RATE: 1500, BURST: 1200}
    assert in_words("Interface", policing)[RATE] == "1500kbit"
    assert in_words("QoS", {"type": "linux-htb", "other_config": {"max-rate": "1000", "x": "y"}}) == {
        "type": "linux-htb",
        "max_rate": "1kbit",
        "other_config": {"x": "y"},
    }
    assert in_words("Queue", {"other_config": {"max-rate": "1e6", "priority": "3"}}) == {
        "priority": 3,
        "other_config": {"max-rate": "1e6"},
    }
    assert in_words("Queue", {"other_config": {"burst": "8000"}}) == {"burst": "8kbit"}


def test_a_mirror_has_one_output() -> None:
    def columns(**options: Any) -> Any:
        return parse_mirrors({"bridge": "br0", "name": "m", **options}).wanted[0].columns

    assert columns(output_port="p") == {"output_port": "p", "output_vlan": None}
    assert columns(output_vlan="900") == {"output_vlan": 900, "output_port": None}
    assert columns(select_src_port=["b", "a"], select_vlan=[]) == {
        "select_src_port": frozenset({"a", "b"}),
        "select_vlan": frozenset(),
    }


def test_a_list_is_complete_for_an_owner_alone() -> None:
    task: dict[str, Any] = {"bridge": "br0", "mirrors": [{"name": "m"}]}
    assert (
        parse_mirrors(task).complete == parse_mirrors({**task, "owner": "a", "state": "absent"}).complete == frozenset()
    )
    assert parse_mirrors({**task, "owner": "a"}).complete == {"Mirror"}
    assert parse_exports({"bridge": "br0", "owner": "a"}).complete == frozenset()
    assert parse_exports({"bridge": "br0", "samples": [], "owner": "a", "allow_empty": True}).complete


def test_an_export_of_which_nothing_is_said_is_to_stop() -> None:
    said = {"targets": ["192.0.2.9:2055"], "active_timeout": None}
    assert parse_exports({"bridge": "br0", "netflow": said, "sflow": {"targets": None, "agent": None}}) == Attachments(
        "br0",
        (
            Attachment(("NetFlow",), {"targets": frozenset({"192.0.2.9:2055"})}),
            Attachment(("sFlow",), present=False),
        ),
    )


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("192.0.2.9:2055", "192.0.2.9:2055"),
        ("192.0.2.9:02055", "192.0.2.9:2055"),
        ("[FD00:0::9]:6343", "[fd00::9]:6343"),
    ],
)
def test_collectors(written: str, canonical: str) -> None:
    assert collector(written) == canonical
