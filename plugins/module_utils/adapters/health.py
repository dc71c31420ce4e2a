# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether ovs-vswitchd made of an interface what the database asks for.

A transaction succeeds with names, types and tunnels that the datapath then refuses: the truth is in the columns
``error``, ``ofport`` and ``mtu`` of the Interface row (ovs-vswitchd.conf.db(5)).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Row, Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Columns, Interface
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_plug_link

_NO_DEVICE = ("No such device", "does not exist")
_NO_PEER = "No usable peer"  # the other half of a pair of patch ports, which another task makes


@dataclass
class Ailments:
    """What is wrong with interfaces, in sentences."""

    missing: list[str] = field(default_factory=list)  # network devices that are not there
    unpaired: list[str] = field(default_factory=list)  # patch ports without the other one
    broken: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)  # broken too, unless ovs-vswitchd reports better in a moment


def ailments(snapshot: Snapshot, interfaces: Iterable[Interface]) -> Ailments:
    found = Ailments()
    for interface in interfaces:
        row = snapshot.interfaces.get(interface.name)
        if row is not None:  # else this is check mode: it would be made
            _examine(found, row, interface.columns)
    return found


def _examine(found: Ailments, row: Row, wanted: Columns) -> None:
    error, ofport, who = row.columns["error"], row.columns["ofport"], f"interface {row.name}"
    requested, mtu = wanted.get("ofport_request"), wanted.get("mtu_request")
    if error and is_plug_link(row.name) and _is_missing(error):
        return  # hybrid_plug makes it, in a task after this one
    if error:
        _kind(found, error).append(f"{who}: {' '.join(error.split()).rstrip('.')}")
    elif ofport == -1:
        found.broken.append(f"{who}: Open vSwitch could not add it; see ovs-vswitchd.log")
    elif ofport is None:
        found.unsettled.append(f"{who}: Open vSwitch has no datapath for it; see datapath_type and ovs-vswitchd.log")
    elif requested not in (None, ofport):
        found.broken.append(f"{who}: it got ofport {ofport}, not {requested}, which is taken")
    elif mtu is not None and row.columns["mtu"] not in (None, mtu):
        found.unsettled.append(f"{who}: its MTU is {row.columns['mtu']}, as the device does not take {mtu}")


def _kind(found: Ailments, error: str) -> list[str]:
    if _NO_PEER in error:
        return found.unpaired
    return found.missing if _is_missing(error) else found.broken


def _is_missing(error: str) -> bool:
    return any(phrase in error for phrase in _NO_DEVICE)
