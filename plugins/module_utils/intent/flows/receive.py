# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a packet enters: it is given its network, or no flow matches it and it is dropped.

What comes through a tunnel is known by key and sender, whichever tunnel port took it. So a hypervisor understands its
peers whether they use a port for each peer or one for all. The sender is checked, since a tunnel port for all peers
takes packets from anybody (ovs-fields(7), tun_src).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.segment import Segment
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import (
    NETWORK,
    OUTSIDE,
    SOURCE,
    ZONE,
    Flow,
    Priority,
    Table,
    number,
    to,
)

UNTAGGED = "vlan_tci=0x0000/0x1fff"  # no tag at all: one of VID 0 has the bit 0x1000 (ovs-fields(7))
_RESERVED = "dl_dst=01:80:c2:00:00:00/ff:ff:ff:ff:ff:f0"  # IEEE 802.1Q table 8-1: STP, LACP, LLDP, ...: for bridges
# NORMAL sees the frames that flows deliver through this copy alone. It notes the sender's place, then finds the
# destination there too, where the copy came from, and sends it nowhere.
_LEARN = "clone(move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],NORMAL)"


def receive(segments: Sequence[Segment], learns: bool) -> Iterator[Flow]:
    """Yield the flows of INPUT and TUNNEL; if it ``learns``, NORMAL is told where senders are."""
    yield Flow(Table.INPUT, Priority.FOR_BRIDGES, _RESERVED, "drop")
    for segment in segments:
        yield from _guests(segment)
        yield from (_tunnels if segment.tunneled else _wire)(segment, learns)


def _guests(segment: Segment) -> Iterator[Flow]:
    for guest in segment.guests:
        actions = f"{_load(segment, SOURCE.set(guest.ofport))},{to(Table.GUARD)}"
        yield Flow(Table.INPUT, Priority.KNOWN, f"in_port={guest.ofport}", actions, f"port {guest.name}")


def _tunnels(segment: Segment, learns: bool) -> Iterator[Flow]:
    for vtep in segment.peers:
        source = "tun_src" if family(vtep) == 4 else "tun_ipv6_src"
        yield Flow(
            Table.INPUT,
            Priority.KNOWN,
            f"tun_id={number(segment.key)},{source}={vtep}",
            to(Table.TUNNEL),
            segment.about,
        )
    if segment.peers:
        actions = [_LEARN] * learns + [_load(segment, OUTSIDE.set(1)), to(Table.TRACK)]
        yield Flow(
            Table.TUNNEL, Priority.KNOWN, f"tun_id={number(segment.key)},{UNTAGGED}", ",".join(actions), segment.about
        )


def _wire(segment: Segment, learns: bool) -> Iterator[Flow]:
    tagged = segment.kind == "vlan"
    match = f"in_port={segment.outlet},{f'dl_vlan={segment.vlan}' if tagged else UNTAGGED}"
    actions = [_LEARN] * learns + ["pop_vlan"] * tagged + [_load(segment, OUTSIDE.set(1)), to(Table.TRACK)]
    yield Flow(Table.INPUT, Priority.KNOWN, match, ",".join(actions), segment.about)


def _load(segment: Segment, whence: str) -> str:
    """Return actions that note where a packet is from, and what the judge wants to know."""
    judged = [ZONE.set(segment.zone)] if segment.zone else []
    return ",".join([NETWORK.set(segment.network), *judged, whence])
