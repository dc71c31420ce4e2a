# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements as a faultless network would give them, for tests to spoil."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.endpoint import Endpoint
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.evidence import CHECKS
from ansible_collections.tenantry.sdn.plugins.module_utils.model.measurement import (
    FLOOD,
    OVER_MTU,
    TCP,
    Measurement,
    Reply,
    Sighting,
)


def endpoint(name: str, network: str, *addresses: str, hypervisor: str = "hv1") -> Endpoint:
    return Endpoint(name, network, hypervisor, "02:00:00:00:00:01", addresses or ("10.1.1.1/24",), 1400)


def faultless(endpoints: Sequence[Endpoint]) -> dict[str, Measurement]:
    """Return what each endpoint measures when everything is as wanted."""
    departed = dict.fromkeys(FLOOD, 3)
    return {
        own.name: Measurement(
            interface="eth0",
            mtu=own.mtu,
            replies=tuple(_replies(own, endpoints)),
            sightings=tuple(_sightings(own, endpoints)),
            sent=dict(departed),
            departed={**departed, "icmp": 9},
            lost=0,
        )
        for own in endpoints
    }


def _replies(own: Endpoint, endpoints: Sequence[Endpoint]) -> Iterator[Reply]:
    for other in endpoints:
        if other is own:
            continue
        reaches = other.network == own.network
        for address in own.common_addresses(other):
            for check in CHECKS:
                name = other.name if reaches and check == TCP else ""
                yield Reply(other.name, address, check, reaches, name, "" if reaches else "no reply")
            yield Reply(other.name, address, OVER_MTU, False, note="Message too long")


def _sightings(own: Endpoint, endpoints: Sequence[Endpoint]) -> Iterator[Sighting]:
    for other in endpoints:
        if other is own or other.network != own.network:
            continue
        yield from (Sighting(other.name, kind, "", "", 3, 1) for kind in FLOOD)
        for address in other.common_addresses(own):
            for check in (check for check in CHECKS if check != TCP):
                yield Sighting(other.name, check, own.name, address, 1, 1)
