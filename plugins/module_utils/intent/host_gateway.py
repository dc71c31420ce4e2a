# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse a hypervisor as the gateway of a network: its address there, and what of it guests may reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.router import HostGateway
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import Ports, port_range
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.subnets import Subnet
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import identifier, one_of, sequence

_KEYS = ("hypervisor", "ip", "services")


def parse_host_gateway(network: Section, subnets: Sequence[Subnet]) -> HostGateway | None:
    """Return what the section of a network says of its gateway, a mapping; None if that is at fault."""
    section = Section(network.faults, network.path_to("gateway"), network.value("gateway"), _KEYS)
    host = section.required("hypervisor", identifier, "hv1")
    address = _address(section, [part for part in subnets if part.family == 4]) if subnets else None
    services = tuple(_services(section))
    return HostGateway(host, address, services) if host and address else None


def _address(section: Section, subnets: Sequence[Subnet]) -> str | None:
    """Return its address with prefix length: as written, else the first of a host."""
    path = section.path_to("ip")
    if not subnets:
        section.faults.add(section.path, "a hypervisor is a gateway of IPv4 alone; add such a subnet, or use a router")
        return None
    given = section.optional("ip", unicast_address, str(subnets[0].first_host))
    if given is None:
        return None
    parsed = ipaddress.ip_address(given)
    home = next((part for part in subnets if part.contains(parsed.version, int(parsed))), None)
    role = home.role_of(int(parsed)) if home else None
    if home is None:
        where = " or ".join(part.text for part in subnets)
        section.faults.add(path, f"{given} is in no IPv4 subnet of the network; write an address in {where}")
    elif role:
        section.faults.add(path, f"{given} is the {role} of {home.text}; write the address of a host")
    else:
        return f"{given}/{home.prefix}"
    return None


def _services(section: Section) -> Iterator[tuple[str, Ports]]:
    given: Sequence[Any] = section.optional("services", sequence, []) or []
    for at, value in enumerate(given):
        service = Section(section.faults, f"{section.path_to('services')}[{at}]", value, ("protocol", "port"))
        protocol = service.required("protocol", one_of(("tcp", "udp")), "tcp")
        ports = service.required("port", port_range, "53")
        if protocol and ports:
            yield protocol, ports
