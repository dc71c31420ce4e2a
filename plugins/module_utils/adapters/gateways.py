# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hypervisors as gateways, as reconcile sees them: addresses of ports that Open vSwitch makes, and files.

A port that Open vSwitch makes anew, after a boot or a restart, has nothing of it. The files are what ``restore`` of the
role hypervisor gives it back from.
"""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import SealedFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sysctl import number_of, write_setting
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.gateway import SYSCTLS, GatewayPlan, GatewayWish

_KIND = "gateway"


def saved_gateways(wanted: Sequence[GatewayWish], owner: str) -> SealedFiles:
    """Return the files of an owner's gateways as they shall be."""
    folder = sealed.gateways_of(owner)
    files: dict[str, Iterator[str] | None] = {os.path.join(folder, name): None for name in sealed.names_in(folder)}
    files.update((os.path.join(folder, wish.interface), wish.lines()) for wish in wanted)
    return SealedFiles(files)


class Gateways:
    """Backend of all gateways of an owner."""

    def __init__(self, wanted: Sequence[GatewayWish], owner: str) -> None:
        self._wanted = wanted
        self._owner = owner

    def plan(self) -> GatewayPlan:
        """Compare; a port that is down and has no address is as one that is not there."""
        links = _read()
        self._refuse(links)
        names = {*sealed.names_in(sealed.gateways_of(self._owner)), *(wish.interface for wish in self._wanted)}
        actual: dict[tuple[str, str], Mapping[str, Any]] = {
            (_KIND, name): {**links[name], **_settings(name)}
            for name in names & links.keys()
            if links[name]["addresses"] or links[name]["up"]
        }
        return GatewayPlan.between(actual, {(_KIND, wish.interface): wish.settings for wish in self._wanted})

    def apply(self, plan: GatewayPlan) -> None:
        wishes = [wish for wish in self._wanted if (_KIND, wish.interface) in plan.after]
        missing = ", ".join(sorted({wish.interface for wish in wishes} - _read().keys()))
        if missing:
            raise BackendError(
                f"There is no interface {missing}. Have Open vSwitch make it as a port of type internal, with "
                "tenantry.sdn.ovs_bridge, and run the task again; nothing was changed."
            )
        lines = [line for _kind, name in plan.delete for line in (f"address flush dev {name}", f"link set {name} down")]
        for wish in wishes:
            for option, (kind, value) in SYSCTLS.items():
                write_setting(kind, wish.interface, option, value)
            before = plan.before.get((_KIND, wish.interface), {"addresses": ()})
            gone = [address for address in before["addresses"] if address not in wish.addresses]
            lines += [f"address delete {address} dev {wish.interface}" for address in gone]
            lines += wish.ip_lines()
        run(["ip", "-batch", "-"], stdin="".join(f"{line}\n" for line in lines))

    def _refuse(self, links: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse an address that the host would not reach its guests from: another interface is there already."""
        faults = [
            f"gateway {wish.interface}: the network of {address} has {other} in it, which {name} has; write another "
            "subnet, or use a router"
            for wish in self._wanted
            for address in wish.addresses
            for name, link in links.items()
            for other in link["addresses"]
            if name != wish.interface and ipaddress.ip_interface(other).ip in ipaddress.ip_interface(address).network
        ]
        if faults:
            raise OwnershipError(faults)


def _read() -> dict[str, dict[str, Any]]:
    """Return the IPv4 addresses of each interface of this network namespace, and whether it is up."""
    return {
        link["ifname"]: {
            "addresses": sorted(
                f"{at['local']}/{at['prefixlen']}" for at in link["addr_info"] if at["family"] == "inet"
            ),
            "up": "UP" in link["flags"],
        }
        for link in json.loads(run(["ip", "-json", "address", "show"]))
    }


def _settings(name: str) -> dict[str, int]:
    return {option: number_of(kind, name, option) for option, (kind, _value) in SYSCTLS.items()}
