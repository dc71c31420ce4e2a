# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted routers: every value parsed, every fault reported at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import (
    ip_network,
    prefixed_address,
    unicast_address,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ipsec import ipsec_files
from ansible_collections.tenantry.sdn.plugins.module_utils.model.ipsec_input import parse_ipsec
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router import (
    FILES,
    RULESET,
    SERVICES,
    Interface,
    Route,
    RouterWish,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.model.wireguard import tunnel_files
from ansible_collections.tenantry.sdn.plugins.module_utils.model.wireguard_input import parse_tunnel
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    identifier,
    integer,
    interface_name,
    mac_address,
    path_of,
    shown,
)

_MTU = integer(68, 65535)  # RFC 791 asks every link for the former; an IPv4 packet is no larger than the latter


def parse_routers(params: Mapping[str, Any]) -> tuple[str, Sequence[RouterWish]]:
    """Return the owner and the wanted routers, or raise InvalidInput with all faults."""
    faults = Faults()
    owner = parse_task(faults, {"owner": params["owner"]}) or ""
    secrets = params["secrets"]
    wishes = [_router(faults, path_of("routers", at), given, secrets) for at, given in enumerate(params["routers"])]
    for key, holder in (("name", "router"), ("port", "cable"), ("interface", "cable")):
        _refuse_twins(faults, _names(params["routers"], key), holder)
    if not wishes and not params["allow_empty"]:
        what = "an empty list would remove every router of the owner; if you mean it, set allow_empty: true"
        faults.add("routers", what)
    faults.raise_any()
    return owner, wishes


def _names(routers: Sequence[Mapping[str, Any]], key: str) -> list[tuple[str, Any]]:
    if key == "name":
        return [(path_of("routers", at, "name"), router["name"]) for at, router in enumerate(routers)]
    option = "port" if key == "port" else "name"
    return [
        (path_of("routers", at, "interfaces", index, option), interface[option])
        for at, router in enumerate(routers)
        for index, interface in enumerate(router["interfaces"])
    ]


def _refuse_twins(faults: Faults, names: Sequence[tuple[str, Any]], thing: str) -> None:
    first: dict[Any, str] = {}
    for path, name in names:
        if first.setdefault(name, path) != path:
            faults.add(path, f"{shown(name)} is taken by {first[name]}; a {thing} has a name of its own")


def router_name(value: Any) -> str:
    """Parse the full name of a router, ``tenant.router``: it becomes part of the names of files and units."""
    if not isinstance(value, str) or value.count(".") != 1:
        raise ValueError(f"{shown(value)} is no router; write it as 'tenant.router'")
    return ".".join(map(identifier, value.split(".")))


def _router(faults: Faults, path: str, given: Mapping[str, Any], secrets: Mapping[str, Any]) -> RouterWish:
    tunnel = parse_tunnel(faults, f"{path}.wireguard", given["wireguard"], secrets)
    ipsec = parse_ipsec(faults, f"{path}.ipsec", given["ipsec"], secrets)
    interfaces = [
        _interface(faults, f"{path}.interfaces[{index}]", interface)
        for index, interface in enumerate(given["interfaces"])
    ]
    return RouterWish(
        name=faults.parse(f"{path}.name", router_name, given["name"]) or "",
        interfaces=interfaces,
        routes=[_route(faults, f"{path}.routes[{at}]", route) for at, route in enumerate(given["routes"])],
        files={
            **_files(faults, f"{path}.files", given["files"]),
            **(tunnel_files(tunnel) if tunnel else {}),
            **(ipsec_files(ipsec) if ipsec else {}),
        },
        wireguard=tunnel,
        ipsec=ipsec,
        secrets={name: str(secrets.get(name)) for vpn in (tunnel, ipsec) if vpn for name in vpn.secrets},
    )


def _interface(faults: Faults, path: str, given: Mapping[str, Any]) -> Interface:
    def parsed(key: str, parser: Any) -> Any:
        return faults.parse(f"{path}.{key}", parser, given[key])

    def addresses(key: str) -> tuple[str, ...]:
        found = [faults.parse(f"{path}.{key}[{at}]", prefixed_address, value) for at, value in enumerate(given[key])]
        return tuple(filter(None, found))

    return Interface(
        name=parsed("name", interface_name),
        port=parsed("port", interface_name),
        network=parsed("network", _network_name),
        mac=parsed("mac", mac_address),
        mtu=parsed("mtu", _MTU),
        addresses=addresses("addresses"),
        floating=addresses("floating"),
    )


def _network_name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no network; write it as 'tenant.network'")
    return ".".join(map(identifier, value.split(".")))


def _route(faults: Faults, path: str, given: Mapping[str, Any]) -> Route:
    to = faults.parse(f"{path}.to", ip_network, given["to"])
    via = faults.parse(f"{path}.via", unicast_address, given["via"])
    return Route(to or "", via or "", given["floating"])


def _files(faults: Faults, path: str, given: Mapping[Any, Any]) -> dict[str, str]:
    for name, content in given.items():
        if name not in FILES:
            faults.add(f"{path}.{name}", f"unknown file; known are {', '.join(sorted(FILES))}")
        elif not isinstance(content, str):
            faults.add(f"{path}.{name}", "is no text; write what the file holds")
    if RULESET not in given:
        faults.add(f"{path}.{RULESET}", "missing; a router without rules would pass everything")
    for service in SERVICES.values():
        part = [name for name in service.lists if name in given and service.configuration not in given]
        for name in part:
            faults.add(f"{path}.{name}", f"belongs to {service.configuration}, which is missing; write both")
    return {str(name): str(content) for name, content in given.items()}
