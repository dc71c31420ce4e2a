# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids stay where they are, whoever comes and goes, and none is taken over from another network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Ids, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Id, Record, parse_record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

TYPES = ("gre", "vxlan", "geneve", "vlan", "flat")


def intent_of(networks: Mapping[str, str], vlan: str = "100-129", tunnel: str = "5000-5049") -> Intent:
    """Return an intent with networks of these full names and types; flat ones each have a wire of their own."""
    tenants: dict[str, Any] = {}
    for number, (name, kind) in enumerate(networks.items()):
        tenant, network = name.split(".")
        value: dict[str, Any] = {"type": kind.split()[0], "subnet": f"10.{number}.0.0/16"}
        if kind.startswith(("vlan", "flat")):
            value["physical_network"] = "physnet1" if kind.startswith("vlan") else f"wire-{tenant}-{network}"
        if " " in kind:
            value["segmentation_id"] = int(kind.split()[1])
        tenants.setdefault(tenant, {"networks": {}})["networks"][network] = value
    wires = {name: f"eth{number}" for number, name in enumerate(wires_of(tenants))}
    hypervisors = {"hv1": {"vtep": "192.168.1.151", "uplinks": wires}}
    fabric = {"name": "dc1", "segments": {"vlan": vlan, "tunnel": tunnel}, "hypervisors": hypervisors}
    return parse({"fabric": fabric, "tenants": tenants})


def wires_of(tenants: Mapping[str, Any]) -> set[str]:
    used = {
        network["physical_network"]
        for tenant in tenants.values()
        for network in tenant["networks"].values()
        if "physical_network" in network
    }
    return used or {"physnet1"}


networks = st.dictionaries(
    st.builds("{}.{}".format, st.sampled_from("abcdef"), st.sampled_from("uvwxyz")),
    st.sampled_from(TYPES),
    max_size=25,
)


@given(networks, networks)
@settings(deadline=None)
def test_whoever_comes_or_goes_the_others_keep_their_ids(first: dict[str, str], then: dict[str, str]) -> None:
    before, record = allocate(intent_of(first), Record())
    after, later = allocate(intent_of(then), record)
    stayed = {name for name in first.keys() & then.keys() if first[name] == then[name]}
    assert {name: after[name] for name in stayed} == {name: before[name] for name in stayed}
    again, _last = allocate(intent_of(first), later)
    assert {name: again[name] for name in stayed} == {name: before[name] for name in stayed}
    assert {held.place for held, name in record.held()} <= {held.place for held, name in later.held()}, "none is lost"


@given(networks, networks)
@settings(deadline=None)
def test_a_tenant_that_comes_back_finds_its_ids(first: dict[str, str], then: dict[str, str]) -> None:
    before, record = allocate(intent_of(first), Record())
    gone, record = allocate(intent_of({}), record)
    _others, record = allocate(intent_of({f"new{name}": kind for name, kind in then.items()}), record)
    after, record = allocate(intent_of(first), record)
    assert (gone, after) == ({}, before)


@given(networks, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_keys_means_nothing(wanted: dict[str, str], random: Any) -> None:
    shuffled = list(wanted.items())
    random.shuffle(shuffled)
    assert allocate(intent_of(dict(shuffled)), Record()) == allocate(intent_of(wanted), Record())


@given(networks)
@settings(deadline=None)
def test_ids_are_unique_and_in_their_ranges(wanted: dict[str, str]) -> None:
    intent = intent_of(wanted)
    found, record = allocate(intent, Record())
    assert found.keys() == wanted.keys()
    assert len({ids.local_vlan for ids in found.values()}) == len(found), "one VLAN space on the integration bridge"
    tunnels = [found[name].segmentation_id for name, kind in wanted.items() if kind in ("gre", "vxlan", "geneve")]
    assert len(set(tunnels)) == len(tunnels)
    assert set(tunnels) <= set(range(5000, 5050))
    for name, kind in wanted.items():
        ids = found[name]
        assert (ids.local_vlan in range(100, 130)) == (kind == "vlan")
        if kind == "vlan":
            assert ids.segmentation_id == ids.local_vlan
        if kind == "flat":
            assert ids.segmentation_id is None
    assert allocate(intent, record) == (found, record), "a second run changes nothing"


def test_two_machines_with_one_record_agree_and_one_without_keeps_what_is_pinned() -> None:
    wanted = {"acme.web": "gre 5001", "acme.db": "vxlan", "acme.dmz": "vlan 120"}
    found, record = allocate(intent_of(wanted), Record())
    assert found["acme.web"].segmentation_id == 5001
    assert found["acme.dmz"] == Ids(120, 120)
    assert allocate(intent_of(wanted), record)[0] == found
    assert record.networks["acme.web"] == {"tunnel": 5001, "local_vlan": found["acme.web"].local_vlan}
    assert record.networks["acme.dmz"] == {"vlan": 120}
    assert record.hypervisors == {"hv1"}


def test_what_is_gone_or_renumbered_is_retired() -> None:
    record = Record(
        frozenset({"hv0"}), {"a.gone": {"tunnel": 5000, "local_vlan": 7}, "a.web": {"tunnel": 5001, "local_vlan": 8}}
    )
    found, after = allocate(intent_of({"a.web": "gre 5002"}), record)
    assert found == {"a.web": Ids(5002, 8)}
    assert after.retired == {Id("tunnel", 5000): "a.gone", Id("local_vlan", 7): "a.gone", Id("tunnel", 5001): "a.web"}
    assert after.hypervisors == {"hv0", "hv1"}
    back, last = allocate(intent_of({"a.web": "gre 5001"}), after)
    assert back == {"a.web": Ids(5001, 8)}, "its own id may be taken back at once"
    assert Id("tunnel", 5001) not in last.retired
    assert last.retired[Id("tunnel", 5002)] == "a.web"


def test_an_id_that_is_not_pinned_any_more_stays() -> None:
    found, record = allocate(intent_of({"a.web": "gre 5007"}), Record())
    assert allocate(intent_of({"a.web": "gre"}), record)[0] == found
    assert allocate(intent_of({"a.web": "vxlan"}), record)[0] == found, "nor does a change of the type change it"


def test_a_change_of_the_range_does_not_renumber() -> None:
    found, record = allocate(intent_of({"a.web": "gre", "a.dmz": "vlan"}), Record())
    assert allocate(intent_of({"a.web": "gre", "a.dmz": "vlan"}, vlan="2000-2100", tunnel="1-9"), record)[0] == found


def test_a_network_that_becomes_a_vlan_takes_an_id_of_the_wire() -> None:
    found, record = allocate(intent_of({"a.web": "gre"}), Record())
    after, later = allocate(intent_of({"a.web": "vlan"}), record)
    assert after["a.web"].local_vlan in range(100, 130)
    assert set(later.retired) == {
        Id("tunnel", found["a.web"].segmentation_id),
        Id("local_vlan", found["a.web"].local_vlan),
    }


HOSTS = "hosts that have not converged since would join the two; write another id, or"
DELETE = "site has run on all hosts, delete the line"


@pytest.mark.parametrize(
    ("held", "wanted", "fault"),
    [
        (
            "retired: {tunnel/5001: a.old}",
            {"b.new": "gre 5001"},
            f"tenants.b.networks.new.segmentation_id: 5001 belonged to a.old by the allocation record, and {HOSTS} "
            f"once {DELETE} tunnel/5001 from the record",
        ),
        (
            "networks: {a.old: {tunnel: 5001, local_vlan: 7}}",
            {"b.new": "vxlan 5001"},
            f"tenants.b.networks.new.segmentation_id: 5001 belongs to a.old by the allocation record, and {HOSTS} "
            f"renumber or remove a.old first, and once {DELETE} tunnel/5001 from the record",
        ),
        (
            "networks: {a.old: {tunnel: 5001, local_vlan: 7}}",
            {"a.old": "gre 5002", "b.new": "gre 5001"},
            f"tenants.b.networks.new.segmentation_id: 5001 belongs to a.old by the allocation record, and {HOSTS} "
            f"renumber or remove a.old first, and once {DELETE} tunnel/5001 from the record",
        ),
        (
            "retired: {vlan/120: a.old}",
            {"b.new": "vlan 120"},
            f"tenants.b.networks.new.segmentation_id: 120 belonged to a.old by the allocation record, and {HOSTS} "
            f"once {DELETE} vlan/120 from the record",
        ),
        (
            "networks: {a.old: {local_vlan: 120}}",
            {"a.old": "flat", "b.new": "vlan 120"},
            f"tenants.b.networks.new.segmentation_id: 120 belongs to a.old by the allocation record, and {HOSTS} "
            f"renumber or remove a.old first, and once {DELETE} local_vlan/120 from the record",
        ),
    ],
)
def test_no_id_is_taken_over_in_one_run(held: str, wanted: dict[str, str], fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        allocate(intent_of(wanted), record_of(held))
    assert caught.value.faults == [fault]


def test_a_retired_line_that_was_deleted_frees_the_id() -> None:
    assert allocate(intent_of({"b.new": "gre 5001"}), record_of("retired: {}"))[0]["b.new"].segmentation_id == 5001


def test_no_new_network_gets_what_another_has_or_had() -> None:
    everything = {f"tunnel/{number}": "a.old" for number in range(5000, 5049)}
    found, _record = allocate(intent_of({"b.new": "gre"}), record_of(yaml.safe_dump({"retired": everything})))
    assert found["b.new"].segmentation_id == 5049


@pytest.mark.parametrize(
    ("held", "wanted", "ranges", "fault"),
    [
        (
            "retired: {tunnel/5001: a.old, vlan/7: a.old}",
            {"b.one": "gre", "b.two": "gre"},
            {"tunnel": "5000-5001"},
            "fabric.segments.tunnel: 1 of 2 ids are free in this range, too few for b.one, b.two; widen it, or, once "
            "site has run on all hosts, delete retired ids from the record: tunnel/5001 (a.old)",
        ),
        (
            "{}",
            {"b.one": "vlan", "b.two": "vlan"},
            {"vlan": "100"},
            "fabric.segments.vlan: 1 of 1 ids are free in this range, too few for b.one, b.two; widen it",
        ),
        (
            "retired: {local_vlan/1: a.old}",
            {f"b.n{number}": "gre" for number in range(12)},
            {"vlan": "10-4094"},
            "fabric.segments.vlan: 8 of 9 ids are free outside of this range, where local VLANs come from, too few for "
            "b.n0, b.n1, b.n10, b.n11, b.n2, b.n3, b.n4, b.n5, b.n6, b.n7 and 2 more; narrow it, or, once site has "
            "run on all hosts, delete retired ids from the record: local_vlan/1 (a.old)",
        ),
        (
            "{}",
            {"b.one": "gre"},
            {"vlan": "1-4094"},
            "fabric.segments.vlan: 0 of 0 ids are free outside of this range, where local VLANs come from, too few for "
            "b.one; narrow it",
        ),
    ],
)
def test_an_exhausted_pool_says_what_to_do(
    held: str, wanted: dict[str, str], ranges: dict[str, str], fault: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        allocate(intent_of(wanted, **ranges), record_of(held))
    assert caught.value.faults == [fault]


def test_faults_of_the_allocation_say_the_file_too() -> None:
    with pytest.raises(InvalidInput, match=r"^tenants.acme.networks.web.segmentation_id \(a.yml:3\): 5001 belonged"):
        allocate(parse(raw()), record_of("retired: {tunnel/5001: a.old}"), lambda path: "a.yml:3")


def record_of(text: str) -> Record:
    return parse_record({"version": 1, **yaml.safe_load(text)})
