# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured between endpoints that security groups judge: which services, and which of them shall be reached.

A service is a protocol and a port, as ``tcp 3306``. There is one for each port of a tenant's rules, and for each
protocol one that no rule names: that of the probe itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import said, unanswered
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.passages import Passage
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import (
    Connection,
    End,
    allowed,
    answered,
    passes_acl,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import AclRule
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import (
    ICMP,
    ICMPV6,
    TCP,
    UDP,
    Security,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    ECHO_FRAME,
    FLOOD_PORT,
    FLOODED_TO,
    HALFWAY,
    HIDDEN,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    ICMP as PING,
)

MOST = 12  # services of a tenant that are measured
_NAMES = {TCP: "tcp", UDP: "udp"}
_ECHO_REQUEST = {4: (ICMP, 8), 6: (ICMPV6, 128)}  # protocol and type: RFC 792, RFC 4443


def services_of(security: Security, port: int) -> list[str]:
    """Return the services of a tenant; ``port`` is the probe's, where TCP is measured anyway."""
    rules = security.rules_of(sorted(security.groups or {}))
    named = {(rule.protocol or 0, rule.ports.first) for rule in rules if rule.ports and rule.protocol in _NAMES}
    return [f"udp {port}", *(f"{_NAMES[protocol]} {first}" for protocol, first in sorted(named))][:MOST]


def permitted(
    securities: Mapping[str, Security],
    endpoints: Sequence[Endpoint],
    port: int,
    acls: Mapping[str, Sequence[AclRule]] = MappingProxyType({}),
    passages: Sequence[Passage] = (),
) -> dict[str, dict[str, list[str]]]:
    """Return what shall pass from each sender to each receiver in its domain, of those of which one is judged, or that
    an ACL is between; ``acls`` are those of the routers that join domains. And what ``passages`` let through, from one
    domain to another.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for sender in endpoints:
        for receiver in endpoints:
            if sender is receiver:
                continue
            if sender.domain != receiver.domain:
                through = [one for one in passages if _leads(one, sender, receiver)]
                ends = end_of(securities, sender), end_of(securities, receiver)
                passing = list(_passing(ends, (), sender, receiver, port, through)) if through else []
                if passing:
                    found.setdefault(sender.name, {})[receiver.name] = passing
                continue
            acl = acls.get(sender.domain, ()) if sender.network != receiver.network else ()
            if sender.judged or receiver.judged or acl:
                ends = end_of(securities, sender), end_of(securities, receiver)
                found.setdefault(sender.name, {})[receiver.name] = list(_passing(ends, acl, sender, receiver, port))
    return found


def _leads(passage: Passage, sender: Endpoint, receiver: Endpoint) -> bool:
    return sender.network in passage.senders and receiver.network in passage.receivers


def end_of(securities: Mapping[str, Security], endpoint: Endpoint) -> End:
    """Return an endpoint as security groups see it."""
    tenant = endpoint.tenant
    return End(tenant, securities.get(tenant, Security()), endpoint.groups, endpoint.all_addresses)


def _passing(
    ends: tuple[End, End],
    acl: Sequence[AclRule],
    sender: Endpoint,
    receiver: Endpoint,
    port: int,
    passages: Sequence[Passage] | None = None,
) -> Iterator[str]:
    """Yield what groups, an ACL, and passages if it takes any, let through."""
    neighbours = sender.link == receiver.link  # else routers are between them, which pass on no such frames
    own = {family(address): address for address in reversed(sender.plain_addresses)}

    def passes(protocol: int, source: str, target: str, number: int) -> bool:
        connection = Connection(protocol, source, target, number)
        led = passages is None or any(one.lets(connection) for one in passages)
        return led and allowed(*ends, connection) and passes_acl(acl, connection)

    def returns(protocol: int, source: str, target: str, number: int) -> bool:
        return answered(*ends, Connection(protocol, source, target, number))

    for address in sender.common_addresses(receiver):
        version = family(address)
        protocol, kind = _ECHO_REQUEST[version]
        if passes(protocol, own[version], address, kind):
            is_answered = returns(protocol, own[version], address, kind)
            yield said(PING, address) if is_answered else unanswered(PING, address)
        if neighbours and passes(protocol, sender.link_local if version == 6 else own[4], address, kind):
            yield said(ECHO_FRAME, address)
        for service in ("tcp", *receiver.services):
            name, _space, number = service.partition(" ")
            call = TCP if name == "tcp" else UDP, own[version], address, int(number or port)
            if passes(*call) and returns(*call):
                yield said(service, address)
        for what, name in HIDDEN.items() if neighbours else ():
            if passes(TCP if name == "tcp" else UDP, own[version], address, port):
                yield said(what, address)
    if neighbours and not any(end.tracked for end in ends):
        yield from HALFWAY  # of a neighbour that a switch has not learned yet, so that it floods them
    for what, target in FLOODED_TO.items() if neighbours else ():
        source = sender.link_local if family(target) == 6 else own.get(4)
        if source and passes(UDP, source, target, FLOOD_PORT):
            yield what
