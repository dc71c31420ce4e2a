# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual routers on a host, as reconcile sees them: files, units of systemd, and what is in the namespaces.

A boot makes a namespace from the files alone. So does a task for a router that is not up, or that is on one hypervisor
now and was on two, or the other way round; in any other, it changes only what differs, so that what passes meanwhile
notices nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import router_network, router_tunnels, router_units
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.boot_files import BOOTED
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_checks import check
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_files import (
    read_files,
    remove_files,
    write_files,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_owners import names, owner_of
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router import (
    RouterPlan,
    RouterWish,
    own_files,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import router_folder


class Routers:
    """Backend of all routers of an owner."""

    def __init__(self, wanted: Sequence[RouterWish], owner: str, tx_checksumming: bool) -> None:
        self._wanted = {wish.name: wish for wish in wanted}
        self._owner = owner
        self._files = {wish.name: {**own_files(wish, owner, tx_checksumming), **wish.files} for wish in wanted}

    def plan(self) -> RouterPlan:
        self._refuse()
        ours = [name for name in names() if owner_of(name) == self._owner]
        everyone = sorted({*ours, *self._wanted})
        actual: dict[tuple[str, str], object] = dict(router_units.states(everyone))
        for name in everyone:
            actual.update((("file", path), text) for path, text in read_files(name).items())
            actual.update(router_network.read(name, self._wanted.get(name)))
            actual.update(router_tunnels.read(name, self._wanted.get(name)))
        desired: dict[tuple[str, str], object] = {}
        for name, wish in self._wanted.items():
            folder = router_folder(name)
            desired.update((("file", f"{folder}/{file}"), text) for file, text in self._files[name].items())
            desired.update(router_units.wanted(wish))
            desired.update(router_network.wanted(wish))
            desired.update(router_tunnels.wanted(wish))
        return RouterPlan.between(actual, desired)

    def apply(self, plan: RouterPlan) -> None:
        touched = {_router_of(*key) for key in {**plan.before, **plan.after}}
        kept = sorted(touched & self._wanted.keys())
        for name in kept:
            check(self._wanted[name])
        for name in sorted(touched - self._wanted.keys()):
            router_units.stop(name)
            router_network.remove(name)
            remove_files(name)
        for name in kept:
            router_tunnels.write_secrets(self._wanted[name])
            write_files(name, self._files[name])
            if router_units.is_to_be_made(self._wanted[name], plan):
                router_units.start(name)
            else:
                router_network.change(self._wanted[name], plan)
            router_units.serve(self._wanted[name], plan)
            if self._wanted[name].is_redundant:
                router_network.let_go(self._wanted[name])
            router_tunnels.change(self._wanted[name], plan)

    def _refuse(self) -> None:
        if not os.path.isdir(BOOTED):
            raise BackendError(
                "This host was not booted with systemd, which keeps the services of routers. Place routers on others, "
                "or in a twin set twin_driver: systemd."
            )
        faults = [
            f"router {name}: it belongs to owner '{holder}'; name yours otherwise"
            for name in self._wanted
            if (holder := owner_of(name)) not in (None, self._owner)
        ]
        if faults:
            raise OwnershipError(faults)


def _router_of(kind: str, key: str) -> str:
    """Return the router that a key of a plan is about."""
    if kind == "file":
        return key.split("/")[-2]
    return key.partition("@")[2].removesuffix(".service") if kind == "unit" else key.partition(" ")[0]
