# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse what may be opened between the networks of a router: the first rule that speaks of a connection decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, network_or_address, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each, one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import AclRule, Router
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import port_range
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import one_of, sequence, shown, text

_KEYS = ("from", "to", "protocol", "port", "action", "description")


def parse_acl(section: Section, router: Router, inside: Mapping[str, Network]) -> Iterator[AclRule]:
    """Yield the rules in order; ``inside`` are the networks that the router joins, by their short names."""
    given: list[Any] = section.optional("acl", sequence, []) or []
    beyond = [Subnet.of(network) for network in router.routes]
    for at, value in enumerate(given):
        rule = Section(section.faults, f"{section.path_to('acl')}[{at}]", value, _KEYS)
        rule.optional("description", text, "")
        sources, targets = (_end(rule, key, inside, beyond) for key in ("from", "to"))
        protocol = rule.optional("protocol", one_of(("tcp", "udp", "icmp")), None)
        ports = rule.optional("port", port_range, None)
        action = rule.required("action", one_of(("allow", "deny")), "deny")
        if "port" in rule and protocol not in ("tcp", "udp"):
            rule.faults.add(rule.path_to("port"), "ports belong to a protocol; write protocol as tcp or udp")
        if sources and targets and not {*map(family, sources)} & {*map(family, targets)}:
            rule.faults.add(rule.path_to("to"), "has no IP family in common with from; no connection is between them")
        yield AclRule(action == "allow", sources, targets, protocol, ports)


def _end(rule: Section, key: str, inside: Mapping[str, Network], beyond: list[Subnet]) -> tuple[str, ...] | None:
    """Return the networks and addresses that are meant, or None for any."""
    if rule.value(key) is None:
        rule.optional(key, text, None)  # which says that it is empty
        return None
    known = one_of_names(inside, "network of this router")
    parts = [*(part for network in inside.values() for part in network.subnets), *beyond]

    def parse(value: Any) -> list[str]:
        if not isinstance(value, str) or not {*value} & {*".:/"}:
            return [part.text for part in inside[known(value)].subnets]
        own = Subnet.of(network_or_address(value))
        if not any(part.overlaps(own) and part.prefix <= own.prefix for part in parts):
            raise ValueError(f"{shown(value)} is in no network of this router; write one of them, or addresses in it")
        return [plain_address(own.text)]

    found = each(rule.faults, rule.path_to(key), rule.value(key), parse)
    return tuple(dict.fromkeys(network for _path, networks in found for network in networks))
