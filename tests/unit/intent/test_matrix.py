# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from dataclasses import replace

from measured import endpoint, faultless

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.matrix import Style, render
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import Verdict, judge
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import Sighting

PLAIN = Style(colour=False, unicode=True)
ASCII = Style(colour=False, unicode=False)
PORTS = [
    endpoint("acme.web-1", "acme.web", hypervisor="hv1"),
    endpoint("acme.web-2", "acme.web", hypervisor="hv2"),
    endpoint("acme.db-1", "acme.db", hypervisor="hv3"),
    endpoint("globex.web-1", "globex.web", hypervisor="hv1"),
    endpoint("globex.web-2", "globex.web", hypervisor="hv2"),
]

GREEN = """\
Expected against measured

                       │ acme… │ acme.web   │ globex.web
                       │   1   │   2    3   │   4    5
acme.db
   1 acme.db-1     hv3 │       │   ·    ·   │   ·    ·
acme.web
   2 acme.web-1    hv1 │   ·   │        ●   │   ·    ·
   3 acme.web-2    hv2 │   ·   │   ●        │   ·    ·
globex.web
   4 globex.web-1  hv1 │   ·   │   ·    ·   │        ●
   5 globex.web-2  hv2 │   ·   │   ·    ·   │   ●

● reaches   · isolated, as wanted   ✗ WRONG   ? not measured   (rows send, columns receive)
20 pairs: 4 reach, 16 isolated, 0 wrong."""

RED = """\
Expected against measured

                       | acme~ | acme.web   | globex.web
                       |   1   |   2    3   |   4    5
acme.db
   1 acme.db-1     hv3 |       |   ?    ?   |   ?    ?
acme.web
   2 acme.web-1    hv1 |   ?   |        o   |   .    X
   3 acme.web-2    hv2 |   ?   |   X        |   .    .
globex.web
   4 globex.web-1  hv1 |   ?   |   .    .   |        o
   5 globex.web-2  hv2 |   ?   |   .    .   |   o

o reaches   . isolated, as wanted   X WRONG   ? not measured   (rows send, columns receive)
acme.db-1: nothing was measured here; see its failed task above, or whether the host is reachable
acme.web-1 -> globex.web-2 icmp: expected isolated, measured reachable
acme.web-2 -> acme.web-1 broadcast: expected once, measured 2 times: a loop or a second path
20 pairs: 3 reach, 7 isolated, 10 wrong (1 leak, 1 duplicate, 8 unmeasured)."""


def seen(verdict_of: list[Endpoint], *sightings: tuple[str, Sighting], without: str = "") -> Verdict:
    measurements = faultless(verdict_of)
    for observer, sighting in sightings:
        own = measurements[observer]
        measurements[observer] = replace(own, sightings=(*own.sightings, sighting))
    measurements.pop(without, None)
    return judge(verdict_of, measurements)


def red() -> Verdict:
    return seen(
        PORTS,
        ("globex.web-2", Sighting("acme.web-1", "icmp", "globex.web-2", "10.1.1.1", 1, 1)),
        ("acme.web-1", Sighting("acme.web-2", "broadcast", "", "", 3, 2)),
        without="acme.db-1",
    )


def many(networks: int, ports: int) -> list[Endpoint]:
    return [endpoint(f"t{n:02}.p{p}", f"t{n:02}.web") for n in range(networks) for p in range(ports)]


def test_a_good_network_is_drawn() -> None:
    assert render(PORTS, seen(PORTS), "Expected against measured", PLAIN) == GREEN


def test_members_of_which_nothing_is_known_are_told() -> None:
    verdict = replace(seen(PORTS), unseen={"203.0.113.10:443": [f"acme.web-{number}" for number in range(11)]})
    told = ", ".join(f"acme.web-{number} at 203.0.113.10:443" for number in range(10))
    line = f"Not measured of load balancers, whether these answer: {told} and 1 more."
    assert render(PORTS, verdict, "", PLAIN).splitlines()[-2] == line


def test_a_broken_network_is_drawn_in_ascii_and_in_words() -> None:
    assert render(PORTS, red(), "Expected against measured", ASCII) == RED
    assert render(PORTS, red(), "", ASCII).isascii()


def test_symbols_beyond_ascii_are_a_matter_of_style() -> None:
    drawn = render(PORTS, red(), "", PLAIN)
    assert "acme.web-1 → globex.web-2 icmp: expected isolated, measured reachable" in drawn
    assert "✗" in drawn


def test_colours_change_nothing_but_colours() -> None:
    coloured = render(PORTS, red(), "Expected against measured", Style(colour=True, unicode=False))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == RED.splitlines()
    assert "\x1b[1;31m  X  \x1b[0m" in coloured
    assert coloured.splitlines()[-1].startswith("\x1b[1;31m20 pairs")
    assert "\x1b" not in RED


def test_twelve_endpoints_fit_a_hundred_columns() -> None:
    ports = many(4, 3)
    drawn = render(ports, seen(ports), "", PLAIN).splitlines()
    assert max(map(len, drawn)) <= 100
    assert len([line for line in drawn if "●" in line]) == 13  # 12 rows and the legend


def test_many_endpoints_are_drawn_by_network() -> None:
    ports = many(12, 8)
    leak = ("t03.p5", Sighting("t07.p2", "broadcast", "", "", 3, 1))
    drawn = render(ports, seen(ports, leak), "", PLAIN).splitlines()
    assert max(map(len, drawn)) <= 100
    (row,) = [line for line in drawn if "✗" in line and "WRONG" not in line]
    assert row.startswith("   8 t07.web  8 endpoints │")
    assert row.partition("│")[2].split() == ["·", "·", "·", "✗", "·", "·", "·", "●", "·", "·", "·", "·"]


def test_too_many_networks_leave_those_that_are_wrong() -> None:
    ports = many(60, 2)
    leak = ("t03.p1", Sighting("t07.p1", "broadcast", "", "", 3, 1))
    drawn = render(ports, seen(ports, leak), "", PLAIN)
    assert "networks with wrong pairs" in drawn
    assert [line.split()[1] for line in drawn.splitlines() if "endpoints │" in line] == ["t03.web", "t07.web"]
    assert "The networks do not fit a matrix of this width." in render(ports, seen(ports), "", PLAIN)


def test_words_are_bounded_and_the_worst_comes_first() -> None:
    ports = many(2, 6)
    leaks = [(receiver.name, Sighting("t00.p0", "icmp", "", "", 1, 1)) for receiver in ports[6:]]
    verdict = seen(ports, *leaks)
    verdict = replace(verdict, cells=tuple(reversed(verdict.cells)) * 5)
    lines = render(ports, verdict, "", ASCII).splitlines()
    assert lines[-2] == "... and 10 more"
    assert sum("->" in line for line in lines) == 20
