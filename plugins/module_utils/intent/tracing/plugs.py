# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plugs do to a packet, where iptables judges between the guests and Open vSwitch.

No switch can be asked that, so it is said by the rules of the intent, and told as that.
"""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, End, lets
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import EGRESS, INGRESS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import QUESTIONS, Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port


def refuses(intent: Intent, packet: Packet, port: Port, sender: Port, receiver: Port) -> bool:
    """Say whether the plug of a port, one of the two, drops a packet. Answers pass where connections are remembered."""
    if not port.plugged or packet.protocol in QUESTIONS or (packet.answers and not port.stateless):
        return False
    connection = Connection(packet.number, packet.source, packet.target, packet.asks_for)
    here, there = _end(intent, sender), _end(intent, receiver)
    if port is sender:
        return not lets(EGRESS, here, there, packet.target, connection)
    return not lets(INGRESS, there, here, packet.source, connection)


def _end(intent: Intent, port: Port) -> End:
    addresses = [address.partition("/")[0] for address in port.addresses]
    return End(port.tenant, intent.tenants[port.tenant].security, port.groups, addresses)
