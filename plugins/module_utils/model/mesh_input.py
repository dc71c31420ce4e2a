# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's meshes to the wanted tunnel ports of a bridge: every value parsed, every fault reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import INTERFACE, PORT, parse_columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Bridge, Interface, Port
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS, check_dst_port, identity
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY, tunnel_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    boolean,
    integer,
    interface_name,
    one_of,
    path_of,
    shown,
    text,
)

_PORT_COLUMNS = {column: PORT[column] for column in ("tag", "protected")}
_INTERFACE_COLUMNS = {"bfd": INTERFACE["bfd"]}


def parse_meshes(params: Mapping[str, Any]) -> Bridge:
    """Return the bridge with the wanted tunnels as its ports, or raise InvalidInput with all faults."""
    faults = Faults()
    bridge = faults.parse("bridge", interface_name, params["bridge"]) or ""
    faults.parse("max_removed", integer(0, 2**31 - 1), params.get("max_removed", 0))
    owner = parse_task(faults, params)
    ports: list[Port] = []
    for path, mesh in meshes_of(params):
        ports += _tunnels(faults, path, mesh, owner)
    if not faults:  # of values that could not be read nobody knows whether they are the same
        _refuse_duplicates(faults, ports)
    _refuse_contradictions(faults, params)
    faults.raise_any()
    return Bridge(bridge, ports=tuple(ports))


def meshes_of(params: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield (path, options) of each mesh, the task's own options being defaults of those in ``networks``."""
    if params.get("networks") is None:
        yield "", params
        return
    for index, network in enumerate(params["networks"]):
        given = {option: value for option, value in network.items() if value is not None}
        yield f"{path_of('networks', index)}.", {**params, **given}


def _tunnels(faults: Faults, path: str, mesh: Mapping[str, Any], owner: str | None) -> Iterable[Port]:
    name = faults.parse(f"{path}name", _mesh_name, mesh.get("name"))
    kind = faults.parse(f"{path}type", one_of(tuple(KEY_BITS)), mesh["type"])
    if name is None or kind is None or mesh["state"] == "absent":
        return
    local = _local(faults, path, mesh)
    options = _options(faults, path, kind, mesh)
    if local is not None:
        options["local_ip"] = local
    marks = {MESH_KEY: name} if owner is None else {MESH_KEY: name, OWNER_KEY: owner}
    columns = parse_columns(faults, path, _PORT_COLUMNS, mesh)
    interface = {"type": kind, **parse_columns(faults, path, _INTERFACE_COLUMNS, mesh)}
    for remote in _remotes(faults, path, mesh, local):
        port = tunnel_name(kind, name, local, remote, options.get("key"), options.get("dst_port"))
        tunnel = {**interface, "options": {**options, "remote_ip": remote}}
        yield Port(port, columns, (Interface(port, tunnel),), listed=True, marks=marks)


def _mesh_name(value: Any) -> str:
    if value is None:
        raise ValueError("is missing; write a short word, as the network's name")
    name = text(value)
    if not name or name != name.strip() or len(name) > 130:
        raise ValueError(f"{shown(name)} is no mesh name; write 1 to 130 characters without spaces around them")
    return name


def _local(faults: Faults, path: str, mesh: Mapping[str, Any]) -> str | None:
    if mesh.get("local_ip") is None:
        return None
    return faults.parse(f"{path}local_ip", unicast_address, mesh["local_ip"])


def _remotes(faults: Faults, path: str, mesh: Mapping[str, Any], local: str | None) -> Iterable[str]:
    remotes: Sequence[Any] | None = mesh.get("remotes")
    if remotes is None:
        faults.add(f"{path}remotes", "is missing; write the addresses of the other hosts as a list")
    seen: set[str] = set()
    for index, value in enumerate(remotes or ()):
        try:
            remote = unicast_address(value)
            _refuse_remote(remote, local, seen)
        except ValueError as error:
            faults.add(path_of(f"{path}remotes", index), str(error))
        else:
            seen.add(remote)
            yield remote


def _refuse_remote(remote: str, local: str | None, seen: Set[str]) -> None:
    if remote in seen:
        raise ValueError(f"{remote} is listed twice; list each remote once")
    if remote == local:
        raise ValueError(f"{remote} is local_ip too; a tunnel ends at another host")
    if local and family(remote) != family(local):
        raise ValueError(f"{remote} and local_ip {local} are not of one family; write both as IPv4 or both as IPv6")


def _options(faults: Faults, path: str, kind: str, mesh: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the options that all tunnels of the mesh share, as strings, as OVSDB holds them."""
    options: dict[str, str | None] = {}
    key = mesh.get("key")
    if key is not None and key != "":
        number = "flow" if key == "flow" else faults.parse(f"{path}key", integer(0, 2 ** KEY_BITS[kind] - 1), key)
        options["key"] = str(number)
    for option in ("csum", "df_default"):
        if mesh.get(option) is not None:
            options[option] = "true" if faults.parse(f"{path}{option}", boolean, mesh[option]) else "false"
    if mesh.get("dst_port") is not None:
        check_dst_port(faults, f"{path}dst_port", kind, mesh["dst_port"])
        options["dst_port"] = str(mesh["dst_port"])
    if mesh.get("psk") is not None:
        options["psk"] = faults.parse(f"{path}psk", _secret, mesh["psk"]) or None
    return options


def _secret(value: Any) -> str:
    try:
        return text(value)
    except ValueError:
        raise ValueError("the pre-shared key (not shown) holds a control character; write printable text") from None


def _refuse_duplicates(faults: Faults, ports: Iterable[Port]) -> None:
    """Two tunnels of one task that Open vSwitch could not tell apart: it would make the first alone."""
    seen: dict[Any, str] = {}
    for port in ports:
        (interface,) = port.interfaces
        mesh = str(port.marks[MESH_KEY])
        other = seen.setdefault(identity(interface.columns), mesh)
        if other != mesh:
            remote = interface.columns["options"]["remote_ip"]
            faults.add(
                f"networks '{other}' and '{mesh}'",
                f"both have a tunnel of one type, key and local_ip to {remote}; give each network a key of its own",
            )


def _refuse_contradictions(faults: Faults, params: Mapping[str, Any]) -> None:
    networks = params.get("networks")
    if networks is not None:
        for option in ("name", "remotes"):
            if params.get(option) is not None:
                faults.add(option, "belongs to a single mesh; write it in each of networks[], or leave networks out")
        names = [network.get("name") for network in networks]
        for name in sorted({str(name) for name in names if names.count(name) > 1}):
            faults.add("networks", f"'{name}' is listed twice; list each network once")
    listed, what = ("remotes", "mesh") if networks is None else ("networks", "owner")
    emptied = params.get(listed) == [] and params["state"] == "present"
    if emptied and params.get("owner") is not None and not params.get("allow_empty"):
        fault = f"an empty list would remove every tunnel of the {what}; if you mean it, set allow_empty: true"
        faults.add(listed, fault)
