# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the forwarding modes of a fabric render one hypervisor's ports, networks and uplinks.

``plain`` is NORMAL switching: a local VLAN per network, taps as its access ports, and a tunnel port per network and
peer with that VLAN as access tag. Everything is OVSDB and survives a restart. A column that correctness rests on is
always given, since the modules leave alone what is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import (
    BRIDGE,
    TUNNEL_TYPES,
    Hypervisor,
    Intent,
    Network,
    Port,
)

_NO_VLAN = [4095]  # reserved by IEEE 802.1Q; an empty list of trunks would carry every VLAN

Forwarding = Callable[[Intent, Allocations, Hypervisor], "dict[str, Any]"]


def plain(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return the arguments of ovs_bridge and ovs_gre_mesh for one hypervisor."""
    ports = intent.ports_of.get(hypervisor.name, ())
    networks = [intent.networks[name] for name in sorted({port.network for port in ports})]
    uplinks = [
        _uplink(nic, [network for network in networks if network.physical_network == physical], allocations)
        for physical, nic in sorted(hypervisor.uplinks.items())
    ]
    return {
        "bridge": {"name": BRIDGE, "state": "present", "fail_mode": "standalone"},
        "uplinks": uplinks,
        "ports": uplinks + [_access_port(port, intent, allocations) for port in ports],
        "networks": [
            mesh
            for network in networks
            if network.type in TUNNEL_TYPES
            for mesh in [_mesh(intent, allocations, network, hypervisor)]
            if mesh["remotes"]
        ],
    }


FORWARDING: Mapping[str, Forwarding] = {"plain": plain}


def _uplink(nic: str, networks: Sequence[Network], allocations: Allocations) -> dict[str, Any]:
    """Return the NIC of a physical network: access port of its flat network, or trunk of the VLANs that live here."""
    vlans = sorted(allocations[network.name].local_vlan for network in networks)
    if any(network.type == "flat" for network in networks):  # then it is the only one: networks.refuse_native_trunks
        return {"name": nic, "vlan_mode": "access", "tag": vlans[0], "trunks": []}
    return {"name": nic, "vlan_mode": "trunk", "tag": "", "trunks": vlans or _NO_VLAN}


def _access_port(port: Port, intent: Intent, allocations: Allocations) -> dict[str, Any]:
    return {
        "name": port.interface,
        "vlan_mode": "access",
        "tag": allocations[port.network].local_vlan,
        "trunks": [],
        "mtu_request": intent.fabric.mtu_of(intent.networks[port.network].type),
        "external_ids": {"tenantry-port": port.name, "tenantry-network": port.network},
    }


def _mesh(intent: Intent, allocations: Allocations, network: Network, hypervisor: Hypervisor) -> dict[str, Any]:
    hosts = intent.fabric.hypervisors
    return {
        "name": network.name,
        "type": network.type,
        "key": allocations[network.name].segmentation_id,
        "tag": allocations[network.name].local_vlan,
        "remotes": [hosts[peer].vtep for peer in intent.tunnels.peers(network.name, hypervisor.name)],
        "protected": True,
    }
