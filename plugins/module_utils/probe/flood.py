# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frames that must not cross from one network into another: one of each kind that a switch might flood.

Tagged frames are the attempts of a guest to choose its own VLAN. VID 0 is the priority tag, which a switch takes off;
under it, or under the sender's own VLAN, the next tag is what the wire would then obey. Open vSwitch looks at one tag,
or with other_config:vlan-limit at two, so there are three.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import link_local
from ansible_collections.tenantry.sdn.plugins.module_utils.model import measurement
from ansible_collections.tenantry.sdn.plugins.module_utils.probe import frames
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.attacks import attacks, behind_headers, halfway
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.marker import Frame, Mark
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import Target

DHCP = (68, 67)  # RFC 2131: from a client to servers


def flood(own: Target, targets: Sequence[Target], vlans: Sequence[int], port: int, mark: Mark) -> list[Frame]:
    """Return one round of frames of every kind; attacks only where something stops them."""
    return [
        *(attacks(own, mark) if own.guarded else ()),
        *halfway(own, targets, port, mark),
        *behind_headers(own, targets, port, mark),
        *_tagged(own, vlans, mark),
        *_to_each(own, targets, mark),
        *_untagged(own, mark),
    ]


def _ipv4_of(own: Target) -> str:
    return next(iter(own.addresses_of(4)), "0.0.0.0")


def _untagged(own: Target, mark: Mark) -> Iterator[Frame]:
    mac, ipv4, ipv6 = own.mac, _ipv4_of(own), link_local(own.mac)
    broadcast, multicast4, multicast6, unknown, solicitation, announcement = measurement.FLOOD

    def udp(kind: str, source: str, *ports: int) -> bytes:
        port, *other = ports or (measurement.FLOOD_PORT,)
        return frames.udp_packet(source, measurement.FLOODED_TO[kind], port, mark(kind, "", ""), *other)

    def send(to: str, ethertype: int, packet: bytes) -> bytes:
        return frames.ethernet(to, mac, ethertype, packet)

    question = frames.neighbour_solicitation(ipv6, ipv6, mac, mark(solicitation, "", ""))
    arp = frames.arp_announcement(mac, ipv4, mark(announcement, "", ""))
    ports = () if own.addresses_of(4) else DHCP  # the one broadcast that a guard lets pass without an address
    yield broadcast, send(frames.BROADCAST_MAC, frames.IPV4, udp(broadcast, ipv4, *ports))
    yield multicast4, send(_multicast_mac(multicast4), frames.IPV4, udp(multicast4, ipv4))
    yield multicast6, send(_multicast_mac(multicast6), frames.IPV6, udp(multicast6, ipv6))
    yield unknown, send(frames.NOBODY_MAC, frames.IPV4, udp(unknown, ipv4))
    yield solicitation, send(frames.multicast_mac(frames.solicited_node(ipv6)), frames.IPV6, question)
    yield announcement, send(frames.BROADCAST_MAC, frames.ARP, arp)


def _multicast_mac(kind: str) -> str:
    return frames.multicast_mac(measurement.FLOODED_TO[kind])


def _to_each(own: Target, targets: Sequence[Target], mark: Mark) -> Iterator[Frame]:
    kind = measurement.ECHO_FRAME
    for target in targets:
        for address in target.addresses:
            source = link_local(own.mac) if ":" in address else _ipv4_of(own)
            ethertype = frames.IPV6 if ":" in address else frames.IPV4
            packet = frames.echo_packet(source, address, mark(kind, target.name, address))
            yield kind, frames.ethernet(target.mac, own.mac, ethertype, packet)


def _tagged(own: Target, vlans: Sequence[int], mark: Mark) -> Iterator[Frame]:
    outer = [(), (0,), (0, 0), *([] if own.vlan is None else [(own.vlan,)])]
    stacks = [(0,), *((*above, vlan) for above in outer for vlan in vlans)]
    for tags in stacks:
        kind = f"{measurement.TAG} {' + '.join(map(str, tags))}"
        everybody = measurement.FLOODED_TO[measurement.BROADCAST]
        packet = frames.udp_packet(_ipv4_of(own), everybody, measurement.FLOOD_PORT, mark(kind, "", ""))
        yield kind, frames.ethernet(frames.BROADCAST_MAC, own.mac, frames.IPV4, packet, tags)
