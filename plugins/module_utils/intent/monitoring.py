# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shall be seen of the traffic: exports to collectors, and mirrors in the names of tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sniffer:
    """A port of the fabric at which copies that travel on a VLAN come out."""

    hypervisor: str
    interface: str


@dataclass(frozen=True)
class Tunnel:
    type: str
    remote_ip: str
    key: int | None


@dataclass(frozen=True)
class Output:
    """Where copies go: to an interface of the host that makes them, out on a VLAN of a wire, or into a tunnel."""

    interface: str | None = None
    vlan: int | None = None
    physical_network: str | None = None  # of the VLAN
    sniffer: Sniffer | None = None  # of the VLAN
    tunnel: Tunnel | None = None


@dataclass(frozen=True)
class Mirror:
    path: str
    ports: Mapping[str, str]  # tenant.port: path where it is named
    networks: Mapping[str, str]  # tenant.network: path where it is named
    direction: str  # as the guests see it: what is sent "from" them, what comes "to" them, or both
    output: Output
    snaplen: int | None  # bytes


@dataclass(frozen=True)
class Monitoring:
    exports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # option of ovs_flow_export: its value
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)

    @property
    def vlans(self) -> Mapping[int, str]:
        """The VLANs that copies travel on, which no network may have, and where they are written."""
        outputs = [(mirror.output.vlan, f"{mirror.path}.output.vlan") for mirror in self.mirrors.values()]
        return {vlan: path for vlan, path in outputs if vlan}
