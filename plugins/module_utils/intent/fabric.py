# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse the fabric: its hypervisors, and the ranges that ids are taken from.

Whatever two hypervisors may not share is claimed here; VTEPs of two IP families are refused, since a tunnel has one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.controllers import parse_controllers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.interfaces import host_interface
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.monitoring_input import parse_monitoring
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.mtu import IPV4_MINIMUM, IPV6_MINIMUM
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import id_ranges
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Claims, Section
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.shaping import link_rate, parse_profiles
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.switching import FORWARDING
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.underlay import parse_underlay
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import (
    ID_MAXIMUM,
    OPENFLOW,
    SECURITY_DRIVERS,
    Fabric,
    Hypervisor,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    identifier,
    integer,
    mapping,
    one_of,
)

_HYPERVISOR_KEYS = ("vtep", "next_hop", "zone", "pod", "uplinks", "link_rate", "controllers")
_KEYS = (
    *("name", "mtu", "segments", "forwarding", "security_driver", "controllers", "qos_profiles", "monitoring"),
    *("networks", "external_networks", "underlay"),
    "hypervisors",
)
MTU_MAXIMUM = 65535  # bytes; an IPv4 packet cannot be larger (RFC 791)


def fabric_section(faults: Faults, value: Any) -> Section:
    return Section(faults, "fabric", value, _KEYS)


def parse_fabric(faults: Faults, claims: Claims, section: Section) -> tuple[Fabric, Mapping[str, Hypervisor | None]]:
    """Return the fabric, and its hypervisors by name, of which one is None if it is at fault.

    The fabric may be used only if there are no faults. Networks that tenants share are not part of it (networks.py).
    """
    section.required("hypervisors", _some_mapping, "{hv1: {vtep: 192.168.1.151}}")
    hypervisors = {
        name: _hypervisor(faults, claims, name, path, given) for name, path, given in section.items("hypervisors")
    }
    forwarding = section.optional("forwarding", one_of(tuple(FORWARDING)), "learning")
    fabric = Fabric(
        name=section.required("name", identifier, "dc1") or "",
        mtu=section.optional("mtu", integer(IPV4_MINIMUM, MTU_MAXIMUM), 1500) or 0,
        segments=_segments(faults, section.value("segments") if "segments" in section else {}),
        forwarding=forwarding or "learning",
        hypervisors={name: parsed for name, parsed in hypervisors.items() if parsed},
        controllers=parse_controllers(faults, claims, section, forwarding),
        qos_profiles=parse_profiles(faults, section),
        monitoring=parse_monitoring(faults, claims, section),
        security_driver=section.optional("security_driver", one_of(SECURITY_DRIVERS), OPENFLOW) or OPENFLOW,
        underlay=parse_underlay(section, hypervisors),
    )
    _check_families(faults, fabric)
    return fabric, hypervisors


def _segments(faults: Faults, value: Any) -> Mapping[str, Sequence[range]]:
    """Return the ranges that are given; for one that is at fault all ids, so that no id is blamed for it."""
    section = Section(faults, "fabric.segments", value, tuple(ID_MAXIMUM))
    whole = {kind: [range(1, maximum + 1)] for kind, maximum in ID_MAXIMUM.items()}
    if not isinstance(value, Mapping):
        return whole
    return {
        kind: id_ranges(faults, section.path_to(kind), section.value(kind), "vlan" if kind == "vlan" else "vxlan")
        or ids
        for kind, ids in whole.items()
        if kind in section
    }


def _some_mapping(value: Any) -> Mapping[str, Any]:
    if not mapping(value):
        raise ValueError("an empty mapping; write at least one hypervisor")
    return mapping(value)


def _hypervisor(faults: Faults, claims: Claims, name: str, path: str, value: Any) -> Hypervisor | None:
    section = Section(faults, path, value, _HYPERVISOR_KEYS)
    vtep = section.required("vtep", _vtep, "192.168.1.151")
    claims.claim("vtep", vtep, f"{path}.vtep", "a tunnel ends at one host, so give each its own address")
    next_hop = section.optional("next_hop", _next_hop, None)
    claims.claim("vtep", next_hop, f"{path}.next_hop", "guests are at one host, so give each its own address")
    if vtep and next_hop and family(vtep) == family(next_hop):
        what = f"{next_hop} is IPv{family(vtep)}, as its vtep is, by which guests of that family are reached"
        faults.add(f"{path}.next_hop", f"{what}; write an address of IPv{10 - family(vtep)}, or remove it")
    uplinks = {}
    for network, here, nic in section.items("uplinks"):
        parsed = faults.parse(here, host_interface, nic)
        if parsed:
            claims.claim(("interface", name), parsed, here, "an interface is in one place, so name another")
            uplinks[network] = parsed
    zone, pod = section.optional("zone", identifier, ""), section.optional("pod", identifier, "")
    capacity = section.optional("link_rate", link_rate, None)
    return Hypervisor(name, vtep, zone or None, pod or None, uplinks, capacity, next_hop) if vtep else None


def _vtep(value: Any) -> str:
    return _routable(value, "which a tunnel can't be routed to")


def _next_hop(value: Any) -> str:
    return _routable(value, "which tells nobody the way to the guests")


def _routable(value: Any, why_not: str) -> str:
    address = unicast_address(value)
    if address.startswith(("fe8", "fe9", "fea", "feb", "169.254.")):
        raise ValueError(f"'{address}' is a link-local address, {why_not}; write another")
    return address


def _check_families(faults: Faults, fabric: Fabric) -> None:
    """Record VTEPs that are not of the first one's family, and an MTU that IPv6 can't live with."""
    hypervisors = list(fabric.hypervisors.values())
    if not hypervisors:
        return
    first = hypervisors[0]
    for other in hypervisors[1:]:
        if family(other.vtep) != family(first.vtep):
            faults.add(
                f"fabric.hypervisors.{other.name}.vtep",
                f"{other.vtep} is not of the IP family of {first.name}'s {first.vtep}; write all VTEPs as IPv4 or all "
                "as IPv6",
            )
    if family(first.vtep) == 6 and 0 < fabric.mtu < IPV6_MINIMUM:
        faults.add("fabric.mtu", f"{fabric.mtu} is too small for IPv6 VTEPs; write {IPV6_MINIMUM} or more (RFC 8200)")
