# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter tunnel_peers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tunnel_peers
short_description: The VTEPs that a hypervisor has tunnels to
version_added: 0.1.0
description:
  - Returns the tunnel endpoints (VTEPs) of the peers of one hypervisor, in a full mesh, a hub and spoke topology, or
    according to the placement of the tenants' ports.
  - The result is what O(tenantry.sdn.ovs_gre_mesh#module:remotes) takes.
positional: host, hubs, placement, within
options:
  host:
    description: The hypervisor whose peers are wanted.
    type: str
    required: true
extends_documentation_fragment:
  - tenantry.sdn.topology
seealso:
  - plugin: tenantry.sdn.tunnel_cost
    plugin_type: filter
  - module: tenantry.sdn.ovs_gre_mesh
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Find the peers of a hypervisor in each topology
  vars:
    hypervisors:
      hv1: {vtep: 192.168.1.151, zone: z1}
      hv2: {vtep: 192.168.1.152, zone: z1}
      hv3: {vtep: 192.168.1.153, zone: z1}
      hv4: {vtep: 192.168.2.151, zone: z2}
    placement:
      acme.web: [hv1, hv2]
      acme.db: [hv2, hv4]
  ansible.builtin.assert:
    that:
      # full mesh
      - hypervisors | tenantry.sdn.tunnel_peers('hv1') == ['192.168.1.152', '192.168.1.153', '192.168.2.151']
      # hub and spoke
      - hypervisors | tenantry.sdn.tunnel_peers('hv1', hubs=['hv3']) == ['192.168.1.153']
      - hypervisors | tenantry.sdn.tunnel_peers('hv3', hubs=['hv3']) | length == 3
      # only between hypervisors that share a network
      - hypervisors | tenantry.sdn.tunnel_peers('hv2', placement=placement) == ['192.168.1.151', '192.168.2.151']
      - hypervisors | tenantry.sdn.tunnel_peers('hv3', placement=placement) == []
      # only within a zone
      - hypervisors | tenantry.sdn.tunnel_peers('hv1', within='zone') == ['192.168.1.152', '192.168.1.153']
      - hypervisors | tenantry.sdn.tunnel_peers('hv2', placement=placement, within='zone') == ['192.168.1.151']

- name: Use the short form of the table, and IPv6 VTEPs
  vars:
    hypervisors: {hv1: 'fd00::1', hv2: 'fd00::2'}
  ansible.builtin.assert:
    that: hypervisors | tenantry.sdn.tunnel_peers('hv1') == ['fd00::2']
"""

RETURN = r"""
_value:
  description: The VTEPs of the peers, sorted by the names of the hypervisors.
  type: list
  elements: str
  sample: [192.168.1.152, 192.168.1.153]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.topology_input import parse_fleet
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import shown
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def tunnel_peers(hypervisors: Any, host: Any, hubs: Any = None, placement: Any = None, within: Any = None) -> list[str]:
    fleet = parse_fleet(hypervisors, hubs, placement, within)
    if host not in fleet.vteps:
        raise InvalidInput([f"host: {shown(host)} is not among the hypervisors; write the name of one"])
    return [fleet.vteps[peer] for peer in fleet.topology.peers_of(host)]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tunnel_peers": tunnel_peers}
