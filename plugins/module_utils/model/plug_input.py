# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted plugs: every value parsed, every fault reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, network_or_address, plain_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.plug import PlugWish
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import Listed, parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_plug_link
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    interface_name,
    mac_address,
    path_of,
    shown,
    text,
)

LISTED = Listed("plugs", "name", "plug", "plug", ("interface", "mtu", "arp", "zone"))
_ZONES = 1, 65535  # 0 is that of the host
_MTUS = 68, 65535  # RFC 791 asks every link for the former; an IPv4 packet is no larger than the latter


def parse_plugs(params: Mapping[str, Any]) -> Sequence[PlugWish]:
    """Return the wanted plugs, or raise InvalidInput with all faults."""
    faults = Faults()
    owner = parse_task(faults, {"owner": params.get("owner")})
    if owner and re.search(r'["\\]', owner):
        what = f"{shown(owner)} has a quote or backslash, which ip(8) would take for its own"
        faults.add("owner", f"{what}; write an owner without")
    wishes = [_plug(faults, path, given) for path, given in LISTED.items(faults, params)]
    holders: dict[str, PlugWish] = {}
    for wish in wishes:
        first = holders.setdefault(wish.interface or "", wish)
        if wish.interface and first is not wish:
            what = f"{wish.interface} is plug {first.name}'s already"
            faults.add(f"{wish.path}interface", f"{what}; an interface is in one place, so name another")
    faults.raise_any()
    return wishes


def _plug(faults: Faults, path: str, given: Mapping[str, Any]) -> PlugWish:
    name = faults.parse(f"{path}name", _name, given["name"]) or ""
    if given.get("state") == "absent":
        return PlugWish(path, name, present=False)
    interface = mtu = zone = None
    if given.get("interface") is None:
        faults.add(f"{path}interface", "is missing; write the guest's interface, as tap0")
    else:
        interface = faults.parse(f"{path}interface", _guest, given["interface"])
    if given.get("mtu") is not None:
        mtu = faults.parse(f"{path}mtu", integer(*_MTUS), given["mtu"])
    if given.get("zone") is not None:
        zone = faults.parse(f"{path}zone", integer(*_ZONES), given["zone"])
    return PlugWish(path, name, True, interface, mtu, _identities(faults, path, given.get("arp")), zone)


def _identities(
    faults: Faults, path: str, given: Sequence[Mapping[str, Any]] | None
) -> tuple[tuple[str, str], ...] | None:
    """Return what a guest may say by ARP that it is: MAC and IPv4 addresses, of which the latter may be networks."""
    if given is None:
        return None
    found = []
    for at, one in enumerate(given):
        here = f"{path}{path_of('arp', at)}"
        mac = faults.parse(f"{here}.mac", mac_address, one["mac"])
        address = faults.parse(f"{here}.ip", _ipv4, one["ip"])
        found.append((mac or "", address or ""))
    return tuple(dict.fromkeys(found))


def _ipv4(value: Any) -> str:
    network = network_or_address(value)
    if family(network) != 4:
        raise ValueError(f"{shown(value)} is IPv6, of which ARP says nothing; write an address or a network of IPv4")
    return plain_address(network)


def _name(value: Any) -> str:
    name = text(value)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}", name):
        raise ValueError(f"{shown(name)} is no name; write 1 to 128 letters, digits, '.', '_', ':' and '-', as 'web-1'")
    return name


def _guest(value: Any) -> str:
    name = interface_name(value)
    if is_plug_link(name):
        raise ValueError(f"{shown(name)} is called as the links of plugs are; write the guest's own interface")
    return name
