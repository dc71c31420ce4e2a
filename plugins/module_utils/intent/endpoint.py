# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of a measurement: the ports of tenants, as the intent's compiler lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import link_local
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, path_of


@dataclass(frozen=True)
class Endpoint:
    """A port of a tenant, as the intent's compiler lists it."""

    name: str  # tenant.port
    network: str  # full name
    hypervisor: str
    mac: str
    addresses: tuple[str, ...]  # with prefix length
    mtu: int  # bytes
    groups: tuple[str, ...] | None = None  # its security groups; None: it is not judged
    guarded: bool = False  # its hypervisor lets it send nothing but its own
    services: tuple[str, ...] = ()  # ports that it is asked at beside the probe's own, as "tcp 80"
    joined: str = ""  # what its network and others are one domain as
    routed: bool = False  # its hypervisor routes it, so that nobody is on its link

    @property
    def tenant(self) -> str:
        return self.name.partition(".")[0]

    @property
    def link(self) -> str:
        """What its broadcasts stay in."""
        return self.name if self.routed else self.network

    @property
    def domain(self) -> str:
        """What its packets stay in, as of the intent's networks."""
        return self.joined or self.network.partition("@")[0]

    @property
    def judged(self) -> bool:
        return self.groups is not None

    @property
    def link_local(self) -> str:
        return link_local(self.mac)

    @property
    def plain_addresses(self) -> list[str]:
        return [address.partition("/")[0] for address in self.addresses]

    @property
    def all_addresses(self) -> list[str]:
        return [*self.plain_addresses, self.link_local]

    def common_addresses(self, receiver: Endpoint) -> list[str]:
        """Return the receiver's addresses of families that this endpoint has too."""
        versions = {":" in address for address in self.addresses}
        return [address.partition("/")[0] for address in receiver.addresses if (":" in address) in versions]


def parse_endpoints(values: Sequence[Mapping[str, Any]]) -> tuple[Endpoint, ...]:
    """Take what is needed here from the endpoints that the intent action returned; InvalidInput if it is not there."""
    faults = Faults()
    for index, value in enumerate(values):
        for key in {"name", "network", "hypervisor", "mac", "addresses", "mtu"} - value.keys():
            faults.add(path_of("endpoints", index, key), "missing; pass what tenantry.sdn.intent returned")
    faults.raise_any()
    return tuple(
        Endpoint(
            name=str(value["name"]),
            network=str(value["network"]),
            hypervisor=str(value["hypervisor"]),
            mac=str(value["mac"]),
            addresses=tuple(map(str, value["addresses"])),
            mtu=int(value["mtu"]),
            groups=None if value.get("groups") is None else tuple(map(str, value["groups"])),
            guarded=bool(value.get("guarded")),
            services=tuple(map(str, value.get("services", ()))),
            joined=str(value.get("joined") or ""),
            routed=bool(value.get("routed")),
        )
        for value in values
    )
