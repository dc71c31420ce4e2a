# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of a twin, as a map from each thing's name to the text that describes it.

Read from /proc and /sys alone, without starting a program: a second run is over at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.tenantry.sdn.plugins.module_utils.twin import switch
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import End, HostKey, describe, is_bridge, nic_mac
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import (
    ENDPOINT_NIC,
    NAMESPACES,
    UNDERLAY_BRIDGE,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.host import Host
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.state import State

Thing = tuple[str, ...]  # its kind, then its name

INVENTORY: Thing = ("inventory",)
DOWN = "down"  # it died, or was never finished


def running(packages: tuple[str, ...], datapath_type: str = "", driver: str = NAMESPACES) -> str:
    """Return what a host is that runs, as far as only a new start could change it."""
    parts = [*([f"datapath_type {datapath_type}"] if datapath_type else []), *packages]
    if driver != NAMESPACES:
        parts.insert(0, f"driver {driver}")
    return f"running with {', '.join(parts)}" if parts else "running"


def host_thing(key: HostKey) -> Thing:
    return ("host", *key)


def cable_thing(near: End) -> Thing:
    return ("cable", *near.host, near.interface)


def near_end(cable: Thing) -> End:
    return End(HostKey(cable[1], cable[2]), cable[3])


def segment_thing(bridge: str) -> Thing:
    return ("segment", bridge)


def bridge(alias: str) -> str:
    """Return what the switch of a segment is; its alias says what else."""
    return f"bridge, {alias}" if alias else "bridge"


def vtep_thing(hypervisor: str) -> Thing:
    return ("VTEP", hypervisor)


def read(state: State) -> dict[Thing, str]:
    found: dict[Thing, str] = {}
    for key, host in state.hosts().items():
        if host.pid is None:
            found[host_thing(key)] = DOWN
            continue
        found[host_thing(key)] = host.description
        if key.kind == "fabric":
            bridges = [device for device in host.devices() if is_bridge(device)]
            found.update({segment_thing(device): bridge(_alias(host, device)) for device in bridges})
        if key.kind in ("hypervisor", "endpoint"):
            found.update({cable_thing(End(key, nic)): _cable(host, nic) for nic in _nics(key, host)})
        if key.kind == "hypervisor":
            found[vtep_thing(key.name)] = switch.read(host)
    inventory = state.read_inventory()
    if inventory is not None:
        found[INVENTORY] = inventory
    return found


def _cable(host: Host, nic: str) -> str:
    mac, mtu = (host.read(f"/sys/class/net/{nic}/{name}") for name in ("address", "mtu"))
    return describe(_alias(host, nic), mac, mtu)


def _alias(host: Host, device: str) -> str:
    return host.read(f"/sys/class/net/{device}/ifalias")


def _nics(key: HostKey, host: Host) -> Iterator[str]:
    """Yield the near ends of cables, finished or not: a hypervisor has other devices too, but not with our MACs."""
    for device in host.devices():
        if key.kind == "endpoint":
            ours = device == ENDPOINT_NIC
        else:
            mac = host.read(f"/sys/class/net/{device}/address")
            ours = mac == nic_mac(key.name, device) and device != UNDERLAY_BRIDGE
        if ours:
            yield device
