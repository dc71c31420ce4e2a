# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the network namespaces of virtual routers: interfaces, routes and rules, and changes of them."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.command import run
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_files import digest, loaded
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import is_router_link, router_namespace
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router import (
    PROGRAM,
    RULESET,
    Interface,
    RouterPlan,
    RouterWish,
    interface_lines,
    link_lines,
)

_SECONDS = 60
_PATIENCE = 3  # seconds for keepalived to let go
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
    return {
        "mac": link["address"],
        "mtu": link["mtu"],
        "up": "UP" in link["flags"],
        "addresses": sorted(address for address in _held(link) if address not in floating),
        "network": link.get("ifalias", ""),
    }


def _held(link: Mapping[str, Any]) -> list[str]:
    return [f"{item['local']}/{item['prefixlen']}" for item in link["addr_info"] if item["scope"] == "global"]


def remove(name: str) -> None:
    """Remove a router's namespace, and the cables that stay when it is made anew."""
    run([PROGRAM, "remove", name], _SECONDS)


def change(wish: RouterWish, plan: RouterPlan) -> None:
    """Bring the namespace of a router that is up to what differs, its rules first; but see ``let_go``."""
    if ("ruleset", wish.name) in plan.after or _ruleset_file_changed(wish, plan):
        run([PROGRAM, "load", wish.name], _SECONDS)
    new = [interface for interface in wish.interfaces if _key(wish, interface) in plan.create]
    if new:
        _batch((line for interface in new for line in link_lines(interface, wish.namespace)), "ip")
        run([PROGRAM, "devices", wish.name], _SECONDS)
    changed = [interface for interface in wish.interfaces if _key(wish, interface) in plan.update]
    _batch((f"link set dev {interface.port} mtu {interface.mtu}" for interface in changed), "ip")
    inside = [] if wish.is_redundant else [*_removals(wish)]
    for interface in (*new, *changed):
        inside += interface_lines(interface)
    _batch([*inside, *_route_changes(wish, plan)], "ip", "-n", wish.namespace)


def let_go(wish: RouterWish) -> None:
    """Remove what a router on two hypervisors shall not have any more, once its keepalived was told.

    It takes the loss of an address that its file has for a fault, and gives up all of them. Told of it, it removes the
    address itself in a moment.
    """
    until = time.monotonic() + _PATIENCE
    while any(addresses for _name, addresses in _unwanted(wish)) and time.monotonic() < until:
        time.sleep(0.02)
    _batch(_removals(wish), "ip", "-n", wish.namespace)


def _removals(wish: RouterWish) -> Iterator[str]:
    wanted = {interface.name for interface in wish.interfaces}
    for name, addresses in _unwanted(wish):
        if name in wanted:
            yield from (f"address delete {address} dev {name}" for address in addresses)
        else:
            yield f"link delete dev {name}"


def _unwanted(wish: RouterWish) -> list[tuple[str, list[str]]]:
    """Return of each interface that there is the addresses that it shall not have."""
    wanted = {interface.name: {*interface.addresses, *interface.floating} for interface in wish.interfaces}
    there = {link["ifname"]: _held(link) for link in _show(wish.name)[0] if is_router_link(link["ifname"])}
    return [(name, sorted({*held} - wanted.get(name, set()))) for name, held in there.items()]


def _ruleset_file_changed(wish: RouterWish, plan: RouterPlan) -> bool:
    return any(kind == "file" and key.endswith(f"/{wish.name}/{RULESET}") for kind, key in plan.after)


def _key(wish: RouterWish, interface: Interface) -> tuple[str, str]:
    return "interface", f"{wish.name} {interface.name}"


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
