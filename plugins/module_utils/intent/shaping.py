# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles of what a port may send and receive, and what one comes to on its hypervisor.

Directions are those of the switch, as in Open vSwitch's own words: ``ingress`` is what the guest sends, ``egress``
what it receives. Nothing on a host can make room on the way to it, so a guarantee is a reservation: those of all ports
of a hypervisor must fit its link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.reader import Section, listed
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping import (
    DEFAULT_TYPE,
    PACKET,
    POLICING,
    QUEUE_OPTIONS,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.units import BIT, KILOBIT, shown_quantity
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, Parser, integer, shown

_SHOWN = 3  # ports that a message names


@dataclass(frozen=True)
class Profile:
    """What ovs_qos is told of an interface, but for its name; ``min_rate`` in bit/s, 0 where nothing is promised."""

    limits: Mapping[str, Any]
    min_rate: int


def parse_profiles(faults: Faults, fabric: Section) -> dict[str, Profile | None]:
    """Return the profiles by name; one that is at fault is None."""
    return {name: _profile(faults, path, value) for name, path, value in fabric.items("qos_profiles")}


def check_guarantees(
    faults: Faults, link_rates: Mapping[str, int | None], guarantees: Iterable[tuple[str, str, int]]
) -> None:
    """Record hypervisors whose ports are promised more than their link has; a guarantee is (host, port, bit/s)."""
    promised: dict[str, dict[str, int]] = defaultdict(dict)
    for host, port, rate in guarantees:
        promised[host][port] = rate
    for host, ports in promised.items():
        path, whose = f"fabric.hypervisors.{host}.link_rate", listed(sorted(ports), _SHOWN)
        capacity, total = link_rates[host], sum(ports.values())
        if capacity is None:
            what = f"missing; a min_rate is promised to {whose}"
            faults.add(path, f"{what}, so write what the link of the host carries, for example 'link_rate: 10Gbit'")
        elif total > capacity:
            what = f"{shown_quantity(total, BIT)} are promised to {whose}, more than {shown_quantity(capacity, BIT)}"
            faults.add(path, f"{what}; write smaller min_rates, or put some of these ports elsewhere")


def _profile(faults: Faults, path: str, value: Any) -> Profile | None:
    section = Section(faults, path, value, ("ingress", "egress"))
    if not isinstance(value, Mapping):
        return None
    if "ingress" not in section and "egress" not in section:
        faults.add(path, "limits nothing; write ingress for what a guest sends, egress for what it receives, or both")
    queueing, min_rate = _queueing(faults, section)
    return Profile({**_policing(faults, section), **queueing}, min_rate)


def _policing(faults: Faults, profile: Section) -> dict[str, Any]:
    """Return what polices a guest: both rates, so that an earlier profile's is lifted."""
    if "ingress" not in profile:
        return {}
    section = Section(faults, profile.path_to("ingress"), profile.value("ingress"), tuple(_INGRESS))
    given = {key: section.optional(key, parser, None) for key, parser in _INGRESS.items()}
    for rate, burst in (("rate", "burst"), ("kpkts_rate", "kpkts_burst")):
        if burst in section and rate not in section:
            faults.add(section.path_to(burst), f"says how far {rate} may be exceeded, which is missing; write it too")
    if isinstance(profile.value("ingress"), Mapping) and not ("rate" in section or "kpkts_rate" in section):
        faults.add(section.path, "limits nothing; write rate, kpkts_rate (thousands of packets a second), or both")
    rates = dict.fromkeys(("ingress_policing_rate", "ingress_policing_kpkts_rate"), 0)
    return {**rates, **{f"ingress_policing_{key}": value for key, value in given.items() if value is not None}}


def _queueing(faults: Faults, profile: Section) -> tuple[dict[str, Any], int]:
    """Return what shapes the traffic to a guest, and what of it is promised in bits a second."""
    if "egress" not in profile:
        return {}, 0
    section = Section(faults, profile.path_to("egress"), profile.value("egress"), tuple(_EGRESS))
    max_rate = section.required("max_rate", _EGRESS["max_rate"], "200Mbit")
    min_rate = section.optional("min_rate", _EGRESS["min_rate"], None)
    burst = section.optional("burst", _EGRESS["burst"], None)
    if max_rate and min_rate and min_rate > max_rate:
        what = f"{shown_quantity(min_rate, BIT)} is more than the max_rate of {shown_quantity(max_rate, BIT)}"
        faults.add(section.path_to("min_rate"), f"{what}; write less")
    queue = {"max_rate": max_rate, "min_rate": min_rate, "burst": burst}
    words = {key: shown_quantity(value, BIT) for key, value in queue.items() if value}
    # All traffic takes queue 0, which Open vSwitch makes by itself where there is nothing else to say of it.
    queues = {"0": words} if min_rate or burst else {}
    return {"type": DEFAULT_TYPE, "max_rate": words.get("max_rate"), "queues": queues}, min_rate or 0


def _with_unit(parser: Parser[int]) -> Parser[int]:
    """Parse a quantity that says what it counts: a bare number would be kilobits here and bits there."""

    def parse(value: Any) -> int:
        if not isinstance(value, str) or value.isdecimal():
            raise ValueError(f"{shown(value)} does not say what it counts; write a unit, as '100Mbit'")
        number = parser(value)
        if number == 0:
            raise ValueError(f"{shown(value)} is nothing; write more, or leave it out where there is no limit")
        return number

    return parse


def _kilobits(column: str, least: int = 1) -> Parser[str]:
    """Parse an amount or a rate of policing, and return it as a person writes it."""
    parser = _with_unit(POLICING[column].parse)

    def parse(value: Any) -> str:
        number = parser(value)
        if number < least:
            what = f"no packet of 1,500 bytes would pass {shown(value)}"
            raise ValueError(f"{what}; write at least {shown_quantity(least, KILOBIT)}")
        return shown_quantity(number, KILOBIT)

    return parse


_INGRESS: Mapping[str, Parser[Any]] = {
    "rate": _kilobits("ingress_policing_rate"),
    "burst": _kilobits("ingress_policing_burst", PACKET),
    "kpkts_rate": integer(1, 2**32 - 1),
    "kpkts_burst": integer(1, 2**32 - 1),
}
_EGRESS: Mapping[str, Parser[int]] = {
    key: _with_unit(QUEUE_OPTIONS[key][1]) for key in ("max_rate", "min_rate", "burst")
}
link_rate = _with_unit(QUEUE_OPTIONS["max_rate"][1])  # what the link of a hypervisor carries, in bits a second
