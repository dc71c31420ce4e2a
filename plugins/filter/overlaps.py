# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter overlaps."""

from __future__ import annotations

DOCUMENTATION = r"""
name: overlaps
short_description: What named ranges have in common
version_added: 0.1.0
description:
  - Compares ranges of addresses, or of VLAN or tunnel ids, and returns each stretch that two names share.
  - An empty result is what a check before any change asserts.
positional: type
options:
  _input:
    description:
      - Each name and its ranges, written as P(tenantry.sdn.prefixes#filter) and P(tenantry.sdn.id_range#filter) take
        them.
    type: dict
    required: true
  type:
    description: What the ranges are of. V(address), or the type of network whose ids they are.
    type: str
    choices: [address, vlan, gre, vxlan, geneve]
    default: address
notes:
  - Needs the Python package netaddr on the controller for addresses.
seealso:
  - plugin: tenantry.sdn.prefixes
    plugin_type: filter
  - plugin: tenantry.sdn.id_range
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Refuse ranges that overlap
  vars:
    pods:
      pod1: 10.1.0.0/21
      pod2: [10.1.8.0/21, 'fd00:2::/64']
    storage: {storage: 10.1.4.0-10.1.4.99}
    vlans: {acme: '100-199,300', globex: 200-300}
  ansible.builtin.assert:
    that:
      - pods | tenantry.sdn.overlaps == []
      - pods | combine(storage) | tenantry.sdn.overlaps == [dict(names=['pod1', 'storage'], range='10.1.4.0-10.1.4.99')]
      - vlans | tenantry.sdn.overlaps('vlan') == [dict(names=['acme', 'globex'], range='300')]
"""

RETURN = r"""
_value:
  description: Each stretch that two names share; empty if there is none.
  type: list
  elements: dict
  contains:
    names:
      description: The two names.
      type: list
      elements: str
    range:
      description: What they share, as C(first-last), or one value.
      type: str
  sample:
    - names: [pod1, storage]
      range: 10.1.4.0-10.1.4.99
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pools import KINDS, parse_kind, parse_overlaps
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, mapping
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def overlaps(ranges: Any, type: Any = "address") -> list[dict[str, Any]]:
    kind = parse_kind(type, KINDS)
    faults = Faults()
    named = faults.parse("ranges", mapping, ranges) or {}
    found = parse_overlaps(faults, "ranges", named, kind)
    faults.raise_any()
    return [{"names": [one, other], "range": common} for one, other, common in found]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"overlaps": overlaps}
