# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OVSDB columns that we manage: their shape and what a user may write in them.

One table a kind of row, named as in ovs-vswitchd.conf.db(5). An option of a module is the column of the same name.
A value in memory is canonical, so that ``==`` decides whether it must be written: a scalar, None (an optional
column that is unset), a frozenset, or a dict of strings.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import ip_address
from ansible_collections.tenantry.sdn.plugins.module_utils.model.tunnel import KEY_BITS
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MARKS, PROTOCOLS
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    Parser,
    boolean,
    integer,
    mac_address,
    mapping,
    one_of,
    sequence,
    shown,
    text,
)

INTERFACE_TYPES = ("", "system", "internal", "tap", "patch", *KEY_BITS, "erspan", "gtpu", "bareudp", "srv6")
_DEFAULT_TYPE = {"system": ""}
VLAN_MODES = ("access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel")

_TARGET = (
    r"(?:(?:tcp|ssl):(?P<host>\[[0-9a-fA-F:.]+\]|[0-9.]+)(?::(?P<port>[0-9]{1,5}))?"
    r"|(?:ptcp|pssl):(?P<listen>[0-9]{1,5})?(?::\S+)?|(?:unix|punix):/\S+)"
)


class Kind(enum.Enum):
    """How many values a column holds, which decides how it is read, compared and cleared."""

    SCALAR = "exactly one"
    OPTIONAL = "none or one"
    SET = "a set"
    MAP = "a map of strings"


class Column(NamedTuple):  # cheaper than a dataclass where modules are compiled anew in each run
    kind: Kind
    parse: Parser[Any]
    synonyms: Mapping[str, str] = MappingProxyType({})  # other spellings in the database: canonical one


def optional(parse: Parser[Any]) -> Column:
    return Column(Kind.OPTIONAL, lambda value: None if value == "" else parse(value))


def set_of(parse: Parser[Any]) -> Column:
    return Column(Kind.SET, lambda value: frozenset(parse(item) for item in sequence(value)))


def _type(*kinds: str) -> Column:
    """A type of which "system" is the default, under two names."""

    def parse(value: Any) -> str:
        kind = one_of(kinds)(value)
        return _DEFAULT_TYPE.get(kind, kind)

    return Column(Kind.SCALAR, parse, _DEFAULT_TYPE)


def string_map(value: Any) -> dict[str, str | None]:
    """Parse a map of strings in which null stands for "remove this key"."""
    return {text(key): None if item is None else _map_item(key, item) for key, item in mapping(value).items()}


def _map_item(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"  # as Open vSwitch spells it; YAML's True would be another word
    try:
        return text(str(value) if isinstance(value, (int, float)) else value)
    except ValueError as error:
        raise ValueError(f"the value of '{key}': {error}") from None


def _external_ids(value: Any) -> dict[str, str | None]:
    ids = string_map(value)
    for key in MARKS:
        if key in ids:
            raise ValueError(f"{key} is how tenantry.sdn marks what it made; leave it out, and set owner instead")
    return ids


def controller_target(value: Any) -> str:
    """Parse an OpenFlow connection method (ovs-vswitchd.conf.db(5), Controller, target)."""
    target = text(value)
    match = re.fullmatch(_TARGET, target)
    if not match:
        fixed = target.replace(" ", ":", 1)
        hint = f"'{fixed}'" if re.fullmatch(_TARGET, fixed) else "tcp:IP:PORT, ssl:IP:PORT, ptcp:PORT or unix:/PATH"
        raise ValueError(f"{shown(target)} is no controller target; write {hint}")
    port = match["port"] or match["listen"]
    if port and not 1 <= int(port) <= 65535:
        raise ValueError(f"port {port} of {shown(target)} is out of range; write a number from 1 to 65535")
    if match["host"]:
        ip_address(match["host"].strip("[]"))
    return target


MAP = Column(Kind.MAP, string_map)
EXTERNAL_IDS = Column(Kind.MAP, _external_ids)
FLAG = Column(Kind.SCALAR, boolean)

BRIDGE: Mapping[str, Column] = {
    "datapath_type": _type("system", "netdev", ""),
    "fail_mode": optional(one_of(("standalone", "secure"))),
    "protocols": set_of(one_of(PROTOCOLS)),
    "rstp_enable": FLAG,
    "stp_enable": FLAG,
    "mcast_snooping_enable": FLAG,
    "flood_vlans": set_of(integer(0, 4095)),
    "external_ids": EXTERNAL_IDS,
    "other_config": MAP,
}
CONTROLLER: Mapping[str, Column] = {
    "connection_mode": optional(one_of(("in-band", "out-of-band"))),
    "inactivity_probe": optional(integer(0, 2**31 - 1)),  # milliseconds; 0 turns probing off
    "max_backoff": optional(integer(1000, 2**31 - 1)),  # milliseconds
    "controller_rate_limit": optional(integer(100, 2**31 - 1)),  # packet-in messages a second
    "controller_burst_limit": optional(integer(25, 2**31 - 1)),
}
PORT: Mapping[str, Column] = {
    "tag": optional(integer(0, 4095)),
    "trunks": set_of(integer(0, 4095)),
    "vlan_mode": optional(one_of(VLAN_MODES)),
    "bond_mode": optional(one_of(("active-backup", "balance-slb", "balance-tcp"))),
    "lacp": optional(one_of(("active", "passive", "off"))),
    "bond_updelay": Column(Kind.SCALAR, integer(0, 2**31 - 1)),  # milliseconds
    "bond_downdelay": Column(Kind.SCALAR, integer(0, 2**31 - 1)),  # milliseconds
    "protected": FLAG,
    "external_ids": EXTERNAL_IDS,
    "other_config": MAP,
}
BOND_ONLY = ("bond_mode", "lacp", "bond_updelay", "bond_downdelay")  # columns of Port
INTERFACE: Mapping[str, Column] = {
    "type": _type(*INTERFACE_TYPES),
    "options": MAP,
    "mac": optional(mac_address),
    "mtu_request": optional(integer(68, 65535)),  # bytes
    "ofport_request": optional(integer(1, 65279)),
    "bfd": MAP,
    "external_ids": EXTERNAL_IDS,
    "other_config": MAP,
}
SAMPLE: Mapping[str, Column] = {"id": Column(Kind.SCALAR, integer(0, 2**32 - 1))}  # Flow_Sample_Collector_Set
TABLES: Mapping[str, Mapping[str, Column]] = {
    "Bridge": BRIDGE,
    "Controller": CONTROLLER,
    "Port": PORT,
    "Interface": INTERFACE,
}


def parse_columns(faults: Faults, path: str, table: Mapping[str, Column], given: Mapping[str, Any]) -> dict[str, Any]:
    """Parse the columns that were given; one that is None was not."""
    columns = {}
    for name, column in table.items():
        value = given.get(name)
        if value is not None:
            try:
                columns[name] = column.parse(value)  # None is a value too: it clears the column
            except ValueError as error:
                faults.add(f"{path}{name}", str(error))
    return columns
