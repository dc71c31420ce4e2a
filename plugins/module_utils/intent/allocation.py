# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give every network its ids: those that the user pinned, those of the record, and new ones for new networks.

An id is a function of names and of the record, never of a position in a list: whoever joins or leaves, the others keep
theirs. A user may pin an id that is free, or that this very network has; one that another network has, or had, is
refused in the run that sees both, because hosts that have not converged yet would join the two networks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import allocate as allocate_numbers
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ofports import allocate_ofports
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import without
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import (
    LocatedFaults,
    Origins,
    listed,
    no_origin,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Id, Ofports, Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import ID_MAXIMUM, Fabric, Intent, Network
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_SHOWN = 10  # networks or retired ids that a message lists


@dataclass(frozen=True)
class Ids:
    segmentation_id: int | None  # a flat network has none
    local_vlan: int


class Allocations(Mapping[str, Ids]):
    """The ids of each network that has any by its full name, and the OpenFlow port numbers of each hypervisor."""

    def __init__(self, networks: Mapping[str, Ids], ofports: Ofports) -> None:
        self._networks = networks
        self._ofports = ofports

    def __getitem__(self, network: str) -> Ids:
        return self._networks[network]

    def __iter__(self) -> Iterator[str]:
        return iter(self._networks)

    def __len__(self) -> int:
        return len(self._networks)

    def ofports(self, hypervisor: str) -> dict[str, int]:
        """Return the numbers by the full names of ports and, for uplinks, the names of physical networks."""
        return {name: number for number, name in self._ofports.get(hypervisor, {}).items()}


def allocate(intent: Intent, record: Record, origins: Origins = no_origin) -> tuple[Allocations, Record]:
    """Return the ids of every network, and the record to keep, or raise InvalidInput with all faults."""
    faults = LocatedFaults(origins)
    _refuse_takeovers(faults, intent, record)
    _refuse_copies(faults, intent, record)
    faults.raise_any()
    pools = _pools(intent.fabric)
    assigned = _kept(intent, record, pools)
    taken = {held for held, name in record.held()}
    taken |= {Id(kind, number) for ids in assigned.values() for kind, number in ids.items()}
    for kind, pool in pools.items():
        places = {held.number for held in taken if (held.kind == "tunnel") == (kind == "tunnel")}
        new = [name for name, ids in assigned.items() if kind in _kinds(intent.networks[name]) and kind not in ids]
        if _has_room(faults, record, kind, pool, new, places):
            numbers = allocate_numbers(new, pool, {str(number): number for number in places})
            for name, number in numbers.items():
                assigned[name][kind] = number
                taken.add(Id(kind, number))
    ofports, retired = allocate_ofports(faults, intent, record)
    faults.raise_any()
    allocations = Allocations({name: _ids(ids) for name, ids in assigned.items()}, ofports)
    return allocations, replace(_to_keep(intent, record, assigned), ofports=ofports, retired_ofports=retired)


def _kinds(network: Network) -> tuple[str, ...]:
    """Return the kinds of ids that a network needs."""
    if network.type == "vlan":
        return ("vlan",)  # which is its local VLAN too: the uplink is a trunk port of the integration bridge
    return ("local_vlan",) if network.type == "flat" else ("tunnel", "local_vlan")


def _ids(assigned: Mapping[str, int]) -> Ids:
    if "vlan" in assigned:
        return Ids(assigned["vlan"], assigned["vlan"])
    return Ids(assigned.get("tunnel"), assigned["local_vlan"])


def _pools(fabric: Fabric) -> dict[str, Pool]:
    vlans = fabric.segments.get("vlan", ())
    copies = [range(vlan, vlan + 1) for vlan in fabric.monitoring.vlans]
    return {
        "tunnel": Pool(fabric.segments.get("tunnel", ())),
        "vlan": Pool(without(vlans, copies)),
        "local_vlan": Pool(without([range(1, ID_MAXIMUM["vlan"] + 1)], [*vlans, *copies])),
    }


def _pinned(network: Network) -> Id | None:
    if network.segmentation_id is None:
        return None
    return Id("vlan" if network.type == "vlan" else "tunnel", network.segmentation_id)


def _refuse_takeovers(faults: Faults, intent: Intent, record: Record) -> None:
    holders = {held.place: (held, name) for held, name in record.held()}
    for network in intent.networks.values():
        pinned = _pinned(network)
        held, holder = holders.get(pinned.place, (pinned, network.name)) if pinned else (None, network.name)
        if holder == network.name:
            continue
        belongs, steps = "belonged", "once"
        if held not in record.retired:
            belongs, steps = "belongs", f"renumber or remove {holder} first, and once"
        faults.add(
            f"{network.path}.segmentation_id",
            f"{network.segmentation_id} {belongs} to {holder} by the allocation record, and hosts that have not "
            f"converged since would join the two; write another id, or {steps} site has run on all hosts, delete the "
            f"line {held} from the record",
        )


def _refuse_copies(faults: Faults, intent: Intent, record: Record) -> None:
    """Record VLANs for copies of mirrored frames that a network has, or had: its ports would hear them."""
    for held, name in record.held():
        path = None if held.kind == "tunnel" else intent.fabric.monitoring.vlans.get(held.number)
        if path:
            gone = held in record.retired
            what = f"{held.number} {'belonged' if gone else 'belongs'} to {name} by the allocation record"
            steps = f", or once site has run on all hosts, delete the line {held} from the record" if gone else ""
            faults.add(path, f"{what}; write a VLAN that no network has{steps}")


def _kept(intent: Intent, record: Record, pools: Mapping[str, Pool]) -> dict[str, dict[str, int]]:
    """Return what each switched network has before anything is allocated: pinned, recorded, or from an earlier life."""
    own_retired: dict[tuple[str, str], int] = {}
    for held, name in sorted(record.retired.items(), reverse=True):
        if held.number in pools[held.kind]:
            own_retired[name, held.kind] = held.number  # the lowest one stays
    assigned: dict[str, dict[str, int]] = {}
    for network in intent.networks.values():
        if network.routed:
            continue
        recorded = record.networks.get(network.name, {})
        pinned = _pinned(network)
        ids = assigned[network.name] = {}
        for kind in _kinds(network):
            number = recorded.get(kind) or own_retired.get((network.name, kind))
            if pinned and kind == pinned.kind:
                ids[kind] = pinned.number
            elif number:
                ids[kind] = number
    return assigned


def _has_room(
    faults: Faults, record: Record, kind: str, pool: Pool, new: Sequence[str], taken: Collection[int]
) -> bool:
    """Say whether the pool has a number for each new network, or record what may be done about it."""
    free = pool.size - sum(number in pool for number in taken)
    if len(new) <= free:
        return True
    gone = [
        f"{held} ({name})"
        for held, name in sorted(record.retired.items())
        if (held.kind == "tunnel") == (kind == "tunnel") and held.number in pool
    ]
    where, change = "in this range", "widen it"
    if kind == "local_vlan":
        where, change = "outside of this range, where local VLANs come from", "narrow it"
    if gone:
        change += f", or, once site has run on all hosts, delete retired ids from the record: {listed(gone, _SHOWN)}"
    faults.add(
        f"fabric.segments.{'tunnel' if kind == 'tunnel' else 'vlan'}",
        f"{free} of {pool.size} ids are free {where}, too few for {listed(new, _SHOWN)}; {change}",
    )
    return False


def _to_keep(intent: Intent, record: Record, assigned: Mapping[str, Mapping[str, int]]) -> Record:
    """Return the record with the ids in use, and as retired those that were in it and are not any more."""
    in_use: set[tuple[str, tuple[bool, int]]] = {
        (name, Id(kind, number).place) for name, ids in assigned.items() for kind, number in ids.items()
    }
    retired = {held: name for held, name in record.held() if (name, held.place) not in in_use}
    return Record(record.hypervisors.union(intent.fabric.hypervisors), assigned, retired)
