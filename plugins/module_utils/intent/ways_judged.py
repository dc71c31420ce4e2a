# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was measured of the ways to and from the outside is what shall come of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import LEAK, UNMEASURED, UNREACHABLE, Fault
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import ISOLATED, REACHES, Cell
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_chosen import Asked
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import ELSEWHERE

_STATES = (LEAK, UNREACHABLE, UNMEASURED)  # the worst first

Busy = Mapping[str, Collection[str]]  # guest: services whose port something else has there
Reply = Mapping[str, Any]  # of outside_probe


def judge_ways(asked: Sequence[Asked], replies: Mapping[str, Sequence[Reply]], busy: Busy) -> list[Cell]:
    """Return a cell for each pair that ways are between; ``replies`` are those of each asker, in order."""
    left = {asker: iter(found) for asker, found in replies.items()}
    cells: dict[tuple[str, str], Cell] = {}
    for way in asked:
        reply = next(left.get(way.asker, iter(())), None)
        fault = _fault(way, reply, busy)
        pair = way.sender, _receiver(way, reply)
        cell = cells.setdefault(pair, Cell(*pair, ISOLATED))
        faults = (*cell.faults, *([fault] if fault else []))
        good = REACHES if way.wanted or cell.state == REACHES else ISOLATED
        worst = min((one.kind for one in faults), key=_STATES.index, default=good)
        cells[pair] = replace(cell, state=worst, faults=faults)
    return list(cells.values())


def outsiders(asked: Iterable[Asked]) -> list[Endpoint]:
    """Return external networks as the matrix shows them."""
    names = {one.outsider for one in asked}
    return [Endpoint(name, "outside", "", "", (), 0) for name in sorted(names)]


def _receiver(way: Asked, reply: Reply | None) -> str:
    """Return whose cell it is: of several members' that of the one who answered."""
    inward = way.receiver in way.answerers
    return str(reply["answerer"]) if reply and inward and reply["answerer"] in way.answerers else way.receiver


def _fault(way: Asked, reply: Reply | None, busy: Busy) -> Fault | None:
    wanted = "reachable" if way.wanted else "unreachable"
    if reply is None:
        return Fault(UNMEASURED, f"{way.words}: expected {wanted}, measured nothing")
    if way.wanted and not _has_arrived(way, reply) and not _is_mute(way, busy):
        reason = f"answered by {reply['answerer']}" if reply["answerer"] else reply["note"]
        return Fault(UNREACHABLE, f"{way.words}: expected reachable, measured unreachable ({reason})")
    if reply["answered"] and not way.wanted:
        return Fault(LEAK, f"{way.words}: expected unreachable, measured reachable")
    return None


def _has_arrived(way: Asked, reply: Reply) -> bool:
    """Say whether who was meant answered, or, if it is not a probe, a guest's own server that has the port."""
    identified = way.answerers and way.protocol != "icmp"
    return reply["answered"] and (not identified or reply["answerer"] in way.answerers or reply["note"] == ELSEWHERE)


def _is_mute(way: Asked, busy: Busy) -> bool:
    """Say whether something else than a probe has the port by UDP: it need not answer what it does not understand."""
    return way.protocol == "udp" and any(way.service in busy.get(name, ()) for name in way.answerers)
