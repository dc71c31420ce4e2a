# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the numbers and devices of a hypervisor are called in the intent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import Table, about_bits, cookie
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.groups import rule_for
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import BRIDGE, TUNNEL_TYPES, Intent, Port


class Names:
    def __init__(self, intent: Intent, allocations: Allocations) -> None:
        self._intent = intent
        self._allocations = allocations

    @cached_property
    def _abouts(self) -> Mapping[int | None, str]:
        """What flows are about, by the bits that their cookies have for it."""
        ports = (f"port {port.name}" for port in self._intent.ports)
        networks = (f"network {name}" for name in self._intent.networks)
        tenants = self._intent.tenants.values()
        groups = (f"group {tenant.name}.{name}" for tenant in tenants for name in tenant.security.groups or ())
        return {about_bits(cookie(Table.INPUT, about)): about for about in ("", *ports, *networks, *groups)}

    @cached_property
    def _hypervisors(self) -> Mapping[str, str]:
        return {host.vtep: host.name for host in self._intent.fabric.hypervisors.values()}

    @cached_property
    def _keys(self) -> Mapping[int | None, str]:
        tunneled = [name for name, network in self._intent.networks.items() if network.type in TUNNEL_TYPES]
        return {self._allocations[name].segmentation_id: name for name in tunneled}

    def about(self, rule: Mapping[str, Any]) -> str | None:
        """Return what a rule is about, "" if about all alike; None if it is not one of ours."""
        number = int(rule["cookie"], 16)
        bits = about_bits(number)
        return None if bits is None else self._abouts.get(bits, f"what the intent no longer has (cookie {number:#x})")

    def table(self, rule: Mapping[str, Any]) -> str:
        """Return the name of a rule's table; of one that is not the pipeline's, or not used so, its number."""
        number = rule["table"]
        ours = self._intent.fabric.has_pipeline and number in {*Table}
        return Table(number).name.lower() if ours else f"table {number}"

    def rule_for(self, packet: Packet, port: Port, ends: tuple[Port, Port], group: str | None) -> str:
        """Return the path of the rule of one group, or any, that lets a packet pass at an end of it; else nothing."""
        return rule_for(self._intent, packet, port, *ends, group=group)

    def hypervisor(self, vtep: str) -> str:
        return self._hypervisors.get(vtep, f"{vtep}, which is no hypervisor of this fabric")

    def network_of_key(self, key: int) -> str:
        return self._keys.get(key, "of no network")

    def physical_network(self, hypervisor: str, device: str) -> str | None:
        """Return the physical network that a device is plugged into."""
        uplinks = self._intent.fabric.hypervisors[hypervisor].uplinks
        return next((name for name, nic in uplinks.items() if nic == device), None)

    def guest(self, hypervisor: str, device: str) -> Port | None:
        """Return the port that has a device of a hypervisor."""
        ports = self._intent.ports_of.get(hypervisor, ())
        return next((port for port in ports if port.device == device), None)

    def device(self, hypervisor: str, device: str) -> str:
        """Return what a device of the bridge is."""
        guest, physical = self.guest(hypervisor, device), self.physical_network(hypervisor, device)
        if guest:
            return guest.name
        if physical:
            return f"the wire of {physical}"
        return f"{hypervisor} itself" if device == BRIDGE else f"{device}, which is not of the intent"
