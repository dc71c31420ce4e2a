# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse where the hypervisors are: networks that no router lets its guests send to, whatever routes there outside.

Prefixes, not the addresses of hypervisors: those are thousands, and one more would change each router.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import address_number
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, each
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet, subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_PATH = "fabric.underlay"


def parse_underlay(section: Section, hypervisors: Mapping[str, Hypervisor | None]) -> tuple[str, ...]:
    """Return the networks, which hold the addresses of all hypervisors."""
    if "underlay" not in section:
        return ()
    networks = [part for _path, part in each(section.faults, _PATH, section.value("underlay"), subnet)]
    for host in filter(None, hypervisors.values() if networks else ()):
        for what, address in (("vtep", host.vtep), ("next_hop", host.next_hop)):
            if address and not any(part.contains(*address_number(address)) for part in networks):
                section.faults.add(_PATH, f"{address}, the {what} of {host.name}, is not in it; add its network")
    return tuple(dict.fromkeys(part.text for part in networks))


def refuse_underlay_outside(faults: Faults, underlay: Iterable[str], external: Iterable[Network]) -> None:
    """Record networks of hypervisors that are where routers meet the outside, so that guests would not get there."""
    for text in underlay:
        for network in external:
            if any(part.overlaps(Subnet.of(text)) for part in network.subnets):
                faults.add(_PATH, f"{text} overlaps {network.path}, which guests send to; write networks beside that")
