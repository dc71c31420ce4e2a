# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenFlow port numbers stay where they are, and no port gets one that flows of another may still name."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import GUEST_OFPORTS, UPLINK_OFPORTS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record, parse_record, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

FIRST = GUEST_OFPORTS[0]


def intent_of(ports: dict[str, str], pinned: dict[str, int] | None = None, forwarding: str = "learning") -> Intent:
    """Return an intent of one tenant with these ports, each on a host; of two hosts hv1 has an uplink."""
    listed = {
        name: {"hypervisor": host, "network": "web", "ip": f"10.1.0.{number}"}
        for number, (name, host) in enumerate(sorted(ports.items()), 1)
    }
    for name, number in (pinned or {}).items():
        listed[name]["ofport"] = number
    hosts = {"hv1": {"vtep": "192.168.1.151", "uplinks": {"physnet1": "eth1"}}, "hv2": {"vtep": "192.168.1.152"}}
    fabric = {"name": "dc1", "segments": {"tunnel": "1-9"}, "hypervisors": hosts, "forwarding": forwarding}
    web = {"type": "gre", "subnet": "10.1.0.0/24"}
    return parse({"fabric": fabric, "tenants": {"acme": {"networks": {"web": web}, "ports": listed}}})


def reread(record: Record) -> Record:
    return parse_record(yaml.safe_load(render(record)))


placed = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["hv1", "hv2"]), max_size=8)


@given(st.lists(placed, min_size=1, max_size=6))
@settings(deadline=None)
def test_no_number_of_a_hypervisor_ever_belongs_to_two_ports(history: list[dict[str, str]]) -> None:
    record = Record()
    ever: dict[tuple[str, int], str] = {}
    for ports in history:
        before = record
        allocations, record = allocate(intent_of(ports), record)
        assert reread(record) == record
        for host in ("hv1", "hv2"):
            numbers = allocations.ofports(host)
            here = {f"acme.{name}" for name, home in ports.items() if home == host}
            assert numbers.keys() == here | ({"physnet1"} if host == "hv1" else set())
            assert all(numbers[name] in (UPLINK_OFPORTS if name == "physnet1" else GUEST_OFPORTS) for name in numbers)
            for name, number in numbers.items():
                assert ever.setdefault((host, number), name) == name
            stayed = {n: name for n, name in before.ofports.get(host, {}).items() if name in numbers}
            assert stayed.items() <= record.ofports.get(host, {}).items(), "who stays keeps its number"
        assert allocate(intent_of(ports), record)[1] == record, "a second run changes nothing"


def test_plain_forwarding_gives_out_nothing_and_forgets_nothing() -> None:
    assert allocate(intent_of({"a": "hv1"}, forwarding="plain"), Record())[1].ofports == {}
    _allocations, learning = allocate(intent_of({"a": "hv1", "b": "hv1"}), Record())
    _allocations, plain = allocate(intent_of({"a": "hv1", "c": "hv1"}, forwarding="plain"), learning)
    numbers = {name: number for number, name in learning.ofports["hv1"].items()}
    assert plain.ofports == {"hv1": {numbers["acme.a"]: "acme.a", numbers["physnet1"]: "physnet1"}}
    assert plain.retired_ofports == {"hv1": {numbers["acme.b"]: "acme.b"}}
    _allocations, back = allocate(intent_of({"a": "hv1", "b": "hv1"}, forwarding="static"), plain)
    assert back.ofports == learning.ofports


def test_numbers_of_a_hypervisor_that_left_are_kept_until_its_line_is_deleted() -> None:
    _allocations, record = allocate(intent_of({"a": "hv2"}), Record())
    fabric = intent_of({})
    del fabric.fabric.hypervisors["hv2"]  # type: ignore[attr-defined]
    _allocations, after = allocate(fabric, record)
    assert after.retired_ofports == {"hv2": record.ofports["hv2"]}
    known = {"version": 1, "hypervisors": ["hv1"], **yaml.safe_load(render(after))}
    known["hypervisors"] = ["hv1"]
    assert allocate(fabric, parse_record(known))[1].retired_ofports == {}


def test_a_pinned_number_is_kept_and_recorded() -> None:
    allocations, record = allocate(intent_of({"a": "hv1", "b": "hv1"}, {"a": FIRST}), Record())
    assert allocations.ofports("hv1")["acme.a"] == FIRST
    assert record.ofports["hv1"][FIRST] == "acme.a"


@pytest.mark.parametrize(
    ("before", "now", "fault"),
    [
        (
            {"a": "hv1"},
            {"b": "hv1"},
            "33000 is acme.a's by the allocation record (retired_ofports.hv1), whose flows may still be there; write "
            "another number, or once site has run on hv1, delete that line from the record",
        ),
        (
            {"a": "hv1"},
            {"a": "hv1", "b": "hv1"},
            "33000 is acme.a's by the allocation record (ofports.hv1), whose flows may still be there; write another "
            "number, or remove acme.a or pin it to another number first, and once site has run on hv1, delete that "
            "line from the record",
        ),
    ],
)
def test_a_number_that_another_port_has_or_had_is_not_taken_over(
    before: dict[str, str], now: dict[str, str], fault: str
) -> None:
    _allocations, record = allocate(intent_of(before, {"a": 33000}), Record())
    _allocations, record = allocate(intent_of({name: now[name] for name in now if name == "a"}), record)
    with pytest.raises(InvalidInput) as caught:
        allocate(intent_of(now, {"b": 33000}), record)
    assert caught.value.faults == [f"tenants.acme.ports.b.ofport: {fault}"]


def test_a_hypervisor_whose_numbers_are_used_up_is_told() -> None:
    used = dict.fromkeys(GUEST_OFPORTS, "acme.gone")
    with pytest.raises(InvalidInput) as caught:
        allocate(intent_of({"a": "hv2"}), Record(frozenset({"hv2"}), retired_ofports={"hv2": used}))
    assert caught.value.faults == [
        "fabric.hypervisors.hv2: 0 of the 32256 OpenFlow port numbers 32768-65023 are free, too few for 1 more; once "
        "site has run on hv2, delete retired_ofports.hv2 from the allocation record"
    ]


@pytest.mark.parametrize(
    ("given_lines", "faults"),
    [
        (
            {"hv1": "acme.a 32768\nacme.b 32768\n"},
            ["ofports.hv1: 32768 is acme.a's and acme.b's; delete the line that the host has not"],
        ),
        (
            {"hv1": "acme.a\nacme.b 7\nphysnet1 32768\nacme.c 65024\nacme.d  32769\n"},
            [
                f"ofports.hv1: {line!r} is no port; write a line as 'acme.web-1 32768'"
                for line in ("acme.a", "acme.b 7", "acme.c 65024", "acme.d  32769", "physnet1 32768")
            ],
        ),
        (
            {"hv1": {"acme.a": 32768}},
            ["ofports.hv1: \"{'acme.a': 32768}\" is no port; write a line as 'acme.web-1 32768'"],
        ),
    ],
)
def test_damaged_lines_are_refused(given_lines: Any, faults: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_record({"version": 1, "ofports": given_lines})
    assert caught.value.faults == faults


def test_the_record_of_a_plain_fabric_speaks_of_no_ports() -> None:
    _allocations, record = allocate(parse(raw("fabric: {forwarding: plain}")), Record())
    assert "ofport" not in render(record)
    _allocations, record = allocate(parse(raw()), Record())
    assert "\nofports:\n  hv1: |\n    acme.dmz-1 " in render(record)
