# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hypervisor routes: addresses of its own ports to them, and those of others to where they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Intent, Port

NOTHING_ROUTED: Mapping[str, Any] = {"subnets": [], "ports": [], "routes": []}


def routed_ports(intent: Intent, host: Hypervisor) -> dict[str, Any]:
    """Return the arguments of routed_port for one hypervisor: routes are to networks of its ports."""
    own = [port for port in intent.ports_of.get(host.name, ()) if port.routed]
    networks = sorted({port.network for port in own})
    versions = {family(address) for port in own for address in port.addresses}
    hosts = intent.fabric.hypervisors
    return {
        "subnets": [
            subnet.text for name in networks for subnet in intent.networks[name].subnets if subnet.family in versions
        ],
        "ports": [
            {
                "interface": port.interface,
                "mac": port.mac,
                "addresses": plain(port),
                "mtu": intent.fabric.mtu_of(intent.networks[port.network].type),
            }
            for port in own
        ],
        "routes": [
            {"destination": address, "via": hosts[port.hypervisor].address(family(address))}
            for name in networks
            for port in intent.ports_in[name]
            if port.hypervisor != host.name
            for address in plain(port)
            if family(address) in versions
        ],
    }


def plain(port: Port) -> list[str]:
    """Return the addresses of a port without prefix lengths."""
    return [address.partition("/")[0] for address in port.addresses]
