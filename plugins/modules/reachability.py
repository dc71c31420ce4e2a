#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reachability
short_description: Compare what endpoints reach with what the intent wants, and draw the matrix
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Runs on the controller alone. Two endpoints shall reach each other if they are in the same network, or in two that a
    router joins, and shall not otherwise, but for what O(permitted) says.
  - A pair that shall reach needs ICMP (small and of exactly the MTU, with DF) and TCP to each address, delivered to
    the endpoint that was meant and answered by it, and broadcasts exactly once. Nothing longer than the MTU may pass.
  - A pair that shall be isolated needs that no frame of the sender reached the receiver, whatever its kind or tag.
  - An endpoint without a complete measurement makes its pairs wrong. Silence proves nothing by itself.
  - Prints the matrix, and fails if anything is wrong.
options:
  endpoints:
    description: The endpoints that were measured, as M(tenantry.sdn.reachability_plan) returned them.
    type: list
    elements: dict
    required: true
  measurements:
    description:
      - By endpoint name, the C(measurement) that M(tenantry.sdn.endpoint_probe) collected. An empty one is none.
    type: dict
    required: true
  permitted:
    description:
      - What shall pass where security groups judge, and from networks of one router to those of another, as
        M(tenantry.sdn.reachability_plan) returned it.
    type: dict
    default: {}
  ways:
    description: The ways to and from the outside, as M(tenantry.sdn.reachability_plan) returned them.
    type: list
    elements: dict
    default: []
    version_added: "0.3.0"
  replies:
    description: By asker, the C(replies) of M(tenantry.sdn.outside_probe). Empty ones are none.
    type: dict
    default: {}
    version_added: "0.3.0"
  heading:
    description: What is written above the matrix, as the C(words) of M(tenantry.sdn.reachability_plan).
    type: str
    default: ""
  unicode:
    description: Whether to draw with symbols beyond ASCII. The default is whether the controller's locale has them.
    type: bool
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  check_mode:
    description: Judges nothing in check mode, since nothing was sent.
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
  - module: tenantry.sdn.reachability_plan
"""

EXAMPLES = r"""
- name: Judge
  tenantry.sdn.reachability:
    endpoints: "{{ plan.endpoints }}"
    heading: "{{ plan.words }}"
    permitted: "{{ plan.permitted }}"
    measurements:
      acme.web-1: "{{ hostvars['acme.web-1'].collected.measurement }}"
      acme.web-2: "{{ hostvars['acme.web-2'].collected.measurement }}"
"""

RETURN = r"""
counts:
  description: How many ordered pairs are in each state.
  returned: always
  type: dict
  sample: {ok-reach: 20, ok-isolated: 111, leak: 1}
wrong:
  description: The pairs that are wrong, at most 20 of them.
  returned: always
  type: list
  elements: dict
  contains:
    sender:
      description: The endpoint that sent.
      type: str
    receiver:
      description: The endpoint that was meant, or that heard it.
      type: str
    state:
      description:
        - C(leak) arrived where it must not. C(duplicate) arrived more than once, or came back. C(oversize) passed
          though longer than the MTU. C(unreachable) did not arrive, or somebody else answered. C(unmeasured) is
          without evidence.
      type: str
    why:
      description: A sentence for each thing that is wrong.
      type: list
      elements: str
ailments:
  description: By endpoint name, why its measurement proves little.
  returned: always
  type: dict
unseen:
  description:
    - By address and port of a load balancer, the members of which it is not known whether they answer. They are in no
      sample, or it chooses by the address of who asks, and led nobody to them.
  returned: always
  type: dict
  sample: {"203.0.113.10:443": [acme.web-2]}
"""
