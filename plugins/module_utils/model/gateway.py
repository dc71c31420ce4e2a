# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of a hypervisor at ports that Open vSwitch makes, by which it is the gateway of networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, prefixed_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, interface_name, path_of, shown

GatewayPlan = Plan[tuple[str, str], Mapping[str, Any]]  # by ("gateway", interface)

# It has IPv4 alone, and answers ARP for what it is there alone (ip-sysctl.rst of the kernel).
SYSCTLS = {"disable_ipv6": ("ipv6", 1), "arp_ignore": ("ipv4", 1)}


class GatewayWish(NamedTuple):
    interface: str
    addresses: tuple[str, ...]  # with prefix length, sorted

    @property
    def settings(self) -> dict[str, Any]:
        kernel = {option: value for option, (dummy, value) in SYSCTLS.items()}
        return {"addresses": list(self.addresses), **kernel, "up": True}

    def lines(self) -> Iterator[str]:
        """Yield what ``restore`` makes it of: settings that the kernel has in files, then lines of ``ip -batch``."""
        for option, (kind, value) in SYSCTLS.items():
            yield f"sysctl net/{kind}/conf/{self.interface}/{option} {value}"
        yield from self.ip_lines()

    def ip_lines(self) -> Iterator[str]:
        yield from (f"address replace {address} dev {self.interface}" for address in self.addresses)
        yield f"link set dev {self.interface} up"


def parse_gateways(params: Mapping[str, Any]) -> tuple[str, Sequence[GatewayWish]]:
    """Return the owner and the wanted gateways, or raise InvalidInput with all faults."""
    faults = Faults()
    owner = parse_task(faults, {"owner": params["owner"]}) or ""
    wishes = [_gateway(faults, path_of("gateways", at), given) for at, given in enumerate(params["gateways"])]
    interfaces = [wish.interface for wish in wishes]
    for at, name in enumerate(interfaces):
        if name in interfaces[:at]:
            faults.add(path_of("gateways", at, "interface"), f"{shown(name)} is listed twice; list each once")
    if not wishes and not params["allow_empty"]:
        what = "an empty list would remove every gateway of the owner; if you mean it, set allow_empty: true"
        faults.add("gateways", what)
    faults.raise_any()
    return owner, wishes


def _ipv4_address(value: Any) -> str:
    address = prefixed_address(value)
    if family(address) != 4:
        raise ValueError(f"{address} is of IPv6, and a hypervisor is a gateway of IPv4 alone; use a router")
    return address


def _gateway(faults: Faults, path: str, given: Mapping[str, Any]) -> GatewayWish:
    addresses = [
        faults.parse(f"{path}.addresses[{at}]", _ipv4_address, value) for at, value in enumerate(given["addresses"])
    ]
    interface = faults.parse(f"{path}.interface", interface_name, given["interface"])
    return GatewayWish(interface or "", tuple(sorted(filter(None, addresses))))
