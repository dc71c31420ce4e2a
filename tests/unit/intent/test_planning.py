# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's state is a function of, and no more is: so only what changed need be compiled again."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sample_intent
import test_chains
import test_security
import test_shared_networks
from hypothesis import given, settings
from test_compiler import HOSTS, intents

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.intent_files import read_intent
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.planning import (
    figures_of,
    inputs_of,
    neighbours,
    summary_of,
    words,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent

ROUTERS = """
fabric:
  external_networks:
    internet: {type: vlan, segmentation_id: 150, physical_network: physnet1, subnet: 203.0.113.0/24}
tenants:
  acme:
    routers:
      edge:
        hypervisors: [hv1, hv2]
        networks: {web: {}, dmz: {}}
        external: {network: internet, ip: 203.0.113.10}
  globex:
    routers: {edge: {hypervisors: [hv2], networks: {app: {}}, external: {network: internet, ip: 203.0.113.20}}}
"""
INVENTORIES = Path(__file__).parents[3] / "inventories"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every kind of intent that the tests have, in each forwarding that it may have."""
    for mode in ("learning", "static", "plain"):
        plain = sample_intent.raw()
        plain["fabric"]["forwarding"] = mode
        yield f"sample, {mode}", plain
        yield f"plugs, {mode}", test_chains.intent(mode)
        routed = sample_intent.raw(ROUTERS)
        routed["fabric"]["forwarding"] = mode
        yield f"routers, {mode}", routed
    for mode in ("learning", "static"):
        yield f"groups, {mode}", test_security.raw(mode)
        shared = test_shared_networks.raw()
        shared["fabric"]["forwarding"] = mode
        yield f"shared, {mode}", shared
    for folder in sorted(INVENTORIES.glob("*/intent")):
        given = dict(read_intent(str(folder), str(folder / "allocations.yml")).raw)
        given["fabric"] = {key: value for key, value in given["fabric"].items() if key != "monitoring"}
        for tenant in given["tenants"].values():
            for router in tenant.get("routers", {}).values():
                for key in ("static_nat", "firewall", "port_forwards"):  # name ports, each of which is to go
                    router.pop(key, None)
        yield folder.parent.name, given


SAMPLES = dict(samples())


def compiled(given: dict[str, Any], record: Record | None = None) -> tuple[Intent, Allocations, Record]:
    intent = parse(given)
    return intent, *allocate(intent, record or Record())


@pytest.mark.parametrize("name", SAMPLES)
def test_without_the_tenants_that_are_no_neighbours_a_host_is_the_same(name: str) -> None:
    intent, allocations, _record = compiled(SAMPLES[name])
    near = neighbours(intent)
    assert near.keys() == intent.fabric.hypervisors.keys()
    for host, tenants in near.items():
        alone = intent.without(intent.tenants.keys() - tenants)
        assert compile_host(alone, allocations, host) == compile_host(intent, allocations, host)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_host_whose_inputs_are_as_before_an_edit_is_as_before(name: str) -> None:
    """Each tenant loses each of its ports in turn: hosts with the same inputs have the same state."""
    before = inputs_and_states(SAMPLES[name])
    spared = 0
    for tenant, described in SAMPLES[name]["tenants"].items():
        for port in described["ports"]:
            ports = {key: value for key, value in described["ports"].items() if key != port}
            edited = {**SAMPLES[name]["tenants"], tenant: {**described, "ports": ports}}
            with suppress(InvalidInput):  # of a port that a router speaks of
                spared += check(before, inputs_and_states({**SAMPLES[name], "tenants": edited}, before[2]))
    assert spared or name.startswith(("groups", "plugs", "shared", "pods", "routers")), (
        "of these all hosts are of all tenants"
    )


@given(intents(), intents())
@settings(deadline=None)
def test_equal_inputs_are_equal_states(one: dict[str, Any], other: dict[str, Any]) -> None:
    before = inputs_and_states(one)
    check(before, inputs_and_states(other, before[2]))


Compiled = tuple[dict[str, str], dict[str, Any], Record]


def inputs_and_states(given: dict[str, Any], record: Record | None = None) -> Compiled:
    intent, allocations, after = compiled(given, record)
    states = {host: compile_host(intent, allocations, host) for host in intent.fabric.hypervisors}
    return inputs_of(intent, allocations, given, "code", digest), states, after


def check(before: Compiled, after: Compiled) -> int:
    """Check that the same inputs have the same state, and return on how many hosts they are the same."""
    same = [host for host, inputs in after[0].items() if before[0].get(host) == inputs]
    assert [after[1][host] for host in same] == [before[1][host] for host in same]
    return len(same)


def test_the_fabric_and_the_code_are_inputs_of_every_host() -> None:
    intent, allocations, _record = compiled(sample_intent.raw())
    given = sample_intent.raw()
    before = inputs_of(intent, allocations, given, "code", digest)
    assert len({*before.values()}) == len(before) == 2
    assert not {*before.values()} & {*inputs_of(intent, allocations, given, "newer", digest).values()}
    renamed = sample_intent.raw("{fabric: {mtu: 9000}}")
    assert not {*before.values()} & {*inputs_of(intent, allocations, renamed, "code", digest).values()}


def test_with_mirrors_nothing_is_known() -> None:
    mirror = "{fabric: {monitoring: {mirrors: {m: {ports: acme.web-1, output: {interface: tap9}}}}}}"
    given = sample_intent.raw(mirror)
    intent, allocations, _record = compiled(given)
    assert inputs_of(intent, allocations, given, "code", digest) == {}


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("sample, plain", [[1, 0, 0, 0], [1, 0, 0, 0]]),
        ("sample, learning", [[3, 0, 0, 0], [2, 0, 0, 0]]),  # two and one to all peers
        ("groups, learning", [[4, 0, 0, 4], [4, 0, 2, 4]]),
        ("plugs, plain", [[3, 0, 0, 44], [3, 2, 2, 46]]),
    ],
)
def test_figures(name: str, figures: list[list[int]]) -> None:
    intent, allocations, _record = compiled(SAMPLES[name])
    states = [compile_host(intent, allocations, host) for host in sorted(intent.fabric.hypervisors)][:2]
    found = [figures_of(state) for state in states]
    assert [[tunnels, *judged] for tunnels, _flows, *judged in found] == figures
    assert [flows for _tunnels, flows, *_judged in found] == [len(state["flows"]) for state in states]


def test_summary_and_words() -> None:
    intent, _allocations, _record = compiled(sample_intent.raw())
    figures = [[number, 10 * number, 0, 0, 0] for number in range(1, 201)]
    random.Random(1).shuffle(figures)
    summary = summary_of(intent, figures)
    assert {key: value for key, value in summary.items() if key != "per_host"} == {
        "hypervisors": 2,
        "tenants": 2,
        "networks": 3,
        "ports": 4,
    }
    assert summary["per_host"]["tunnels"] == {"min": 1, "mean": 100.5, "p99": 198, "max": 200}
    assert words(summary, 200, HOSTS)[:2] == [
        "5 of 200 hosts are not as planned: hv1, hv2, hv3, hv4, hv5",
        "tunnels of a host: 1 to 200, 100.5 on average, 99 % have at most 198",
    ]
    assert words(summary, 200, [])[0] == "0 of 200 hosts are not as planned"
    assert summary_of(intent, [])["per_host"]["rules"] == {"min": 0, "mean": 0.0, "p99": 0, "max": 0}
