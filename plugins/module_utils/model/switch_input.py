# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted bridge: every value parsed, every fault of the task reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import (
    BRIDGE,
    CONTROLLER,
    INTERFACE,
    PORT,
    controller_target,
    parse_columns,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import (
    Bridge,
    Columns,
    Controller,
    Interface,
    Marks,
    Port,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS, check_tunnel_options
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    interface_name,
    known_keys,
    path_of,
)

INTERFACE_OF_PORT = ("type", "options", "mac", "mtu_request", "ofport_request")


def parse_bridge(params: Mapping[str, Any]) -> Bridge:
    """Return the wanted bridge, or raise InvalidInput with all faults."""
    faults = Faults()
    name = faults.parse("name", interface_name, params["name"]) or ""
    ports = params.get("ports")
    controllers = params.get("controllers")
    owner = parse_task(faults, params)
    bridge = Bridge(
        name=name,
        columns=parse_columns(faults, "", BRIDGE, params),
        marks={} if owner is None else {OWNER_KEY: owner},
        ports=None if ports is None else tuple(_ports(faults, ports, owner, name)),
        controllers=None if controllers is None else tuple(_controllers(faults, controllers)),
    )
    _refuse_contradictions(faults, params)
    faults.raise_any()
    return bridge


def _controllers(faults: Faults, given: Sequence[Mapping[str, Any]]) -> Iterable[Controller]:
    targets = set()
    for index, item in enumerate(given):
        path = path_of("controllers", index)
        target = faults.parse(f"{path}.target", controller_target, item["target"])
        if target is not None and target in targets:
            faults.add(f"{path}.target", f"'{target}' is listed twice; list each controller once")
        targets.add(target)
        yield Controller(target or "", parse_columns(faults, f"{path}.", CONTROLLER, item))


def _ports(faults: Faults, given: Sequence[Mapping[str, Any]], owner: str | None, bridge: str) -> list[Port]:
    marks = {} if owner is None else {OWNER_KEY: owner, MESH_KEY: None}  # one taken over leaves its mesh
    ports = []
    for index, item in enumerate(given):
        path = path_of("ports", index)
        port = _port(faults, path, item, marks)
        ports.append(_local_port(faults, path, port) if port.name == bridge else port)
    _refuse_duplicates(faults, ports)
    return ports


def _port(faults: Faults, path: str, given: Mapping[str, Any], marks: Marks) -> Port:
    name = faults.parse(f"{path}.name", interface_name, given["name"]) or ""
    if given.get("state") == "absent":
        return Port(name, present=False)
    columns = parse_columns(faults, f"{path}.", PORT, given)
    _refuse_vlan_contradictions(faults, path, columns)
    if given.get("interfaces") is None:
        return Port(name, columns, (_single_interface(faults, path, name, given),), marks=marks)
    for option in INTERFACE_OF_PORT:
        if given.get(option) is not None:
            faults.add(f"{path}.{option}", "belongs to an interface; write it in interfaces[]")
    return Port(name, columns, tuple(_listed_interfaces(faults, path, given["interfaces"])), listed=True, marks=marks)


def _local_port(faults: Faults, path: str, port: Port) -> Port:
    """Return the bridge's own port, which Open vSwitch makes an internal one whatever we write."""
    if not port.present:
        faults.add(path, "the bridge's own port stays as long as the bridge; leave it out, or remove the bridge")
        return port
    if [interface.name for interface in port.interfaces] != [port.name]:
        faults.add(f"{path}.interfaces", "the bridge's own port has the one of its name; leave interfaces out")
    columns = port.interfaces[0].columns if port.interfaces else {}
    if columns.get("type", "internal") != "internal":
        faults.add(f"{path}.type", "the bridge's own port is internal; leave type out")
    return port._replace(interfaces=(Interface(port.name, {"type": "internal", **columns}),), marks={})


def _single_interface(faults: Faults, path: str, name: str, given: Mapping[str, Any]) -> Interface:
    table = {column: INTERFACE[column] for column in INTERFACE_OF_PORT}
    return _checked(faults, path, Interface(name, parse_columns(faults, f"{path}.", table, given)))


def _listed_interfaces(faults: Faults, path: str, given: Sequence[Any]) -> Iterable[Interface]:
    if not given:
        faults.add(f"{path}.interfaces", "is empty; name the members, or leave interfaces out for a single port")
    for index, item in enumerate(given):
        here = path_of(f"{path}.interfaces", index)
        fields = item if isinstance(item, Mapping) else {"name": item}
        known_keys(faults, here, fields, ["name", *INTERFACE])
        if fields.get("name") is None:
            faults.add(f"{here}.name", "is missing; write the name of the interface")
            continue
        name = faults.parse(f"{here}.name", interface_name, fields["name"]) or ""
        yield _checked(faults, here, Interface(name, parse_columns(faults, f"{here}.", INTERFACE, fields)))


def _checked(faults: Faults, path: str, interface: Interface) -> Interface:
    """Record what Open vSwitch would take without a word, and then not do."""
    kind, options = interface.columns.get("type"), interface.columns.get("options") or {}
    if kind == "patch" and options.get("peer") is not None:
        faults.parse(f"{path}.options.peer", interface_name, options["peer"])
        if options["peer"] == interface.name:
            faults.add(f"{path}.options.peer", "a patch port cannot be its own peer; name the port at the other end")
    if kind in KEY_BITS:
        check_tunnel_options(faults, f"{path}.options", kind, options)
    if options.get("psk") is not None:  # Ansible keeps single options out of the log, but not parts of a mapping
        faults.add(
            f"{path}.options.psk", "a key here would show in logs; let tenantry.sdn.ovs_gre_mesh make the tunnel"
        )
    return interface


def _refuse_duplicates(faults: Faults, ports: Sequence[Port]) -> None:
    """Each port once, each interface in one port, each OpenFlow port number for one interface."""
    names: set[str] = set()
    holders: dict[str, int] = {}
    requests: dict[int, str] = {}
    for index, port in enumerate(ports):
        path = path_of("ports", index)
        if port.name and port.name in names:
            faults.add(f"{path}.name", f"port '{port.name}' is listed twice; list each port once")
            continue
        names.add(port.name)
        for interface in port.interfaces:
            if interface.name and interface.name in holders:
                other = f"in port '{ports[holders[interface.name]].name}' already"
                faults.add(path, f"interface '{interface.name}' is {other}; list each interface once")
            holders.setdefault(interface.name, index)
            number = interface.columns.get("ofport_request")
            if number is not None and requests.setdefault(number, interface.name) != interface.name:
                other = requests[number]
                faults.add(path, f"ofport_request {number} is wanted by '{other}' too; give each its own number")


def _refuse_vlan_contradictions(faults: Faults, path: str, columns: Columns) -> None:
    mode, tag, trunks = columns.get("vlan_mode"), columns.get("tag"), columns.get("trunks")
    if mode in ("access", "native-tagged", "native-untagged", "dot1q-tunnel") and "tag" in columns and tag is None:
        faults.add(f"{path}.tag", f"vlan_mode {mode} needs a tag; write a number from 0 to 4095")
    if mode == "access" and trunks:
        faults.add(f"{path}.trunks", "an access port carries its tag alone; leave trunks out, or set vlan_mode: trunk")
    if mode == "trunk" and tag is not None:
        faults.add(f"{path}.tag", "a trunk has no tag; leave it out, or set vlan_mode: native-untagged")


def _refuse_contradictions(faults: Faults, params: Mapping[str, Any]) -> None:
    if params.get("owner") is None:
        if params.get("purge"):
            faults.add("purge", "only what is marked as ours is ever removed; set owner too")
    elif params.get("ports") == [] and params.get("purge") and not params.get("allow_empty"):
        faults.add("ports", "an empty list would remove every port of the owner; if you mean it, set allow_empty: true")
