# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the ports and uplinks of each hypervisor the OpenFlow port numbers that its flows know them by.

The number of a port's plug is its conntrack zone too (security.py, ``ipset``).

Flows are programmed whether a guest runs or not, so its number cannot be what Open vSwitch happens to give out. A
number is never given to another port while its line is in the record: flows of the old one may still stand on the
host, and the new one would hear, and could speak, as the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool, allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import GUEST_OFPORTS, UPLINK_OFPORTS
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Ofports, Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Intent, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

_GUESTS, _UPLINKS = Pool([GUEST_OFPORTS]), Pool([UPLINK_OFPORTS])


def allocate_ofports(faults: Faults, intent: Intent, record: Record) -> tuple[Ofports, Ofports]:
    """Return the numbers of each hypervisor, and those that are retired, for the record to keep.

    Without flows, in ``plain`` forwarding, only plugs get new ones, and what is recorded is kept for the way back.
    """
    used: dict[str, Mapping[int, str]] = {}
    retired: dict[str, Mapping[int, str]] = {}
    hypervisors = intent.fabric.hypervisors
    for host in sorted({*hypervisors, *record.ofports, *record.retired_ofports} & {*hypervisors, *record.hypervisors}):
        ports = {port.number: port for port in intent.switched_of.get(host, ())}
        uplinks = hypervisors[host].uplinks if host in hypervisors else {}
        before, gone = record.ofports.get(host, {}), record.retired_ofports.get(host, {})
        _refuse_takeovers(faults, ports.values(), host, before, gone)
        held = {**gone, **before}
        now = dict(_kept(ports, uplinks, held, before))
        if intent.fabric.forwarding == "plain":
            ports = {name: port for name, port in ports.items() if port.plugged}
            uplinks = {}
        if ports or uplinks:
            taken = {str(number): number for number in {*held, *now}}
            for names, pool in ((ports, _GUESTS), (uplinks, _UPLINKS)):
                new = names.keys() - now.values()
                if new and _has_room(faults, host, pool, len(new), taken.values()):
                    now.update((number, name) for name, number in allocate(new, pool, taken).items())
        used[host] = now
        retired[host] = {number: name for number, name in held.items() if now.get(number) != name}
    return _filled(used), _filled(retired)


def _kept(
    ports: Mapping[str, Port], uplinks: Iterable[str], held: Mapping[int, str], before: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Yield what is known before anything is allocated: pinned, recorded, or its own from an earlier life."""
    own = {held[number]: number for number in sorted(held, reverse=True)}
    own.update((name, number) for number, name in before.items())
    for name in (*ports, *uplinks):
        number = (ports[name].ofport if name in ports else None) or own.get(name)
        if number:
            yield number, name


def _refuse_takeovers(
    faults: Faults, ports: Iterable[Port], host: str, before: Mapping[int, str], gone: Mapping[int, str]
) -> None:
    for port in ports:
        number = port.ofport
        holder = before.get(number, gone.get(number, port.number)) if number else port.number
        if holder != port.number:
            where, steps = "retired_ofports", "once"
            if number in before:
                where, steps = "ofports", f"remove {holder} or pin it to another number first, and once"
            faults.add(
                f"{port.path}.ofport",
                f"{number} is {holder}'s by the allocation record ({where}.{host}), whose flows may still be there; "
                f"write another number, or {steps} site has run on {host}, delete that line from the record",
            )


def _has_room(faults: Faults, host: str, pool: Pool, wanted: int, taken: Collection[int]) -> bool:
    free = pool.size - sum(number in pool for number in taken)
    if wanted > free:
        faults.add(
            f"fabric.hypervisors.{host}",
            f"{free} of the {pool.size} OpenFlow port numbers {pool} are free, too few for {wanted} more; once site "
            f"has run on {host}, delete retired_ofports.{host} from the allocation record",
        )
    return wanted <= free


def _filled(ofports: Mapping[str, Mapping[int, str]]) -> Ofports:
    return {host: numbers for host, numbers in ofports.items() if numbers}
