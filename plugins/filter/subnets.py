# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter subnets."""

from __future__ import annotations

DOCUMENTATION = r"""
name: subnets
short_description: Networks of one prefix length that a larger network holds
version_added: 0.1.0
description:
  - Carves networks of one size out of larger ones, in ascending order. What is not wholly free is left out.
  - To give them to names so that a name keeps its network when others join or leave, use
    P(tenantry.sdn.allocate#filter).
positional: prefix_length, exclude
options:
  _input:
    description: A network, or a list of networks of one IP family.
    type: raw
    required: true
  prefix_length:
    description: Prefix length of the wanted networks.
    type: int
    required: true
extends_documentation_fragment:
  - tenantry.sdn.address_ranges
seealso:
  - plugin: tenantry.sdn.allocate
    plugin_type: filter
  - plugin: tenantry.sdn.subnet_facts
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Carve networks for pods, and for the hosts of a pod
  ansible.builtin.assert:
    that:
      - "'10.1.0.0/19' | tenantry.sdn.subnets(21) == ['10.1.0.0/21', '10.1.8.0/21', '10.1.16.0/21', '10.1.24.0/21']"
      - "'10.1.8.0/21' | tenantry.sdn.subnets(23) | length == 4"
      - "'10.1.0.0/19' | tenantry.sdn.subnets(21, exclude='10.1.3.7') | first == '10.1.8.0/21'"
      - "'fd00:1::/62' | tenantry.sdn.subnets(64) | last == 'fd00:1:0:3::/64'"
"""

RETURN = r"""
_value:
  description: The networks in canonical text.
  type: list
  elements: str
  sample: [10.1.0.0/21, 10.1.8.0/21, 10.1.16.0/21, 10.1.24.0/21]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pools import subnet_pool
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def subnets(network: Any, prefix_length: Any, exclude: Any = ()) -> list[str]:
    faults = Faults()
    pool = subnet_pool(faults, "network", network, prefix_length, exclude)
    faults.raise_any()
    return [pool.text(number) for number in pool.listed()]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"subnets": subnets}
