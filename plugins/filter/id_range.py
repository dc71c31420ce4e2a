# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter id_range."""

from __future__ import annotations

DOCUMENTATION = r"""
name: id_range
short_description: The VLAN or tunnel ids of a range
version_added: 0.1.0
description:
  - Lists the ids of ranges such as V(100-199,300), less what is excluded, after checking them against the limit of the
    network type.
  - At most 65,536. P(tenantry.sdn.allocate#filter) takes larger ranges.
positional: type, exclude
options:
  _input:
    description: Ids and ranges of ids. A number, one string with commas, or a list. Each id is written once.
    type: raw
    required: true
  type:
    description:
      - Type of network. VLAN ids go from 1 to 4094 (IEEE 802.1Q), the keys of V(vxlan) and V(geneve) to 16777215
        (24 bits), those of V(gre) to 4294967295 (32 bits).
    type: str
    choices: [vlan, gre, vxlan, geneve]
    default: vlan
  exclude:
    description: Ids to leave out, written as the input is.
    type: raw
    default: []
seealso:
  - plugin: tenantry.sdn.allocate
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: List the VLANs of a trunk, and tunnel keys
  ansible.builtin.assert:
    that:
      - "'100-103,300' | tenantry.sdn.id_range == [100, 101, 102, 103, 300]"
      - "'100-103' | tenantry.sdn.id_range(exclude=102) == [100, 101, 103]"
      - "['4093-4094', 7] | tenantry.sdn.id_range == [7, 4093, 4094]"
      - "'16777214-16777215' | tenantry.sdn.id_range('vxlan') == [16777214, 16777215]"
"""

RETURN = r"""
_value:
  description: The ids, ascending.
  type: list
  elements: int
  sample: [100, 101, 102, 103, 300]
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pools import id_pool, parse_kind
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ranges import HIGHEST_ID
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def id_range(ranges: Any, type: Any = "vlan", exclude: Any = ()) -> list[int]:
    kind = parse_kind(type, HIGHEST_ID)
    faults = Faults()
    pool = id_pool(faults, "ranges", ranges, kind, exclude)
    faults.raise_any()
    return pool.listed()


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"id_range": id_range}
