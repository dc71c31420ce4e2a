# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was measured of the ways to and from the outside is what shall come of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import LEAK, UNMEASURED, UNREACHABLE, Fault
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reachability import ISOLATED, REACHES, Cell
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ways_chosen import Asked
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import ELSEWHERE, HTTP

_STATES = (LEAK, UNREACHABLE, UNMEASURED)  # the worst first

Busy = Mapping[str, Collection[str]]  # guest: services whose port something else has there
Reply = Mapping[str, Any]  # of outside_probe
Replies = Mapping[str, Sequence[Reply]]  # of each asker, in order


def judge_ways(asked: Sequence[Asked], replies: Replies, busy: Busy) -> list[Cell]:
    """Return a cell for each pair that ways are between."""
    cells: dict[tuple[str, str], Cell] = {}
    for way, reply in _with_replies(asked, replies):
        for receiver, fault in _outcomes(way, reply, busy):
            pair = way.sender, receiver
            cell = cells.setdefault(pair, Cell(*pair, ISOLATED))
            faults = (*cell.faults, *([fault] if fault else []))
            good = REACHES if way.wanted or cell.state == REACHES else ISOLATED
            worst = min((one.kind for one in faults), key=_STATES.index, default=good)
            cells[pair] = replace(cell, state=worst, faults=faults)
    return list(cells.values())


def unseen(asked: Sequence[Asked], replies: Replies) -> dict[str, list[str]]:
    """Return the members that are not known to answer, nor not to, by the address and port of their load balancer."""
    members: dict[str, set[str]] = {}
    seen: dict[str, set[str]] = {}
    for way, reply in _with_replies(asked, replies):
        if way.wanted and way.protocol == HTTP:
            balancer = f"{way.address}:{way.port}"
            members.setdefault(balancer, set()).update(way.others, () if way.spreads else way.answerers)
            seen.setdefault(balancer, set()).update(reply["answerers"] if reply else ())
    left = {balancer: sorted(its - seen[balancer]) for balancer, its in members.items()}
    return {balancer: its for balancer, its in left.items() if its}


def _with_replies(asked: Sequence[Asked], replies: Replies) -> Iterator[tuple[Asked, Reply | None]]:
    left = {asker: iter(found) for asker, found in replies.items()}
    return ((way, next(left.get(way.asker, iter(())), None)) for way in asked)


def outsiders(asked: Iterable[Asked]) -> list[Endpoint]:
    """Return external networks as the matrix shows them."""
    names = {one.outsider for one in asked}
    return [Endpoint(name, "outside", "", "", (), 0) for name in sorted(names)]


def _outcomes(way: Asked, reply: Reply | None, busy: Busy) -> Iterator[tuple[str, Fault | None]]:
    """Yield whose cells it is about, and what is wrong there: of each member, if each is to answer."""
    inward = way.receiver in way.answerers
    if reply is None or not (way.spreads and reply["answered"]):
        heard = [name for name in reply["answerers"] if name in way.answerers] if reply and inward else []
        yield (heard or [way.receiver])[0], _fault(way, reply, busy)
        return
    for member in sorted({*way.answerers, *reply["answerers"]}):
        one = replace(way, receiver=member) if inward else way
        yield one.receiver, _member_fault(one, member, reply, busy)


def _member_fault(way: Asked, member: str, reply: Reply, busy: Busy) -> Fault | None:
    heard = member in reply["answerers"]
    if heard and member not in way.answerers:
        return Fault(LEAK, f"{way.words}: expected no answer of {member}, measured one")
    if heard or (reply["note"] == ELSEWHERE and way.service in busy.get(member, ())):
        return None
    others = ", ".join(reply["answerers"]) or "somebody else"
    return Fault(UNREACHABLE, f"{way.words}: expected an answer of {member}, measured those of {others} alone")


def _fault(way: Asked, reply: Reply | None, busy: Busy) -> Fault | None:
    wanted = "reachable" if way.wanted else "unreachable"
    if reply is None:
        return Fault(UNMEASURED, f"{way.words}: expected {wanted}, measured nothing")
    if way.wanted and not _has_arrived(way, reply) and not _is_mute(way, busy):
        reason = f"answered by {', '.join(reply['answerers'])}" if reply["answerers"] else reply["note"]
        return Fault(UNREACHABLE, f"{way.words}: expected reachable, measured unreachable ({reason})")
    if reply["answered"] and not way.wanted:
        return Fault(LEAK, f"{way.words}: expected unreachable, measured reachable")
    return None


def _has_arrived(way: Asked, reply: Reply) -> bool:
    """Say whether who was meant answered, or, if it is not a probe, a guest's own server that has the port."""
    identified = way.answerers and way.protocol != "icmp"
    return reply["answered"] and (
        not identified or not {*reply["answerers"]}.isdisjoint(way.answerers) or reply["note"] == ELSEWHERE
    )


def _is_mute(way: Asked, busy: Busy) -> bool:
    """Say whether something else than a probe has the port by UDP: it need not answer what it does not understand."""
    return way.protocol == "udp" and any(way.service in busy.get(name, ()) for name in way.answerers)
