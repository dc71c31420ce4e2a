# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the network namespaces of virtual routers: interfaces, routes and rules, and changes of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_files import digest, loaded
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router import (
    PROGRAM,
    RULESET,
    Interface,
    RouterPlan,
    RouterWish,
    interface_lines,
    link_lines,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_router_link, router_namespace

_SECONDS = 60
_CURRENT = "as its file says"
_SHOW = "address show\nroute show table all\n"  # of both families

State = tuple[tuple[str, str], object]


def is_there(name: str) -> bool:
    """Say whether the router has its namespace."""
    return os.path.exists(f"/run/netns/{router_namespace(name)}")


def wanted(wish: RouterWish) -> Iterator[State]:
    yield ("ruleset", wish.name), _CURRENT
    yield ("routes", wish.name), sorted((route.to, route.via) for route in wish.routes if not route.floating)
    for interface in wish.interfaces:
        yield (
            ("interface", f"{wish.name} {interface.name}"),
            {
                "mac": interface.mac,
                "mtu": interface.mtu,
                "up": True,
                "addresses": sorted(interface.addresses),
                "network": interface.network,
            },
        )


def read(name: str, wish: RouterWish | None) -> Iterator[State]:
    """Yield what is in a router's namespace, if it is there, but for what keepalived has to give there."""
    if not is_there(name):
        return
    floating = {interface.name: interface.floating for interface in wish.interfaces} if wish else {}
    passing = {(route.to, route.via) for route in wish.routes if route.floating} if wish else set()
    links, shown = _show(name)
    for link in links:
        if is_router_link(link["ifname"]):
            yield ("interface", f"{name} {link['ifname']}"), _described(link, floating.get(link["ifname"], ()))
    routes = [
        (_network(route["dst"], is_ipv6=":" in route["gateway"]), route["gateway"])
        for route in shown
        if "gateway" in route and route.get("table", "main") == "main"
    ]
    yield ("routes", name), sorted(set(routes) - passing)
    yield ("ruleset", name), _CURRENT if _is_loaded(name) else "another"


def _show(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the links and the routes of a router's namespace, by one process: a host may have many routers."""
    text = run(["ip", "-n", router_namespace(name), "-details", "-json", "-batch", "-"], stdin=_SHOW)
    links, end = json.JSONDecoder().raw_decode(text)
    return links, json.loads(text[end:].strip() or "[]")


def _is_loaded(name: str) -> bool:
    """Say whether the rules are those that were made of the file, and the file is still the same."""
    shown = run(["nsenter", f"--net=/run/netns/{router_namespace(name)}", "nft", "list", "ruleset"])
    return loaded(name, "ruleset") == f"{digest(name, [RULESET])} {hashlib.sha256(shown.encode()).hexdigest()}"


def _network(text: str, is_ipv6: bool) -> str:
    if text == "default":
        return "::/0" if is_ipv6 else "0.0.0.0/0"
    return text if "/" in text else f"{text}/{128 if is_ipv6 else 32}"


def _described(link: Mapping[str, Any], floating: Collection[str]) -> dict[str, Any]:
    held = [f"{item['local']}/{item['prefixlen']}" for item in link["addr_info"] if item["scope"] == "global"]
    addresses = [address for address in held if address not in floating]
    return {
        "mac": link["address"],
        "mtu": link["mtu"],
        "up": "UP" in link["flags"],
        "addresses": sorted(addresses),
        "network": link.get("ifalias", ""),
    }


def remove(name: str) -> None:
    """Remove a router's namespace, and the cables that stay when it is made anew."""
    run([PROGRAM, "remove", name], _SECONDS)


def change(wish: RouterWish, plan: RouterPlan) -> None:
    """Bring the namespace of a router that is up to what differs: its rules first."""
    if ("ruleset", wish.name) in plan.after or _ruleset_file_changed(wish, plan):
        run([PROGRAM, "load", wish.name], _SECONDS)
    gone = [key for kind, key in plan.delete if kind == "interface" and key.startswith(f"{wish.name} ")]
    new = [interface for interface in wish.interfaces if _key(wish, interface) in plan.create]
    if new:
        _batch((line for interface in new for line in link_lines(interface, wish.namespace)), "ip")
        run([PROGRAM, "devices", wish.name], _SECONDS)
    changed = [interface for interface in wish.interfaces if _key(wish, interface) in plan.update]
    _batch((f"link set dev {interface.port} mtu {interface.mtu}" for interface in changed), "ip")
    inside = [f"link delete dev {key.split(' ')[1]}" for key in gone]
    for interface in changed:
        inside += _changes(interface, plan.update[_key(wish, interface)][0])
    for interface in (*new, *changed):
        inside += interface_lines(interface)
    _batch([*inside, *_route_changes(wish, plan)], "ip", "-n", wish.namespace)


def _ruleset_file_changed(wish: RouterWish, plan: RouterPlan) -> bool:
    return any(kind == "file" and key.endswith(f"/{wish.name}/{RULESET}") for kind, key in plan.after)


def _key(wish: RouterWish, interface: Interface) -> tuple[str, str]:
    return "interface", f"{wish.name} {interface.name}"


def _changes(interface: Interface, before: Any) -> Iterator[str]:
    for address in sorted(set(before["addresses"]) - set(interface.addresses)):
        yield f"address delete {address} dev {interface.name}"


def _route_changes(wish: RouterWish, plan: RouterPlan) -> Iterator[str]:
    key = ("routes", wish.name)
    before: Any = plan.before.get(key, ())
    routes = [(route.to, route.via) for route in wish.routes if not route.floating]
    yield from (f"route delete {to} via {via}" for to, via in before if (to, via) not in routes)
    if key in plan.after or any(kind == "interface" for kind, _key in plan.after):
        yield from (f"route replace {to} via {via}" for to, via in routes)


def _batch(lines: Iterable[str], *ip: str) -> None:
    text = "".join(f"{line}\n" for line in lines)
    if text:
        run([*ip, "-batch", "-"], _SECONDS, text)
