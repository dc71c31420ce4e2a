# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allocation record as text: it comes back as it was written, and a damaged one is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import (
    HEADING,
    Id,
    Record,
    parse_record,
    render,
)

label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?", fullmatch=True) | st.sampled_from(
    ["no", "on", "1e3", "null"]
)
full_name = st.builds("{}.{}".format, label, label)
tunnel, vlan = st.integers(1, 2**24 - 1), st.integers(1, 4094)


@st.composite
def records(draw: st.DrawFn) -> Record:
    names = draw(st.lists(full_name, unique=True, max_size=12))
    keys = draw(st.lists(tunnel, unique=True, min_size=len(names), max_size=len(names)))
    vlans = draw(st.lists(vlan, unique=True, min_size=len(names), max_size=len(names)))
    half = len(names) // 2
    entries = list(zip(names, keys, vlans))
    return Record(
        frozenset(draw(st.lists(label))),
        {name: {"tunnel": key, "local_vlan": number} for name, key, number in entries[:half]},
        {Id("vlan", number): name for name, key, number in entries[half:]},
    )


@given(records())
def test_a_record_comes_back_as_it_was_written(record: Record) -> None:
    text = render(record)
    assert parse_record(yaml.safe_load(text)) == record
    assert render(parse_record(yaml.safe_load(text))) == text


def test_sections_whose_last_line_was_deleted_are_empty() -> None:
    assert parse_record(yaml.safe_load("version: 1\nhypervisors:\nnetworks:\nretired:\n")) == Record()


def test_the_record_is_one_sorted_line_an_entry() -> None:
    record = Record(
        frozenset({"hv2", "hv1", "7"}),
        {"b.x": {"vlan": 120}, "a.y": {"local_vlan": 3, "tunnel": 5001}, "1.2": {"local_vlan": 4}},
        {Id("vlan", 12): "c.z", Id("tunnel", 6000): "a.y", Id("vlan", 5): "c.z"},
    )
    assert render(record) == HEADING + (
        "version: 1\n"
        'hypervisors:\n  - "7"\n  - hv1\n  - hv2\n'
        'networks:\n  "1.2": {local_vlan: 4}\n  a.y: {tunnel: 5001, local_vlan: 3}\n  b.x: {vlan: 120}\n'
        "retired:\n  tunnel/6000: a.y\n  vlan/5: c.z\n  vlan/12: c.z\n"
    )


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[]", ["allocation record: not a mapping; restore it, or delete the file if nothing was built from it yet"]),
        ("", ["allocation record: empty; restore it, or delete the file if nothing was built from it yet"]),
        ("networks: {}", ["version: missing; write for example 'version: 1'"]),
        ("version: 2", ["version: 2 is out of range; write a number from 1 to 1"]),
        (
            "{version: 1, extra: 1}",
            ["extra: unknown key; known are hypervisors, networks, ofports, retired, retired_ofports, version"],
        ),
        (
            "{version: 1, hypervisors: hv1}",
            ["hypervisors: 'hv1' is not a list; write one item a line, each after '- '"],
        ),
        (
            "{version: 1, networks: {a.web.b: {tunnel: 5001}}}",
            ["networks.a.web.b: 'a.web.b' is no network; write it as 'tenant.network', 'network@pod' or 'network'"],
        ),
        (
            "{version: 1, networks: {a.b: {tunnel: 0, vlan: 4095, vni: 1}}}",
            [
                "networks.a.b.tunnel: 0 is out of range; write a number from 1 to 16777215",
                "networks.a.b.vlan: 4095 is out of range; write a number from 1 to 4094",
                "networks.a.b.vni: unknown key; known are local_vlan, tunnel, vlan",
            ],
        ),
        (
            "{version: 1, retired: {gre/1: a.b, vlan/5000: a.b, tunnel/7: b.c.d}}",
            [
                "retired.gre/1: no id; write it as 'tunnel/5001', 'vlan/120' or 'local_vlan/12'",
                "retired.tunnel/7: 'b.c.d' is no network; write it as 'tenant.network', 'network@pod' or 'network'",
                "retired.vlan/5000: no id; write it as 'tunnel/5001', 'vlan/120' or 'local_vlan/12'",
            ],
        ),
        (
            "{version: 1, networks: {a.b: {tunnel: 5}, c.d: {tunnel: 5}, e.f: {local_vlan: 9}}, "
            "retired: {vlan/9: g.h}}",
            [
                "networks.c.d.tunnel: 5 is a.b's too, as after a merge of branches; delete the one that no host has",
                "retired.vlan/9: 9 is e.f's too, as after a merge of branches; delete the one that no host has",
            ],
        ),
    ],
)
def test_a_damaged_record_is_refused(text: str, faults: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_record(yaml.safe_load(text))
    assert caught.value.faults == faults
