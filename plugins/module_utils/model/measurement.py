# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the probe on an endpoint reports: the words shared by the module that measures and the code that judges.

A measurement holds what happened, never what should have: the endpoint does not know the intent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# checks of one address, through the sender's own network stack
ICMP = "icmp"
FULL_MTU = "icmp at full MTU"
OVER_MTU = "icmp one byte over MTU"
TCP = "tcp"  # to the probe's own port; to another one it is a service, as "tcp 80"
HTTP = "http"  # a service that load balancers ask, and nobody else

ELSEWHERE = "somebody else answered"  # what is noted of a connection to a port that is not the probe's

# kinds of frames made by hand
ECHO_FRAME = "echo frame"  # to the receiver's MAC and IP address, whatever the sender's routes and neighbours are
BROADCAST = "broadcast"
FLOOD = (
    BROADCAST,
    "IPv4 multicast",
    "IPv6 multicast",
    "unknown unicast",
    "neighbour solicitation",
    "gratuitous ARP",
)
FLOODED_TO = {  # of those that are UDP: the address
    BROADCAST: "255.255.255.255",
    "IPv4 multicast": "224.0.0.254",  # RFC 4727: for experiments, never forwarded by a router, flooded by every switch
    "IPv6 multicast": "ff02::114",  # RFC 4727, likewise
    "unknown unicast": "192.0.2.1",  # RFC 5737
}
FORGED = "forged "  # with which a kind begins that is an attack; port security stops all of them
TAG = "802.1Q tag"  # and one that is tagged; these too
HALFWAY = ("TCP ACK", "TCP SYN and ACK", "TCP FIN", "TCP RST")  # of no connection, which security groups stop
IN_FRAGMENTS = ("UDP in two fragments, the first", "UDP in two fragments, the second")
BEHIND_HEADERS = ("UDP behind a hop-by-hop header", "TCP SYN behind destination options")
HIDDEN = dict(zip((*IN_FRAGMENTS, *BEHIND_HEADERS), ("udp", "udp", "udp", "tcp")))  # to the probe's port of these
FLOOD_PORT, HIDDEN_PORT = 1021, 1022  # of the sender; RFC 4727: for experiments


@dataclass(frozen=True)
class Reply:
    """What became of one check of one address."""

    receiver: str  # the endpoint that was meant: with overlapping subnets an address does not say who it is
    address: str
    check: str
    answered: bool
    answerer: str = ""  # who it said it is (TCP alone)
    note: str = ""  # why there is no answer, in the kernel's words


@dataclass(frozen=True)
class Sighting:
    """Marked frames of one sender and kind that arrived."""

    sender: str
    kind: str
    receiver: str  # for whom they were; empty for a flood
    address: str
    frames: int  # different frames
    copies: int  # how often the most frequent of them arrived


@dataclass(frozen=True)
class Measurement:
    """All that one endpoint saw."""

    interface: str
    mtu: int
    replies: tuple[Reply, ...]
    sightings: tuple[Sighting, ...]
    sent: Mapping[str, int]  # flood frames by kind
    departed: Mapping[str, int]  # marked frames that the sniffer saw leave: proof that it saw, and that they left
    lost: int  # frames that the kernel did not give to the sniffer
    busy: tuple[str, ...] = ()  # services whose port something else has here


def parse_measurement(value: Mapping[str, Any]) -> Measurement:
    """Parse the ``measurement`` that the module returned."""
    return Measurement(
        interface=str(value["interface"]),
        mtu=int(value["mtu"]),
        replies=tuple(Reply(**reply) for reply in value["replies"]),
        sightings=tuple(Sighting(**sighting) for sighting in value["sightings"]),
        sent=dict(value["sent"]),
        departed=dict(value["departed"]),
        lost=int(value["lost"]),
        busy=tuple(value.get("busy", ())),
    )
