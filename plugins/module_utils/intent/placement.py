# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a hypervisor has a way into a network: an uplink to its wire, tunnels within its zone."""

from __future__ import annotations

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import TUNNEL_TYPES, Network


def check_place(around: Surroundings, path: str, network: Network, host: str) -> None:
    """Record a hypervisor, written at ``path``, from which a port could reach nobody in the network."""
    _check_uplink(around, path, network, host)
    _check_zone(around, path, network, host)


def _check_uplink(around: Surroundings, path: str, network: Network, host: str) -> None:
    """Record a port whose network is on a wire that its hypervisor is not plugged into."""
    hypervisor = around.hypervisors.get(host)
    physical = network.physical_network
    known = physical in around.physical_networks  # else that is the fault, reported with the network
    if hypervisor and physical and known and physical not in hypervisor.uplinks:
        around.faults.add(
            path,
            f"{host} has no uplink to {physical}, which network {network.name} runs on; add "
            f"fabric.hypervisors.{host}.uplinks.{physical}, or choose another hypervisor",
        )


def _check_zone(around: Surroundings, path: str, network: Network, host: str) -> None:
    """Record a port that is not in the zone of the first one of its network, for tunnels and routes stay within one."""
    hypervisor = around.hypervisors.get(host)
    if not hypervisor or not (network.type in TUNNEL_TYPES or network.routed):
        return
    zone, first = around.zones.setdefault(network.name, (hypervisor.zone, path.rpartition(".")[0]))
    if zone != hypervisor.zone:
        what = f"{host} is in {_called(hypervisor.zone)}, and {first} of the same network in {_called(zone)}"
        around.faults.add(
            path,
            f"{what}; {'routes' if network.routed else 'tunnels'} stay within a zone, so choose a hypervisor there, or "
            "make a network for each zone",
        )


def _called(zone: str | None) -> str:
    return f"zone {zone}" if zone else "no zone"
