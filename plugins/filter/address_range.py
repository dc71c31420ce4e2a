# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter address_range."""

from __future__ import annotations

DOCUMENTATION = r"""
name: address_range
short_description: The addresses of ranges that hosts can have
version_added: 0.1.0
description:
  - Lists the addresses of ranges and networks, less what is excluded.
  - Of a network, those that hosts can have. Not the network and broadcast address of IPv4, nor the subnet-router
    anycast address of IPv6 (RFC 4291). All of a /31 (RFC 3021), /127 (RFC 6164), /32 and /128.
  - At most 65,536. P(tenantry.sdn.allocate#filter) takes larger ranges.
positional: exclude
options:
  _input:
    description:
      - Addresses, ranges (C(first-last)) and networks of one IP family. One string with commas, or a list.
    type: raw
    required: true
extends_documentation_fragment:
  - tenantry.sdn.address_ranges
seealso:
  - plugin: tenantry.sdn.allocate
    plugin_type: filter
  - plugin: tenantry.sdn.prefixes
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: List addresses
  ansible.builtin.assert:
    that:
      - "'10.1.1.3-10.1.1.5' | tenantry.sdn.address_range == ['10.1.1.3', '10.1.1.4', '10.1.1.5']"
      - "'10.1.1.0/29' | tenantry.sdn.address_range(exclude='10.1.1.1') | first == '10.1.1.2'"
      - "'10.1.1.0/24' | tenantry.sdn.address_range | length == 254"
      - "'10.0.0.0/31' | tenantry.sdn.address_range == ['10.0.0.0', '10.0.0.1']"
      - "'fd00::/126' | tenantry.sdn.address_range == ['fd00::1', 'fd00::2', 'fd00::3']"
"""

RETURN = r"""
_value:
  description: The addresses in canonical text, ascending.
  type: list
  elements: str
  sample: [10.1.1.3, 10.1.1.4, 10.1.1.5]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pools import address_pool
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def address_range(ranges: Any, exclude: Any = ()) -> list[str]:
    faults = Faults()
    pool = address_pool(faults, "ranges", ranges, exclude)
    faults.raise_any()
    return [pool.text(number) for number in pool.listed()]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"address_range": address_range}
