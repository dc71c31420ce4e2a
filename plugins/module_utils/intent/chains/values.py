# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains as the values that sg_rules takes."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.names import Names, Place
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.chains.permits import Values
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import Port


def chain(name: str, rules: Iterable[Values]) -> Values:
    return {"name": name, "rules": list(rules)}


def port_chain(port: Port, way: str, names: Names, first: Iterable[Values]) -> Values:
    """Return the chain that asks a port's groups about a packet, after what comes ``first``."""
    place = Place(port.tenant, port.network)
    asked = [
        {"target": names.group(way, place, group), "comment": f"group {port.tenant}.{group}"}
        for group in port.groups or ()
    ]
    refused = {"target": "DROP", "comment": f"{way} port {port.name}"}
    return chain(names.port(way, port.name), [*first, *asked, refused])
