# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routed ports on a host, as reconcile sees them: rules, routes, addresses and neighbours of iproute2."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import attempt, run
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iproute import batch
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sysctl import number_of, write_setting
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import (
    GUEST_GONE,
    LINK_GONE,
    NOWHERE,
    OF_LINK,
    PREFERENCE,
    SYSCTLS,
    Hop,
    Key,
    RoutePlan,
    Settings,
    Wanted,
    closing,
    going,
    interfaces,
    of_guest,
    opening,
    recording,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import ROUTED_GATEWAY, routing_table

TIMEOUT = 60.0  # seconds; ten thousand routes take less than one
_NO_TABLE = "FIB table does not exist"  # ip-route(8) says of one without routes


class RoutedPorts:
    """Backend of all routed ports of an owner. ``hold_back``: only what takes away is done."""

    def __init__(self, wanted: Wanted, owner: str, hold_back: bool) -> None:
        self._wanted = wanted
        self._table = routing_table(owner)
        self._hold_back = hold_back
        self._links: Mapping[str, Settings] = {}

    def plan(self) -> RoutePlan:
        rules = read_rules(self._table)
        routes = _routes(self._table)
        self._links = _links()
        hops = self._hops()
        actual: dict[Key, Settings] = {("rule", rule): {} for rule in rules}
        actual.update((("route", destination), hop._asdict()) for destination, hop in routes.items())
        desired = dict(self._desired(rules, hops))
        for name in interfaces(rules):
            if ("rule", f"iif {name}") not in desired and name in self._links:
                desired["link", name] = GUEST_GONE if self._links[name]["gateway"] else LINK_GONE
        for kind, name in list(desired):
            if kind == "link":
                actual[kind, name] = {option: self._links[name][option] for option in desired[kind, name]}
        plan = RoutePlan.between(actual, desired)
        return going(plan) if self._hold_back else plan

    def apply(self, plan: RoutePlan) -> None:
        self._refuse_held(plan)
        for (_kind, name), new in plan.after.items():
            if new.get("forwarding") == 0:
                write_setting("ipv4", name, "forwarding", 0)
        batch([*closing(plan, self._table), *recording(plan, self._table)], TIMEOUT)
        for (kind, name), new in plan.after.items():
            for option, of in SYSCTLS.items():
                if kind == "link" and new.get(option):
                    write_setting(of, name, option, new[option])
        batch(list(opening(plan, self._table)), TIMEOUT)

    def missing(self) -> list[str]:
        """Return the guests' interfaces that are not there (yet)."""
        return sorted(port.interface for port in self._wanted.ports if port.interface not in self._links)

    def _desired(self, rules: list[str], hops: Mapping[str, Hop]) -> Iterator[tuple[Key, Settings]]:
        if not self._wanted.ports:
            return
        yield ("route", NOWHERE), Hop("", "")._asdict()
        for subnet in self._wanted.subnets:
            yield ("rule", f"to {subnet}"), {}
        for port in self._wanted.ports:
            yield ("rule", f"iif {port.interface}"), {}
            if port.interface in self._links:
                yield ("link", port.interface), of_guest(port)
                yield from ((("route", one), Hop("", port.interface)._asdict()) for one in port.addresses)
        for route in self._wanted.routes:
            yield ("route", route.destination), hops[route.via]._asdict()
        for name in sorted({hop.dev for hop in hops.values()}):
            yield ("link", name), OF_LINK
            # A host that was a router before goes on as it was; another forwards to our ports alone.
            if f"iif {name}" in rules or not self._links[name]["forwarding"]:
                yield ("rule", f"iif {name}"), {}

    def _hops(self) -> dict[str, Hop]:
        """Return the next host on the way to each of the other hosts."""
        others = sorted({route.via for route in self._wanted.routes})
        done = attempt(["ip", "-json", "-batch", "-"], TIMEOUT, "".join(f"route get {via}\n" for via in others))
        if done.returncode:
            failed = re.search(r"Command failed -:(\d+)", done.stderr)
            where = others[int(failed[1]) - 1] if failed else "the other hosts"
            raise BackendError(
                f"There is no way to {where}: {' '.join(done.stderr.split())}. Give the host one, and run the task "
                "again."
            )
        answers = [json.loads(line)[0] for line in done.stdout.splitlines() if line]
        return {via: Hop(answer.get("gateway", via), answer["dev"]) for via, answer in zip(others, answers)}

    def _refuse_held(self, plan: RoutePlan) -> None:
        """Refuse a guest whose frames somebody else gets first; check mode does not, since a task may let it go."""
        wanted = {port.interface for port in self._wanted.ports}
        faults = [
            f"interface {name}: it is a port of {self._links[name]['master']}; take it out there, or write another"
            for kind, name in plan.after
            if kind == "link" and name in wanted and self._links[name]["master"]
        ]
        if faults:
            raise OwnershipError(faults)


def read_rules(table: int) -> list[str]:
    """Return the rules that lead to a table, as ``to 10.9.0.0/24`` and ``iif tap0``."""
    found = []
    for rule in json.loads(run(["ip", "-json", "rule", "show"], TIMEOUT)):
        if rule.get("table") == str(table) and rule["priority"] == PREFERENCE:
            found.append(f"iif {rule['iif']}" if "iif" in rule else f"to {rule.get('dst')}/{rule.get('dstlen', 32)}")
    return found


def _routes(table: int) -> dict[str, Hop]:
    done = attempt(["ip", "-json", "route", "show", "table", str(table)], TIMEOUT)
    if done.returncode and _NO_TABLE not in done.stderr:
        raise BackendError(f"ip failed ({done.returncode}): {' '.join(done.stderr.split())}")
    listed = json.loads(done.stdout) if not done.returncode else []
    return {item["dst"]: Hop(item.get("gateway", ""), item.get("dev", "")) for item in listed}


def _links() -> dict[str, dict[str, Any]]:
    """Return the links of this network namespace by name, with all that is set."""
    found = {}
    for item in json.loads(run(["ip", "-json", "address", "show"], TIMEOUT)):
        name = item["ifname"]
        own = [address.get("local") for address in item["addr_info"]]
        found[name] = {
            **{option: number_of(of, name, option) for option, of in SYSCTLS.items()},
            **{"mtu": item["mtu"], "up": "UP" in item["flags"], "master": item.get("master")},
            **{"gateway": ROUTED_GATEWAY in own, "neighbours": {}},
        }
    for item in json.loads(run(["ip", "-json", "-4", "neighbour", "show", "nud", "permanent"], TIMEOUT)):
        found[item["dev"]]["neighbours"][item["dst"]] = item.get("lladdr")
    return found
