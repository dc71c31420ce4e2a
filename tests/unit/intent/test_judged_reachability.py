# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs between which security groups allow a part: what shall pass, and each way in which it is otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from measured import endpoint

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.groups_table import groups_table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.matrix import Style
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import judge
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports, Rule, Security, group_set
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.services import permitted, services_of
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    BROADCAST,
    ECHO_FRAME,
    ELSEWHERE,
    FLOOD,
    HALFWAY,
    HIDDEN,
    ICMP,
    Measurement,
    Reply,
    Sighting,
)

SECURITY = Security(
    {
        "web": [Rule("ingress", 1, icmp=(8, None), families=(4,)), Rule("egress")],
        "db": [Rule("ingress", 6, Ports(3306, 3307), remote_set=group_set("web"))],
    }
)
PORT = 47021
SERVICES = ("udp 47021", "tcp 3306")
WEB = replace(endpoint("acme.web", "acme.shop", "10.1.1.1/24"), groups=("web",), services=SERVICES)
DB = replace(endpoint("acme.db", "acme.shop", "10.1.1.2/24"), groups=("db",), services=SERVICES)
BOTH = [WEB, DB]
PERMITTED = permitted({"acme": SECURITY}, BOTH, PORT)
TO_DB = "acme.web -> acme.db"
TO_WEB = "acme.db -> acme.web"
DENIED = "expected denied by security groups"
Measurements = dict[str, Measurement]


def test_what_shall_pass() -> None:
    assert services_of(SECURITY, PORT) == list(SERVICES)
    assert PERMITTED == {"acme.web": {"acme.db": ["tcp 3306 to 10.1.1.2"]}, "acme.db": {"acme.web": []}}


def test_what_a_stateless_group_lets_in_and_nobody_answers() -> None:
    """An answer is a packet to a port that the other end has chosen, or an echo reply."""
    ping, chosen = Rule("ingress", 1, icmp=(8, None), families=(4,)), Ports(32768, 60999)
    rules = {"web": [Rule("egress")], "db": [ping, Rule("ingress", 6, Ports(3306, 3306))]}
    answers = [Rule("egress", 6, chosen), Rule("egress", 1, icmp=(0, None), families=(4,))]
    too_few = [Rule("egress", 6, Ports(32768, 40000))]
    echo = f"{ECHO_FRAME} to 10.1.1.2"
    for more, found in (
        ([], ["icmp to 10.1.1.2, without an answer", echo]),
        (too_few, ["icmp to 10.1.1.2, without an answer", echo]),
        (answers, ["icmp to 10.1.1.2", echo, "tcp 3306 to 10.1.1.2"]),
    ):
        security = Security({**rules, "db": [*rules["db"], *more]}, stateless=frozenset(["db"]))
        assert permitted({"acme": security}, BOTH, PORT)["acme.web"]["acme.db"] == found


def test_an_echo_that_may_arrive_and_not_come_back_proves_nothing() -> None:
    half = {
        **PERMITTED,
        "acme.web": {"acme.db": [*PERMITTED["acme.web"]["acme.db"], "icmp to 10.1.1.2, without an answer"]},
    }
    measured = as_wanted()
    sight(measured, "acme.db", "acme.web", ICMP, "acme.db", "10.1.1.2", 3, 1)
    assert judge(BOTH, measured, half).wrong == []
    assert judge(BOTH, measured, PERMITTED).wrong


def test_what_a_switch_floods_is_for_groups_to_stop_or_not() -> None:
    """Frames to a neighbour whose MAC address it has not learned yet."""
    measured = as_wanted()
    sight(measured, "acme.db", "acme.web", ECHO_FRAME, "acme.other", "10.1.1.3", 3, 1)
    echo = {**PERMITTED, "acme.web": {"acme.db": [*PERMITTED["acme.web"]["acme.db"], f"{ECHO_FRAME} to 10.1.1.2"]}}
    assert judge(BOTH, measured, echo).wrong == []
    sight(measured, "acme.db", "acme.web", "TCP RST", "acme.other", "10.1.1.3", 3, 1)
    assert len(judge(BOTH, measured, echo).wrong) == 1
    forgetful = Security({"web": [Rule("egress")], "db": []}, stateless=frozenset(["web", "db"]))
    packets = permitted({"acme": forgetful}, BOTH, PORT)["acme.web"]["acme.db"]
    assert packets == [*HALFWAY]
    echo["acme.web"]["acme.db"] += packets
    assert judge(BOTH, measured, echo).wrong == []


def test_what_hides_its_port_may_pass_where_the_port_is_allowed() -> None:
    security = Security({"web": [Rule("egress")], "db": [Rule("ingress", 17, Ports(PORT, PORT))]})
    allowing = permitted({"acme": security}, BOTH, PORT)
    passing = [f"{kind} to 10.1.1.2" for kind, protocol in HIDDEN.items() if protocol == "udp"]
    assert allowing["acme.web"]["acme.db"] == ["udp 47021 to 10.1.1.2", *passing]
    measured = as_wanted()
    reply(measured, "acme.web", "udp 47021", answered=True, answerer="acme.db")
    reply(measured, "acme.web", "tcp 3306", answered=False, answerer="")
    leak_hidden(measured)
    assert judge(BOTH, measured, allowing).wrong == []


def as_wanted() -> Measurements:
    departed = dict.fromkeys(FLOOD, 3)
    return {
        own.name: Measurement(
            **{"interface": "eth0", "mtu": 1400, "sent": dict(departed), "departed": {**departed}, "lost": 0},
            replies=tuple(_replies(own, other)),
            sightings=tuple(Sighting(other.name, kind, "", "", 3, 1) for kind in FLOOD[-2:]),  # ARP and ND
        )
        for own, other in ((WEB, DB), (DB, WEB))
    }


def _replies(own: Endpoint, other: Endpoint) -> Iterator[Reply]:
    (address,) = other.plain_addresses
    for check in ("icmp", "icmp at full MTU", "icmp one byte over MTU", "tcp", *SERVICES):
        passes = f"{check} to {address}" in PERMITTED[own.name][other.name]
        yield Reply(other.name, address, check, passes, other.name * passes, "" if passes else "no reply")


def test_as_wanted_it_is_partly_reachable_or_isolated() -> None:
    verdict = judge(BOTH, as_wanted(), PERMITTED)
    assert {(cell.sender, cell.state) for cell in verdict.cells} == {
        ("acme.web", "ok-partly"),
        ("acme.db", "ok-isolated"),
    }
    assert list(groups_table(BOTH, verdict, PERMITTED, Style(colour=False, unicode=False))) == [
        "",
        "acme.shop, by security groups",
        "             ping  other tcp  udp 47021  tcp 3306",
        "  db -> web   .        .          .         .    ",
        "  web -> db   .        .          .         o    ",
    ]


def reply(measurements: Measurements, sender: str, check: str, **changes: Any) -> None:
    own = measurements[sender]
    replies = [replace(item, **changes) if item.check == check else item for item in own.replies]
    measurements[sender] = replace(own, replies=tuple(replies))


def sight(measurements: Measurements, observer: str, *sighting: Any) -> None:
    own = measurements[observer]
    measurements[observer] = replace(own, sightings=(*own.sightings, Sighting(*sighting)))


def leak_tcp(measurements: Measurements) -> None:
    reply(measurements, "acme.web", "tcp", answered=True, answerer="acme.db")


def leak_udp(measurements: Measurements) -> None:
    reply(measurements, "acme.db", "udp 47021", answered=True, answerer="acme.web")


def leak_echo(measurements: Measurements) -> None:
    sight(measurements, "acme.db", "acme.web", ICMP, "acme.db", "10.1.1.2", 1, 1)


def leak_echo_frame(measurements: Measurements) -> None:
    sight(measurements, "acme.db", "acme.web", ECHO_FRAME, "acme.db", "10.1.1.2", 3, 1)


def leak_flooded_echo_frame(measurements: Measurements) -> None:
    sight(measurements, "acme.db", "acme.web", ECHO_FRAME, "acme.other", "10.1.1.3", 3, 1)


def leak_hidden(measurements: Measurements) -> None:
    sight(measurements, "acme.db", "acme.web", "UDP in two fragments, the second", "acme.db", "10.1.1.2", 3, 1)


def leak_broadcast(measurements: Measurements) -> None:
    sight(measurements, "acme.db", "acme.web", BROADCAST, "", "", 3, 1)


def open_halfway(measurements: Measurements) -> None:
    sight(measurements, "acme.db", "acme.web", "TCP RST", "acme.db", "10.1.1.2", 3, 1)


def lose_allowed(measurements: Measurements) -> None:
    reply(measurements, "acme.web", "tcp 3306", answered=False, answerer="", note="no reply")


def leak_busy(measurements: Measurements) -> None:
    measurements["acme.web"] = replace(measurements["acme.web"], busy=("tcp 3306",))
    reply(measurements, "acme.db", "tcp 3306", note=ELSEWHERE)


def lose_what_always_passes(measurements: Measurements) -> None:
    measurements["acme.db"] = replace(measurements["acme.db"], sightings=())


def lose_a_third_of_what_always_passes(measurements: Measurements) -> None:
    own = measurements["acme.db"]
    fewer = [replace(item, frames=item.frames - (item.kind == "gratuitous ARP")) for item in own.sightings]
    measurements["acme.db"] = replace(own, sightings=tuple(fewer))


def forget_reply(measurements: Measurements) -> None:
    own = measurements["acme.web"]
    measurements["acme.web"] = replace(own, replies=tuple(item for item in own.replies if item.check != "tcp"))


@pytest.mark.parametrize(
    ("spoil", "state", "words"),
    [
        (leak_tcp, "leak", f"{TO_DB} tcp to 10.1.1.2: {DENIED}, measured delivered"),
        (leak_udp, "leak", f"{TO_WEB} udp 47021 to 10.1.1.1: {DENIED}, measured delivered"),
        (leak_echo, "leak", f"{TO_DB} icmp to 10.1.1.2: {DENIED}, measured delivered"),
        (leak_echo_frame, "leak", f"{TO_DB} echo frame to 10.1.1.2: {DENIED}, measured delivered"),
        (leak_flooded_echo_frame, "leak", f"{TO_DB} echo frame to 10.1.1.3: {DENIED}, measured delivered"),
        (
            leak_hidden,
            "leak",
            f"{TO_DB} UDP in two fragments, the second to 10.1.1.2: {DENIED}, measured delivered",
        ),
        (leak_broadcast, "leak", f"{TO_DB} broadcast: {DENIED}, measured delivered"),
        (open_halfway, "leak", f"{TO_DB} TCP RST: {DENIED}, measured delivered"),
        (leak_busy, "leak", f"{TO_WEB} tcp 3306 to 10.1.1.1: {DENIED}, measured delivered"),
        (
            lose_allowed,
            "unreachable",
            f"{TO_DB} tcp 3306 to 10.1.1.2: expected reachable, measured unreachable (no reply)",
        ),
        (
            lose_what_always_passes,
            "unreachable",
            f"{TO_DB} gratuitous ARP or neighbour solicitation: expected once, measured never",
        ),
        (
            lose_a_third_of_what_always_passes,
            "unreachable",
            f"{TO_DB} gratuitous ARP: expected 3 times, measured 2 times: packets get lost",
        ),
        (forget_reply, "unmeasured", f"{TO_DB} tcp to 10.1.1.2: {DENIED}, measured nothing"),
    ],
)
def test_each_fault_is_one_wrong_cell(spoil: Callable[[Measurements], None], state: str, words: str) -> None:
    measurements = as_wanted()
    spoil(measurements)
    verdict = judge(BOTH, measurements, PERMITTED)
    (cell,) = verdict.wrong
    assert (cell.state, [fault.words for fault in cell.faults]) == (state, [words])
    drawn = "\n".join(groups_table(BOTH, verdict, PERMITTED, Style(colour=False, unicode=False)))
    assert "X" in drawn


def test_a_port_that_is_busy_counts_as_reached_if_somebody_answers_there() -> None:
    measurements = as_wanted()
    measurements["acme.db"] = replace(measurements["acme.db"], busy=("tcp 3306",))
    reply(measurements, "acme.web", "tcp 3306", answered=False, answerer="", note=ELSEWHERE)
    assert judge(BOTH, measurements, PERMITTED).wrong == []


def test_silence_without_evidence_is_not_denial() -> None:
    measurements = as_wanted()
    measurements["acme.db"] = replace(measurements["acme.db"], lost=3)
    assert {cell.state for cell in judge(BOTH, measurements, PERMITTED).wrong} == {"unmeasured"}
