# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether security groups allow a connection, said without any of what enforces them, to be held against it."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import AclRule
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import (
    EGRESS,
    ICMP,
    ICMPV6,
    INGRESS,
    PROTOCOLS,
    Ports,
    Rule,
    Security,
    address_set,
    group_set,
)

_CHOSEN = 32768, 60999  # the ports that Linux opens connections from (net.ipv4.ip_local_port_range)
_ECHO_REPLY = {ICMP: 0, ICMPV6: 129}  # types: RFC 792, RFC 4443


class Connection(NamedTuple):
    """The first packet of a connection; of ICMP ``port`` is the type, and the code is 0."""

    protocol: int
    source: str
    target: str
    port: int


class End(NamedTuple):
    """One of the two that a connection is between. ``groups`` is None for one that is not judged."""

    tenant: str
    security: Security
    groups: Sequence[str] | None
    addresses: Sequence[str]

    @property
    def stateless(self) -> bool:
        return not self.security.stateless.isdisjoint(self.groups or ())

    @property
    def tracked(self) -> bool:
        """Whether groups judge its connections, not each packet by itself."""
        return self.groups is not None and not self.stateless


def allowed(sender: End, receiver: End, connection: Connection) -> bool:
    """Say whether the groups of both let the connection be opened."""
    return lets(EGRESS, sender, receiver, connection.target, connection) and lets(
        INGRESS, receiver, sender, connection.source, connection
    )


def answered(sender: End, receiver: End, connection: Connection) -> bool:
    """Say whether what answers the connection's first packet comes back.

    Who remembers the connection lets it pass. Else it is a packet as any other, to a port that the sender has chosen.
    """
    replies = [connection._replace(source=connection.target, target=connection.source, port=port) for port in _CHOSEN]
    if connection.protocol in _ECHO_REPLY:
        replies = [one._replace(port=_ECHO_REPLY[connection.protocol]) for one in replies]
    return all(
        (not receiver.stateless or lets(EGRESS, receiver, sender, one.target, one))
        and (not sender.stateless or lets(INGRESS, sender, receiver, one.source, one))
        for one in replies
    )


def passes_acl(rules: Sequence[AclRule], connection: Connection) -> bool:
    """Say whether the ACL of a router lets the connection be opened from one of its networks to another."""
    rule = deciding(rules, connection)
    return rule is None or rules[rule].allowed


def deciding(rules: Sequence[AclRule], connection: Connection) -> int | None:
    """Return which rule of an ACL decides about a connection: the first that speaks of it."""
    return next((at for at, rule in enumerate(rules) if _is_about(rule, connection)), None)


def _is_about(rule: AclRule, connection: Connection) -> bool:
    protocol = ICMP if connection.protocol == ICMPV6 else connection.protocol
    if rule.protocol and PROTOCOLS[rule.protocol] != protocol:
        return False
    if rule.ports and not rule.ports.first <= connection.port <= rule.ports.last:
        return False
    ends = ((rule.sources, connection.source), (rule.targets, connection.target))
    return all(networks is None or within(address, networks) for networks, address in ends)


def lets(direction: str, own: End, other: End, remote: str, connection: Connection) -> bool:
    """Say whether the groups of one end let it open the connection, or have it opened to it."""
    return own.groups is None or permitting(direction, own, other, remote, connection) is not None


def permitting(direction: str, own: End, other: End, remote: str, connection: Connection) -> tuple[str, int] | None:
    """Return the first group of one end, and which of its rules, that lets it open the connection, or receive it."""
    fellow = other.tenant == own.tenant and remote in other.addresses
    sets = [group_set(name) for name in other.groups or () if fellow]
    sets += [address_set(name) for name, networks in own.security.address_groups.items() if within(remote, networks)]
    rules = own.security.groups or {}
    return next(
        (
            (name, at)
            for name in own.groups or ()
            for at, rule in enumerate(rules.get(name, ()))
            if rule.direction == direction and _speaks_of(rule, connection, remote, sets)
        ),
        None,
    )


def _speaks_of(rule: Rule, connection: Connection, remote: str, sets: Collection[str]) -> bool:
    if family(remote) not in rule.families or rule.protocol not in (None, connection.protocol):
        return False
    if rule.ports and not rule.ports.first <= connection.port <= rule.ports.last:
        return False
    if rule.icmp and (rule.icmp[0] != connection.port or rule.icmp[1] not in (None, 0)):
        return False
    if rule.remote_set:
        return rule.remote_set in sets
    return not rule.remote_cidrs or within(remote, rule.remote_cidrs)


def within(address: str, networks: Iterable[str]) -> bool:
    """Say whether an address is in one of some networks."""
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)


def as_data(security: Security) -> dict[str, Any]:
    """Return the rules as plain data, for ``parse_data`` to read."""
    groups = {name: [_plain(rule) for rule in rules] for name, rules in sorted((security.groups or {}).items())}
    addresses = {name: list(its) for name, its in security.address_groups.items()}
    return {"groups": groups, "address_groups": addresses, "stateless": sorted(security.stateless)}


def _plain(rule: Rule) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(rule).items()}


def parse_data(data: Mapping[str, Any]) -> Security:
    groups = {name: [_rule(rule) for rule in rules] for name, rules in data["groups"].items()}
    return Security(groups, data["address_groups"], frozenset(data["stateless"]))


def _rule(data: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {key: tuple(its) if isinstance(its, list) else its for key, its in data.items()}
    return Rule(**{**values, "ports": values["ports"] and Ports(*values["ports"])})


def acl_as_data(rules: Sequence[AclRule]) -> list[dict[str, Any]]:
    """Return the rules as plain data, for ``parse_acl_data`` to read."""
    return [
        {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(rule).items()}
        for rule in rules
    ]


def parse_acl_data(data: Sequence[Mapping[str, Any]]) -> list[AclRule]:
    return [AclRule(**{**rule, "ports": rule["ports"] and Ports(*rule["ports"])}) for rule in data]
