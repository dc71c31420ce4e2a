# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much an owner has on a host, by the module that made it.

Where that is nothing and nothing is wanted, a role need not run the module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters import plugged, router_owners, sealed
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ovsdb import Operation, Ovsdb
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY, POLICING_KEY

# Of each module, the rows that it makes: table, and the key of external_ids that holds the owner there.
_MADE_BY: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ovs_gre_mesh": (("Port", OWNER_KEY),),
    "ovs_qos": (("QoS", OWNER_KEY), ("Queue", OWNER_KEY), ("Interface", POLICING_KEY)),
    "ovs_mirror": (("Mirror", OWNER_KEY),),
    "ovs_flow_export": tuple(
        (table, OWNER_KEY) for table in ("NetFlow", "sFlow", "IPFIX", "Flow_Sample_Collector_Set")
    ),
    "ovs_ssl": (("SSL", OWNER_KEY),),
}


def holdings(ovsdb: Ovsdb, owner: str, bridge: str) -> dict[str, int]:
    """Return how many rows of each module bear the owner's mark, which ovsdb-server picks, and how many plugs do.

    Flows have no owner in the database. Of those the files are counted that the bridge comes back with, whoever's.
    """
    places = [(module, table, key) for module, made in _MADE_BY.items() for table, key in made]
    results = ovsdb.transact([_marked(table, key, owner) for _module, table, key in places])
    counts = dict.fromkeys(_MADE_BY, 0)
    for (module, table, _key), result in zip(places, results):
        counts[module] += sum(table != "Port" or _is_tunnel(row) for row in result["rows"])
    return {
        **counts,
        "of_flow": len(sealed.names_in(sealed.flows_of(bridge))),
        "hybrid_plug": plugged.count(owner),
        "routed_port": plugged.routed(owner),
        "virtual_router": router_owners.count(owner),
        "gateway_address": len(sealed.names_in(sealed.gateways_of(owner))),
    }


def _marked(table: str, key: str, owner: str) -> Operation:
    mark = ["external_ids", "includes", ["map", [[key, owner]]]]
    columns = ["_uuid", "external_ids"]  # without the first, rows that are alike are one (RFC 7047, 5.2.2)
    return {"op": "select", "table": table, "where": [mark], "columns": columns}


def _is_tunnel(port: Mapping[str, Any]) -> bool:
    """Say whether a port is of a mesh; ovs_bridge makes ports too."""
    return any(key == MESH_KEY for key, _mesh in port["external_ids"][1])
