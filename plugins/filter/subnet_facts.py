# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter subnet_facts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: subnet_facts
short_description: What the hosts of a network need to know
version_added: 0.1.0
description:
  - Returns the addresses of a network that mean something to its hosts, after checking its gateway.
  - A host address such as V(10.1.1.1/8) is refused, with the network that it lies in.
positional: gateway
options:
  _input:
    description: A network, IPv4 or IPv6.
    type: str
    required: true
  gateway:
    description:
      - Address of the gateway, one that a host of the network can have.
      - Without it, the first that a host can have.
    type: str
notes:
  - Needs the Python package netaddr on the controller.
seealso:
  - plugin: tenantry.sdn.subnets
    plugin_type: filter
  - plugin: tenantry.sdn.address_range
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Know a network
  ansible.builtin.assert:
    that:
      - pod.gateway == '10.1.8.1'
      - pod.broadcast == '10.1.15.255'
      - pod.netmask == '255.255.248.0'
      - (pod.first, pod.last, pod.size) == ('10.1.8.1', '10.1.15.254', 2046)
      - ('10.1.1.0/24' | tenantry.sdn.subnet_facts(gateway='10.1.1.111')).gateway == '10.1.1.111'
      # both addresses of a point-to-point link are hosts
      - ('10.0.0.0/31' | tenantry.sdn.subnet_facts).size == 2
      - ('fd00:1::/64' | tenantry.sdn.subnet_facts).gateway == 'fd00:1::1'
  vars:
    pod: "{{ '10.1.8.0/21' | tenantry.sdn.subnet_facts }}"
"""

RETURN = r"""
_value:
  description: The addresses of the network.
  type: dict
  contains:
    network:
      description: The network in canonical text.
      type: str
    prefix_length:
      description: Its prefix length.
      type: int
    netmask:
      description: The same as a mask; null for IPv6.
      type: str
    broadcast:
      description: Its broadcast address; null for IPv6, /31 and /32.
      type: str
    gateway:
      description: Address of its gateway; null in a network of one address, unless O(gateway) is given.
      type: str
    first:
      description: The first address that a host can have. It is the gateway's unless O(gateway) is given.
      type: str
    last:
      description: The last address that a host can have.
      type: str
    size:
      description: How many addresses hosts can have, the gateway's included.
      type: int
  sample:
    network: 10.1.8.0/21
    prefix_length: 21
    netmask: 255.255.248.0
    broadcast: 10.1.15.255
    gateway: 10.1.8.1
    first: 10.1.8.1
    last: 10.1.15.254
    size: 2046
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent import addressing
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def subnet_facts(network: Any, gateway: Any = None) -> dict[str, Any]:
    return asdict(addressing.subnet_facts(network, gateway))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"subnet_facts": subnet_facts}
