# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowed address pairs: what a guest may send with beside its own, as the address of a cluster that moves.

Several ports may have the same pair; none may have an address that is another port's own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from itertools import islice
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import (
    IpNetwork,
    link_local,
    network_or_address,
    plain_address,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Network, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, mac_address, sequence

_KEYS = ("ip", "mac")
Pair = tuple[str, str]  # MAC address, network


def parse_pairs(port: Section, mac: str | None, secured: bool) -> tuple[Pair, ...]:
    """Return the pairs of a port, sorted; without a MAC address of its own a pair has the port's."""
    given: list[Any] = port.optional("allowed_address_pairs", sequence, []) or []
    if given and not secured:
        path = port.path_to("allowed_address_pairs")
        port.faults.add(path, "port_security: false lets the guest send as anybody; leave out one of the two")
    return tuple(sorted({pair for at, value in enumerate(given) if (pair := _pair(port, at, value, mac))}))


def _pair(port: Section, at: int, value: Any, mac: str | None) -> Pair | None:
    section = Section(port.faults, f"{port.path_to('allowed_address_pairs')}[{at}]", value, _KEYS)
    address = section.required("ip", network_or_address, "10.1.1.100")
    own = section.optional("mac", mac_address, mac)
    return (own, address) if own and address else None


def check_pairs(faults: Faults, intent: Intent) -> None:
    """Record pairs by which a guest could send as another port of its network, or as its gateway."""
    for name, ports in intent.ports_in.items():
        pairs = {pair for port in ports for pair in port.pairs}
        owners = {(mac, prefix): _owners(ports, mac, prefix) for mac, prefix in pairs}
        for port in ports:
            for mac, prefix in port.pairs:
                victim = _victim(intent.networks[name], owners[mac, prefix], port, mac, prefix)
                if victim:
                    what = f"{victim}; write addresses that no port of the network has for its own"
                    faults.add(f"{port.path}.allowed_address_pairs", what)


def _owners(ports: Iterable[Port], mac: str, prefix: str) -> list[Port]:
    """Return the ports that have some of a pair for their own: two, as whoever has the pair may be one of them."""
    network = ipaddress.ip_network(prefix)
    return list(islice((port for port in ports if mac == port.mac or _within(port, network)), 2))


def _victim(home: Network, owners: Iterable[Port], port: Port, mac: str, prefix: str) -> str | None:
    """Return in words as whom a port could send by a pair."""
    for other in owners:
        if other is not port:
            return f"{mac if mac == other.mac else plain_address(prefix)} would let it send as {other.path}"
    network = ipaddress.ip_network(prefix)
    for gateway in home.gateways:
        if ipaddress.ip_address(gateway.partition("/")[0]) in network:
            return f"{plain_address(prefix)} would let it send as the gateway of {home.path}"
    return None


def _within(port: Port, network: IpNetwork) -> bool:
    own = [address.partition("/")[0] for address in port.addresses]
    return any(ipaddress.ip_address(address) in network for address in (*own, link_local(port.mac)))
