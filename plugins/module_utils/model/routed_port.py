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
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.names import ROUTED_GATEWAY
from ansible_collections.tenantry.sdn.plugins.module_utils.plan import Plan

Settings = Mapping[str, Any]
Key = tuple[str, str]
RoutePlan = Plan[Key, Settings]  # by ("rule", selector), ("route", destination) and ("link", interface)

PREFERENCE = 3000  # of the rules: after that for the host's own addresses, before that for its other routes
NOWHERE = "default"  # destination of the route for what has no other

# linux/Documentation/networking/ip-sysctl: a source that another interface leads to is dropped, ARP is answered for
# addresses of the interface alone.
SYSCTLS = {"rp_filter": "ipv4", "arp_ignore": "ipv4", "disable_ipv6": "ipv6", "forwarding": "ipv4"}
_GUEST = {"rp_filter": 1, "arp_ignore": 1, "disable_ipv6": 1, "forwarding": 1}
OF_LINK: Settings = {"forwarding": 1}  # of an interface that other hosts are behind
LINK_GONE: Settings = {"forwarding": 0}  # what is left of that
GUEST_GONE: Settings = {"forwarding": 0, "gateway": False, "neighbours": {}}  # and at the interface of a guest


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
    size = {} if port.mtu is None else {"mtu": port.mtu}
    neighbours = dict.fromkeys(port.addresses, port.mac)
    return {**_GUEST, **size, "up": True, "gateway": True, "neighbours": neighbours}


def closing(plan: RoutePlan, table: int) -> Iterator[str]:
    """Yield the lines for ``ip -batch`` that take away what is to go, last of all the record of it."""
    routes = sorted(what for kind, what in plan.delete if kind == "route")
    yield from (f"route del {_typed(what)} table {table}" for what in routes if what != NOWHERE)
    for (kind, name), (old, new) in plan.update.items():
        if kind == "link":
            gone = sorted(old.get("neighbours", {}).keys() - new.get("neighbours", {}).keys())
            yield from (f"neighbour del {address} dev {name}" for address in gone)
            if old.get("gateway") and not new["gateway"]:  # with which neighbours and routes would go by themselves
                yield f"address del {ROUTED_GATEWAY}/32 dev {name}"
    if NOWHERE in routes:
        yield f"route del {_typed(NOWHERE)} table {table}"
    for kind, what in sorted(plan.delete):
        if kind == "rule":
            yield f"rule del {what} lookup {table} pref {PREFERENCE}"


def recording(plan: RoutePlan, table: int) -> Iterator[str]:
    """Yield the lines that say what will be the owner's, and lead what comes from there nowhere else."""
    for kind, what in plan.create:
        if kind == "route" and what == NOWHERE:
            yield f"route replace {_typed(what)} table {table}"
    for kind, what in plan.create:
        if kind == "rule":
            yield f"rule add {what} lookup {table} pref {PREFERENCE}"


def opening(plan: RoutePlan, table: int) -> Iterator[str]:
    """Yield the lines that make the ways to guests."""
    for (kind, name), new in plan.after.items():
        if kind == "link":
            yield from _at_link(name, plan.update.get((kind, name), ({}, {}))[0], new)
    for (kind, what), new in plan.after.items():
        if kind == "route" and what != NOWHERE:
            via = f"via {new['via']} " if new["via"] else ""
            yield f"route replace {what}/32 {via}dev {new['dev']} table {table}"


def _typed(destination: str) -> str:
    return f"unreachable {destination}" if destination == NOWHERE else f"{destination}/32"


def _at_link(name: str, old: Settings, new: Settings) -> Iterator[str]:
    if "mtu" in new and old.get("mtu") != new["mtu"]:
        yield f"link set dev {name} mtu {new['mtu']}"
    if new.get("up") and not old.get("up"):
        yield f"link set dev {name} up"
    if new.get("gateway") and not old.get("gateway"):
        yield f"address replace {ROUTED_GATEWAY}/32 dev {name}"
    for address, mac in new.get("neighbours", {}).items():
        if old.get("neighbours", {}).get(address) != mac:
            yield f"neighbour replace {address} lladdr {mac} nud permanent dev {name}"


def going(plan: RoutePlan) -> RoutePlan:
    """Return of a plan what takes away alone: routes that will lead elsewhere are not there meanwhile."""
    moved = {key: old for key, (old, _new) in plan.update.items() if key[0] == "route"}
    left = {key: change for key, change in plan.update.items() if key[0] == "link" and change[1].get("forwarding") == 0}
    return RoutePlan({}, left, {**plan.delete, **moved})


def interfaces(rules: Sequence[str]) -> list[str]:
    """Return the interfaces that rules are about."""
    return [rule.partition("iif ")[2] for rule in rules if rule.startswith("iif ")]


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
