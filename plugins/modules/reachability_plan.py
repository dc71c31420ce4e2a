#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability_plan
short_description: Choose the endpoints whose reachability is measured
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Runs on the controller alone. Takes the endpoints of the intent, chooses a sample if they are too many to measure
    all pairs, checks that the inventory has them, and returns what M(tenantry.sdn.endpoint_probe) needs.
  - A sample is the same each time. It has two endpoints of each network, on two hypervisors, then what is needed for
    each pair of hypervisors that share a network, then others, until O(sample) is reached. It is announced as such.
options:
  endpoints:
    description: The C(endpoints) that the action C(tenantry.sdn.intent) returned.
    type: list
    elements: dict
    required: true
  networks:
    description: The C(networks) that it returned.
    type: dict
    required: true
  security:
    description: The C(security) that it returned.
    type: dict
    default: {}
  acls:
    description: The C(acls) that it returned.
    type: dict
    default: {}
    version_added: "0.3.0"
  passages:
    description: The C(passages) that it returned.
    type: list
    elements: dict
    default: []
    version_added: "0.3.0"
  port:
    description: TCP and UDP port of the answering process, which no rule of a security group should name.
    type: int
    default: 47021
  attack:
    description:
      - Whether guests also try what port security and security groups are to stop, where the intent has these. What
        they send harms nobody where it gets through.
    type: bool
    default: true
    version_added: "0.3.0"
  ways:
    description: The C(ways) that it returned.
    type: list
    elements: dict
    default: []
    version_added: "0.3.0"
  ways_unmeasured:
    description: The C(ways_unmeasured) that it returned, to say so.
    type: dict
    default: {}
    version_added: "0.3.0"
  external_networks:
    description: The C(external_networks) that it returned.
    type: dict
    default: {}
    version_added: "0.3.0"
  outside:
    description:
      - By host that stands beyond the routers, its addresses there. From one of them is asked what comes in.
      - An address in an external network says that the host stands in that one, any other that it reaches all.
      - Without any, what comes in is not measured, and of what goes out whether the gateways answer.
    type: dict
    default: {}
    version_added: "0.3.0"
  inventory:
    description: Names of the hosts that packets can be sent from, usually those of the group C(endpoints).
    type: list
    elements: str
    required: true
  sample:
    description: The most endpoints to measure, from 2 to 500. All ordered pairs of them are measured.
    type: int
    default: 40
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
  platform:
    description: The target operating systems.
    support: full
    platforms: posix
seealso:
  - module: tenantry.sdn.endpoint_probe
  - module: tenantry.sdn.reachability
"""

EXAMPLES = r"""
- name: Choose what to measure
  tenantry.sdn.reachability_plan:
    endpoints: "{{ compiled.endpoints }}"
    networks: "{{ compiled.networks }}"
    security: "{{ compiled.security }}"
    inventory: "{{ groups['endpoints'] | default([]) }}"
  register: plan
"""

RETURN = r"""
run:
  description: A random name for this verification.
  returned: success
  type: str
  sample: 5e1f00d2
names:
  description: Names of the chosen endpoints.
  returned: success
  type: list
  elements: str
endpoints:
  description: The chosen endpoints, for M(tenantry.sdn.reachability).
  returned: success
  type: list
  elements: dict
permitted:
  description:
    - What shall pass from each sender to each receiver in its network, or in those that a router joins, where security
      groups or an ACL judge. In other such pairs everything shall.
    - And what shall pass to networks of another router, by a VPN between the two or by IPv6 outside. In other such
      pairs nothing shall.
  returned: success
  type: dict
probes:
  description: By name, each chosen endpoint as M(tenantry.sdn.endpoint_probe) takes it.
  returned: success
  type: dict
vlans:
  description: All VLAN ids by which a chosen endpoint's network is known on a bridge or on the wire.
  returned: success
  type: list
  elements: int
ways:
  description: The ways to and from the outside that are measured, for M(tenantry.sdn.reachability).
  returned: success
  type: list
  elements: dict
questions:
  description: By host, what it asks for these by M(tenantry.sdn.outside_probe).
  returned: success
  type: dict
  sample: {outside: [{protocol: tcp, address: 203.0.113.10, port: 2222, settles: 0}]}
words:
  description: How much is measured, and whether it is a sample.
  returned: success
  type: str
  sample: 132 ordered pairs of 12 endpoints
"""
