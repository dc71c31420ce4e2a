# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be opened between the networks of a router, as rules of nftables.

They speak of connections by the addresses that they were opened with, and hold for each packet, of both directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import AclRule

_WORDS = {4: "ip", 6: "ip6"}
_ICMP = "{ icmp, ipv6-icmp }"


def between(rules: Sequence[AclRule]) -> Iterator[str]:
    """Yield the rules in order. Errors (RFC 792) are about connections that were allowed."""
    yield f"ct state related meta l4proto {_ICMP} accept"
    for rule in rules:
        ends = [end for end in (rule.sources, rule.targets) if end is not None]
        versions = [version for version in _WORDS if all(version in map(family, end) for end in ends)]
        yield from (_rule(rule, version) for version in (versions if ends else [0]))
    yield "accept"


def _rule(rule: AclRule, version: int) -> str:
    words = []
    if rule.protocol:
        words.append(f"meta l4proto {_ICMP if rule.protocol == 'icmp' else rule.protocol}")
    for end, key in ((rule.sources, "saddr"), (rule.targets, "daddr")):
        if end is not None:
            alike = ", ".join(network for network in end if family(network) == version)
            words.append(f"ct original {_WORDS[version]} {key} {{ {alike} }}")
    if rule.ports:
        first, last = rule.ports
        words.append(f"ct original proto-dst {first if first == last else f'{first}-{last}'}")
    return " ".join([*words, "accept" if rule.allowed else "drop"])
