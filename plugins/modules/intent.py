#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: intent
short_description: Check an intent and show the whole fabric that it describes
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Parses and checks fabric and tenants strictly, and reports all faults at once, each with its YAML path, and with
    file and line if the intent is a directory.
  - Allocates the ids that are left out and writes them to the record. This is all that it ever changes.
extends_documentation_fragment:
  - tenantry.sdn.intent
  - tenantry.sdn.intent.attributes
options:
  members_of:
    description:
      - Security groups whose members were changed, as V(acme.web), for RV(concerned).
    type: list
    elements: str
    default: []
seealso:
  - module: tenantry.sdn.host_state
"""

EXAMPLES = r"""
- name: Check the intent, for example in a merge request
  tenantry.sdn.intent:
    directory: "{{ inventory_dir }}/intent"
  delegate_to: localhost
  run_once: true
  check_mode: true

- name: A small fabric from variables
  tenantry.sdn.intent:
    fabric:
      name: dc1
      segments: {tunnel: 5000-16777215}
      hypervisors:
        hv1: {vtep: 192.168.1.151}
        hv2: {vtep: 192.168.1.152}
    tenants:
      acme:
        networks:
          web: {type: gre, segmentation_id: 5001, subnet: 10.1.1.0/24}
        ports:
          web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20, interface: tap0}
          web-2: {hypervisor: hv2, network: web, ip: 10.1.1.21, interface: tap0}
  delegate_to: localhost
  run_once: true
  register: compiled

- name: Show which MTU each guest has to have
  ansible.builtin.debug:
    msg: "{{ dict(compiled.endpoints | map(attribute='name') | zip(compiled.endpoints | map(attribute='mtu'))) }}"
  run_once: true
"""

RETURN = r"""
owner:
  description: Name of the fabric, with which everything that is made is marked.
  returned: success
  type: str
  sample: dc1
mtu:
  description: MTU of the network between the VTEPs.
  returned: success
  type: int
  sample: 1500
hypervisors:
  description: All hypervisors, sorted by name.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: hv1, vtep: 192.168.1.151, zone: z1, pod: p1, uplinks: {physnet1: eth1}, segments: {physnet1: physnet1@p1}}
gateways:
  description:
    - What the L3 switches of the pods join, for each network that all tenants share and each of its pods. The segment
      is the physical network in that pod, the addresses are the gateways of the guests there.
    - And who routes in flat external networks, with the C(routes) to the networks that routers there do not translate.
  returned: success
  type: list
  elements: dict
  sample:
    - {segment: physnet1@p1, addresses: [10.1.0.1/21]}
endpoints:
  description:
    - All ports of all tenants, sorted by name, with the addresses, the gateways and the MTU that the guest has to have.
  returned: success
  type: list
  elements: dict
  sample:
    - name: acme.web-1
      tenant: acme
      port: web-1
      network: acme.web
      hypervisor: hv1
      interface: tap0
      mac: "02:1d:4c:11:5a:90"
      addresses: [10.1.1.20/24]
      gateways: []
      groups: [web]
      guarded: true
      mtu: 1458
networks:
  description: All networks by name, with their ids.
  returned: success
  type: dict
  sample:
    acme.web:
      type: gre
      segmentation_id: 5001
      local_vlan: 12
      mtu: 1458
      subnets: [10.1.1.0/24]
      gateways: []
      physical_network:
routers:
  description: The full names of virtual routers, sorted.
  returned: success
  type: list
  elements: str
  sample: [acme.edge]
acls:
  description: By full name of a virtual router, the rules of its ACL.
  returned: success
  type: dict
passages:
  description:
    - What guests behind one router may open to those behind another, by a VPN between the two or by IPv6 outside, as
      M(tenantry.sdn.reachability_plan) takes it.
  returned: success
  type: list
  elements: dict
ways:
  description:
    - The ways by which routers join guests with the outside, as M(tenantry.sdn.reachability_plan) takes them.
  returned: success
  type: list
  elements: dict
ways_unmeasured:
  description: How many there are of each kind that are not measured.
  returned: success
  type: dict
  sample: {VPNs to elsewhere: 1}
external_networks:
  description: By name of a network where routers meet the outside, its subnets.
  returned: success
  type: dict
  sample: {internet: [203.0.113.0/24]}
concerned:
  description:
    - The hypervisors that a change of the members of O(members_of) concerns, sorted. These have a port in one of the
      groups, or one with a rule about them.
  returned: success
  type: list
  elements: str
security:
  description: By tenant, the rules of its security groups, and its address groups.
  returned: success
  type: dict
summary:
  description: How many there are of each kind. A tunnel has a port at each of its two ends, and joins one network.
  returned: success
  type: dict
  sample:
    hypervisors: 3
    tenants: 2
    networks: 4
    ports: 9
    tunnels: {total: 3, per_host: {min: 2, mean: 2.0, p99: 2, max: 2}}
faults:
  description: What is wrong with the intent, sorted.
  returned: failure
  type: list
  elements: str
  sample:
    - "tenants.acme.ports.web-1.ip (tenants/acme.yml:12): 10.1.1.255 is the broadcast address of 10.1.1.0/24; write the
      address of a host"
"""
