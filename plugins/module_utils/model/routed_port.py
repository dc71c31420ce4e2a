# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routed ports: guests that the host itself forwards to, each by the addresses that are at its interface.

All routes of an owner are in a table of its own, which rules lead to: for what guests send, for what comes from other
hosts, and for the networks whatever sends there. What has no route in it is unreachable, so that neither guests nor the
link between hosts get to anything else by the host's other routes (ip-rule(8)). The rules are also the record of what
is the owner's: interfaces, and that forwarding was switched on at one.

A guest has its addresses without a subnet, and as gateway an address that the host answers for at every interface. The
host asks nobody for MAC addresses there, so a guest can give no wrong answers.

IPv6 is forwarded between all interfaces or none (ip-sysctl, conf/all/forwarding). So where this switched it on, one
more rule makes unreachable what comes from others than guests and hosts, and is the record of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import LONGEST_PREFIX, family, link_local
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import ROUTED_GATEWAYS
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

Settings = Mapping[str, Any]
Key = tuple[str, str]
RoutePlan = Plan[Key, Settings]  # by kind, and selector of the rule, destination of the route, or interface


class Kinds(NamedTuple):
    """What the things of an IP family are called."""

    rule: str
    route: str
    gateway: str  # setting of a link


PREFERENCE = 3000  # of the rules: after that for the host's own addresses, before that for its other routes
NOWHERE = "default"  # destination of the route for what has no other
FORWARDED = "not iif lo"  # selector of all that the host forwards
REJECTED = ("reject6", NOWHERE)  # key of the route in the table for that
KINDS = {4: Kinds("rule", "route", "gateway"), 6: Kinds("rule6", "route6", "gateway6")}
HOST = ("host", "ipv6")  # key of what is set for the whole host

# linux/Documentation/networking/ip-sysctl: a source that another interface leads to is dropped, ARP is answered for
# addresses of the interface alone, and no guest is heard as a router.
SYSCTLS = {"rp_filter": "ipv4", "arp_ignore": "ipv4", "disable_ipv6": "ipv6", "accept_ra": "ipv6", "forwarding": "ipv4"}
OF_LINK: Settings = {"forwarding": 1}  # of an interface that other hosts are behind
LINK_GONE: Settings = {"forwarding": 0}  # what is left of that
# and at the interface of a guest
GUEST_GONE: Settings = {"forwarding": 0, "disable_ipv6": 1, "gateway": False, "gateway6": False, "neighbours": {}}


class RoutedPort(NamedTuple):
    """The interface of a guest, and what the guest has."""

    path: str
    interface: str
    mac: str
    addresses: tuple[str, ...]
    mtu: int | None = None  # None: no opinion


class Route(NamedTuple):
    """An address of a guest at another host."""

    path: str
    destination: str
    via: str  # address of that host


class Wanted(NamedTuple):
    subnets: tuple[str, ...]
    ports: tuple[RoutedPort, ...]
    routes: tuple[Route, ...]


class Hop(NamedTuple):
    """The next host on a way."""

    via: str
    dev: str


def of_guest(port: RoutedPort) -> Settings:
    """Return what is set at the interface of a guest."""
    versions = versions_of(port.addresses)
    neighbours = dict.fromkeys(port.addresses, port.mac)
    found: dict[str, Any] = {"rp_filter": 1, "arp_ignore": 1}
    if 6 in versions:
        neighbours[link_local(port.mac)] = port.mac
        found["accept_ra"] = 0
    if port.mtu is not None:
        found["mtu"] = port.mtu
    found.update({"forwarding": int(4 in versions), "disable_ipv6": int(6 not in versions), "up": True})
    found.update((kinds.gateway, version in versions) for version, kinds in KINDS.items())
    return {**found, "neighbours": neighbours}


def versions_of(addresses: Iterable[str]) -> set[int]:
    """Return the IP families of addresses or networks."""
    return {family(address) for address in addresses}


def closing(plan: RoutePlan, table: int, version: int) -> Iterator[str]:
    """Yield the lines for ``ip -batch`` that take away what is to go, last of all the record of it."""
    kinds = KINDS[version]
    routes = sorted(what for kind, what in plan.delete if kind == kinds.route)
    yield from (f"route del {_typed(what)} table {table}" for what in routes if what != NOWHERE)
    for (kind, name), (old, new) in plan.update.items():
        if kind == "link":
            gone = sorted(old.get("neighbours", {}).keys() - new.get("neighbours", {}).keys())
            yield from (f"neighbour del {address} dev {name}" for address in gone if family(address) == version)
            if old.get(kinds.gateway) and not new[kinds.gateway]:  # with which the rest would go by itself
                yield f"address del {_whole(ROUTED_GATEWAYS[version])} dev {name}"
    if NOWHERE in routes:
        yield f"route del {_typed(NOWHERE)} table {table}"
    for kind, what in sorted(plan.delete):
        if kind == kinds.rule:
            yield f"rule del {rule(what, table)}"
    if version == 6:
        yield from (
            f"route del {_typed(what)} table {rejecting(table)}" for kind, what in plan.delete if kind == "reject6"
        )


def recording(plan: RoutePlan, table: int, version: int) -> Iterator[str]:
    """Yield the lines that say what will be the owner's, and lead what comes from there nowhere else."""
    kinds = KINDS[version]
    for kind, what in plan.create:
        if kind == kinds.route and what == NOWHERE:
            yield f"route replace {_typed(what)} table {table}"
    if version == 6 and REJECTED in plan.create:
        yield f"route replace {_typed(NOWHERE)} table {rejecting(table)}"
    for kind, what in plan.create:
        if kind == kinds.rule:
            yield f"rule add {rule(what, table)}"


def opening(plan: RoutePlan, table: int, version: int) -> Iterator[str]:
    """Yield the lines that make the ways to guests."""
    kinds = KINDS[version]
    for (kind, name), new in plan.after.items():
        if kind == "link":
            old = plan.update.get((kind, name), ({}, {}))[0]
            yield from _at_link(name, old, new) if version == 4 else ()  # whatever else the link is for
            yield from _answering(name, old, new, version)
    for (kind, what), new in plan.after.items():
        if kind == kinds.route and what != NOWHERE:
            via = f"via {new['via']} " if new["via"] else ""
            yield f"route replace {_whole(what)} {via}dev {new['dev']} table {table}"


def rejecting(table: int) -> int:
    """Return the table of an owner in which nothing is reached."""
    return table + 0x1000000


def rule(selector: str, table: int) -> str:
    """Return a rule as ip(8) takes it. What leads to networks of IPv6 comes after what nobody may send there."""
    if selector == FORWARDED:
        return f"{selector} lookup {rejecting(table)} pref {PREFERENCE + 1}"
    last = selector.startswith("to ") and family(selector) == 6
    return f"{selector} lookup {table} pref {PREFERENCE + 2 * last}"


def _typed(destination: str) -> str:
    return f"unreachable {destination}" if destination == NOWHERE else _whole(destination)


def _whole(address: str) -> str:
    return f"{address}/{LONGEST_PREFIX[family(address)]}"


def _at_link(name: str, old: Settings, new: Settings) -> Iterator[str]:
    if "mtu" in new and old.get("mtu") != new["mtu"]:
        yield f"link set dev {name} mtu {new['mtu']}"
    if new.get("up") and not old.get("up"):
        yield f"link set dev {name} up"


def _answering(name: str, old: Settings, new: Settings, version: int) -> Iterator[str]:
    """Yield what makes the host the gateway of a guest, whose MAC address it does not ask for."""
    gateway = KINDS[version].gateway
    if new.get(gateway) and not old.get(gateway):
        alone = " nodad" if version == 6 else ""  # nobody else is there whom a question about it could concern
        yield f"address replace {_whole(ROUTED_GATEWAYS[version])} dev {name}{alone}"
    for address, mac in new.get("neighbours", {}).items():
        if family(address) == version and old.get("neighbours", {}).get(address) != mac:
            yield f"neighbour replace {address} lladdr {mac} nud permanent dev {name}"


def going(plan: RoutePlan) -> RoutePlan:
    """Return of a plan what takes away alone: routes that will lead elsewhere are not there meanwhile."""
    moved = {key: old for key, (old, _new) in plan.update.items() if key[0] in ("route", "route6")}
    left = {key: change for key, change in plan.update.items() if change[1] in (GUEST_GONE, LINK_GONE)}
    return RoutePlan({}, left, {**plan.delete, **moved})


def interfaces(rules: Sequence[str]) -> list[str]:
    """Return the interfaces that rules are about."""
    return [selector.partition("iif ")[2] for selector in rules if selector.startswith("iif ")]


def in_diff(plan: RoutePlan) -> dict[str, Any]:
    """Return Ansible's diff: what comes and goes, and of each interface the settings that differ."""
    sides: dict[str, dict[str, Any]] = {"before": {}, "after": {}}
    for side, changes in (("before", plan.delete), ("after", plan.create)):
        sides[side].update((" ".join(key), dict(value)) for key, value in changes.items())
    for key, (old, new) in plan.update.items():
        differing = [option for option in new if old.get(option) != new[option]]
        for side, values in (("before", old), ("after", new)):
            sides[side][" ".join(key)] = {option: values.get(option) for option in differing}
    return sides
