# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Within its network a packet goes to the guest that it is for, or to all of them.

A guest on this hypervisor always gets it by a flow. Others are reached by NORMAL in ``learning``, which floods what it
has not learned, or in ``static`` by what the intent says of them: one tunnel port, its other end set by the flow, to
those hypervisors alone that have the network. On a physical wire there may be strangers, so all that is for nobody
here goes there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.flows.segment import Guest, Remote, Segment
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import (
    MULTICAST,
    NETWORK,
    OUTSIDE,
    TARGET,
    Flow,
    Priority,
    Table,
    number,
    nxm,
    through,
    to,
)

_BY_PORT = f"output:{nxm(TARGET.register)}"


def output() -> Iterator[Flow]:
    """Yield how a packet leaves by a port."""
    yield Flow(Table.OUTPUT, Priority.BY_PORT, "", _BY_PORT)


def learning(segment: Segment) -> Iterator[Flow]:
    """Yield the flows that leave what is not here to NORMAL, in the network's VLAN.

    It comes from no port, as what a controller sends, so that NORMAL does not note a guest at the port of its flows:
    there it would be lost for minutes when it moves to another hypervisor, or its fabric to ``plain``.
    """
    normal = _through(segment, 0)
    yield from _switch(segment, normal, normal, dict.fromkeys(_shared_macs(segment.guests), normal))
    yield _tagged(segment, 0, "set_field:CONTROLLER->in_port,NORMAL")


def static(segment: Segment, remotes: Sequence[Remote]) -> Iterator[Flow]:
    """Yield the flows that send everything to where the intent has it."""
    if not segment.tunneled:
        wire = _through(segment, segment.outlet)
        yield from _switch(segment, wire, wire, dict.fromkeys(_shared_macs(segment.guests), wire))
        if segment.kind == "vlan":
            yield _tagged(segment, segment.outlet, _BY_PORT)
        return
    open_to_all = dict.fromkeys(vtep for port, vtep in remotes if not port.secured)
    holders: dict[str, dict[str, None]] = {mac: {} for mac in _shared_macs(segment.guests)}
    for port, vtep in remotes:
        for mac, _prefix in port.pairs:
            if mac != port.mac:
                holders.setdefault(mac, {})[vtep] = None
    yield from _switch(
        segment,
        _copies(segment, segment.peers),
        _committed(segment, open_to_all),
        {mac: _committed(segment, vteps) for mac, vteps in holders.items()},
    )
    for port, vtep in remotes:
        match = f"{OUTSIDE.match(0)},{NETWORK.match(segment.network)},dl_dst={port.mac}"
        tunnel = f"{_key(segment)},{_end(vtep)},{TARGET.set(segment.outlet)},{to(_last(segment))}"
        yield Flow(Table.SWITCH, Priority.ELSEWHERE, match, tunnel, f"port {port.name}")


def _shared_macs(guests: Iterable[Guest]) -> list[str]:
    return list(dict.fromkeys(mac for guest in guests for mac in guest.shared_macs))


def _switch(segment: Segment, flood: str, unknown: str, shared: Mapping[str, str]) -> Iterator[Flow]:
    """Yield what both modes have: how guests here are reached, and when the packet goes elsewhere too.

    A guest whose guard is off may have MAC addresses that nobody knows of, so what is for an unknown one reaches it.
    What is for a ``shared`` one reaches all who may have it, also elsewhere.
    """
    network, about = NETWORK.match(segment.network), segment.about
    inside, outside = f"{OUTSIDE.match(0)},{network}", f"{OUTSIDE.match(1)},{network}"
    for guest in segment.guests:
        deliver = f"{TARGET.set(guest.ofport)},{to(Table.JUDGE_IN)}"
        yield Flow(Table.SWITCH, Priority.KNOWN, f"{network},dl_dst={guest.mac}", deliver, f"port {guest.name}")
    for mac, elsewhere in shared.items():
        here = _deliveries(guest for guest in segment.guests if mac in guest.shared_macs)
        if here:
            yield Flow(Table.SWITCH, Priority.KNOWN, f"{outside},dl_dst={mac}", here, about)
        yield Flow(Table.SWITCH, Priority.KNOWN, f"{inside},dl_dst={mac}", _joined(here, elsewhere), about)
    copies = through(Table.COPY)
    yield Flow(Table.COPY, Priority.KNOWN, network, _deliveries(segment.guests), about)
    yield Flow(Table.SWITCH, Priority.TO_ALL, f"{outside},{MULTICAST}", copies, about)
    yield Flow(Table.SWITCH, Priority.TO_ALL, f"{inside},{MULTICAST}", _joined(copies, flood), about)
    open_here = _deliveries(guest for guest in segment.guests if not guest.secured)
    if open_here:
        yield Flow(Table.SWITCH, Priority.TO_NOBODY_KNOWN, outside, open_here, about)
    if open_here or unknown:
        yield Flow(Table.SWITCH, Priority.TO_NOBODY_KNOWN, inside, _joined(open_here, unknown), about)


def _deliveries(guests: Iterable[Guest]) -> str:
    return ",".join(f"{TARGET.set(guest.ofport)},{through(Table.JUDGE_IN)}" for guest in guests)


def _copies(segment: Segment, vteps: Iterable[str], leave: str = "") -> str:
    """Return actions that send a copy through the tunnel to each of the hypervisors; see ``limits`` for their size."""
    copies = ",".join(f"{_end(vtep)},{leave or f'output:{segment.outlet}'}" for vtep in vteps)
    return f"{_key(segment)},{copies}" if copies else ""


def _committed(segment: Segment, vteps: Iterable[str]) -> str:
    """Return actions that send such copies; where the network is judged, the connection is remembered."""
    if not segment.zone:
        return _copies(segment, vteps)
    copies = _copies(segment, vteps, through(Table.COMMIT))
    return f"{TARGET.set(segment.outlet)},{copies}" if copies else ""


def _through(segment: Segment, outlet: int) -> str:
    """Return actions that send a copy by an OpenFlow port, or leave it to NORMAL, which is 0."""
    return f"{TARGET.set(outlet)},{through(_last(segment))}"


def _last(segment: Segment) -> Table:
    """Return where a packet goes that leaves this hypervisor."""
    return Table.COMMIT if segment.zone else Table.OUTPUT


def _tagged(segment: Segment, outlet: int, leave: str) -> Flow:
    match = f"{NETWORK.match(segment.network)},{TARGET.match(outlet)}"
    tag = f"push_vlan:0x8100,set_field:{0x1000 | segment.vlan}->vlan_vid"
    return Flow(Table.OUTPUT, Priority.KNOWN, match, f"{tag},{leave}", segment.about)


def _key(segment: Segment) -> str:
    return f"set_field:{number(segment.key)}->tun_id"


def _end(vtep: str) -> str:
    return f"set_field:{vtep}->{'tun_dst' if family(vtep) == 4 else 'tun_ipv6_dst'}"


def _joined(*actions: str) -> str:
    return ",".join(part for part in actions if part)
