# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plugs do to a packet, where iptables judges between the guests and Open vSwitch.

No switch can be asked that, so it is said by the rules of the intent, and told as that.
"""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.groups import lets_pass
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import QUESTIONS, Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port


def refuses(intent: Intent, packet: Packet, port: Port, sender: Port, receiver: Port) -> bool:
    """Say whether the plug of a port, one of the two, drops a packet. Answers pass where connections are remembered."""
    if not port.plugged or packet.protocol in QUESTIONS or (packet.answers and not port.stateless):
        return False
    return not lets_pass(intent, packet, port, sender, receiver)
