# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a broadcast goes before Open vSwitch would drop it or cut it off, without a word.

A flow holds 64 kB of actions as ovs-vswitchd keeps them, 48 bytes of each copy, and 64 of one over IPv6. What a packet
becomes in the datapath may be larger than 64 kB only where the copies are the last thing done to it. In userspace a
tunnel is looked up again for each copy, which is refused beyond: 862 copies of GRE over IPv4 were made, and none after.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import listed
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import TUNNEL_TYPES, Intent
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

GUESTS_MAXIMUM = 1365  # of a network on one hypervisor; each is a copy of a broadcast
JUDGED_MAXIMUM = 500  # where groups judge each copy: it takes 7 of 4,096 resubmits (ofproto-dpif-xlate.c)
PEERS_MAXIMUM = {4: 1365, 6: 1023}  # hypervisors that a copy is sent to, by the family of the VTEPs
PEERS_IN_USERSPACE = 600  # 64 kB hold as many of the largest, VXLAN over IPv6, of 104 bytes

_SHOWN = 5  # networks that a warning names


def refuse_floods(faults: Faults, intent: Intent) -> None:
    """Record the networks whose broadcasts no flow could hold."""
    if not intent.fabric.has_pipeline:
        return
    for network, ports in intent.ports_in.items():
        if len(ports) > JUDGED_MAXIMUM and not intent.networks[network].routed:
            _refuse_crowds(faults, intent, network, Counter(port.hypervisor for port in ports))
    most = PEERS_MAXIMUM[_family(intent)]
    for network, count in _flooded(intent, most):
        faults.add(
            intent.networks[network].path,
            f"is on {count + 1} hypervisors; forwarding static copies a broadcast to at most {most} others, so split "
            "the network, or have it on fewer",
        )


def _refuse_crowds(faults: Faults, intent: Intent, network: str, guests: Mapping[str, int]) -> None:
    judged = intent.judges_by_flows(network)
    most, why = (JUDGED_MAXIMUM, ", judged for each,") if judged else (GUESTS_MAXIMUM, "")
    for host, count in guests.items():
        if count > most:
            faults.add(
                intent.networks[network].path,
                f"{count} ports on {host}; Open vSwitch copies a broadcast{why} to at most {most}, so spread them "
                "over more hypervisors, or split the network",
            )


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
