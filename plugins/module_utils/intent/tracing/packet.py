# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A packet as a guest would send it, and the answer to it, in the fields of ovs-fields(7)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family

WITH_PORTS = ("tcp", "udp")
QUESTIONS = ("arp", "nd")  # for a MAC address
PROTOCOLS = (*WITH_PORTS, "icmp", *QUESTIONS)
SOURCE_PORT = 40000  # one of those that a guest takes for a connection
_BROADCAST = "ff:ff:ff:ff:ff:ff"
_SYN, _SYN_ACK = "0x002", "0x012"  # RFC 9293
_NUMBER, _ICMP_NUMBER = {"tcp": 6, "udp": 17}, {4: 1, 6: 58}  # IANA, Protocol Numbers
_ECHO = {4: (8, 0), 6: (128, 129)}  # RFC 792, RFC 4443: request, reply
_SOLICITATION, _ADVERTISEMENT = 135, 136  # RFC 4861
_TTL, _ND_TTL = 64, 255
_SOLICITED = ipaddress.IPv6Address("ff02::1:ff00:0")


@dataclass(frozen=True)
class Packet:
    protocol: str  # one of PROTOCOLS
    dl_src: str
    dl_dst: str
    source: str  # IP address
    target: str
    tp_src: int = 0  # of tcp and udp
    tp_dst: int = 0
    answers: bool = False
    vlans: tuple[int, ...] = ()  # the outermost first

    def answer(self, mac: str) -> Packet:
        """Return what a receiver with this MAC address sends back."""
        return replace(
            self,
            dl_src=mac,
            dl_dst=self.dl_src,
            source=self.target,
            target=self.source,
            tp_src=self.tp_dst,
            tp_dst=self.tp_src,
            answers=True,
            vlans=(),
        )

    @property
    def flow(self) -> str:
        """Return the packet as ``ofproto/trace`` takes it; it can be told of one tag at most."""
        words, fields = _FIELDS[self.protocol](self)
        tags = {"dl_vlan": self.vlans[0], "dl_vlan_pcp": 0} if self.vlans else {}
        fields = {"dl_src": self.dl_src, "dl_dst": self.dl_dst, **fields, **tags}
        return ",".join([words, *(f"{name}={value}" for name, value in fields.items())])

    @property
    def connection(self) -> str:
        """Return it as the first packet of a connection, as conntrack would tell; "" if it has none.

        A trace takes these fields from the packet (ovs-fields(7), which asks for a state with them).
        """
        if self.protocol in QUESTIONS:
            return ""
        version = family(self.source)
        start = "ct_nw" if version == 4 else "ct_ipv6"
        source, target = (self.called, 0) if self.protocol == "icmp" else (self.tp_src, self.called)
        ends = f"{start}_src={self.source},{start}_dst={self.target}"
        return f",ct_state=new|trk,{ends},ct_nw_proto={self.number},ct_tp_src={source},ct_tp_dst={target}"

    @property
    def number(self) -> int:
        """The number of its protocol, if that is of IP."""
        return _ICMP_NUMBER[family(self.source)] if self.protocol == "icmp" else _NUMBER[self.protocol]

    @property
    def called(self) -> int:
        """What the first packet of a connection asks for: a port, or of ICMP the type."""
        return _ECHO[family(self.source)][0] if self.protocol == "icmp" else self.tp_dst

    @property
    def asks_for(self) -> int:
        """What the packet itself is to: a port, or of ICMP its type."""
        return _ECHO[family(self.source)][self.answers] if self.protocol == "icmp" else self.tp_dst

    @property
    def words(self) -> str:
        """Return the packet in a few words."""
        tag = f", with the VLAN tag {self.vlans[0]}" if self.vlans else ""
        if self.protocol in WITH_PORTS:
            return f"{self.protocol} from {self.source} port {self.tp_src} to {self.target} port {self.tp_dst}{tag}"
        kind = {"icmp": ("echo request", "echo reply")}.get(self.protocol, ("question", "answer"))[self.answers]
        return f"{self.protocol} {kind} from {self.source} to {self.target}{tag}"


def destination(protocol: str, mac: str, address: str) -> str:
    """Return to which MAC address a question goes, or what is for a guest with this MAC and IP address."""
    if protocol == "nd":
        return f"33:33:{_solicited_node(address).packed[-4:].hex(':')}"  # RFC 2464, section 7
    return _BROADCAST if protocol == "arp" else mac


_Fields = tuple[str, Mapping[str, object]]


def _internet(packet: Packet, protocol: str, ttl: int = _TTL) -> _Fields:
    """Return the fields of the IP header, and the protocol's name in this family."""
    if family(packet.source) == 4:
        return protocol, {"nw_src": packet.source, "nw_dst": packet.target, "nw_ttl": ttl}
    return f"{protocol}6", {"ipv6_src": packet.source, "ipv6_dst": packet.target, "nw_ttl": ttl}


def _tcp(packet: Packet) -> _Fields:
    word, header = _internet(packet, "tcp")
    flags = _SYN_ACK if packet.answers else _SYN
    return word, {**header, "tcp_src": packet.tp_src, "tcp_dst": packet.tp_dst, "tcp_flags": flags}


def _udp(packet: Packet) -> _Fields:
    word, header = _internet(packet, "udp")
    return word, {**header, "udp_src": packet.tp_src, "udp_dst": packet.tp_dst}


def _icmp(packet: Packet) -> _Fields:
    word, header = _internet(packet, "icmp")
    version = family(packet.source)
    name = "icmp_type" if version == 4 else "icmpv6_type"
    return word, {**header, name: _ECHO[version][packet.answers], name.replace("type", "code"): 0}


def _arp(packet: Packet) -> _Fields:
    known = {"arp_spa": packet.source, "arp_tpa": packet.target, "arp_sha": packet.dl_src}
    if packet.answers:
        return "arp", {**known, "arp_op": 2, "arp_tha": packet.dl_dst}
    return "arp", {**known, "arp_op": 1}


def _nd(packet: Packet) -> _Fields:
    word, header = _internet(packet, "icmp", _ND_TTL)
    if packet.answers:
        said = {"icmpv6_type": _ADVERTISEMENT, "icmpv6_code": 0, "nd_target": packet.source, "nd_tll": packet.dl_src}
        return word, {**header, **said}
    asked = {"icmpv6_type": _SOLICITATION, "icmpv6_code": 0, "nd_target": packet.target, "nd_sll": packet.dl_src}
    return word, {**header, **asked, "ipv6_dst": _solicited_node(packet.target)}


def _solicited_node(address: str) -> ipaddress.IPv6Address:
    """Return the group in which an address is asked for (RFC 4291, section 2.7.1)."""
    return ipaddress.IPv6Address(_SOLICITED.packed[:13] + ipaddress.IPv6Address(address).packed[13:])


_FIELDS = {"tcp": _tcp, "udp": _udp, "icmp": _icmp, "arp": _arp, "nd": _nd}
