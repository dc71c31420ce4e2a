# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the limits of a port will do what they say, which Open vSwitch does not report: it takes all of them.

The userspace datapath reads frames before the kernel's policer sees them, and never tells the kernel which queue a flow
chose: there only queue 0 has an effect, as all traffic takes it. What contradicts itself is refused in any case.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.layout import RowKey
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping import (
    CLASSFUL,
    DEFAULT_BURST,
    PACKET,
    UNPOLICED,
    configured,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS
from ansible_collections.tenantry.sdn.plugins.module_utils.model.units import BIT, KILOBIT, shown_quantity
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults

Rows = Mapping[RowKey, Columns]
_METER = "limit it by an OpenFlow meter"
_PACED = 80  # percent of a rate that TCP wants as burst (ovs-vswitchd.conf.db(5), Interface, ingress_policing_burst)


class Shaped(NamedTuple):
    """A port as the task will have shaped it."""

    port: str
    type: str
    config: Columns  # of the QoS: {"other_config": ...}
    queues: Mapping[int, Columns]


def shaped_ports(snapshot: Snapshot, desired: Rows, actual: Rows) -> Iterator[Shaped]:
    """Yield each port that the task gives a QoS, with what it does not speak of."""
    for key, columns in desired.items():
        if key[0] == "QoS":
            row = snapshot.row(key)
            qos = {**(row.columns if row else {}), **columns}
            here = {("Queue", key[1], str(number)) for number in (row.references["queues"] if row else ())}
            here |= {queue for queue in desired if queue[:2] == ("Queue", key[1])}
            stay = sorted(int(queue[2]) for queue in here if queue in desired or queue not in actual)
            queues = {number: _whole(snapshot, desired, ("Queue", key[1], str(number))) for number in stay}
            yield Shaped(key[1], qos["type"], qos, queues)


def policed_interfaces(snapshot: Snapshot, desired: Rows) -> Iterator[tuple[str, Columns]]:
    """Yield (name, policing) of each interface that the task polices, with what it does not speak of."""
    for key in desired:
        if key[0] == "Interface":
            whole = {**UNPOLICED, **_whole(snapshot, desired, key)}
            if whole["ingress_policing_rate"] or whole["ingress_policing_kpkts_rate"]:
                yield key[1], whole


def _whole(snapshot: Snapshot, desired: Rows, key: RowKey) -> Columns:
    row = snapshot.row(key)
    return {**(row.columns if row else {}), **desired.get(key, {})}


def check_shapes(faults: Faults, shaped: Iterable[Shaped]) -> None:
    """Record what contradicts itself: Open vSwitch would quietly take another number."""
    for port in shaped:
        path, limit = f"port {port.port}", configured(port.config, "max-rate")
        if port.type not in CLASSFUL:
            if port.queues:
                faults.add(path, f"type {port.type} has no queues; write queues: {{}}, or type: {CLASSFUL[0]}")
            if limit is not None:
                faults.add(path, f"type {port.type} has no max_rate; write max_rate: '', or type: {CLASSFUL[0]}")
            continue
        for number, queue in port.queues.items():
            _check_queue(faults, f"{path} queues[{number}]", port.type, limit, queue)
        promised = sum(configured(queue, "min-rate") or 0 for queue in port.queues.values())
        if limit and promised > limit:
            what = f"its queues are promised {shown_quantity(promised, BIT)} in all, and it has"
            faults.add(path, f"{what} {shown_quantity(limit, BIT)}; write smaller min_rate, or a larger max_rate")


def _check_queue(faults: Faults, path: str, kind: str, limit: int | None, queue: Columns) -> None:
    least, most = configured(queue, "min-rate"), configured(queue, "max-rate")
    if least and most and least > most:
        what = f"min_rate {shown_quantity(least, BIT)} is more than max_rate {shown_quantity(most, BIT)}"
        faults.add(path, f"{what}; write a smaller min_rate")
    if limit and most and most > limit:
        what = f"max_rate {shown_quantity(most, BIT)} is more than the {shown_quantity(limit, BIT)} of the port"
        faults.add(path, f"{what}; write a smaller one, or a larger one for the port")
    for key in ("burst", "priority"):
        if kind != "linux-htb" and key in queue["other_config"]:
            faults.add(path, f"type {kind} has no {key}; leave it out, or write type: linux-htb")


def check_bursts(faults: Faults, snapshot: Snapshot, desired: Rows, changed: Container[RowKey]) -> None:
    for name, policing in policed_interfaces(snapshot, desired):
        burst = policing["ingress_policing_burst"]
        if 0 < burst < PACKET and policing["ingress_policing_rate"] and ("Interface", name) in changed:
            what = f"no packet of 1,500 bytes would pass an ingress_policing_burst of {shown_quantity(burst, KILOBIT)}"
            faults.add(f"interface {name}", f"{what}; write at least {shown_quantity(PACKET, KILOBIT)}")


def check_effects(faults: Faults, snapshot: Snapshot, desired: Rows, shaped: Iterable[Shaped]) -> None:
    """Record what the datapath of the bridge would take without a word and not do."""
    for where, reason in ineffective(snapshot, desired, shaped):
        faults.add(where, f"{reason}, or set require_effect: false to record it all the same")


def ineffective(snapshot: Snapshot, desired: Rows, shaped: Iterable[Shaped]) -> Iterator[tuple[str, str]]:
    """Yield (where, why and what to do instead) of each limit that would do nothing."""
    for name, policing in policed_interfaces(snapshot, desired):
        if name in snapshot.port_of:
            reason = _unpoliced(snapshot, name, policing)
            if reason:
                yield f"interface {name}", reason
    for port in shaped:
        if port.port in snapshot.bridge_of:
            for reason in _unshaped(snapshot, port):
                yield f"port {port.port}", reason


def _unpoliced(snapshot: Snapshot, name: str, policing: Columns) -> str | None:
    kind, bridge = snapshot.interfaces[name].columns["type"], snapshot.bridge_of[snapshot.port_of[name]]
    if _is_virtual(kind):
        return f"nothing polices a {kind} interface; limit the ports behind it"
    if _is_dpdk(kind):
        packets = policing["ingress_policing_kpkts_rate"]
        return "DPDK polices bytes alone, not packets; write ingress_policing_rate" if packets else None
    if _in_userspace(snapshot, bridge):
        reads = f"the datapath of bridge {bridge} (netdev) reads frames before they are policed"
        return f"its policing would do nothing: {reads}; {_METER}"
    return None


def _unshaped(snapshot: Snapshot, port: Shaped) -> Iterator[str]:
    bridge = snapshot.bridge_of[port.port]
    kinds = {snapshot.interfaces[name].columns["type"] for name in snapshot.members[port.port]}
    if any(map(_is_virtual, kinds)):
        yield f"nothing shapes a {' '.join(sorted(kinds))} port; shape the port that its frames leave by"
    elif any(map(_is_dpdk, kinds)) != (port.type == "egress-policer"):
        here, there = ("not for DPDK", "egress-policer") if port.type != "egress-policer" else ("for DPDK", CLASSFUL[0])
        yield f"type {port.type} would do nothing, it is {here}; write type: {there}"
    elif _in_userspace(snapshot, bridge):
        numbers = [number for number, queue in port.queues.items() if number and queue["other_config"]]
        if numbers:
            takes = f"in the datapath of bridge {bridge} (netdev) all traffic takes queue 0"
            which = ", ".join(map(str, numbers))
            yield f"its queues other than 0 ({which}) would limit nothing: {takes}; {_METER}"


def _is_virtual(kind: str) -> bool:
    return kind == "patch" or kind in KEY_BITS


def _is_dpdk(kind: str) -> bool:
    return kind.startswith("dpdk")


def _in_userspace(snapshot: Snapshot, bridge: str) -> bool:
    return bool(snapshot.bridges[bridge].columns["datapath_type"] == "netdev")


def starving(snapshot: Snapshot, desired: Rows) -> Iterator[str]:
    """Yield a warning for each burst that is too small for TCP to reach the rate."""
    for name, policing in policed_interfaces(snapshot, desired):
        rate, burst = policing["ingress_policing_rate"], policing["ingress_policing_burst"] or DEFAULT_BURST
        if burst * 100 < rate * _PACED:
            share = f"{shown_quantity(burst, KILOBIT)} is {burst * 100 // rate} % of the rate"
            wanted = shown_quantity(-(-rate * _PACED // 100), KILOBIT)
            yield (
                f"interface {name}: ingress_policing_burst {share}, so that TCP will stay far below "
                f"{shown_quantity(rate, KILOBIT)}; write at least {wanted}, or leave it out"
            )


def unlimited(shaped: Iterable[Shaped]) -> Iterator[str]:
    for port in shaped:
        if port.type in CLASSFUL and not configured(port.config, "max-rate"):
            what = "without max_rate Open vSwitch takes the speed of the link, or 100Mbit where it knows none"
            yield f"port {port.port}: {what}; write max_rate"
