# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors and exports against the tenants, and what they come to on one hypervisor.

A mirror is made where a port that it names is, and only there. A network is all of its ports: a frame that several of
them would copy is copied once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.monitoring import Mirror, Tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.networks import Surroundings
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import one_of_names
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Hypervisor, Intent, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import FLAG, Column, Kind
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_export import EXPORTS
from ansible_collections.tenantry.sdn.plugins.module_utils.names import tunnel_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, text

_NO_VLAN = 4095  # reserved by IEEE 802.1Q
# What a trunk of no VLAN gets untagged Open vSwitch does not mirror, though flows pass it on. NORMAL of the pipeline
# has no frame without a VLAN, so a port that takes them is as dead to it as before.
_UNTAGGED = 0
# Of a port for copies: it hears and says nothing else, and copies leave it as the guest sends and gets them, untagged.
_COPIES: Mapping[str, Any] = {"vlan_mode": "access", "tag": _NO_VLAN, "trunks": []}

_TAKEN = "an interface is in one place, so name another"


def check_mirrors(around: Surroundings, intent: Intent, ports: Collection[str], networks: Collection[str]) -> None:
    """Record what is wrong with mirrors; ``ports`` and ``networks`` are all names, of those at fault too."""
    for mirror in intent.fabric.monitoring.mirrors.values():
        for name, path in mirror.ports.items():
            around.faults.parse(path, one_of_names(ports, "port of this intent", text), name)
        for name, path in mirror.networks.items():
            around.faults.parse(path, one_of_names(networks, "network of this intent", text), name)
        sources = _sources(intent, mirror)
        for port in sources:
            if port.routed:
                what = f"network {port.network} is routed, and no bridge has what is sent there"
                around.faults.add(mirror.ports[port.name], f"{what}; leave {port.name} out")
        for host in sorted({port.hypervisor for port in sources}):
            here = f"{mirror.path}.output.interface"
            around.claims.claim(("interface", host), mirror.output.interface, here, _TAKEN)
        if mirror.output.physical_network:
            _check_wire(around, intent, mirror, sources)
        if mirror.output.sniffer:
            _check_sniffer(around, intent, mirror)
        if mirror.output.tunnel:
            _check_tunnel(around.faults, intent, mirror.output.tunnel, f"{mirror.path}.output.tunnel", sources)


def mirrors(intent: Intent, host: Hypervisor) -> list[dict[str, Any]]:
    """Return the list ``mirrors`` of ovs_mirror: those that have something to copy on the host."""
    found = []
    for name, mirror in sorted(intent.fabric.monitoring.mirrors.items()):
        local = sorted(port.device for port in _sources(intent, mirror) if port.hypervisor == host.name)
        if local:
            tunnel = mirror.output.tunnel
            output = _tunnel_port(name, tunnel, host)["name"] if tunnel else mirror.output.interface
            found.append(
                {
                    "name": name,
                    "select_all": False,
                    "select_src_port": local if mirror.direction != "to" else [],
                    "select_dst_port": local if mirror.direction != "from" else [],
                    "select_vlan": [],
                    "output_port": output or "",
                    "output_vlan": mirror.output.vlan or "",
                    "snaplen": mirror.snaplen or "",
                }
            )
    return found


def with_outputs(intent: Intent, host: Hypervisor, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return bridge, uplinks and ports of a host with what copies need: ports to go to, and VLANs to travel on."""
    ports: list[dict[str, Any]] = []
    trunks: dict[str, set[int]] = defaultdict(set)  # interface: VLANs that it carries for mirrors
    vlans = set()
    for name, mirror in sorted(intent.fabric.monitoring.mirrors.items()):
        output, sources = mirror.output, _sources(intent, mirror)
        local = [port.device for port in sources if port.hypervisor == host.name]
        for interface in local:
            trunks[interface].add(_UNTAGGED)
        if local and output.interface:
            ports.append({"name": output.interface, **_COPIES, "external_ids": {"tenantry-mirror": name}})
        if local and output.tunnel:
            ports.append(_tunnel_port(name, output.tunnel, host))
        listens = bool(sources) and output.sniffer is not None and output.sniffer.hypervisor == host.name
        if listens and output.sniffer:
            ports.append(_sniffer_port(name, output.sniffer.interface, output.vlan))
        if output.vlan and (local or listens):
            vlans.add(output.vlan)
            trunks[host.uplinks[output.physical_network or ""]].add(output.vlan)
    return {
        "bridge": {**state["bridge"], "flood_vlans": sorted(vlans)},
        "uplinks": [_carrying(port, trunks) for port in state["uplinks"]],
        "ports": [*(_carrying(port, trunks) for port in state["ports"]), *ports],
    }


def exports(intent: Intent, host: Hypervisor) -> dict[str, dict[str, Any]]:
    """Return the exports of ovs_flow_export, each with all columns, so that nothing of an earlier one stays."""
    found = {}
    for export, given in intent.fabric.monitoring.exports.items():
        columns = EXPORTS[export][1]
        unset = {name: _empty(column) for name, column in columns.items() if name != "targets"}
        agent = {"agent": host.vtep} if export == "sflow" else {}  # the address that tells the hosts apart
        found[export] = {**unset, **agent, **given}
    return found


def _empty(column: Column) -> Any:
    """Return what a task says to have nothing in a column."""
    return False if column is FLAG else {} if column.kind is Kind.MAP else ""


def _sources(intent: Intent, mirror: Mirror) -> list[Port]:
    return [port for port in intent.ports if port.name in mirror.ports or port.network in mirror.networks]


def _carrying(port: Mapping[str, Any], trunks: Mapping[str, Collection[int]]) -> dict[str, Any]:
    if port["name"] not in trunks or port["vlan_mode"] != "trunk":
        return dict(port)
    return {**port, "trunks": sorted({*port["trunks"], *trunks[port["name"]]} - {_NO_VLAN})}


def _sniffer_port(mirror: str, interface: str, vlan: int | None) -> dict[str, Any]:
    ids = {"tenantry-mirror": mirror}
    return {"name": interface, "vlan_mode": "access", "tag": vlan, "trunks": [], "external_ids": ids}


def _tunnel_port(mirror: str, tunnel: Tunnel, host: Hypervisor) -> dict[str, Any]:
    key = {} if tunnel.key is None else {"key": tunnel.key}
    return {
        "name": tunnel_name(tunnel.type, "mirror", mirror, host.vtep, tunnel.remote_ip, tunnel.key),
        "type": tunnel.type,
        "options": {"local_ip": host.vtep, "remote_ip": tunnel.remote_ip, **key},
        **_COPIES,
        "external_ids": {"tenantry-mirror": mirror},
    }


def _check_wire(around: Surroundings, intent: Intent, mirror: Mirror, sources: Collection[Port]) -> None:
    """Record a VLAN that can't leave its host, or would on a wire where frames have no tag."""
    path, wire = f"{mirror.path}.output.physical_network", mirror.output.physical_network
    if wire not in around.physical_networks:
        known = ", ".join(sorted(around.physical_networks)) or "none"
        around.faults.add(path, f"'{wire}' is in the uplinks of no hypervisor; known are {known}")
        return
    flat = [network.path for network in intent.networks.values() if network.type == "flat"]
    if wire in {network.physical_network for network in intent.networks.values() if network.type == "flat"}:
        around.faults.add(path, f"{wire} carries frames without a tag ({flat[0]}); name a wire that carries VLANs")
    places = {port.hypervisor: port.path for port in sources}
    if mirror.output.sniffer:
        places.setdefault(mirror.output.sniffer.hypervisor, f"{mirror.path}.output.sniffer")
    for name, who in sorted(places.items()):
        host = around.hypervisors.get(name)
        if host and wire not in host.uplinks:
            what = f"{name} has no uplink to {wire}, and {who} is there"
            around.faults.add(path, f"{what}; add fabric.hypervisors.{name}.uplinks.{wire}, or name another wire")


def _check_sniffer(around: Surroundings, intent: Intent, mirror: Mirror) -> None:
    sniffer, path = mirror.output.sniffer, f"{mirror.path}.output.sniffer"
    if sniffer is None:
        return
    if intent.fabric.forwarding != "plain":
        what = f"forwarding {intent.fabric.forwarding} lets no copies in from a wire"
        around.faults.add(path, f"{what}; have them come out at a machine outside, or write forwarding: plain")
    known = one_of_names(around.hypervisors, "hypervisor of this fabric")
    around.faults.parse(f"{path}.hypervisor", known, sniffer.hypervisor)
    around.claims.claim(("interface", sniffer.hypervisor), sniffer.interface, f"{path}.interface", _TAKEN)


def _check_tunnel(faults: Faults, intent: Intent, tunnel: Tunnel, path: str, sources: Collection[Port]) -> None:
    hosts = intent.fabric.hypervisors
    vteps = {host.vtep: host.name for host in hosts.values()}
    first = next(iter(vteps), tunnel.remote_ip)
    if family(tunnel.remote_ip) != family(first):
        what = f"{tunnel.remote_ip} is not of the IP family of the VTEPs, as {first}"
        faults.add(f"{path}.remote_ip", f"{what}; write an address of that family")
    own = vteps.get(tunnel.remote_ip)
    if own in {port.hypervisor for port in sources}:
        what = f"{tunnel.remote_ip} is the VTEP of {own}, where ports of the mirror are"
        faults.add(f"{path}.remote_ip", f"{what}; write the address of another machine")
    if own and any((tunnel.key or 0) in ids for ids in intent.fabric.segments.get("tunnel", ())):
        what = f"{tunnel.key} is within fabric.segments.tunnel, and {own} would take copies for frames of a network"
        faults.add(f"{path}.key", f"{what}; write a key outside of it")
