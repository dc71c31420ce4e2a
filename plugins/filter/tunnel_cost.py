# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter tunnel_cost."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tunnel_cost
short_description: How many tunnels a topology has, in all and per hypervisor
version_added: 0.1.0
description:
  - Counts the tunnels of a full mesh, a hub and spoke topology, or a placement of the tenants' ports, without making
    any of them.
  - A full mesh of 10,000 hypervisors is 49,995,000 tunnels, 9,999 at each.
positional: hubs, placement, within
extends_documentation_fragment:
  - tenantry.sdn.topology
seealso:
  - plugin: tenantry.sdn.tunnel_peers
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Compare the cost of topologies
  vars:
    hypervisors:
      hv1: {vtep: 192.168.1.151, zone: z1}
      hv2: {vtep: 192.168.1.152, zone: z1}
      hv3: {vtep: 192.168.1.153, zone: z1}
      hv4: {vtep: 192.168.2.151, zone: z2}
    placement:
      acme.web: [hv1, hv2]
      acme.db: [hv1, hv2, hv4]
    full_mesh: "{{ hypervisors | tenantry.sdn.tunnel_cost }}"
    placed: "{{ hypervisors | tenantry.sdn.tunnel_cost(placement=placement) }}"
  ansible.builtin.assert:
    that:
      - full_mesh.total == 6
      - full_mesh.per_host == dict(min=3, mean=3.0, p99=3, max=3)
      - (hypervisors | tenantry.sdn.tunnel_cost(hubs=['hv1'])).total == 3
      - (hypervisors | tenantry.sdn.tunnel_cost(within='zone')).total == 3
      # hv1 and hv2 share two networks: two tunnels, or one that carries the keys of both
      - placed.total == 4
      - placed.per_host == dict(min=2, mean=2.67, p99=3, max=3)
      - placed.pairs.total == 3
"""

RETURN = r"""
_value:
  description: The cost of the topology.
  type: dict
  contains:
    total:
      description:
        - Tunnels in all. One tunnel is a port at each of its two ends.
        - With O(placement), one for each network and pair of hypervisors, as the intent's C(plain) forwarding has.
      type: int
    per_host:
      description:
        - Tunnels that end at a hypervisor.
        - With O(placement), of the hypervisors that are in it.
      type: dict
      contains:
        min:
          description: The fewest.
          type: int
        mean:
          description: The mean, to two decimals.
          type: float
        p99:
          description: The 99th percentile, by nearest rank.
          type: int
        max:
          description: The most.
          type: int
    pairs:
      description:
        - The same two figures if hypervisors that share several networks have a single tunnel, with C(key=flow).
      type: dict
      returned: with O(placement)
  sample:
    total: 49995000
    per_host: {min: 9999, mean: 9999.0, p99: 9999, max: 9999}
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology import Cost
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology_input import parse_fleet
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def tunnel_cost(hypervisors: Any, hubs: Any = None, placement: Any = None, within: Any = None) -> dict[str, Any]:
    cost = parse_fleet(hypervisors, hubs, placement, within).topology.cost()
    if isinstance(cost, Cost):
        return asdict(cost)
    return {**asdict(cost.tunnels), "pairs": asdict(cost.pairs)}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tunnel_cost": tunnel_cost}
