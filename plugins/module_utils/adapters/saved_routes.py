# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that an owner's routed ports come back from.

Lines are rules, what is unreachable, what is set at the interface of a guest that is there, and which addresses are at
which other host: the way to that is asked for anew, since a host that has just started may have another.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import SealedFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import routing_table
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import (
    KINDS,
    NOWHERE,
    SYSCTLS,
    Hop,
    Key,
    RoutedPort,
    RoutePlan,
    Settings,
    Wanted,
    of_guest,
    opening,
    rejecting,
    rule,
    versions_of,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark

_TELLS = {4: "", 6: "6"}  # at the end of the word that a line begins with, for what ip(8) is run for that family alone


def saved_routes(wanted: Wanted, owner: str, saved: bool | None) -> SealedFiles:
    """Return the file as it shall be; without an opinion there is one where there was one."""
    path = os.path.join(sealed.ROOT, "routes", set_mark(owner).rstrip("."))
    keep = os.path.exists(path) if saved is None else saved
    return SealedFiles({path: list(_lines(wanted, routing_table(owner))) if keep and wanted.ports else None})


def _lines(wanted: Wanted, table: int) -> Iterator[str]:
    versions = [4, *({6} & versions_of(address for port in wanted.ports for address in port.addresses))]
    for version in versions:
        yield f"table{_TELLS[version]} {table} {NOWHERE}"
        subnets = (f"to {subnet}" for subnet in wanted.subnets if family(subnet) == version)
        guests = [port for port in wanted.ports if version == 4 or 6 in versions_of(port.addresses)]
        selectors = [*subnets, *(f"iif {port.interface}" for port in guests)]
        yield from (f"rule{_TELLS[version]} {rule(selector, table)}" for selector in selectors)
    if 6 in versions:
        yield f"reject6 {rejecting(table)} {table}"
    for port in wanted.ports:
        settings = of_guest(port)
        for option, kind in SYSCTLS.items():
            if option in settings:
                yield f"guest {port.interface} sysctl net/{kind}/conf/{port.interface}/{option} {settings[option]}"
        for version in versions:
            made = opening(_new(port, settings), table, version)
            yield from (f"guest{_TELLS[version]} {port.interface} {line}" for line in made)
    others = defaultdict(list)
    for route in wanted.routes:
        if family(route.destination) in versions:
            others[route.via].append(route.destination)
    yield from (f"peer {via} {table} {' '.join(addresses)}" for via, addresses in sorted(others.items()))


def _new(port: RoutedPort, settings: Settings) -> RoutePlan:
    """Return what makes a guest's way where there is nothing of it."""
    here = Hop("", port.interface)._asdict()
    wanted: dict[Key, Settings] = {("link", port.interface): settings}
    wanted.update(((KINDS[family(address)].route, address), here) for address in port.addresses)
    return RoutePlan.between({}, wanted)
