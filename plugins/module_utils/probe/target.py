# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An endpoint as its probe and the probes of the others know it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import HTTP
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    mac_address,
    path_of,
    shown,
    vlan_id,
)

ENDPOINT_SPEC = {
    "name": {"type": "str", "required": True},
    "mac": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "mtu": {"type": "int", "required": True},
    "vlan": {"type": "int"},
    "services": {"type": "list", "elements": "str", "default": []},
    "guarded": {"type": "bool", "default": False},
    "judged": {"type": "bool", "default": False},
}
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,126}")


@dataclass(frozen=True)
class Target:
    name: str
    mac: str
    addresses: tuple[str, ...]  # without prefix length
    mtu: int  # bytes
    vlan: int | None  # the local VLAN of its network, where it has one
    services: tuple[str, ...] = ()  # protocol and port, as "tcp 80"
    guarded: bool = False  # its hypervisor lets it send nothing but its own
    judged: bool = False  # by security groups

    def addresses_of(self, version: int) -> tuple[str, ...]:
        return tuple(address for address in self.addresses if (":" in address) == (version == 6))

    def services_of(self, protocol: str) -> list[tuple[str, int]]:
        """Return the services of a protocol, each with its port."""
        return [(service, int(service.split()[1])) for service in self.services if service.startswith(protocol)]


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"{shown(value)} is no name of an endpoint; write tenant.port, as acme.web-1")
    return str(value)


def _address(value: Any) -> str:
    try:
        return str(ipaddress.ip_interface(str(value)).ip)
    except ValueError:
        raise ValueError(f"{shown(value)} is no IP address; write it as '10.1.1.20/24' or 'fd00::20/64'") from None


def _service(value: Any) -> str:
    protocol, _space, port = str(value).partition(" ")
    if protocol not in ("tcp", "udp", HTTP):
        raise ValueError(f"{shown(value)} is no service; write tcp, udp or http and a port, as 'tcp 80'")
    return f"{protocol} {integer(1, 65535)(port)}"


def parse_target(faults: Faults, path: str, value: Mapping[str, Any]) -> Target:
    """Parse one endpoint of the module's options; what is wrong goes to ``faults``."""
    addresses = [
        faults.parse(path_of(path, "addresses", index), _address, item) for index, item in enumerate(value["addresses"])
    ]
    services = [
        faults.parse(path_of(path, "services", index), _service, item)
        for index, item in enumerate(value.get("services") or ())
    ]
    vlan = value.get("vlan")
    return Target(
        name=faults.parse(path_of(path, "name"), _name, value["name"]) or "",
        mac=faults.parse(path_of(path, "mac"), mac_address, value["mac"]) or "",
        addresses=tuple(address for address in addresses if address is not None),
        mtu=faults.parse(path_of(path, "mtu"), integer(576, 65535), value["mtu"]) or 0,
        vlan=None if vlan is None else faults.parse(path_of(path, "vlan"), vlan_id, vlan),
        services=tuple(service for service in services if service is not None),
        guarded=bool(value.get("guarded")),
        judged=bool(value.get("judged")),
    )
