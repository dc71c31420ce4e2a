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
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.forwarding6 import forwards, switch_forwarding
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iproute import batch
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sysctl import number_of, write_setting
from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import LONGEST_PREFIX, family
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import ROUTED_GATEWAYS, routing_table
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError, OwnershipError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import (
    FORWARDED,
    GUEST_GONE,
    HOST,
    KINDS,
    LINK_GONE,
    NOWHERE,
    OF_LINK,
    PREFERENCE,
    REJECTED,
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
    rejecting,
    rule,
    versions_of,
)

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
        rules = {kinds.rule: read_rules(self._table, version) for version, kinds in KINDS.items()}
        self._links = _links()
        hops = self._hops()
        actual: dict[Key, Settings] = {(kind, selector): {} for kind, found in rules.items() for selector in found}
        for version, kinds in KINDS.items():
            actual.update(((kinds.route, to), hop._asdict()) for to, hop in _routes(self._table, version).items())
        actual.update((("reject6", to), hop._asdict()) for to, hop in _routes(rejecting(self._table), 6).items())
        desired = {**dict(self._desired(rules["rule"], hops)), **dict(self._desired6(rules["rule6"], hops))}
        if FORWARDED in rules["rule6"] or HOST in desired:
            desired.setdefault(HOST, {"forwarding": int(len(_forwarding_owners()) > 1)})
            actual[HOST] = {"forwarding": forwards()}
        for name in interfaces(rules["rule"]):
            if name in self._links and ("link", name) not in desired:
                answered = self._links[name]["gateway"] or self._links[name]["gateway6"]
                desired["link", name] = GUEST_GONE if answered else LINK_GONE
        for kind, name in list(desired):
            if kind == "link":
                actual[kind, name] = {option: self._links[name][option] for option in desired[kind, name]}
        plan = RoutePlan.between(actual, desired)
        return going(plan) if self._hold_back else plan

    def apply(self, plan: RoutePlan) -> None:
        self._refuse_held(plan)
        changed = {name: new for (kind, name), new in plan.after.items() if kind == "link"}
        _write({name: new for name, new in changed.items() if not new.get("forwarding")}, "forwarding")
        if HOST in plan.after and not plan.after[HOST]["forwarding"]:
            switch_forwarding(0)
        batch(list(closing(plan, self._table, 6)), TIMEOUT, 6)
        _write({name: new for name, new in changed.items() if new.get("disable_ipv6")}, "disable_ipv6")
        batch(list(closing(plan, self._table, 4)), TIMEOUT, 4)  # with which the record of a guest goes
        for version in KINDS:
            batch(list(recording(plan, self._table, version)), TIMEOUT, version)
        for option in SYSCTLS:
            if option != "disable_ipv6":
                _write(changed, option)
        batch(list(opening(plan, self._table, 4)), TIMEOUT, 4)
        _write(changed, "disable_ipv6")  # for which the MTU has to be large enough
        if HOST in plan.after and plan.after[HOST]["forwarding"]:
            switch_forwarding(1)
        batch(list(opening(plan, self._table, 6)), TIMEOUT, 6)

    def missing(self) -> list[str]:
        """Return the guests' interfaces that are not there (yet)."""
        return sorted(port.interface for port in self._wanted.ports if port.interface not in self._links)

    def _desired(self, rules: list[str], hops: Mapping[str, Hop]) -> Iterator[tuple[Key, Settings]]:
        if not self._wanted.ports:
            return
        yield from self._ways(4, hops)
        for port in self._wanted.ports:
            yield ("rule", f"iif {port.interface}"), {}
            if port.interface in self._links:
                yield ("link", port.interface), of_guest(port)
        for name in sorted({hop.dev for via, hop in hops.items() if family(via) == 4}):
            yield ("link", name), OF_LINK
            # A host that was a router before goes on as it was; another forwards to our ports alone.
            if f"iif {name}" in rules or not self._links[name]["forwarding"]:
                yield ("rule", f"iif {name}"), {}

    def _desired6(self, rules: list[str], hops: Mapping[str, Hop]) -> Iterator[tuple[Key, Settings]]:
        guests = [port for port in self._wanted.ports if 6 in versions_of(port.addresses)]
        if not guests:
            return
        yield from self._ways(6, hops)
        for port in guests:
            yield ("rule6", f"iif {port.interface}"), {}
        yield HOST, {"forwarding": 1}
        if FORWARDED in rules or not forwards() or _forwarding_owners():
            yield REJECTED, Hop("", "")._asdict()
            yield ("rule6", FORWARDED), {}
            for name in {hop.dev for via, hop in hops.items() if family(via) == 6}:
                yield ("rule6", f"iif {name}"), {}

    def _ways(self, version: int, hops: Mapping[str, Hop]) -> Iterator[tuple[Key, Settings]]:
        kinds = KINDS[version]
        yield (kinds.route, NOWHERE), Hop("", "")._asdict()
        for subnet in self._wanted.subnets:
            if family(subnet) == version:
                yield (kinds.rule, f"to {subnet}"), {}
        for port in self._wanted.ports:
            for address in port.addresses:
                if family(address) == version and port.interface in self._links:
                    yield (kinds.route, address), Hop("", port.interface)._asdict()
        for route in self._wanted.routes:
            if family(route.destination) == version:
                yield (kinds.route, route.destination), hops[route.via]._asdict()

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


def _write(links: Mapping[str, Settings], option: str) -> None:
    for name, settings in links.items():
        if option in settings:
            write_setting(SYSCTLS[option], name, option, settings[option])


def read_rules(table: int, version: int) -> list[str]:
    """Return the rules that lead to a table, as ``to 10.9.0.0/24`` and ``iif tap0``."""
    found = []
    for item in _all_rules(version):
        selector = f"to {item.get('dst')}/{item.get('dstlen', LONGEST_PREFIX[version])}"
        if "iif" in item:
            selector = f"{'not ' if 'not' in item else ''}iif {item['iif']}"
        if rule(selector, table).endswith(f" lookup {item.get('table')} pref {item['priority']}"):
            found.append(selector)
    return found


def _forwarding_owners() -> set[str]:
    """Return the tables of all owners for whom the host was made to forward IPv6."""
    return {item["table"] for item in _all_rules(6) if item["priority"] == PREFERENCE + 1 and "not" in item}


def _all_rules(version: int) -> list[dict[str, Any]]:
    return list(json.loads(run(["ip", f"-{version}", "-json", "rule", "show"], TIMEOUT)))


def _routes(table: int, version: int) -> dict[str, Hop]:
    done = attempt(["ip", f"-{version}", "-json", "route", "show", "table", str(table)], TIMEOUT)
    if done.returncode and _NO_TABLE not in done.stderr:
        raise BackendError(f"ip failed ({done.returncode}): {' '.join(done.stderr.split())}")
    listed = json.loads(done.stdout) if not done.returncode else []
    return {item["dst"]: Hop(item.get("gateway", ""), _device_of(item)) for item in listed}


def _device_of(route: Mapping[str, Any]) -> str:
    """Return where a route leads; one to nowhere of IPv6 is at the loopback device."""
    return "" if route.get("type") == "unreachable" else str(route.get("dev", ""))


def _links() -> dict[str, dict[str, Any]]:
    """Return the links of this network namespace by name, with all that is set."""
    found = {}
    for item in json.loads(run(["ip", "-json", "address", "show"], TIMEOUT)):
        name = item["ifname"]
        own = [address.get("local") for address in item["addr_info"]]
        found[name] = {
            **{option: number_of(of, name, option) for option, of in SYSCTLS.items()},
            **{"mtu": item["mtu"], "up": "UP" in item["flags"], "master": item.get("master"), "neighbours": {}},
            **{kinds.gateway: ROUTED_GATEWAYS[version] in own for version, kinds in KINDS.items()},
        }
    for item in json.loads(run(["ip", "-json", "neighbour", "show", "nud", "permanent"], TIMEOUT)):
        found[item["dev"]]["neighbours"][item["dst"]] = item.get("lladdr")
    return found
