# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups of a tenant: rules for what their members may receive (ingress) and send (egress).

What no rule of a port's groups allows is dropped. A rule speaks of connections: it allows to open one, and both
directions of it. Those of a group that is ``stateless`` speak of packets, each by itself. A tenant that has
``security_groups`` has the group ``default`` too, of the ports that name no group: its members may reach each other. A
group without rules for egress lets its members open any connection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, network_or_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    boolean,
    integer,
    one_of,
    sequence,
    shown,
    text,
)

DEFAULT = "default"
INGRESS, EGRESS = "ingress", "egress"
ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132  # IANA, Protocol Numbers
PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMPV6, "sctp": SCTP}
TRACKED = (TCP, UDP, ICMP, ICMPV6)  # have connections in every datapath; of others each packet is judged by itself
WITH_PORTS = (TCP, UDP, SCTP)
_FAMILY = {ICMP: 4, ICMPV6: 6}
_EXTENSIONS = (0, 43, 44, 51, 60, 135)  # headers of IPv6 before the protocol (IANA, IPv6 Extension Header Types)
_REMOTES = ("remote_group", "remote_address_group", "remote_cidr")
_RULE_KEYS = ("direction", "protocol", "port", "icmp_type", "icmp_code", "family", "description", *_REMOTES)
_GROUP_KEYS = ("rules", "open_egress", "stateless", "description")
_number = integer(1, 255)
_port = integer(1, 65535)
_octet = integer(0, 255)


class Ports(NamedTuple):
    """Destination ports of a connection's first packet, both ends among them."""

    first: int
    last: int


@dataclass(frozen=True)
class Rule:
    """What is None is not asked for. At most one ``remote`` is given: whom a connection is opened from, or to."""

    direction: str
    protocol: int | None = None
    ports: Ports | None = None
    icmp: tuple[int, int | None] | None = None  # type and code
    families: tuple[int, ...] = (4, 6)
    remote_set: str | None = None  # group_set or address_set
    remote_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Security:
    """What a tenant says of security; without ``groups`` nothing of it is judged."""

    groups: Mapping[str, Sequence[Rule]] | None = None
    address_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)  # networks, canonical
    stateless: frozenset[str] = frozenset()  # groups whose rules speak of packets

    def rules_of(self, names: Collection[str]) -> list[Rule]:
        """Return the rules of some groups."""
        return [rule for name in names for rule in (self.groups or {}).get(name, ())]


OPEN_EGRESS = Rule(EGRESS)


def group_set(group: str) -> str:
    """Return what the addresses of a group's members are called."""
    return f"group {group}"


def address_set(name: str) -> str:
    """Return what the addresses of an address group are called."""
    return f"addresses {name}"


def parse_security(tenant: Section) -> Security:
    """Return the groups of a tenant; those at fault have no rules."""
    addresses = {name: _addresses(tenant.faults, path, given) for name, path, given in tenant.items("address_groups")}
    if "security_groups" not in tenant:
        if addresses:
            what = "no rule can refer to them; write security_groups too, or remove them"
            tenant.faults.add(tenant.path_to("address_groups"), what)
        return Security()
    given: dict[str, tuple[str, Any]] = {name: (path, value) for name, path, value in tenant.items("security_groups")}
    known = {DEFAULT, *given}
    groups = {DEFAULT: [Rule(INGRESS, remote_set=group_set(DEFAULT)), OPEN_EGRESS]}
    groups.update((name, _group(tenant.faults, *given[name], known, addresses)) for name in given)
    stateless = (
        name for name, (dummy, value) in given.items() if isinstance(value, Mapping) and value.get("stateless")
    )
    return Security(groups, addresses, frozenset(stateless))


def parse_memberships(port: Section, security: Security, secured: bool) -> tuple[str, ...] | None:
    """Return the groups of a port, sorted, or None if it is not judged."""
    path, given = port.path_to("security_groups"), port.value("security_groups")
    if "security_groups" in port and security.groups is None:
        port.faults.add(path, "its tenant has no security_groups; write them there, or leave this out")
    elif "security_groups" in port and not secured:
        port.faults.add(path, "port_security: false lets everything pass this port; leave out one of the two")
    if security.groups is None or not secured:
        return None
    if "security_groups" not in port:
        return (DEFAULT,)
    if given == []:
        return ()
    if given is None:
        port.faults.add(path, "empty; write the names of groups, [] for none, or remove the key")
    names = [] if given is None else each(port.faults, path, given, _own(security.groups, "security group"))
    chosen = tuple(sorted({name for _path, name in names}))
    _refuse_both_kinds(port.faults, path, chosen, security.stateless)
    return chosen


def _refuse_both_kinds(faults: Faults, path: str, groups: Sequence[str], stateless: Collection[str]) -> None:
    """Record groups of which some ask for connections, and others do not let the port have any."""
    without = [name for name in groups if name in stateless]
    having = [name for name in groups if name not in stateless]
    if without and having:
        what = f"{without[0]} is stateless and {having[0]} is not"
        faults.add(path, f"{what}, but a port remembers its connections or does not; write groups of one kind")


def _group(faults: Faults, path: str, value: Any, groups: Collection[str], lists: Collection[str]) -> list[Rule]:
    section = Section(faults, path, {} if value == {} else value, _GROUP_KEYS)
    section.optional("description", text, "")
    given: list[Any] = section.optional("rules", sequence, []) or []
    parsed = [_rule(faults, f"{section.path_to('rules')}[{at}]", rule, groups, lists) for at, rule in enumerate(given)]
    rules = [rule for rule in parsed if rule]
    section.optional("stateless", boolean, False)
    told = any(isinstance(rule, Mapping) and rule.get("direction") == EGRESS for rule in given)
    if section.optional("open_egress", boolean, not told):
        rules.append(OPEN_EGRESS)
    return rules


def _rule(faults: Faults, path: str, value: Any, groups: Collection[str], lists: Collection[str]) -> Rule | None:
    rule = Section(faults, path, value, _RULE_KEYS)
    rule.optional("description", text, "")
    direction = rule.required("direction", one_of((INGRESS, EGRESS)), INGRESS)
    protocol = rule.optional("protocol", _protocol, None)
    ports, icmp = _ports(rule, protocol), _icmp(rule, protocol)
    families = _families(rule, protocol)
    remotes = [key for key in _REMOTES if key in rule]
    if len(remotes) > 1:
        faults.add(path, f"{' and '.join(remotes)} exclude each other; write one, and another rule for the other")
    group = rule.optional("remote_group", _own(groups, "security group"), None)
    addresses = rule.optional("remote_address_group", _own(lists, "address group"), None)
    cidrs = _cidrs(rule, families)
    if not direction:
        return None
    remote = group_set(group) if group else addresses and address_set(addresses)
    return Rule(direction, protocol, ports, icmp, families, remote, cidrs)


def _own(names: Collection[str], what: str) -> Parser[str]:
    """Parse a reference to something of the same tenant."""
    known = one_of_names(names, f"{what} of this tenant")

    def parse(value: Any) -> str:
        if isinstance(value, str) and "." in value:
            raise ValueError(f"{shown(value)} is no {what} of this tenant; others' cannot be referred to")
        return known(value)

    return parse


def _protocol(value: Any) -> int:
    if isinstance(value, str) and value in PROTOCOLS:
        return PROTOCOLS[value]
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isdecimal())):
        names = ", ".join(PROTOCOLS)
        raise ValueError(f"{shown(value)} is no protocol; write {names}, a number from 1 to 255, or leave it out")
    number = _number(value)
    if number in _EXTENSIONS:
        raise ValueError(f"{number} is an extension header of IPv6, not a protocol; write the protocol behind it")
    return number


def _ports(rule: Section, protocol: int | None) -> Ports | None:
    ports = rule.optional("port", port_range, None)
    if "port" in rule and protocol not in WITH_PORTS:
        rule.faults.add(rule.path_to("port"), "ports belong to a protocol; write protocol as tcp, udp or sctp")
    return ports


def port_range(value: Any) -> Ports:
    """Parse a port, or two and a dash."""
    low, dash, high = value.partition("-") if isinstance(value, str) else (value, "", "")
    try:
        ports = Ports(_port(low), _port(high if dash else low))
    except ValueError:
        raise ValueError(f"{shown(value)} is no port; write a number from 1 to 65535, or two as '8000-8080'") from None
    if ports.first > ports.last:
        raise ValueError(f"{shown(value)} ends before it begins; write '{ports.last}-{ports.first}'")
    return ports


def _icmp(rule: Section, protocol: int | None) -> tuple[int, int | None] | None:
    kind, code = rule.optional("icmp_type", _octet, None), rule.optional("icmp_code", _octet, None)
    for key in ("icmp_type", "icmp_code"):
        if key in rule and protocol not in _FAMILY:
            rule.faults.add(rule.path_to(key), "belongs to ICMP; write protocol as icmp, or icmpv6 for IPv6")
    if "icmp_code" in rule and "icmp_type" not in rule:
        rule.faults.add(rule.path_to("icmp_code"), "means nothing without icmp_type; write it too")
    return None if kind is None else (kind, code)


def _families(rule: Section, protocol: int | None) -> tuple[int, ...]:
    """Return the IP versions that a rule speaks of."""
    wanted, own = rule.optional("family", integer(4, 6), None), _FAMILY.get(protocol or 0)
    if wanted == 5:
        rule.faults.add(rule.path_to("family"), "5 is no version of IP that is in use; write 4 or 6")
    elif wanted and own and wanted != own:
        named, other = ("icmp", "icmpv6") if own == 4 else ("icmpv6", "icmp")
        what = f"{named} is of IPv{own}; write protocol: {other}, or leave family out"
        rule.faults.add(rule.path_to("family"), what)
    chosen = wanted or own
    return (chosen,) if chosen else (4, 6)


def _cidrs(rule: Section, families: Sequence[int]) -> tuple[str, ...]:
    path, value = rule.path_to("remote_cidr"), rule.value("remote_cidr")
    if value is None:
        rule.optional("remote_cidr", text, None)  # which says that it is empty, if it is there
        return ()
    found = each(rule.faults, path, value, network_or_address)
    for here, cidr in found:
        if family(cidr) not in families:
            what = f"{cidr} is no network of IPv{families[0]}, which this rule is for; write another, or another rule"
            rule.faults.add(here, what)
    return tuple(dict.fromkeys(cidr for _path, cidr in found))


def _addresses(faults: Faults, path: str, value: Any) -> tuple[str, ...]:
    if value is None or isinstance(value, Mapping):
        faults.add(path, "no list of addresses; write networks and addresses, as [192.0.2.0/24, '2001:db8::1']")
        return ()
    return tuple(dict.fromkeys(parsed for _path, parsed in each(faults, path, value, network_or_address)))
