# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``static``: questions for a known address do not go round.

ARP is answered here. A neighbour solicitation is sent to the one whom it asks for, who answers it: to make the answer
here, a datapath would have to write ND options, which the kernel's does not. What a guest says of its own address
concerns everybody and is passed on: announcements, and the question whether somebody else has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.segment import Remote, Segment, addresses_of
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import (
    NETWORK,
    SOURCE,
    Flow,
    Priority,
    Table,
    to,
)

_ANSWER = (
    "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],set_field:{mac}->eth_src,set_field:2->arp_op,"
    "move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[],move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[],"
    "set_field:{mac}->arp_sha,set_field:{address}->arp_spa,IN_PORT"
)


def pass_on() -> Iterator[Flow]:
    """Yield what RESPOND does where nothing is answered."""
    yield Flow(Table.RESPOND, Priority.MISS, "", to(Table.TRACK))


def respond(segment: Segment, remotes: Iterable[Remote]) -> Iterator[Flow]:
    """Yield the flows of RESPOND for the addresses of one network."""
    network = NETWORK.match(segment.network)
    for guest in segment.guests:
        about = f"port {guest.name}"
        yield from _known(network, segment, about, guest.mac, guest.ipv4, guest.ipv6)
        own = f"{network},{SOURCE.match(guest.ofport)}"
        for address in guest.ipv4:
            yield Flow(Table.RESPOND, Priority.OWN_ADDRESS, f"arp,{own},arp_tpa={address}", to(Table.TRACK), about)
        for address in guest.ipv6 if segment.dual else ():
            yield Flow(
                Table.RESPOND,
                Priority.OWN_ADDRESS,
                f"icmp6,{own},icmp_type=135,nd_target={address}",
                to(Table.TRACK),
                about,
            )
    for port, _vtep in remotes:
        yield from _known(network, segment, f"port {port.name}", port.mac, *addresses_of(port))


def _known(
    network: str, segment: Segment, about: str, mac: str, ipv4: Iterable[str], ipv6: Iterable[str]
) -> Iterator[Flow]:
    for address in ipv4:
        answer = _ANSWER.format(mac=mac, address=address)
        yield Flow(Table.RESPOND, Priority.KNOWN, f"arp,{network},arp_tpa={address},arp_op=1", answer, about)
    for address in ipv6 if segment.dual else ():
        match = f"icmp6,{network},icmp_type=135,nd_target={address}"
        yield Flow(Table.RESPOND, Priority.KNOWN, match, f"set_field:{mac}->eth_dst,{to(Table.TRACK)}", about)
