# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's options to the wanted bridge: every value parsed, every fault of the task reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import (
    BRIDGE,
    CONTROLLER,
    INTERFACE,
    PORT,
    Column,
    controller_target,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import (
    Bridge,
    Columns,
    Controller,
    Interface,
    Port,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS
from ansible_collections.tenantry.sdn.plugins.module_utils.names import OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    interface_name,
    known_keys,
    path_of,
    text,
)

BOND_ONLY = ("bond_mode", "lacp", "bond_updelay", "bond_downdelay")
_INTERFACE_OF_PORT = ("type", "options", "mac", "mtu_request", "ofport_request")


def parse_bridge(params: Mapping[str, Any]) -> Bridge:
    """Return the wanted bridge, or raise InvalidInput with all faults."""
    faults = Faults()
    name = faults.parse("name", interface_name, params["name"]) or ""
    ports = params.get("ports")
    controllers = params.get("controllers")
    owner = _owner(faults, params.get("owner"))
    bridge = Bridge(
        name=name,
        columns=_marked(parse_columns(faults, "", BRIDGE, params), owner),
        ports=None if ports is None else tuple(_ports(faults, ports, owner, name)),
        controllers=None if controllers is None else tuple(_controllers(faults, controllers)),
    )
    _refuse_contradictions(faults, params)
    faults.raise_any()
    return bridge


def _owner(faults: Faults, owner: Any) -> str | None:
    return None if owner is None else faults.parse("owner", owner_name, owner)


def owner_name(value: Any) -> str:
    """Parse an owner mark: one word of printable text, since it is shown, compared and stored as it is."""
    name = text(value)
    if not name or name != name.strip() or len(name) > 63:
        raise ValueError("an owner is 1 to 63 characters without spaces around them; write a short name as 'dc1'")
    return name


def _marked(columns: Columns, owner: str | None) -> Columns:
    if owner is None:
        return columns
    return {**columns, "external_ids": {**columns.get("external_ids", {}), OWNER_KEY: owner}}


def parse_columns(
    faults: Faults, path: str, table: Mapping[str, Column], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Parse the columns that were given; one that is None was not."""
    columns = {}
    for name, column in table.items():
        value = given.get(name)
        if value is not None:
            columns[name] = faults.parse(f"{path}{name}", column.parse, value)
    return columns


def _controllers(faults: Faults, given: Sequence[Mapping[str, Any]]) -> Iterable[Controller]:
    targets = set()
    for index, item in enumerate(given):
        path = path_of("controllers", index)
        target = faults.parse(f"{path}.target", controller_target, item["target"])
        if target in targets:
            faults.add(f"{path}.target", f"'{target}' is listed twice; list each controller once")
        targets.add(target)
        yield Controller(target or "", parse_columns(faults, f"{path}.", CONTROLLER, item))


def _ports(faults: Faults, given: Sequence[Mapping[str, Any]], owner: str | None, bridge: str) -> Iterable[Port]:
    holders: dict[str, str] = {}
    seen = set()
    for index, item in enumerate(given):
        path = path_of("ports", index)
        port = _local_port(faults, path, item) if item.get("name") == bridge else _port(faults, path, item, owner)
        if port.name in seen:
            faults.add(f"{path}.name", f"port '{port.name}' is listed twice; list each port once")
        seen.add(port.name)
        for interface in port.interfaces if port.present else ():
            other = holders.setdefault(interface.name, port.name)
            if other != port.name:
                faults.add(path, f"interface '{interface.name}' is in port '{other}' too; an interface has one port")
        yield port


def _port(faults: Faults, path: str, given: Mapping[str, Any], owner: str | None) -> Port:
    name = faults.parse(f"{path}.name", interface_name, given["name"]) or ""
    if given.get("state") == "absent":
        return Port(name, present=False)
    columns = parse_columns(faults, f"{path}.", PORT, given)
    if given.get("interfaces") is None:
        interfaces = [_single_interface(faults, path, name, given)]
        _refuse_options(faults, path, given, BOND_ONLY, "is for bonds; list the bond's members in interfaces")
    else:
        interfaces = list(_listed_interfaces(faults, path, given["interfaces"]))
        _refuse_options(faults, path, given, _INTERFACE_OF_PORT, "belongs to an interface; write it in interfaces[]")
    _refuse_vlan_contradictions(faults, path, columns)
    return Port(name, _marked(columns, owner), tuple(interfaces))


def _local_port(faults: Faults, path: str, given: Mapping[str, Any]) -> Port:
    """Return the port that every bridge has: the bridge's own device, never marked and never removed."""
    port = _port(faults, path, given, None)
    if not port.present:
        faults.add(f"{path}.state", "a bridge always has the port of its own name; leave it out")
        return port
    interfaces = tuple(Interface(each.name, {"type": "internal", **each.columns}) for each in port.interfaces)
    return Port(port.name, port.columns, interfaces)


def _single_interface(faults: Faults, path: str, name: str, given: Mapping[str, Any]) -> Interface:
    table = {column: INTERFACE[column] for column in _INTERFACE_OF_PORT}
    return _checked(faults, path, Interface(name, parse_columns(faults, f"{path}.", table, given)))


def _listed_interfaces(faults: Faults, path: str, given: Sequence[Any]) -> Iterable[Interface]:
    if not given:
        faults.add(f"{path}.interfaces", "an empty list; name the members, or leave interfaces out for a single port")
    names = set()
    for index, item in enumerate(given):
        here = path_of(f"{path}.interfaces", index)
        fields = item if isinstance(item, Mapping) else {"name": item}
        known_keys(faults, here, fields, ["name", *INTERFACE])
        name = faults.parse(f"{here}.name", interface_name, fields.get("name")) or ""
        if name in names:
            faults.add(here, f"interface '{name}' is listed twice; list each member once")
        names.add(name)
        yield _checked(faults, here, Interface(name, parse_columns(faults, f"{here}.", INTERFACE, fields)))


def _checked(faults: Faults, path: str, interface: Interface) -> Interface:
    """Record what Open vSwitch would take without a word, and then not do."""
    kind, options = interface.columns.get("type") or "", interface.columns.get("options") or {}
    if kind == "patch" and not options.get("peer"):
        faults.add(f"{path}.options.peer", "a patch port needs the name of its peer port; write options: {peer: NAME}")
    if kind in KEY_BITS:
        check_tunnel_options(faults, f"{path}.options", kind, options)
    return interface


def check_tunnel_options(faults: Faults, path: str, kind: str, options: Mapping[str, Any]) -> None:
    """Check addresses and keys: Open vSwitch cuts a key that is too large and reports success."""
    for name in ("remote_ip", "local_ip"):
        value = options.get(name)
        if value not in (None, "flow"):
            faults.parse(f"{path}.{name}", unicast_address, value)
    if options.get("remote_ip") is None:
        faults.add(f"{path}.remote_ip", "a tunnel needs the address of its other end; write an IP address, or flow")
    if options.get("remote_ip") == options.get("local_ip") != "flow" and options.get("local_ip"):
        faults.add(f"{path}.remote_ip", f"{options['remote_ip']} is local_ip too; a tunnel ends at another host")
    if options.get("psk") is not None:
        faults.add(f"{path}.psk", "a secret would be logged here; use psk of tenantry.sdn.ovs_gre_mesh")
    for name in ("key", "in_key", "out_key"):
        if options.get(name) not in (None, "flow"):
            faults.parse(f"{path}.{name}", integer(0, 2 ** KEY_BITS[kind] - 1), options[name])


def _refuse_options(faults: Faults, path: str, given: Mapping[str, Any], names: Iterable[str], why: str) -> None:
    for name in names:
        if given.get(name) is not None:
            faults.add(f"{path}.{name}", why)


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
            faults.add("purge", "nothing is removed unless it is marked as ours; set owner too")
        if params.get("adopt"):
            faults.add("adopt", "without owner a task manages what it names, whoever made it; leave adopt out")
    elif params.get("ports") == [] and params.get("purge") and not params.get("allow_empty"):
        faults.add("ports", "an empty list would remove every port of this owner; if you mean it, set allow_empty: true")
