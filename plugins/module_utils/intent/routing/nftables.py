# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall and NAT of a router, as a ruleset of nftables (nft(8)) for its network namespace.

What passes is said of connections by the addresses that they were opened with, and holds for each of their packets:
nothing passes for being ``established``. So what is taken out of the intent is cut in the moment of the new ruleset.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import router_links
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import ANYWHERE, Opening, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing import (
    haproxy,
    ipsec,
    redundancy,
    tunnels,
    wireguard,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.acl import between
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.routing.legs import LINK, leg_name
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network

_TABLE = "inet router"
_SET = ("    set inside {", "        type ipv4_addr", "        flags interval")
# Chains stay. The kernel asks a new one before its rules count, and would drop by its policy meanwhile.
_EMPTIED = (f"table {_TABLE} {{", *_SET, "    }", "}", f"flush table {_TABLE}", f"flush set {_TABLE} inside")
_SYN = "tcp flags & (fin | syn | rst | ack) != syn ct state new drop"
_IP, _ICMP = {4: "ip", 6: "ip6"}, {4: "icmp", 6: "icmpv6"}
_ND = "{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit }"


def ruleset(router: Router, networks: Sequence[Network], underlay: Sequence[str]) -> str:
    """Return the text that takes the place of the router's ruleset; ``networks`` are those inside."""
    chains = {
        "spoofed": _spoofed(router),
        "translate_in": _translate_in(router),
        "translate_out": _translate_out(router),
        "forward": _forward(router),
        "outward": _outward(router, underlay),
        "opened": _opened((*router.forwards, *router.firewall)),
        "input": _input(router),
    }
    if router.acl:
        chains["between"] = between(router.acl)
    if router.wireguard or router.sites:
        chains["peers"] = tunnels.peers(router, networks)
        chains["unencrypted"] = tunnels.unencrypted_out(router)
    if router.load_balancers:
        chains.update(balanced=haproxy.heard(router), output=haproxy.said(router))
    subnets = _inside_networks(router, networks)
    lines = [*_EMPTIED, f"table {_TABLE} {{", *_SET]
    lines += [f"        elements = {{ {', '.join(subnets)} }}"] if subnets else []
    lines += ["    }"]
    for name, rules in chains.items():
        lines += [f"    chain {name} {{", *(f"        {rule}" for rule in rules), "    }"]
    return "\n".join([*lines, "}", ""])


def _inside_networks(router: Router, networks: Sequence[Network]) -> list[str]:
    """Return where its guests are, none of it within another: on its networks, and beyond them."""
    found = [part.text for network in networks for part in network.subnets if part.family == 4]
    found += [network for network in router.routes if family(network) == 4]
    return [str(network) for network in ipaddress.collapse_addresses(map(ipaddress.IPv4Network, found))]


def _inside(router: Router) -> str:
    return (
        "{ " + ", ".join(f'"{router_links(leg_name(router, name)).inner}"' for name in sorted(router.gateways)) + " }"
    )


def _outside(router: Router) -> str:
    return f'"{router_links(leg_name(router, router.outside.network)).inner}"' if router.outside else '""'


def _spoofed(router: Router) -> Iterator[str]:
    """IPv4 has rp_filter for it (RFC 3704 2.2); guests ask for neighbours with ``::`` and link-local addresses."""
    yield "type filter hook prerouting priority raw; policy accept;"
    known = "ip6 saddr != { ::, fe80::/10 } fib saddr . iif oif missing drop"
    yield f"iifname {_inside(router)} meta nfproto ipv6 {known}"
    if router.routed:
        yield f"iifname {_outside(router)} ip6 saddr {_set(router.routed)} drop"
    yield from tunnels.unencrypted_in(router)


def _translate_in(router: Router) -> Iterator[str]:
    yield "type nat hook prerouting priority dstnat; policy accept;"
    for forward in router.forwards:
        port = f":{forward.target_port}" if forward.target_port else ""
        yield f"ip daddr {forward.public} {forward.protocol} dport {_ports(forward)} dnat ip to {forward.target}{port}"
    for target, public in sorted(router.static_nat.items()):
        yield f"ip daddr {public} dnat ip to {target}"


def _translate_out(router: Router) -> Iterator[str]:
    """Guests that ask for a public address of a neighbour would get its answers past the router, without NAT."""
    yield "type nat hook postrouting priority srcnat; policy accept;"
    if not router.outside:
        return
    for target, public in sorted(router.static_nat.items()):
        yield f"ip saddr {target} ip daddr @inside ct status dnat snat ip to {public}"
        yield f"oifname {_outside(router)} ip saddr {target} snat ip to {public}"
    yield f"ip saddr @inside ip daddr @inside ct status dnat snat ip to {router.outside.address}"
    if router.outside.snat:
        yield f"oifname {_outside(router)} ip saddr @inside snat ip to {router.outside.address}"


def _forward(router: Router) -> Iterator[str]:
    inside, outside = _inside(router), _outside(router)
    yield "type filter hook forward priority filter; policy drop;"
    yield "ct state invalid drop"
    yield _SYN
    verdict = "jump between" if router.acl else "accept"
    yield f"iifname {inside} oifname {inside} ct status & dnat == 0 {verdict}"
    yield from tunnels.let_through(router, inside)
    if router.outside:
        yield f"iifname {inside} oifname {outside} ct direction original jump outward"
        yield f"iifname {outside} oifname {inside} ct direction reply jump outward"
        yield "jump opened"


def _outward(router: Router, underlay: Sequence[str]) -> Iterator[str]:
    """Before its first packet has left, a connection shows the guest's own address as the one that answers go to."""
    if not router.outside:
        return
    yield from (f"ct original {_IP[family(network)]} daddr {network} drop" for network in underlay)
    if router.routed:
        yield f"ct original ip6 saddr {_set(router.routed)} accept"
    for target, public in sorted(router.static_nat.items()):
        yield f"ct original ip saddr {target} ct reply ip daddr {{ {target}, {public} }} accept"
    if router.outside.snat:
        yield "ct state new ip saddr @inside accept"
        yield f"ct original ip saddr @inside ct reply ip daddr {router.outside.address} accept"


def _opened(openings: Sequence[Opening]) -> Iterator[str]:
    """Yield the rules for both directions of what comes in, and for the errors (RFC 792) that it meets."""
    yield from map(_opening, openings)
    for public, target in sorted({(opening.public, opening.target) for opening in openings}):
        yield f"ct state related meta l4proto {_ICMP[family(public)]} {_between(public, target)} accept"


def _between(public: str, target: str) -> str:
    ip = _IP[family(public)]
    return f"ct original {ip} daddr {public} ct reply {ip} saddr {target}"


def _opening(opening: Opening) -> str:
    words = [_between(opening.public, opening.target)]
    version = family(opening.public)
    if opening.protocol:
        protocol = _ICMP[version] if opening.protocol == "icmp" else opening.protocol
        words.insert(0, f"meta l4proto {protocol}")
    if opening.ports:
        words.append(f"ct original proto-dst {_ports(opening)}")
    if opening.target_port:
        words.append(f"ct reply proto-src {opening.target_port}")
    if tuple(opening.sources) != ANYWHERE:
        words.append(f"ct original {_IP[version]} saddr {_set(opening.sources)}")
    return " ".join([*words, "accept"])


def _input(router: Router) -> Iterator[str]:
    inside = _inside(router)
    yield "type filter hook input priority filter; policy drop;"
    yield "ct state invalid drop"
    yield 'iifname "lo" accept'
    if router.redundant:
        link = f'"{router_links(leg_name(router, router.link_network)).inner}"'
        yield f"iifname {link} meta l4proto {{ icmp, vrrp }} accept"
        yield f"iifname {link} udp dport {redundancy.PORT} accept"
        yield f"ip daddr {LINK}.0/24 drop"
    yield "ct state established,related ct direction reply accept"
    yield f"icmpv6 type {_ND} accept"
    yield f"iifname {inside} icmp type echo-request accept"
    yield f"iifname {inside} icmpv6 type echo-request accept"
    yield f"iifname {inside} udp dport {{ 53, 67, 547 }} accept"
    yield f"iifname {inside} tcp dport 53 accept"
    if router.load_balancers:
        yield "jump balanced"
    yield from wireguard.let_in(router, _outside(router))
    yield from ipsec.let_in(router, _outside(router))


def _ports(opening: Opening) -> str:
    first, last = opening.ports or (0, 0)
    return str(first) if first == last else f"{first}-{last}"


def _set(values: Iterable[str]) -> str:
    return "{ " + ", ".join(values) + " }"
