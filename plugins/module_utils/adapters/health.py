# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether ovs-vswitchd made of an interface what the database asks for.

A transaction succeeds with names, types and tunnels that the datapath then refuses: the truth is in the columns
``error`` and ``ofport`` of the Interface row (ovs-vswitchd.conf.db(5)).
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Interface

_ABSENT = ("No such device", "does not exist")


def ailments(snapshot: Snapshot, interfaces: Iterable[Interface]) -> tuple[list[str], list[str]]:
    """Return what is wrong with the interfaces as (devices that are missing, everything else), in sentences."""
    missing, broken = [], []
    for interface in interfaces:
        row = snapshot.interfaces.get(interface.name)
        if row is None:  # check mode: it would be made
            continue
        error, ofport = row.columns["error"], row.columns["ofport"]
        requested = interface.columns.get("ofport_request")
        if error and any(phrase in error for phrase in _ABSENT):
            missing.append(f"interface {interface.name}: {error}")
        elif error:
            broken.append(f"interface {interface.name}: {error}")
        elif ofport == -1:
            broken.append(f"interface {interface.name}: Open vSwitch could not add it; see ovs-vswitchd.log")
        elif requested is not None and ofport is not None and ofport != requested:
            broken.append(f"interface {interface.name}: it got ofport {ofport}, not {requested}, which is taken")
    return missing, broken
