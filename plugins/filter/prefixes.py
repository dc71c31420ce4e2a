# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter prefixes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: prefixes
short_description: The fewest prefixes that cover address ranges exactly
version_added: 0.1.0
description:
  - Turns addresses, ranges and networks, less what is excluded, into prefixes that hold each of
    these addresses once and no other.
positional: exclude
options:
  _input:
    description: Addresses, ranges (C(first-last)) and networks. One string with commas, or a list.
    type: raw
    required: true
extends_documentation_fragment:
  - tenantry.sdn.address_ranges
seealso:
  - plugin: tenantry.sdn.address_range
    plugin_type: filter
  - plugin: tenantry.sdn.overlaps
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Write ranges as prefixes
  ansible.builtin.assert:
    that:
      - "'10.1.0.1-10.1.0.6' | tenantry.sdn.prefixes == ['10.1.0.1/32', '10.1.0.2/31', '10.1.0.4/31', '10.1.0.6/32']"
      - "['10.1.0.0/25', '10.1.0.128-10.1.0.255'] | tenantry.sdn.prefixes == ['10.1.0.0/24']"
      - "'10.1.0.0/30' | tenantry.sdn.prefixes(exclude='10.1.0.3') == ['10.1.0.0/31', '10.1.0.2/32']"
      - "'fd00::-fd00::3' | tenantry.sdn.prefixes == ['fd00::/126']"
"""

RETURN = r"""
_value:
  description: The prefixes in canonical text, IPv4 first, ascending.
  type: list
  elements: str
  sample: [10.1.0.1/32, 10.1.0.2/31, 10.1.0.4/31, 10.1.0.6/32]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.addressing import address_set, minimal_prefixes
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def prefixes(ranges: Any, exclude: Any = ()) -> list[str]:
    faults = Faults()
    wanted = address_set(faults, "ranges", ranges)
    unwanted = address_set(faults, "exclude", exclude)
    faults.raise_any()
    return minimal_prefixes(wanted - unwanted)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"prefixes": prefixes}
