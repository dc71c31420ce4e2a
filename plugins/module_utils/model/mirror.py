# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mirrors: columns of Mirror (ovs-vswitchd.conf.db(5)), and the wanted mirrors of a task."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.model.attachment import Attachment, Attachments
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import (
    FLAG,
    Column,
    optional,
    parse_columns,
    set_of,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns
from ansible_collections.tenantry.sdn.plugins.module_utils.model.task_input import Listed, parse_task
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import (
    Faults,
    integer,
    interface_name,
    shown,
    text,
    vlan_id,
)

MIRROR: Mapping[str, Column] = {
    "select_all": FLAG,
    "select_src_port": set_of(interface_name),
    "select_dst_port": set_of(interface_name),
    "select_vlan": set_of(integer(0, 4095)),
    "output_port": optional(interface_name),
    "output_vlan": optional(vlan_id),
    "snaplen": optional(integer(14, 65535)),  # bytes
}
NEW: Columns = MappingProxyType(
    {
        "select_all": False,
        **dict.fromkeys(("select_src_port", "select_dst_port", "select_vlan"), frozenset()),
        **dict.fromkeys(("output_port", "output_vlan", "snaplen")),
    }
)  # a mirror of which nothing is said
PORTS = ("select_src_port", "select_dst_port", "output_port")  # columns that name ports of the bridge
OUTPUTS = ("output_port", "output_vlan")
_LISTED = Listed("mirrors", "name", "mirror", "mirror", MIRROR)
MOST = 32  # mirrors of a bridge: Open vSwitch leaves out the others (ofproto/ofproto-dpif-mirror.c, MAX_MIRRORS)


def parse_mirrors(params: Mapping[str, Any]) -> Attachments:
    """Return the wanted mirrors, or raise InvalidInput with all faults."""
    faults = Faults()
    bridge = faults.parse("bridge", interface_name, params["bridge"]) or ""
    parse_task(faults, params)
    mirrors = tuple(_mirror(faults, path, given) for path, given in _LISTED.items(faults, params))
    faults.raise_any()
    return Attachments(bridge, mirrors, frozenset({"Mirror"} if _LISTED.is_complete(params) else ()))


def _mirror(faults: Faults, path: str, given: Mapping[str, Any]) -> Attachment:
    place = "Mirror", faults.parse(f"{path}name", _mirror_name, given["name"]) or ""
    if given.get("state") == "absent":
        return Attachment(place, present=False)
    columns = parse_columns(faults, path, MIRROR, given)
    if columns.get("output_port") is not None and columns.get("output_vlan") is not None:
        faults.add(f"{path}output_vlan", "a mirror has one output; leave output_port or output_vlan out")
    for column, other in (OUTPUTS, OUTPUTS[::-1]):
        if columns.get(column) is not None:
            columns.setdefault(other, None)
    for column in ("select_src_port", "select_dst_port"):
        if columns.get("select_all") and columns.get(column):
            faults.add(f"{path}{column}", "select_all selects every port; leave one of the two out")
    return Attachment(place, columns)


def _mirror_name(value: Any) -> str:
    name = text(value)
    if not name or name != name.strip() or len(name) > 63:
        raise ValueError(f"{shown(name)} is no mirror name; write 1 to 63 characters without spaces around them")
    return name
