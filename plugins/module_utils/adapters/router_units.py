# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units of systemd that keep virtual routers and the services in them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_files import digest, loaded
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_network import is_there
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router import (
    SERVICES,
    RouterPlan,
    RouterWish,
    router_unit,
    service_unit,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import router_folder

_SECONDS = 60  # for systemd to start or stop what a router has
_AGAIN = 5.0  # seconds in which one that has ended is back: RestartSec= and its start, on a host that has much to do
_PAUSE = 0.1
_UP = "enabled, active"
_SERVING = "enabled, active, as its files say"

State = tuple[tuple[str, str], object]


def wanted(wish: RouterWish) -> Iterator[State]:
    yield ("unit", router_unit(wish.name)), _UP
    yield from ((("unit", service_unit(service, wish.name)), _SERVING) for service in wish.services)


def states(routers: Sequence[str]) -> Iterator[State]:
    """Yield what is of each unit of these routers that systemd enables or runs."""
    services = {service_unit(service, name): (service, name) for name in routers for service in SERVICES}
    units = [*map(router_unit, routers), *services]
    for state in _settled(units) if units else ():
        unit = state["Id"]
        words = ["enabled"] if state["UnitFileState"] == "enabled" else []
        words += ["active"] if state["ActiveState"] in ("active", "reloading") else []
        if unit in services and "active" in words and _is_current(*services[unit]):
            words.append("as its files say")
        if words:
            yield ("unit", unit), ", ".join(words)


def _settled(units: Sequence[str]) -> list[dict[str, str]]:
    """Return the properties of units, when systemd starts none any more.

    It starts one again that has ended, as IPsec does on a host that has lost the router's addresses to the other one.
    """
    until = time.monotonic() + _AGAIN
    while True:
        shown = _systemctl("show", "--property=Id,UnitFileState,ActiveState", *units).strip().split("\n\n")
        states = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown]
        if time.monotonic() > until or "activating" not in [state["ActiveState"] for state in states]:
            return states
        time.sleep(_PAUSE)


def _is_current(service: str, name: str) -> bool:
    """Say whether a service has read the files that are there."""
    return loaded(name, service) == digest(name, SERVICES[service].files)


def is_to_be_made(wish: RouterWish, plan: RouterPlan) -> bool:
    """Say whether a router is down, or gives its addresses into keepalived's hands, or takes them back."""
    key = "unit", service_unit("keepalived", wish.name)
    down = not is_there(wish.name) or ("unit", router_unit(wish.name)) in plan.after
    return down or key in plan.create or key in plan.delete


def start(name: str) -> None:
    """Have systemd make the router from its files, now and at boot."""
    _systemctl("enable", router_unit(name))
    _systemctl("restart", router_unit(name))


def stop(name: str) -> None:
    """Stop what runs in a router's namespace, now and at boot."""
    units = [*(service_unit(service, name) for service in SERVICES), router_unit(name)]
    _systemctl("disable", "--now", *units)
    _systemctl("reset-failed", *(f"{unit}*" for unit in units))  # by pattern: it need not have failed


def serve(wish: RouterWish, plan: RouterPlan) -> None:
    """Start, reload or stop the services of a router, as their files have changed."""
    changed = {key for kind, key in {**plan.before, **plan.after} if kind == "file"}
    for name, service in SERVICES.items():
        key = "unit", service_unit(name, wish.name)
        paths = {file: f"{router_folder(wish.name)}/{file}" for file in service.files}
        anew = {file for file, path in paths.items() if path in changed}
        if name not in wish.services:
            if key in plan.delete:
                _systemctl("disable", "--now", key[1])
        elif anew and service.takes_in(anew) and _ran(plan, key):
            _systemctl("reload", key[1])
        elif anew or key in plan.after:
            _systemctl("enable", key[1])
            _systemctl("restart", key[1])


def _ran(plan: RouterPlan, key: tuple[str, str]) -> bool:
    """Say whether a unit was enabled and active when the plan was made."""
    return key not in plan.create and str(plan.before.get(key, _UP)).startswith(_UP)


def _systemctl(*arguments: str) -> str:
    return run(["systemctl", *arguments], timeout=_SECONDS)
