# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted IPsec of a router."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import ip_network, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ipsec import Ipsec, Site
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ipsec_proposals import esp_proposal, ike_proposal
from ansible_collections.tenantry.sdn.plugins.module_utils.model.secret_input import known_secret
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    identifier,
    integer,
    shown,
    text,
)

SHORTEST = 20  # characters of a secret: whoever calls may try some against what the other end says (RFC 7296 2.15)
_ID = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"


def parse_ipsec(faults: Faults, path: str, given: Mapping[str, Any] | None, secrets: Mapping[str, Any]) -> Ipsec | None:
    """Return the IPsec; ``secrets`` are those that the task was given, of which it needs some."""
    if given is None:
        return None
    return Ipsec(
        address=faults.parse(f"{path}.address", unicast_address, given["address"]) or "",
        mtu=faults.parse(f"{path}.mtu", integer(68, 65535), given["mtu"]) or 0,
        sites=[_site(faults, f"{path}.sites[{at}]", site, secrets) for at, site in enumerate(given["sites"])],
    )


def _site(faults: Faults, path: str, given: Mapping[str, Any], secrets: Mapping[str, Any]) -> Site:
    def parsed(key: str, parser: Any) -> Any:
        return faults.parse(f"{path}.{key}", parser, given[key])

    def listed(key: str, parser: Any) -> tuple[Any, ...]:
        found = [faults.parse(f"{path}.{key}[{at}]", parser, value) for at, value in enumerate(given[key])]
        return tuple(filter(None, found))

    return Site(
        name=parsed("name", identifier),
        remote=parsed("remote", unicast_address),
        local_id=parsed("local_id", ike_id),
        remote_id=parsed("remote_id", ike_id),
        local_subnets=listed("local_subnets", ip_network),
        remote_subnets=listed("remote_subnets", ip_network),
        psk=known_secret(faults, f"{path}.psk", given["psk"], secrets, _fault_of_psk) or "",
        ike_proposals=listed("ike_proposals", ike_proposal),
        esp_proposals=listed("esp_proposals", esp_proposal),
    )


def ike_id(value: Any) -> str:
    """Parse by what name an end of a tunnel calls itself: an address, or a name as DNS has them."""
    name = text(value)
    if not re.fullmatch(_ID, name):
        raise ValueError(f"{shown(name)} is no name of an end; write an address or a name, as 'office.example.org'")
    return name


def _fault_of_psk(value: Any) -> str | None:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or value.strip() != value:
        return (
            "is no key that two sites can share; write ASCII characters on one line, none of them a space at its ends"
        )
    if len(value) < SHORTEST:
        return f"has {len(value)} characters, which can be guessed; write {SHORTEST} or more, as of 'wg genpsk'"
    return None
