# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a packet does not get further, in the words of the intent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.journey import Hop, Leg
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.names import Names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import BRIDGE, Port

_GUARD = {table.name.lower() for table in (Table.GUARD, Table.GUARD_SOURCE, Table.GUARD_L4)}
_ENTRANCE = {table.name.lower() for table in (Table.INPUT, Table.TUNNEL)}
_VERDICTS = [table.name.lower() for table in (Table.VERDICT_OUT, Table.VERDICT_IN)]
_UNRESOLVED = "neighbor cache miss"
Rule = Mapping[str, Any]


def reason(names: Names, leg: Leg) -> str:
    """Return why the receiver does not get it, as what follows a colon."""
    if leg.refuser:
        does = "send" if leg.refuser is leg.sender else "receive"
        return f"dropped by the plug of port {leg.refuser.name}, by the intent: {_not_allowed(leg.refuser, does)}"
    if leg.lost:
        return leg.lost
    if leg.deliveries:
        tags = " and ".join(str(tag) for tag in leg.deliveries[0]["vlans"])
        return f"it comes out of {leg.receiver.device} with the VLAN tag {tags}, which a guest does not take off"
    hop, where, here = leg.hops[-1], leg.receiver.network, leg.sender.network
    stopped = _stopped(names, leg, hop)
    if where != here:
        return f"it is in network {where} and the sender in {here}, and nothing joins them; {stopped}"
    return f"{stopped}; run site" if _not_taken_in(names, hop) else stopped


def _stopped(names: Names, leg: Leg, hop: Hop) -> str:
    """Return what became of it at the last hypervisor that it came to."""
    if not hop.entered:
        return _not_entered(names, hop)
    if any(_UNRESOLVED in step for rule in hop.rules for step in rule["steps"]):
        return (
            f"{hop.visit.hypervisor} does not know the MAC address at the tunnel's other end, and nobody there answers "
            "when it asks: the underlay does not join them"
        )
    if hop.outputs:
        return f"{hop.visit.hypervisor} sends it elsewhere"
    return _dropped(names, leg, hop)


def _not_entered(names: Names, hop: Hop) -> str:
    visit = hop.visit
    if visit.tunnel is None:
        what = names.device(visit.hypervisor, visit.in_port or "")
        return (
            f"{visit.in_port}, the device of {what}, is not plugged into {BRIDGE} of {visit.hypervisor}: nothing runs "
            "there, or site has not"
        )
    peer = names.hypervisor(visit.tunnel["tun_src"])
    return f"{visit.hypervisor} has no {visit.tunnel['type']} tunnel that takes it from {peer}"


def _not_taken_in(names: Names, hop: Hop) -> bool:
    """Say whether a hypervisor is not prepared for what comes from another, or from its own guest."""
    if not hop.entered:
        return hop.visit.tunnel is not None
    return not hop.outputs and [rule["priority"] for rule in hop.rules if names.table(rule) in _ENTRANCE][-1:] == [None]


def _dropped(names: Names, leg: Leg, hop: Hop) -> str:
    if not hop.rules:
        return f"{hop.visit.hypervisor} drops it before its first table"
    rule = hop.rules[-1]
    table = names.table(rule)
    if table in _VERDICTS:
        guest, does = (leg.sender, "send") if table == _VERDICTS[0] else (leg.receiver, "receive")
        return f"dropped by {table} of port {guest.name}: {_not_allowed(guest, does)}"
    if table in _GUARD:
        faults = _guard_faults(leg.sender, hop.visit.packet)
        cause = "; ".join(faults) or "nothing that a guest may send has this form"
    else:
        cause = _cause(names, hop, rule)
    return f"dropped by {table} of {names.about(rule) or _subject(names, hop, table)}: {cause}"


def _subject(names: Names, hop: Hop, table: str) -> str:
    """Return what a table that treats all alike, or knows nothing, has to do with here."""
    visit = hop.visit
    guest = names.guest(visit.hypervisor, visit.in_port or "")
    if visit.tunnel is not None:
        return f"network {names.network_of_key(visit.tunnel['tun_id'])}"
    if guest:
        return f"network {guest.network}" if table == "switch" else f"port {guest.name}"
    return names.device(visit.hypervisor, visit.in_port or "")


def _guard_faults(guest: Port, packet: Packet) -> list[str]:
    """Return in what a packet is not its sender's own."""
    own = [address.partition("/")[0] for address in guest.addresses]
    faults = []
    if packet.vlans:
        faults.append(f"it has the VLAN tag {packet.vlans[0]}")
    if packet.dl_src != guest.mac:
        faults.append(f"source MAC address {packet.dl_src} is not its own ({guest.mac})")
    if packet.source not in own:
        faults.append(f"source address {packet.source} is not its own ({', '.join(own)})")
    return faults


def _not_allowed(guest: Port, does: str) -> str:
    if not guest.groups:
        return "it is in no security group, and what none allows is dropped"
    return f"no rule of its security groups ({', '.join(guest.groups)}) lets it {does} this"


def _cause(names: Names, hop: Hop, rule: Rule) -> str:
    table, host = names.table(rule), hop.visit.hypervisor
    remarks = [step for step in rule["steps"] if step.startswith(("->", ">>"))]  # the latter: it did not do it
    if table in _ENTRANCE and rule["priority"] is None:
        return f"{host} has no flow that takes it in"
    if table == "switch":
        return f"{host} knows nobody in the network with the MAC address {hop.visit.packet.dl_dst}"
    if table == "output" and remarks:
        return f"the device that it is sent to is not plugged into {BRIDGE} of {host}"
    if remarks:
        return f"the switch says '{remarks[-1].strip('-<> ')}'"
    return "no flow matches" if rule["priority"] is None else "its flow says so"
