# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a table of hypervisors, as people keep one, to a topology: every value parsed, every fault reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology import (
    Index,
    Mesh,
    Zones,
    full_mesh,
    hub_and_spoke,
    placement_index,
    within_zones,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    mapping,
    path_of,
    sequence,
    shown,
    text,
)

Topology = Union[Mesh, Zones, Index]


@dataclass(frozen=True)
class Fleet:
    """Hypervisors that are fit to have tunnels, and between which of them there are some."""

    vteps: Mapping[str, str]  # by name of the hypervisor
    topology: Topology


def parse_fleet(hypervisors: Any, hubs: Any = None, placement: Any = None, within: Any = None) -> Fleet:
    """Return the fleet, or raise InvalidInput with all faults.

    ``hubs`` is a list of hypervisors, ``placement`` maps a network to those that have ports on it, and ``within`` is
    a key of each hypervisor, as ``zone``, of which both ends of a tunnel must have the same value.
    """
    faults = Faults()
    table = faults.parse("hypervisors", mapping, hypervisors) or {}
    vteps = _vteps(faults, table)
    zone_of = None if within is None else _zones(faults, table, within)
    centre = None if hubs is None else _hubs(faults, table, hubs, zone_of)
    placements = None if placement is None else _placements(faults, table, placement)
    if hubs is not None and placement is not None:
        faults.add("hubs", "hubs and placement are two topologies; write one of them")
    faults.raise_any()
    return Fleet(vteps, _topology(vteps, centre, placements, zone_of))


def _topology(
    vteps: Mapping[str, str],
    hubs: list[str] | None,
    placements: list[tuple[str, str]] | None,
    zone_of: Mapping[str, str] | None,
) -> Topology:
    if placements is not None:
        return placement_index(placements, zone_of)
    if zone_of is not None:
        return within_zones(zone_of, hubs)
    return full_mesh(vteps) if hubs is None else hub_and_spoke(vteps, hubs)


def _vteps(faults: Faults, table: Mapping[str, Any]) -> dict[str, str]:
    """Parse the VTEPs: one family, and no two alike, since a tunnel ends at one host."""
    vteps: dict[str, str] = {}
    holder: dict[str, str] = {}
    for name, given in table.items():
        path = path_of("hypervisors", str(name))
        if isinstance(given, Mapping):
            path, given = f"{path}.vtep", given.get("vtep")
        vtep = faults.parse(path, unicast_address, given)
        if vtep is None:
            continue
        first = next(iter(vteps), None)
        if vtep in holder:
            faults.add(path, f"{vtep} is the VTEP of {holder[vtep]} too; give each hypervisor its own")
        elif first is not None and family(vtep) != family(vteps[first]):
            faults.add(path, f"{vtep} is not of the IP family of {first}'s {vteps[first]}; write all VTEPs in one")
        vteps[str(name)] = vtep
        holder.setdefault(vtep, str(name))
    return vteps


def _zones(faults: Faults, table: Mapping[str, Any], within: Any) -> dict[str, str]:
    key = faults.parse("within", text, within)
    zone_of: dict[str, str] = {}
    for name, given in table.items():
        value = given.get(key) if isinstance(given, Mapping) else None
        if value is None:
            faults.add(path_of("hypervisors", str(name)), f"has no {key}; write one, or leave out within")
        else:
            zone_of[str(name)] = str(value)
    return zone_of


def _hubs(faults: Faults, table: Mapping[str, Any], hubs: Any, zone_of: Mapping[str, str] | None) -> list[str]:
    names = _members(faults, "hubs", table, hubs)
    if not names:
        faults.add("hubs", "names no hypervisor; write at least one, or leave it out for a full mesh")
    if names and zone_of:
        served = {zone_of.get(name) for name in names}
        for zone in sorted(set(zone_of.values()) - served):
            faults.add("hubs", f"none is in {zone}, whose hypervisors would have no tunnel; write a hub for each")
    return names


def _placements(faults: Faults, table: Mapping[str, Any], placement: Any) -> list[tuple[str, str]]:
    networks = faults.parse("placement", mapping, placement) or {}
    return [
        (str(network), name)
        for network, names in networks.items()
        for name in _members(faults, path_of("placement", str(network)), table, names)
    ]


def _members(faults: Faults, path: str, table: Mapping[str, Any], names: Any) -> list[str]:
    """Parse a list of names of hypervisors."""
    given = faults.parse(path, sequence, names) or []
    known = []
    for number, name in enumerate(given):
        if isinstance(name, str) and name in table:
            known.append(str(name))
        else:
            faults.add(path_of(path, number), f"{shown(name)} is not among the hypervisors; write the name of one")
    return known
