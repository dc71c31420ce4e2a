# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule of its security groups lets a port send or receive a packet, by the intent."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import (
    Connection,
    End,
    lets,
    permitting,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import EGRESS, INGRESS, OPEN_EGRESS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import QUESTIONS, Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port


def lets_pass(intent: Intent, packet: Packet, port: Port, sender: Port, receiver: Port) -> bool:
    """Say whether the groups of a port, one of the two, let a packet pass that is of no connection, or opens one."""
    return lets(*_asked(intent, packet, port, sender, receiver))


def rule_for(intent: Intent, packet: Packet, port: Port, sender: Port, receiver: Port, group: str | None = None) -> str:
    """Return the path of the rule that lets it pass, of one group or of all of the port; '' if there is none."""
    if packet.protocol in QUESTIONS:
        return ""
    direction, own, other, remote, connection = _asked(intent, packet, port, sender, receiver)
    own = own if group is None else own._replace(groups=[group])
    found = permitting(direction, own, other, remote, connection)
    if found is None:
        return ""
    path = f"tenants.{port.tenant}.security_groups.{found[0]}"
    rules = (own.security.groups or {})[found[0]]
    return f"{path}.open_egress" if rules[found[1]] is OPEN_EGRESS else f"{path}.rules[{found[1]}]"


def _asked(
    intent: Intent, packet: Packet, port: Port, sender: Port, receiver: Port
) -> tuple[str, End, End, str, Connection]:
    """Return what rules are asked of a packet at one of its ends."""
    connection = Connection(packet.number, packet.source, packet.target, packet.asks_for)
    here, there = _end(intent, sender), _end(intent, receiver)
    if port is sender:
        return EGRESS, here, there, packet.target, connection
    return INGRESS, there, here, packet.source, connection


def _end(intent: Intent, port: Port) -> End:
    addresses = [address.partition("/")[0] for address in port.addresses]
    return End(port.tenant, intent.tenants[port.tenant].security, port.groups, addresses)
