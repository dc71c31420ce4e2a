# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port security: a guest sends as itself or not at all.

It has its MAC address and its IP addresses, and for IPv6 the link-local address that follows from the MAC address. It
asks and answers by ARP and ND for itself alone, serves no DHCP, sends no router advertisements or redirects, and no
VLAN tag. What it may send is listed; everything else, whatever its ethertype, matches no flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.receive import UNTAGGED
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.segment import Guest, Segment
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Flow, Priority, Table, to

_SOLICITATION, _ADVERTISEMENT = 135, 136  # RFC 4861
_NO_MAC = "00:00:00:00:00:00"  # how Open vSwitch reads an option that is not there
# Router advertisement, redirect (RFC 4861), and of solicitations and advertisements those that no guest's flow matched.
_NEIGHBOUR_DISCOVERY = (134, _SOLICITATION, _ADVERTISEMENT, 137)
_SERVER_PORTS = {"udp": (67, 68), "udp6": (547, 546)}  # of DHCP: from, to


def guard(segments: Sequence[Segment]) -> Iterator[Flow]:
    """Yield the flows of GUARD, GUARD_SOURCE and GUARD_L4."""
    for kind in _NEIGHBOUR_DISCOVERY:
        yield Flow(Table.GUARD, Priority.ND_OTHER, f"icmp6,icmp_type={kind}", "drop")
    # So Open vSwitch reads headers that do not end in the packet: a fragment that hides what it is (RFC 7112).
    yield Flow(Table.GUARD, Priority.ND_OTHER, "ipv6,nw_proto=0", "drop")
    for protocol, (source, target) in _SERVER_PORTS.items():
        yield Flow(Table.GUARD_L4, Priority.KNOWN, f"{protocol},tp_src={source},tp_dst={target}", "drop")
    yield Flow(Table.GUARD_L4, Priority.MISS, "", to(Table.RESPOND))
    for segment in segments:
        for guest in segment.guests:
            yield from _honest(guest) if guest.secured else _anything(guest)


def _anything(guest: Guest) -> Iterator[Flow]:
    about = f"port {guest.name}"
    disguised = f"in_port={guest.ofport},dl_type=0x9100"  # the VLAN tag of some switches
    yield Flow(Table.GUARD, Priority.TAG_IN_DISGUISE, disguised, "drop", about)
    yield Flow(Table.GUARD, Priority.UNGUARDED, f"in_port={guest.ofport},{UNTAGGED}", to(Table.RESPOND), about)


def _honest(guest: Guest) -> Iterator[Flow]:
    for mac, (ipv4, ipv6) in guest.identities.items():
        yield from _as(guest, mac, ipv4, ipv6)


def _as(guest: Guest, mac: str, ipv4: Sequence[str], ipv6: Sequence[str]) -> Iterator[Flow]:
    """Yield what the guest may send with a MAC address; its addresses may be networks."""
    about = f"port {guest.name}"
    own = f"in_port={guest.ofport},{UNTAGGED},dl_src={mac}"

    def allow(priority: Priority, protocol: str, match: str, table: Table = Table.RESPOND) -> Flow:
        return Flow(Table.GUARD, priority, f"{protocol},{own}{match and ','}{match}", to(table), about)

    for address in ipv4:
        for operation in (1, 2):
            yield allow(Priority.KNOWN, "arp", f"arp_spa={address},arp_op={operation},arp_sha={mac}")
        probe = f"arp_spa=0.0.0.0,arp_tpa={address},arp_op=1,arp_sha={mac}"  # RFC 5227
        yield allow(Priority.KNOWN, "arp", probe)
        yield allow(Priority.IP_OWN, "ip", f"nw_src={address}", Table.GUARD_L4)
    if mac == guest.mac:
        who_am_i = "nw_src=0.0.0.0,nw_dst=255.255.255.255,tp_src=68,tp_dst=67"  # RFC 2131
        yield allow(Priority.KNOWN, "udp", who_am_i)
    if not ipv6:
        return
    yield allow(Priority.IP_OWN, "ipv6", "", Table.GUARD_SOURCE)
    for option in (mac, _NO_MAC):
        asks = f"nw_frag=no,icmp_type={_SOLICITATION},icmp_code=0,nd_sll={option}"
        yield allow(Priority.ND_OWN, "icmp6", asks, Table.GUARD_SOURCE)
    for address in ipv6:
        probe = f"icmp_type={_SOLICITATION},icmp_code=0,nd_target={address},nd_sll={_NO_MAC}"
        yield allow(Priority.ND_PROBE, "icmp6", f"ipv6_src=::,nw_frag=no,{probe}")  # RFC 4862: of its own address alone
        for option in (mac, _NO_MAC):
            answer = f"nw_frag=no,icmp_type={_ADVERTISEMENT},icmp_code=0,nd_target={address},nd_tll={option}"
            yield allow(Priority.ND_OWN, "icmp6", answer, Table.GUARD_SOURCE)
        source = f"ipv6,in_port={guest.ofport},dl_src={mac},ipv6_src={address}"
        yield Flow(Table.GUARD_SOURCE, Priority.KNOWN, source, to(Table.GUARD_L4), about)
