# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the forwarding modes of a fabric render one hypervisor's ports, networks, uplinks and flows.

``plain`` is NORMAL switching: a local VLAN per network, taps as its access ports, and a tunnel port per network and
peer with that VLAN as access tag. Everything is OVSDB and survives a restart.

``learning`` and ``static`` are the pipeline (pipeline.py). Taps are trunks of no VLAN for good: to NORMAL they are
dead, so a port without flows neither sends nor hears. ``learning`` has the tunnels of ``plain``, to which NORMAL floods
what it has not learned; ``static`` has none, and sends through one tunnel port of each type, which both have: so a
fabric moves between the two a hypervisor at a time, and nobody notices.

A column that correctness rests on is always given, since the modules leave alone what is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import Allocations
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.controllers import (
    CONTROLLED,
    UNCONTROLLED,
    bridge_columns,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.program import learning_flows, static_flows
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import TUNNEL_OFPORTS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import (
    BRIDGE,
    TUNNEL_TYPES,
    Hypervisor,
    Intent,
    Network,
    Port,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import flow_tunnel_name

_NO_VLAN = [4095]  # reserved by IEEE 802.1Q; an empty list of trunks would carry every VLAN
_DEAD = {"vlan_mode": "trunk", "tag": "", "trunks": _NO_VLAN}
_LOCAL = {"name": BRIDGE, **_DEAD}  # the hypervisor's own port takes no part

Forwarding = Callable[[Intent, Allocations, Hypervisor], "dict[str, Any]"]


def plain(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return the arguments of ovs_bridge and ovs_gre_mesh for one hypervisor."""
    uplinks = _uplinks(intent, allocations, hypervisor)
    access = [
        _port(port, intent, {"vlan_mode": "access", "tag": allocations[port.network].local_vlan, "trunks": []})
        for port in intent.switched_of.get(hypervisor.name, ())
    ]
    return {
        "bridge": {"name": BRIDGE, "state": "present", "fail_mode": "standalone", **UNCONTROLLED},
        "uplinks": uplinks,
        "ports": [*uplinks, _LOCAL, *access],
        "networks": _meshes(intent, allocations, hypervisor),
        "flows": [],
    }


def learning(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return the arguments of ovs_bridge, ovs_gre_mesh and of_flow, to be called in this order."""
    flows = learning_flows(intent, allocations, hypervisor)
    return {
        **_programmed(intent, allocations, hypervisor),
        "networks": _meshes(intent, allocations, hypervisor),
        "flows": flows,
    }


def static(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return the arguments of ovs_bridge, of_flow and ovs_gre_mesh, to be called in this order."""
    flows = static_flows(intent, allocations, hypervisor)
    return {**_programmed(intent, allocations, hypervisor), "networks": [], "flows": flows}


def controlled(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return what ``plain`` has, with port numbers that stay, for controllers to make the flows.

    VLANs and split horizon bind their NORMAL, and the bridge itself where it falls back to standalone; a flow that
    outputs to a port by number passes them by.
    """
    state = plain(intent, allocations, hypervisor)
    ofports = allocations.ofports(hypervisor.name)
    interfaces = {nic: name for name, nic in hypervisor.uplinks.items()}
    interfaces.update((port.device, port.number) for port in intent.switched_of.get(hypervisor.name, ()))
    numbers = {interface: {"ofport_request": ofports[name]} for interface, name in interfaces.items()}
    return {
        **state,
        "bridge": {**state["bridge"], **bridge_columns(intent.fabric.controllers[hypervisor.name])},
        "uplinks": [{**port, **numbers[port["name"]]} for port in state["uplinks"]],
        "ports": [{**port, **numbers.get(port["name"], {})} for port in state["ports"]],
    }


FORWARDING: Mapping[str, Forwarding] = {
    "learning": learning,
    "static": static,
    "plain": plain,
    CONTROLLED: controlled,
}


def _programmed(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> dict[str, Any]:
    """Return the bridge and its ports for flows to use; without flows nothing passes."""
    ofports = allocations.ofports(hypervisor.name)
    ports = intent.switched_of.get(hypervisor.name, ())
    kinds = {intent.networks[port.network].type for port in ports}.intersection(TUNNEL_TYPES)
    physical = {nic: name for name, nic in hypervisor.uplinks.items()}
    uplinks = [
        {**uplink, "ofport_request": ofports[physical[uplink["name"]]]}
        for uplink in _uplinks(intent, allocations, hypervisor)
    ]
    return {
        "bridge": {"name": BRIDGE, "state": "present", "fail_mode": "secure", **UNCONTROLLED},
        "uplinks": uplinks,
        "ports": [
            *uplinks,
            _LOCAL,
            *(_flow_tunnel(kind, hypervisor.vtep) for kind in sorted(kinds)),
            *(_port(port, intent, {**_DEAD, "ofport_request": ofports[port.number]}) for port in ports),
        ],
    }


def _flow_tunnel(kind: str, vtep: str) -> dict[str, Any]:
    options = {"remote_ip": "flow", "key": "flow", "local_ip": vtep}
    return {
        "name": flow_tunnel_name(kind),
        "type": kind,
        **_DEAD,
        "ofport_request": TUNNEL_OFPORTS[kind],
        "options": options,
    }


def _uplinks(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> list[dict[str, Any]]:
    networks = _networks(intent, hypervisor)
    return [
        _uplink(nic, [network for network in networks if network.physical_network == physical], allocations)
        for physical, nic in sorted(hypervisor.uplinks.items())
    ]


def _uplink(nic: str, networks: Sequence[Network], allocations: Allocations) -> dict[str, Any]:
    """Return the NIC of a physical network: access port of its flat network, or trunk of the VLANs that live here."""
    vlans = sorted(allocations[network.name].local_vlan for network in networks)
    if any(network.type == "flat" for network in networks):  # then it is the only one: networks.refuse_native_trunks
        return {"name": nic, "vlan_mode": "access", "tag": vlans[0], "trunks": []}
    return {"name": nic, "vlan_mode": "trunk", "tag": "", "trunks": vlans or _NO_VLAN}


def _port(port: Port, intent: Intent, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": port.device,
        **columns,
        **({"type": "internal", "mac": port.mac} if port.internal else {}),
        "mtu_request": intent.fabric.mtu_of(intent.networks[port.network].type),
        "external_ids": {"tenantry-port": port.name, "tenantry-network": port.network},
    }


def _networks(intent: Intent, hypervisor: Hypervisor) -> list[Network]:
    """Return the networks that have ports on a hypervisor, sorted by name."""
    names: Iterable[str] = {port.network for port in intent.switched_of.get(hypervisor.name, ())}
    return [intent.networks[name] for name in sorted(names)]


def _meshes(intent: Intent, allocations: Allocations, hypervisor: Hypervisor) -> list[dict[str, Any]]:
    """Return the tunnels to single peers, of each network that is here and elsewhere."""
    tunneled = [network for network in _networks(intent, hypervisor) if network.type in TUNNEL_TYPES]
    meshes = [_mesh(intent, allocations, network, hypervisor) for network in tunneled]
    return [mesh for mesh in meshes if mesh["remotes"]]


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
