# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a packet from port to port and back, hypervisor by hypervisor, and perhaps by routers between them.

A journey is a generator: it yields a visit, that is what a hypervisor shall be asked, is sent the answer, and returns
when there is nothing more to ask. Where a packet goes next is read from the answer and never from the intent: through
which tunnel, with which key and tag. The intent only gives names, and says who should have it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.crossing import Crossing, Stretch, outside
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import QUESTIONS, Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.plugs import refuses
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.question import Question
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import BRIDGE, TUNNEL_TYPES, Intent, Port

# What conntrack finds, each time that it is asked; more than any packet needs.
_NEW, _REPLY = ["trk,new"] * 8, ["trk,est,rpl"] * 8
Answer = Mapping[str, Any]  # of tenantry.sdn.of_trace for one packet; or {"unreachable": why nobody could be asked}
Output = Mapping[str, Any]


@dataclass(frozen=True)
class Visit:
    """A packet at a hypervisor: it comes by a device, or through a tunnel."""

    hypervisor: str
    packet: Packet
    in_port: str | None
    tunnel: Mapping[str, Any] | None
    ct_states: Sequence[str]
    connection: str = ""  # what conntrack finds, where security groups judge by it

    @property
    def inquiry(self) -> dict[str, Any]:
        """Return it as tenantry.sdn.of_trace takes it."""
        entry = {"in_port": self.in_port} if self.tunnel is None else {"tunnel": dict(self.tunnel)}
        return {**entry, "flow": self.packet.flow + self.connection, "ct_states": list(self.ct_states)}


@dataclass(frozen=True)
class Hop:
    visit: Visit
    answer: Answer

    @property
    def unreachable(self) -> str | None:
        return self.answer.get("unreachable")

    @property
    def entered(self) -> bool:
        return self.answer.get("in_port") is not None

    @property
    def outputs(self) -> Sequence[Output]:
        outputs: Sequence[Output] = self.answer.get("outputs", ())
        return outputs

    @property
    def rules(self) -> Sequence[Mapping[str, Any]]:
        """The rules that it met on the integration bridge."""
        return [rule for rule in self.answer.get("rules", ()) if rule["bridge"] == BRIDGE]


@dataclass
class Leg:
    """The way of one packet within a network."""

    packet: Packet
    sender: Port
    receiver: Port
    ends: tuple[Port, Port]  # of the whole way
    connection: Packet  # by which it was opened
    hops: list[Hop] = field(default_factory=list)
    deliveries: list[Output] = field(default_factory=list)  # copies that come out at the receiver's device
    elsewhere: list[tuple[Hop, Output]] = field(default_factory=list)  # copies that go another way
    lost: str = ""  # why its way could not be followed to the end
    refuser: Port | None = None  # at whose plug it is dropped

    @property
    def answered(self) -> bool:
        """Whether the sender's own switch answers a question."""
        asks = self.packet.protocol in QUESTIONS and not self.packet.answers
        return asks and any(output["port"] == self.sender.device for hop in self.hops[:1] for output in hop.outputs)

    @property
    def reaches(self) -> bool | None:
        """Whether the receiver gets it, or the sender an answer; None if that is not known."""
        if self.refuser:
            return False
        if any(not output["vlans"] for output in self.deliveries) or self.answered:
            return True
        return None if self.lost else False


@dataclass
class Way:
    """The whole way of one packet: a leg, or one to a router and, if that passes it on, another from it.

    From outside there is none to a router, and to the outside none from one. Between two routers there is one if they
    meet in a network outside; what else is outside is not asked.
    """

    packet: Packet
    last: Packet  # as it comes out of the last router
    sender: Port
    receiver: Port
    crossings: Sequence[Crossing]
    outer: Sequence[Stretch | None] = ()  # after each router but the last
    steps: list[Leg | Crossing] = field(default_factory=list)  # as far as it came

    @property
    def legs(self) -> list[Leg]:
        return [step for step in self.steps if isinstance(step, Leg)]

    @property
    def crossed(self) -> list[Crossing]:
        """The routers that it came to."""
        return [step for step in self.steps if isinstance(step, Crossing)]

    @property
    def stopped(self) -> Crossing | None:
        """The router that drops it."""
        return next((crossing for crossing in self.crossed if crossing.refusal), None)

    @property
    def leaves(self) -> Crossing | None:
        """The router that leads it outside, and nobody takes it in from there."""
        return self.crossings[-1] if self.crossings and not self.crossings[-1].exit else None

    @property
    def elsewhere(self) -> list[tuple[Hop, Output]]:
        return [copy for leg in self.legs for copy in leg.elsewhere]

    @property
    def deliveries(self) -> list[Output]:
        return self.legs[-1].deliveries if self.is_whole else []

    @property
    def is_whole(self) -> bool:
        """Whether its last leg ends at the receiver."""
        return bool(self.legs) and self.legs[-1].receiver is self.receiver

    @property
    def answered(self) -> bool:
        return self.is_whole and self.legs[0].answered

    @property
    def reaches(self) -> bool | None:
        """Whether the receiver gets it, or the sender an answer; None if that is not known."""
        return False if self.stopped else self.legs[-1].reaches


@dataclass(frozen=True)
class Journey:
    question: Question
    there: Way
    back: Way | None

    @property
    def reaches(self) -> bool | None:
        return self.there.reaches if self.back is None else self.back.reaches


def travel(intent: Intent, question: Question) -> Generator[Visit, Answer, Journey]:
    """Follow a packet, and if it arrives the answer to it. What is not honest gets no answer that could be foreseen."""
    there = _way_there(intent, question)
    opened = [there.packet, *(stretch and stretch.packet for stretch in there.outer), there.last]
    yield from _go(intent, there, _NEW, opened)
    back = None
    if there.reaches and not there.answered and question.honest:
        back = _way_back(there)
        yield from _go(intent, back, _REPLY, opened[::-1])
    return Journey(question, there, back)


def _way_there(intent: Intent, question: Question) -> Way:
    packet, receiver, crossings = question.packet, question.receiver, question.crossings
    if not crossings:
        return Way(packet, packet, question.sender, receiver, ())
    exit_ = crossings[-1].exit
    last = crossings[-1].after
    if exit_:
        last = replace(last, dl_src=exit_.mac, dl_dst=receiver.mac)
    outer = [outside(intent, near, far) for near, far in zip(crossings, crossings[1:])]
    return Way(packet, last, question.sender, receiver, crossings, outer)


def _way_back(there: Way) -> Way:
    """Return the way of the answer, not begun: from outside, that from the router."""
    answer, crossings = there.last.answer(there.receiver.mac), [crossing.back() for crossing in there.crossings[::-1]]
    last = there.packet.answer(there.packet.dl_dst if crossings else there.receiver.mac)
    outer = [stretch and stretch.back() for stretch in there.outer[::-1]]
    return Way(answer, last, there.receiver, there.sender, crossings, outer)


def resume(
    journey: Generator[Visit, Answer, Journey], answers: Sequence[Answer]
) -> tuple[Visit | None, Journey | None]:
    """Give a journey the answers that there are; return the next visit, or the whole journey."""
    try:
        visit = next(journey)
        for answer in answers:
            visit = journey.send(answer)
    except StopIteration as end:
        return None, end.value
    return visit, None


def _go(
    intent: Intent, way: Way, ct_states: Sequence[str], opened: Sequence[Packet | None]
) -> Generator[Visit, Answer, None]:
    """Follow a packet; ``opened`` is what opened its connection, before the first router and after each."""
    ends, crossings = (way.sender, way.receiver), way.crossings
    first = crossings[0].entry if crossings else way.receiver
    stretches: list[Stretch | None] = [Stretch(way.sender, first, way.packet) if first else None]
    if crossings:
        exit_ = crossings[-1].exit
        stretches += [*way.outer, Stretch(exit_, way.receiver, way.last) if exit_ else None]
    for number, stretch in enumerate(stretches):
        if number:
            crossing = crossings[number - 1]
            way.steps.append(crossing)
            if crossing.refusal:
                return
        if stretch:
            leg = Leg(stretch.packet, stretch.sender, stretch.receiver, ends, opened[number] or stretch.packet)
            way.steps.append(leg)
            yield from _through_plugs(intent, leg, ct_states)
            if not leg.reaches:
                return


def _through_plugs(intent: Intent, leg: Leg, ct_states: Sequence[str]) -> Generator[Visit, Answer, None]:
    if refuses(intent, leg.packet, leg.sender, *leg.ends):
        leg.refuser = leg.sender
        return
    yield from _walk(intent, leg, ct_states)
    if leg.deliveries and refuses(intent, leg.packet, leg.receiver, *leg.ends):
        leg.refuser = leg.receiver


def _walk(intent: Intent, leg: Leg, ct_states: Sequence[str]) -> Generator[Visit, Answer, None]:
    connection = leg.connection.connection if intent.judges_by_flows(leg.sender.network) else ""
    visits = deque([Visit(leg.sender.hypervisor, leg.packet, leg.sender.device, None, ct_states, connection)])
    while visits:
        visit = visits.popleft()
        answer = yield visit
        hop = Hop(visit, answer)
        leg.hops.append(hop)
        if hop.unreachable:
            leg.lost = f"{visit.hypervisor} could not be asked: {hop.unreachable}"
        for output in hop.outputs:
            following = _onward(intent, leg, visit, output)
            if visit.hypervisor == leg.receiver.hypervisor and output["port"] == leg.receiver.device:
                leg.deliveries.append(output)
            elif following is None:
                if not _is_held_back(intent, leg, visit, output):
                    leg.elsewhere.append((hop, output))
            elif output["rewritten"] or len(output["vlans"]) > 1:
                changed = ", ".join([*output["rewritten"], *(f"VLAN tag {tag}" for tag in output["vlans"])])
                leg.lost = f"what {visit.hypervisor} makes of it cannot be followed ({changed})"
            else:
                visits.append(following)


def _is_held_back(intent: Intent, leg: Leg, visit: Visit, output: Output) -> bool:
    """Say whether a copy ends at the plug of another guest."""
    guests = (port for port in intent.ports_of.get(visit.hypervisor, ()) if port.device == output["port"])
    return any(refuses(intent, leg.packet, guest, leg.ends[0], guest) for guest in guests)


def _onward(intent: Intent, leg: Leg, visit: Visit, output: Output) -> Visit | None:
    """Return the visit that follows if a copy goes to the receiver's hypervisor, from another."""
    if visit.hypervisor == leg.receiver.hypervisor:
        return None
    here = intent.fabric.hypervisors[visit.hypervisor]
    there = intent.fabric.hypervisors[leg.receiver.hypervisor]
    wires = {nic: there.uplinks[name] for name, nic in here.uplinks.items() if name in there.uplinks}
    tunnel = output["tunnel"]
    if tunnel and (tunnel["type"] not in TUNNEL_TYPES or tunnel["tun_dst"] != there.vtep):
        return None  # to another hypervisor, or what mirrors send
    if not tunnel and output["port"] not in wires:
        return None
    packet = replace(
        visit.packet,
        dl_src=output["dl_src"] or visit.packet.dl_src,
        dl_dst=output["dl_dst"] or visit.packet.dl_dst,
        vlans=tuple(output["vlans"]),
    )
    in_port = None if tunnel else wires[output["port"]]
    return replace(visit, hypervisor=there.name, packet=packet, in_port=in_port, tunnel=tunnel)
