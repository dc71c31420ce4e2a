# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured import endpoint, faultless

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint, parse_endpoints
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.matrix import Style, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import (
    ISOLATED,
    REACHES,
    expected,
    judge,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    BROADCAST,
    FULL_MTU,
    ICMP,
    OVER_MTU,
    TCP,
    Measurement,
    Sighting,
    parse_measurement,
)

A1 = endpoint("acme.a1", "acme.web", "10.1.1.1/24", "fd00::1/64")
A2 = endpoint("acme.a2", "acme.web", "10.1.1.2/24", "fd00::2/64")
A3 = endpoint("acme.a3", "acme.web", "10.1.1.3/24")
G1 = endpoint("globex.g1", "globex.web", "10.1.1.2/24")
ALL = [A1, A2, A3, G1]
Measurements = dict[str, Measurement]


def wanted(endpoints: list[Endpoint]) -> dict[tuple[str, str], str]:
    return {(one.name, other.name): expected(one, other, None) for one, other in permutations(endpoints, 2)}


def test_same_network_reaches_and_another_does_not() -> None:
    pairs = wanted([A1, A2, G1])
    assert pairs["acme.a1", "acme.a2"] == pairs["acme.a2", "acme.a1"] == REACHES
    assert {pair for pair, state in pairs.items() if state == ISOLATED} == {
        ("acme.a1", "globex.g1"),
        ("acme.a2", "globex.g1"),
        ("globex.g1", "acme.a1"),
        ("globex.g1", "acme.a2"),
    }


def test_two_tenants_may_call_their_networks_alike() -> None:
    pairs = wanted([endpoint("acme.x", "acme.web"), endpoint("globex.x", "globex.web")])
    assert {*pairs.values()} == {ISOLATED}


def answer(measurements: Measurements, sender: str, receiver: str, check: str, **changes: object) -> None:
    """Change what became of one check of all addresses of a receiver."""
    own = measurements[sender]
    replies = [
        replace(reply, **changes) if (reply.receiver, reply.check) == (receiver, check) else reply
        for reply in own.replies
    ]
    measurements[sender] = replace(own, replies=tuple(replies))


def hide(measurements: Measurements, observer: str, sender: str, kind: str) -> None:
    """Take away one kind of frame of one sender."""
    own = measurements[observer]
    left = [item for item in own.sightings if (item.sender, item.kind) != (sender, kind)]
    measurements[observer] = replace(own, sightings=tuple(left))


def show(measurements: Measurements, observer: str, sighting: Sighting) -> None:
    own = measurements[observer]
    measurements[observer] = replace(own, sightings=(*own.sightings, sighting))


def lose_echo(measurements: Measurements) -> None:
    hide(measurements, "acme.a3", "acme.a1", ICMP)
    answer(measurements, "acme.a1", "acme.a3", ICMP, answered=False, note="no reply")


def lose_reply(measurements: Measurements) -> None:
    answer(measurements, "acme.a1", "acme.a3", FULL_MTU, answered=False, note="no reply")


def answer_from_elsewhere(measurements: Measurements) -> None:
    hide(measurements, "acme.a3", "acme.a1", ICMP)
    show(measurements, "acme.a2", Sighting("acme.a1", ICMP, "acme.a3", "10.1.1.3", 1, 1))


def answer_from_nobody_known(measurements: Measurements) -> None:
    hide(measurements, "acme.a3", "acme.a1", ICMP)


def refuse_tcp(measurements: Measurements) -> None:
    answer(measurements, "acme.a1", "acme.a3", TCP, answered=False, answerer="", note="Connection refused")


def answer_tcp_for_another(measurements: Measurements) -> None:
    answer(measurements, "acme.a1", "acme.a3", TCP, answerer="acme.a2")


def lose_broadcast(measurements: Measurements) -> None:
    hide(measurements, "acme.a3", "acme.a1", BROADCAST)


def lose_one_broadcast_of_three(measurements: Measurements) -> None:
    hide(measurements, "acme.a3", "acme.a1", BROADCAST)
    show(measurements, "acme.a3", Sighting("acme.a1", BROADCAST, "", "", 2, 1))


def repeat_broadcast(measurements: Measurements) -> None:
    hide(measurements, "acme.a3", "acme.a1", BROADCAST)
    show(measurements, "acme.a3", Sighting("acme.a1", BROADCAST, "", "", 3, 2))


def pass_too_much(measurements: Measurements) -> None:
    show(measurements, "acme.a3", Sighting("acme.a1", OVER_MTU, "acme.a3", "10.1.1.3", 1, 1))


def forget_check(measurements: Measurements) -> None:
    own = measurements["acme.a1"]
    replies = [reply for reply in own.replies if (reply.receiver, reply.check) != ("acme.a3", TCP)]
    measurements["acme.a1"] = replace(own, replies=tuple(replies))


def forget_foreign_check(measurements: Measurements) -> None:
    own = measurements["acme.a1"]
    replies = [reply for reply in own.replies if reply.receiver != "globex.g1"]
    measurements["acme.a1"] = replace(own, replies=tuple(replies))


def leak_frame(measurements: Measurements) -> None:
    show(measurements, "globex.g1", Sighting("acme.a1", "802.1Q tag 20", "", "", 3, 1))
    show(measurements, "globex.g1", Sighting("acme.a1", ICMP, "globex.g1", "10.1.1.2", 1, 1))


def leak_frame_for_another(measurements: Measurements) -> None:
    show(measurements, "globex.g1", Sighting("acme.a1", ICMP, "acme.a2", "10.1.1.2", 1, 1))


def leak_tcp(measurements: Measurements) -> None:
    answer(measurements, "acme.a1", "globex.g1", TCP, answered=True, answerer="globex.g1")


def come_back(measurements: Measurements) -> None:
    show(measurements, "acme.a1", Sighting("acme.a1", BROADCAST, "", "", 3, 1))


A1_A3 = "acme.a1 -> acme.a3"
A1_G1 = "acme.a1 -> globex.g1"


@pytest.mark.parametrize(
    ("spoil", "state", "words"),
    [
        (lose_echo, "unreachable", f"{A1_A3} icmp to 10.1.1.3: expected reachable, measured unreachable (no reply)"),
        (
            lose_reply,
            "unreachable",
            f"{A1_A3} icmp at full MTU to 10.1.1.3: expected reachable, measured unreachable "
            "(the request arrived, its reply did not)",
        ),
        (
            answer_from_elsewhere,
            "unreachable",
            f"{A1_A3} icmp to 10.1.1.3: expected reachable, measured unreachable "
            "(answered, but acme.a3 never saw the request; acme.a2 did)",
        ),
        (
            answer_from_nobody_known,
            "unreachable",
            f"{A1_A3} icmp to 10.1.1.3: expected reachable, measured unreachable "
            "(answered, but acme.a3 never saw the request)",
        ),
        (
            refuse_tcp,
            "unreachable",
            f"{A1_A3} tcp to 10.1.1.3: expected reachable, measured unreachable (Connection refused)",
        ),
        (
            answer_tcp_for_another,
            "unreachable",
            f"{A1_A3} tcp to 10.1.1.3: expected reachable, measured unreachable (answered by acme.a2)",
        ),
        (lose_broadcast, "unreachable", f"{A1_A3} broadcast: expected once, measured never"),
        (
            lose_one_broadcast_of_three,
            "unreachable",
            f"{A1_A3} broadcast: expected 3 times, measured 2 times: packets get lost",
        ),
        (
            repeat_broadcast,
            "duplicate",
            f"{A1_A3} broadcast: expected once, measured 2 times: a loop or a second path",
        ),
        (
            pass_too_much,
            "oversize",
            f"{A1_A3} icmp of 1401 bytes to 10.1.1.3: expected refused beyond the MTU of 1400, measured delivered",
        ),
        (forget_check, "unmeasured", f"{A1_A3} tcp to 10.1.1.3: expected reachable, measured nothing"),
        (forget_foreign_check, "unmeasured", f"{A1_G1} tcp to 10.1.1.2: expected isolated, measured nothing"),
        (leak_frame, "leak", f"{A1_G1} icmp, 802.1Q tag 20: expected isolated, measured reachable"),
        (leak_frame_for_another, "leak", f"{A1_G1} icmp: expected isolated, measured reachable"),
        (leak_tcp, "leak", f"{A1_G1} tcp: expected isolated, measured reachable"),
        (
            come_back,
            "duplicate",
            "acme.a1 -> acme.a1 broadcast: expected never to come back, measured its own frames again: a loop",
        ),
    ],
)
def test_each_fault_is_one_wrong_cell(spoil: Callable[[Measurements], None], state: str, words: str) -> None:
    measurements = faultless(ALL)
    assert judge(ALL, measurements).wrong == []
    spoil(measurements)
    (cell,) = judge(ALL, measurements).wrong
    assert (cell.state, [fault.words for fault in cell.faults]) == (state, [words])


def test_an_answer_from_a_namesake_address_is_no_leak() -> None:
    measurements = faultless(ALL)
    answer(measurements, "acme.a1", "globex.g1", ICMP, answered=True)  # acme.a2 has the same address
    answer(measurements, "acme.a1", "globex.g1", TCP, answered=True, answerer="acme.a2")
    assert judge(ALL, measurements).wrong == []


def test_only_common_address_families_are_asked() -> None:
    v6 = endpoint("acme.a4", "acme.web", "fd00::4/64")
    verdict = judge([A3, v6], faultless([A3, v6]))
    assert verdict.counts() == {"ok-reach": 2}


@pytest.mark.parametrize(
    ("changes", "ailment"),
    [
        ({"lost": 7}, "its sniffer missed 7 frames because too many came at once; verify again"),
        ({"departed": {}}, "only 0 of its 3 'broadcast' frames were seen to leave eth0"),
        ({"sent": {}}, "only 3 of its 0 'broadcast' frames were seen to leave eth0"),
        (
            {"sent": {**faultless([A1])["acme.a1"].sent, "802.1Q tag 5": 3}},
            "only 0 of its 3 '802.1Q tag 5' frames were seen to leave eth0",
        ),
    ],
)
def test_silence_without_evidence_is_not_isolation(changes: dict[str, object], ailment: str) -> None:
    measurements = faultless(ALL)
    measurements["globex.g1"] = replace(measurements["globex.g1"], **changes)
    verdict = judge(ALL, measurements)
    assert verdict.ailments == {"globex.g1": ailment}
    assert verdict.counts() == {"ok-reach": 6, "unmeasured": 6}


@pytest.mark.parametrize("kind", ["forged MAC address", "802.1Q tag 0 + 120"])
def test_what_a_guard_should_have_stopped_is_a_leak_where_there_is_one(kind: str) -> None:
    ends = [endpoint("acme.a", "acme.n", "10.1.1.1/24"), endpoint("acme.b", "acme.n", "10.1.1.2/24")]
    measured = faultless(ends)
    measured["acme.a"] = replace(measured["acme.a"], sent={kind: 3, **measured["acme.a"].sent})
    measured["acme.a"] = replace(measured["acme.a"], departed={kind: 3, **measured["acme.a"].departed})
    heard = (*measured["acme.b"].sightings, Sighting("acme.a", kind, "", "", 3, 1))
    measured["acme.b"] = replace(measured["acme.b"], sightings=heard)
    unguarded = judge(ends, measured)
    assert (unguarded.wrong, unguarded.attacks) == ([], {})
    verdict = judge([replace(ends[0], guarded=True), ends[1]], measured)
    (fault,) = [fault for cell in verdict.wrong for fault in cell.faults]
    assert fault.words == f"acme.a -> acme.b {kind}: expected stopped by port security, measured delivered"
    said = render(ends, verdict, "Heading", Style(colour=False, unicode=False))
    assert "Attacks: 3 frames from 1 endpoints, beside honest ones.\n2 pairs:" in said


def test_an_endpoint_without_a_measurement_is_unmeasured() -> None:
    measurements = faultless(ALL)
    del measurements["acme.a3"]
    verdict = judge(ALL, measurements)
    assert list(verdict.ailments) == ["acme.a3"]
    assert verdict.counts() == {"ok-reach": 2, "ok-isolated": 4, "unmeasured": 6}


def test_no_measurement_at_all_is_wrong_everywhere() -> None:
    verdict = judge(ALL, {})
    assert verdict.counts() == {"unmeasured": 12}
    assert len(verdict.ailments) == 4


@given(st.lists(st.sampled_from(["web", "db", "dmz"]), min_size=2, max_size=8), st.data())
def test_one_foreign_frame_is_one_leak(networks: list[str], data: st.DataObject) -> None:
    endpoints = [endpoint(f"t.e{number}", network) for number, network in enumerate(networks)]
    measurements = faultless(endpoints)
    assert judge(endpoints, measurements).wrong == []
    foreign = [pair for pair, state in wanted(endpoints).items() if state == ISOLATED]
    if foreign:
        sender, receiver = data.draw(st.sampled_from(foreign))
        show(measurements, receiver, Sighting(sender, "IPv6 multicast", "", "", 1, 1))
        (cell,) = judge(endpoints, measurements).wrong
        assert (cell.sender, cell.receiver, cell.state) == (sender, receiver, "leak")


def test_a_measurement_survives_the_way_through_ansible() -> None:
    measurement = faultless(ALL)["acme.a1"]
    assert parse_measurement(asdict(measurement)) == measurement


def test_endpoints_that_are_not_from_the_intent_are_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_endpoints([{**asdict(A1)}, {"name": "acme.a2", "network": "acme.web", "hypervisor": "hv1", "mtu": 1400}])
    assert caught.value.faults == [
        "endpoints[1].addresses: missing; pass what tenantry.sdn.intent returned",
        "endpoints[1].mac: missing; pass what tenantry.sdn.intent returned",
    ]
