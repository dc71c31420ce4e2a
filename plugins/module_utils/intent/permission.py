# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether security groups allow a connection, said without any of what enforces them, to be held against it."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import (
    EGRESS,
    INGRESS,
    Ports,
    Rule,
    Security,
    address_set,
    group_set,
)


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


def allowed(sender: End, receiver: End, connection: Connection) -> bool:
    """Say whether the groups of both let the connection be opened."""
    return lets(EGRESS, sender, receiver, connection.target, connection) and lets(
        INGRESS, receiver, sender, connection.source, connection
    )


def lets(direction: str, own: End, other: End, remote: str, connection: Connection) -> bool:
    """Say whether the groups of one end let it open the connection, or have it opened to it."""
    if own.groups is None:
        return True
    fellow = other.tenant == own.tenant and remote in other.addresses
    sets = [group_set(name) for name in other.groups or () if fellow]
    sets += [address_set(name) for name, networks in own.security.address_groups.items() if _within(remote, networks)]
    rules = own.security.rules_of(own.groups)
    return any(rule.direction == direction and _speaks_of(rule, connection, remote, sets) for rule in rules)


def _speaks_of(rule: Rule, connection: Connection, remote: str, sets: Collection[str]) -> bool:
    if family(remote) not in rule.families or rule.protocol not in (None, connection.protocol):
        return False
    if rule.ports and not rule.ports.first <= connection.port <= rule.ports.last:
        return False
    if rule.icmp and (rule.icmp[0] != connection.port or rule.icmp[1] not in (None, 0)):
        return False
    if rule.remote_set:
        return rule.remote_set in sets
    return not rule.remote_cidrs or _within(remote, rule.remote_cidrs)


def _within(address: str, networks: Collection[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)


def as_data(security: Security) -> dict[str, Any]:
    """Return the rules as plain data, for ``parse_data`` to read."""
    groups = {name: [_plain(rule) for rule in rules] for name, rules in sorted((security.groups or {}).items())}
    return {"groups": groups, "address_groups": {name: list(its) for name, its in security.address_groups.items()}}


def _plain(rule: Rule) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(rule).items()}


def parse_data(data: Mapping[str, Any]) -> Security:
    groups = {name: [_rule(rule) for rule in rules] for name, rules in data["groups"].items()}
    return Security(groups, data["address_groups"])


def _rule(data: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {key: tuple(its) if isinstance(its, list) else its for key, its in data.items()}
    return Rule(**{**values, "ports": values["ports"] and Ports(*values["ports"])})
