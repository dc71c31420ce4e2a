# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a broadcast goes before Open vSwitch would refuse its flow, drop it or cut it off, without a word.

A flow holds 64 kB of actions as ovs-vswitchd keeps them: 48 bytes of each copy, 64 of one over IPv6, and some for what
the copies share (flows/switch.py). What a packet becomes in the datapath may be larger than 64 kB only where the copies
are the last thing done to it. In userspace a tunnel is looked up again for each copy, which is refused beyond: 862
copies of GRE over IPv4 were made, and none after.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import listed
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import TUNNEL_TYPES, Intent, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

GUESTS_MAXIMUM = 1365  # of a network on one hypervisor; each is a copy of a broadcast
JUDGED_MAXIMUM = 500  # where groups judge each copy: it takes 7 of 4,096 resubmits (ofproto-dpif-xlate.c)
PEERS_MAXIMUM = {4: 1364, 6: 1023}  # hypervisors that a copy is sent to, by the family of the VTEPs
PEERS_IN_USERSPACE = 600  # 64 kB hold as many of the largest, VXLAN over IPv6, of 104 bytes

_ACTIONS_MAXIMUM = 0xFFFF  # bytes
_SET_FIELD, _COPY_HERE, _COPY_THERE = 32, 48, {4: 48, 6: 64}
_RESUBMITS_MAXIMUM = 4000  # and some on the way to the copies
_RESUBMITS_HERE, _RESUBMITS_THERE = 7, 2  # of a copy that is judged, or remembered
_SHOWN = 5  # networks that a warning names


def refuse_floods(faults: Faults, intent: Intent) -> None:
    """Record the networks that have packets for more ports than a flow has room for."""
    if not intent.fabric.has_pipeline:
        return
    most = PEERS_MAXIMUM[_family(intent)]
    wide = dict(_flooded(intent, most))
    for network, ports in intent.ports_in.items():
        if len(ports) <= JUDGED_MAXIMUM or intent.networks[network].routed:
            continue
        crowded = _refuse_crowds(faults, intent, network, Counter(port.hypervisor for port in ports))
        if network in wide:
            faults.add(
                intent.networks[network].path,
                f"is on {wide[network] + 1} hypervisors; forwarding static copies a broadcast to at most {most} "
                "others, so split the network, or have it on fewer",
            )
        elif not crowded:
            _refuse_many_owners(faults, intent, network)


def _refuse_crowds(faults: Faults, intent: Intent, network: str, guests: Mapping[str, int]) -> bool:
    judged = intent.judges_by_flows(network)
    most, why = (JUDGED_MAXIMUM, ", judged for each,") if judged else (GUESTS_MAXIMUM, "")
    crowds = {host: count for host, count in guests.items() if count > most}
    for host, count in crowds.items():
        faults.add(
            intent.networks[network].path,
            f"{count} ports on {host}; Open vSwitch copies a broadcast{why} to at most {most}, so spread them "
            "over more hypervisors, or split the network",
        )
    return bool(crowds)


def _refuse_many_owners(faults: Faults, intent: Intent, network: str) -> None:
    """Record the MAC addresses that too many ports may have; those whom nobody knows may be at any without a guard."""
    owners = {"an unknown MAC address": [port for port in intent.ports_in[network] if not port.secured]}
    shared: dict[str, list[Port]] = defaultdict(list)
    for port in intent.ports_in[network]:
        for mac in {mac for mac, _prefix in port.pairs if mac != port.mac}:
            shared[mac].append(port)
    for what, ports in {**owners, **shared}.items():
        crowd = _too_many(intent, network, ports) if len(ports) > JUDGED_MAXIMUM else None
        if crowd:
            remedy = "let fewer ports have it" if what in shared else "secure more ports"
            copies = f"what is for {what} is copied to all ports that may have it, {crowd}"
            faults.add(intent.networks[network].path, f"{copies}, so {remedy}, or split the network")


def _too_many(intent: Intent, network: str, ports: Sequence[Port]) -> str | None:
    """Return in words where the copies for these ports of a network go, if no flow can make them."""
    counts = Counter(port.hypervisor for port in ports)
    if intent.fabric.forwarding != "static" or intent.networks[network].type not in TUNNEL_TYPES:
        most = GUESTS_MAXIMUM - 1  # and one to the others
        crowds = [f"{count} on {host}; a flow has room for {most}" for host, count in counts.items() if count > most]
        return crowds[0] if crowds else None
    for host in dict.fromkeys(port.hypervisor for port in intent.ports_in[network]):
        here, others = counts[host], len(counts) - bool(counts[host])
        room = _room(intent, network, here, ports[0].secured)
        if others > room:
            return f"on {host} to {here} of its own and {others} other hypervisors; a flow has room for {room} others"
    return None


def _room(intent: Intent, network: str, here: int, secured: bool) -> int:
    """Return how many hypervisors a flow of ``static`` can send a copy to, beside those for guests that are here."""
    judged = intent.judges_by_flows(network)
    left = _ACTIONS_MAXIMUM - _SET_FIELD * (2 if judged else 1) - _COPY_HERE * here
    resubmits = _RESUBMITS_MAXIMUM - _RESUBMITS_HERE * here
    room = left // _COPY_THERE[_family(intent)]
    return max(0, min(room, resubmits // _RESUBMITS_THERE) if judged and secured else room)


def flood_warnings(intent: Intent) -> list[str]:
    """Return a warning where broadcasts end early in Open vSwitch's userspace datapath."""
    wide = [f"{network} ({count + 1})" for network, count in _flooded(intent, PEERS_IN_USERSPACE)]
    if not wide:
        return []
    return [
        f"More than {PEERS_IN_USERSPACE} hypervisors get a copy of each broadcast in {listed(wide, _SHOWN)}. The "
        "userspace datapath (netdev) has room for about as many, and sends none to the others; the kernel's sends them "
        "all, slowly. ARP and ND are answered without broadcasts. Split the network if its guests need others."
    ]


def _flooded(intent: Intent, most: int) -> Iterator[tuple[str, int]]:
    """Yield the tunnel networks of ``static`` forwarding that flood to more hypervisors, and to how many."""
    if intent.fabric.forwarding != "static":
        return
    for network, ports in sorted(intent.ports_in.items()):
        if len(ports) > most and intent.networks[network].type in TUNNEL_TYPES:
            others = len({port.hypervisor for port in ports}) - 1
            if others > most:
                yield network, others


def _family(intent: Intent) -> int:
    return family(next(iter(intent.fabric.hypervisors.values())).vtep)
