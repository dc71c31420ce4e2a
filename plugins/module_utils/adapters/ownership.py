# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task may change, and everything in its way that it may not: found when it plans, so check mode says it too.

Without an owner a task changes what it names, whoever made it, but moves nothing that hangs somewhere else. With an
owner it changes what bears the owner's mark, or with ``adopt`` takes over what does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Bridge, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY


class Claim(NamedTuple):
    """What the task may change: the owner it acts for, and which existing ports are its own by their external_ids."""

    owner: str | None
    is_ours: Callable[[Mapping[str, str]], bool] = lambda external_ids: True
    purge: bool = False  # remove what is ours and not wanted
    adopt: bool = False  # take over what is in the way and not ours
    bridge: bool = True  # manage the bridge itself, not only ports of it
    max_removed: int | None = None  # refuse to remove more ports than this at once

    def owns(self, snapshot: Snapshot, port: str) -> bool:
        return self.is_ours(snapshot.ports[port].columns["external_ids"])


def refuse_foreign(snapshot: Snapshot, wanted: Bridge, claim: Claim, removed: Set[str]) -> None:
    """Raise OwnershipError for what the task would have to change and may not; ``removed`` ports it takes away."""
    faults = []
    if claim.bridge:
        faults += [*_taken_name(snapshot, wanted.name), *_foreign_bridge(snapshot, wanted.name, claim)]
    ports = wanted.ports or ()
    rewritten = {port.name for port in ports if port.present and port.listed}  # these give up what they do not list
    released = removed | rewritten
    for port in ports:
        if port.name in snapshot.ports and port.name != wanted.name:
            faults += _foreign_port(snapshot, wanted.name, port, claim)
        faults += _held_interfaces(snapshot, wanted.name, port, released)
    if faults:
        raise OwnershipError(faults)


def refuse_removal(snapshot: Snapshot, bridge: str, claim: Claim) -> None:
    """Raise OwnershipError if the bridge, or a port that would vanish with it, is not the owner's."""
    if claim.owner is None or claim.adopt:
        return
    ports = [name for name, holder in snapshot.bridge_of.items() if holder == bridge != name]
    strangers = sorted(name for name in ports if snapshot.ports[name].owner != claim.owner)
    faults = list(_foreign_bridge(snapshot, bridge, claim))
    if strangers:
        what = f"it holds ports that are not of owner '{claim.owner}': {', '.join(strangers)}"
        faults.append(f"bridge {bridge}: {what}; remove them first, or remove everything with adopt: true")
    samples = {key[2]: row for key, row in snapshot.hanging.items() if key[:2] == ("Flow_Sample_Collector_Set", bridge)}
    foreign = sorted(number for number, row in samples.items() if row.owner != claim.owner)
    if foreign:
        what = f"samples of flows that are not of owner '{claim.owner}' refer to it: {', '.join(foreign)}"
        faults.append(f"bridge {bridge}: {what}; remove them first, or remove everything with adopt: true")
    if faults:
        raise OwnershipError(faults)


def _taken_name(snapshot: Snapshot, bridge: str) -> Iterable[str]:
    """A bridge has a port and an interface of its own name."""
    if bridge not in snapshot.bridges:
        port = bridge if bridge in snapshot.ports else snapshot.port_of.get(bridge)
        if port is not None:
            where = f"port {port} of bridge {snapshot.bridge_of[port]}"
            yield f"bridge {bridge}: the name is taken by {where}; choose another name, or remove that port first"


def _foreign_bridge(snapshot: Snapshot, bridge: str, claim: Claim) -> Iterable[str]:
    row = snapshot.bridges.get(bridge)
    if row and claim.owner and row.owner != claim.owner and not claim.adopt:
        yield f"bridge {bridge}: it exists and belongs to {called(row.columns['external_ids'])}; {REMEDIES}"


def _foreign_port(snapshot: Snapshot, bridge: str, port: Port, claim: Claim) -> Iterable[str]:
    name, holder = port.name, snapshot.bridge_of[port.name]
    if not port.present and holder != bridge:
        return
    if name in snapshot.bridges:
        yield f"port {name}: it is bridge {name}'s own port; connect bridges by a patch port on each"
    elif not claim.owns(snapshot, name):
        if not claim.adopt:
            owner = called(snapshot.ports[name].columns["external_ids"])
            yield f"port {name}: it exists on bridge {holder} and belongs to {owner}; {REMEDIES}"
    elif holder != bridge and not claim.owner:
        yield f"port {name}: it is on bridge {holder}; remove it there first, or set owner and adopt: true to move it"


def _held_interfaces(snapshot: Snapshot, bridge: str, port: Port, released: Set[str]) -> Iterable[str]:
    for interface in port.interfaces:
        holder = snapshot.port_of.get(interface.name, port.name)
        if holder != port.name and holder not in released:
            where = f"port {holder} of bridge {snapshot.bridge_of[holder]}"
            remedy = "list that port too, with its other interfaces or with state: absent"
            if snapshot.bridge_of[holder] != bridge:
                remedy = "take it out of there first"
            yield f"port {port.name}: interface {interface.name} is in {where}; {remedy}"


BY_HAND = "remove it by hand, or take it over with adopt: true"
REMEDIES = f"choose another name, {BY_HAND}"


def called(external_ids: Mapping[str, str]) -> str:
    owner, mesh = external_ids.get(OWNER_KEY), external_ids.get(MESH_KEY)
    who = f"owner '{owner}'" if owner else f"nobody (no {OWNER_KEY} in its external_ids)"
    return f"mesh '{mesh}' of {who}" if mesh else who
