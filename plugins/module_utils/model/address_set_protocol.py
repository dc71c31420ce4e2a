# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols, ports and ICMP types as ipset prints them, which is by name where it knows one.

The tables are those of ipset (``ipset help hash:ip,port``) and of Debian's /etc/protocols. Neither a file of the host
nor a resolver is asked, so that a member means the same on each host; names of services are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.validate import shown

WITH_PORTS = ("tcp", "udp", "udplite", "sctp")
_OTHERS = (
    "igmp=2 ggp=3 ipencap=4 st=5 egp=8 igp=9 pup=12 hmp=20 xns-idp=22 rdp=27 iso-tp4=29 dccp=33 xtp=36 ddp=37 "
    "idpr-cmtp=38 ipv6=41 ipv6-route=43 ipv6-frag=44 idrp=45 rsvp=46 gre=47 esp=50 ah=51 skip=57 ipv6-nonxt=59 "
    "ipv6-opts=60 rspf=73 vmtp=81 eigrp=88 ospf=89 ax.25=93 ipip=94 etherip=97 encap=98 pim=103 ipcomp=108 vrrp=112 "
    "l2tp=115 isis=124 fc=133 mobility-header=135 mpls-in-ip=137 manet=138 hip=139 shim6=140 wesp=141 rohc=142 "
    "ethernet=143"
)
_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "sctp": 132, "udplite": 136}
_PROTOCOLS.update({name: int(number) for name, number in (word.split("=") for word in _OTHERS.split())})
_ALIASES = {"icmpv6": "ipv6-icmp", **{str(number): name for name, number in _PROTOCOLS.items()}}
_ICMP = {
    "icmp": (
        "echo-reply=0/0 network-unreachable=3/0 host-unreachable=3/1 protocol-unreachable=3/2 port-unreachable=3/3 "
        "fragmentation-needed=3/4 source-route-failed=3/5 network-unknown=3/6 host-unknown=3/7 network-prohibited=3/9 "
        "host-prohibited=3/10 TOS-network-unreachable=3/11 TOS-host-unreachable=3/12 communication-prohibited=3/13 "
        "host-precedence-violation=3/14 precedence-cutoff=3/15 source-quench=4/0 network-redirect=5/0 "
        "host-redirect=5/1 TOS-network-redirect=5/2 TOS-host-redirect=5/3 echo-request=8/0 router-advertisement=9/0 "
        "router-solicitation=10/0 ttl-zero-during-transit=11/0 ttl-zero-during-reassembly=11/1 ip-header-bad=12/0 "
        "required-option-missing=12/1 timestamp-request=13/0 timestamp-reply=14/0 address-mask-request=17/0 "
        "address-mask-reply=18/0"
    ),
    "ipv6-icmp": (
        "no-route=1/0 communication-prohibited=1/1 address-unreachable=1/3 port-unreachable=1/4 packet-too-big=2/0 "
        "ttl-zero-during-transit=3/0 ttl-zero-during-reassembly=3/1 bad-header=4/0 unknown-header-type=4/1 "
        "unknown-option=4/2 echo-request=128/0 echo-reply=129/0 router-solicitation=133/0 router-advertisement=134/0 "
        "neighbour-solicitation=135/0 neighbour-advertisement=136/0 redirect=137/0"
    ),
}
ICMP_CODES = {protocol: dict(word.split("=") for word in words.split()) for protocol, words in _ICMP.items()}
_NAMES = {protocol: {code: name for name, code in codes.items()} for protocol, codes in ICMP_CODES.items()}
ICMP_FAMILY = {"icmp": "inet", "ipv6-icmp": "inet6"}
_PORTS = r"(0|[1-9][0-9]{0,4})(?:-(0|[1-9][0-9]{0,4}))?"


def protocol_and_ports(text: str) -> tuple[str, list[str]]:
    """Return the protocol and the ports, types or the zero of ``[proto:]port``; TCP if none is written."""
    name, sign, rest = text.rpartition(":")
    protocol = protocol_name(name.lower(), text) if sign else "tcp"
    if protocol in WITH_PORTS:
        return protocol, [f"{protocol}:{port}" for port in ports(rest)]
    if protocol in ICMP_CODES:
        return protocol, [f"{protocol}:{_icmp(protocol, rest)}"]
    if rest != "0":
        raise ValueError(f"{shown(text)}: protocol {protocol} has no ports; write '{protocol}:0'")
    return protocol, [f"{protocol}:0"]


def ports(text: str) -> Iterator[int]:
    """Return the ports of a number or a range."""
    first, last = port_range(text)
    return iter(range(first, last + 1))


def port_range(text: str) -> tuple[int, int]:
    """Return the first and the last port of a number or a range."""
    match = re.fullmatch(_PORTS, text)
    if not match:
        raise ValueError(f"{shown(text)} is no port; write a number from 0 to 65535 or a range as '8000-8080'")
    first, last = int(match[1]), int(match[2] or match[1])
    if max(first, last) > 65535:
        raise ValueError(f"{shown(text)} is out of range; write ports from 0 to 65535")
    if first > last:
        raise ValueError(f"{shown(text)} ends before it starts; write '{last}-{first}'")
    return first, last


def protocol_name(name: str, text: str) -> str:
    """Return the name of a protocol that has one, or else its number; ``text`` is where it was written."""
    protocol = _ALIASES.get(name, name)
    if protocol in _PROTOCOLS:
        return protocol
    if re.fullmatch(r"[1-9][0-9]{0,2}", name) and int(name) <= 255:
        return name
    where = "" if name == text else f"{shown(text)}: "
    raise ValueError(
        f"{where}{shown(name)} is no protocol; write a name as tcp, udp, icmp, icmpv6 or a number from 1 to 255"
    )


def protocol_number(name: str) -> int:
    """Return the number of a protocol as ``protocol_name`` returned it."""
    return _PROTOCOLS.get(name) or int(name)


def _icmp(protocol: str, text: str) -> str:
    code = ICMP_CODES[protocol].get({"ping": "echo-request", "pong": "echo-reply"}.get(text, text))
    if code:
        return _NAMES[protocol][code]
    match = re.fullmatch(r"(0|[1-9][0-9]{0,2})/(0|[1-9][0-9]{0,2})", text)
    if not match or max(int(match[1]), int(match[2])) > 255:
        raise ValueError(
            f"{shown(text)} is no type of {protocol}; write a name as 'echo-request', or type and code as '8/0'"
        )
    return _NAMES[protocol].get(text, text)
