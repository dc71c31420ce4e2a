# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A journey as text for people, and as data for those who go on with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import listed
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Hop, Journey, Leg, Output, Way
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.reasons import reason
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Port

_NORMAL = "NORMAL"
_JUDGED, _PERMITTED = (table.name.lower() for table in (Table.JUDGE_MEMBER, Table.JUDGE_RULE))
_SHOWN = 5  # others that a verdict names
_TUNNEL_REMARKS = ("-> output to", "-> tunneling", "-> neighbor")


class Row(NamedTuple):
    """A table that the packet passed."""

    table: str
    about: str  # "" where all packets are treated alike
    remark: str  # of the switch on what NORMAL did, or by which rule a group lets it pass


def verdict(names: Names, journey: Journey) -> str:
    """Return in a sentence whether it arrives, and the answer, and if not, why; in another who else gets it."""
    others = strangers(names, journey)
    also = "also " if journey.there.reaches else ""
    return _sentence(names, journey) + (f" It {also}goes to {listed(others, _SHOWN)}." if others else "")


def strangers(names: Names, journey: Journey) -> list[str]:
    """Return who gets a copy on the way, there or back, and is not meant: the physical networks are for all anyway, and
    what is for a router is for its leg on the other hypervisor too.
    """
    found = set()
    for leg in (leg for way in (journey.there, journey.back) if way for leg in way.legs):
        for hop, output in leg.elsewhere:
            here, port, tunnel = hop.visit.hypervisor, output["port"], output["tunnel"]
            who = names.hypervisor(tunnel["tun_dst"]) if tunnel else names.device(here, port)
            meant = who == leg.receiver.name or (leg.answered and port == leg.sender.device)
            if not meant and (tunnel or not names.physical_network(here, port)):
                found.add(who)
    return sorted(found)


def _sentence(names: Names, journey: Journey) -> str:
    there, back = journey.there, journey.back
    sender, receiver = there.sender.name, there.receiver.name
    if there.reaches is None:
        return f"Whether {sender} reaches {receiver} is not known: {_why(names, there)}."
    if not there.reaches:
        return f"{sender} does not reach {receiver}: {_why(names, there)}."
    if there.answered:
        return f"{there.sender.hypervisor} itself answers {sender} in the place of {receiver}."
    arrives = _arrives(there)
    if len(there.deliveries) > 1:
        arrives += f", with {len(there.deliveries)} copies"
    if back is None:
        return f"{arrives}."
    if back.reaches:
        return f"{arrives}, and the answer comes back."
    if back.reaches is None:
        return f"{arrives}; whether the answer comes back is not known: {_why(names, back)}."
    return f"{arrives}, but the answer does not come back: {_why(names, back)}."


def _arrives(way: Way) -> str:
    """Return that a packet gets there, and how."""
    sender, receiver, leaves = way.sender.name, way.receiver.name, way.leaves
    if leaves and leaves.tunnel:
        return f"{sender} gets to {receiver} by {leaves.tunnel} of router {leaves.router.name}"
    if leaves:
        return f"{sender} gets out to {receiver} as {leaves.after.source} by router {leaves.router.name}"
    if way.packet.target != way.last.target:
        return f"{sender} reaches {receiver} by {way.packet.target}"
    its = {address.partition("/")[0] for address in way.receiver.addresses}
    behind = "" if way.packet.target in its else f", which {way.packet.target} is behind"
    return f"{sender} reaches {receiver}{behind}"


def _why(names: Names, way: Way) -> str:
    """Return why a packet does not get further, or why that is not known."""
    if way.stopped:
        return f"router {way.stopped.router.name} is between them, and {way.stopped.refusal}"
    before = "" if way.is_whole or not way.crossings else f"on its way to router {_ahead(way)}, "
    return before + reason(names, way.legs[-1])


def _ahead(way: Way) -> str:
    return way.crossings[len(way.crossed)].router.name


def lines(names: Names, journey: Journey) -> list[str]:
    """Return the whole story but for the verdict."""
    told = [f"{journey.there.sender.name} -> {journey.there.receiver.name}"]
    for way in filter(None, (journey.there, journey.back)):
        told += ["", way.packet.words, *_way(names, way)]
    return told


def as_data(names: Names, journey: Journey) -> dict[str, Any]:
    ways = {"there": journey.there, "back": journey.back}
    return {name: way and _way_data(names, way) for name, way in ways.items()}


def _way_data(names: Names, way: Way) -> dict[str, Any]:
    return {
        "packet": way.packet.words,
        "reaches": way.reaches,
        "elsewhere": [f"{hop.visit.hypervisor}: {leaves(names, hop, output)}" for hop, output in way.elsewhere],
        "routers": [crossing.router.name for crossing in way.crossings],
        "hops": [
            {
                "hypervisor": hop.visit.hypervisor,
                "enters": enters(names, hop),
                "tables": [row._asdict() for row in rows(names, leg, hop)],
                "leaves": [leaves(names, hop, output) for output in hop.outputs],
            }
            for leg in way.legs
            for hop in leg.hops
        ],
    }


def _way(names: Names, way: Way) -> Iterator[str]:
    for step in way.steps:
        if isinstance(step, Leg):
            yield from _leg(names, step)
        else:
            does = f"drops it: {step.refusal}" if step.refusal else step.does
            yield f"  {step.place} {does}, by the intent; the router is not asked"


def _leg(names: Names, leg: Leg) -> Iterator[str]:
    yield from _plug(names, leg, leg.sender)
    for hop in leg.hops:
        yield f"  {hop.visit.hypervisor}: {enters(names, hop)}"
        for alike, group in groupby(rows(names, leg, hop), lambda row: not row.about and not row.remark):
            if alike:
                yield f"      {', '.join(row.table for row in group)}"
            else:
                yield from (f"      {row.table:<12} {': '.join(filter(None, row[1:]))}" for row in group)
        yield from (f"    leaves {leaves(names, hop, output)}" for output in hop.outputs)
        if hop.entered and not hop.outputs:
            yield "    does not leave"
    if leg.deliveries:
        yield from _plug(names, leg, leg.receiver)


def _plug(names: Names, leg: Leg, port: Port) -> Iterator[str]:
    if port.plugged:
        rule = "" if leg.refuser is port else _rule(names, leg, port)
        does = "drops it" if leg.refuser is port else "lets it pass"
        by = f"by {rule} of the intent" if rule else "by the intent"
        yield f"  {port.hypervisor}: the plug of {port.name} {does}, {by}; iptables is not asked"


def enters(names: Names, hop: Hop) -> str:
    """Return how a packet came to a hypervisor."""
    if hop.unreachable:
        return f"could not be asked: {hop.unreachable}"
    visit = hop.visit
    by = f"by {hop.answer['in_port']}" if hop.entered else "by no port"
    if visit.tunnel is None:
        return f"comes from {names.device(visit.hypervisor, visit.in_port or '')} {by}{_tagged(visit.packet.vlans)}"
    return f"comes from {names.hypervisor(visit.tunnel['tun_src'])} through {_tunnel(names, visit.tunnel)} {by}"


def rows(names: Names, leg: Leg, hop: Hop) -> list[Row]:
    found, judged = [], ""
    for rule in hop.rules:
        row = _row(names, rule)
        judged = row.about if row.table == _JUDGED else judged
        found.append(row._replace(remark=_permitted(names, leg, judged, row)) if row.table == _PERMITTED else row)
    return found


def _permitted(names: Names, leg: Leg, judged: str, row: Row) -> str:
    """Return by which rule a group lets one of both ends have the packet, or the connection that it is of."""
    port = next((port for port in leg.ends if judged == f"port {port.name}"), None)
    what, _space, group = row.about.partition(" ")
    if port is None or what != "group":
        return row.remark
    rule = _rule(names, leg, port, group.partition(".")[2])
    return f"{rule} lets it pass" if rule else "the intent has no such rule"


def _rule(names: Names, leg: Leg, port: Port, group: str | None = None) -> str:
    remembered = leg.packet.answers and not port.stateless
    packet, ends = (leg.connection, leg.ends[::-1]) if remembered else (leg.packet, leg.ends)
    return names.rule_for(packet, port, ends, group)


def _row(names: Names, rule: Mapping[str, Any]) -> Row:
    about = names.about(rule)
    if rule["priority"] is None:
        return Row(names.table(rule), "no flow matches", "")
    if about is None:
        about = f"a flow of somebody else, cookie {rule['cookie']}" if int(rule["cookie"], 16) else "a flow of nobody"
    return Row(names.table(rule), about, _normal_remark(rule["steps"]))


def _normal_remark(steps: list[str]) -> str:
    """Return what the switch says of its own decision; not of the copy that it only learns from."""
    if _NORMAL not in steps or any(step.startswith("clone(") for step in steps):
        return ""
    said = steps[steps.index(_NORMAL) + 1 :]
    remarks = [step for step in said if step.startswith(("->", ">>")) and not step.startswith(_TUNNEL_REMARKS)]
    return "; ".join([_NORMAL, *(remark.strip("-<> ") for remark in remarks)])


def leaves(names: Names, hop: Hop, output: Output) -> str:
    """Return where a copy goes."""
    host, tunnel = hop.visit.hypervisor, output["tunnel"]
    if tunnel:
        return f"to {names.hypervisor(tunnel['tun_dst'])} through {_tunnel(names, tunnel)}{_tagged(output['vlans'])}"
    return f"to {names.device(host, output['port'])} by {output['port']}{_tagged(output['vlans'])}"


def _tunnel(names: Names, tunnel: Mapping[str, Any]) -> str:
    key = tunnel["tun_id"]
    return f"the {tunnel['type']} tunnel, key {key} ({names.network_of_key(key)})"


def _tagged(vlans: Any) -> str:
    return "".join(f", VLAN {vlan}" for vlan in vlans)
