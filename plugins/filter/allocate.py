# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter allocate."""

from __future__ import annotations

DOCUMENTATION = r"""
name: allocate
short_description: Give ids, addresses or networks to names, so that a name keeps its own
version_added: 0.1.0
description:
  - Gives each name a value of its own from a pool. A name that is in the record keeps its value. Any other takes the
    first free one from a hash of its name on, so the order of the names means nothing, and two branches that each add a
    name seldom take the same value.
  - Keep the result in the record, which you commit, and give it back with each run. Without a record a new name can, if
    rarely, take the value of another one.
  - A value in the record stays taken when its name is gone, until you remove the entry.
  - A recorded value outside of the pool, one that two names have, and a pool that is used up are refused.
positional: pool, type, prefix_length, exclude, recorded
options:
  _input:
    description: The names. A list, or a mapping, of which the keys are the names.
    type: raw
    required: true
  pool:
    description:
      - Ranges to take values from, as P(tenantry.sdn.id_range#filter) and P(tenantry.sdn.address_range#filter) take
        them.
      - With O(prefix_length), the networks to carve.
    type: raw
    required: true
  type:
    description: What the values are. V(address), or the type of network whose ids they are.
    type: str
    choices: [address, vlan, gre, vxlan, geneve]
    default: address
  prefix_length:
    description: Give each name a network of this prefix length instead of an address.
    type: int
  exclude:
    description: What not to give to a name, written as O(pool) is.
    type: raw
    default: []
  recorded:
    description: Values that names have already. Each name and its value.
    type: dict
    default: {}
notes:
  - Needs the Python package netaddr on the controller for addresses and networks.
seealso:
  - plugin: tenantry.sdn.id_range
    plugin_type: filter
  - plugin: tenantry.sdn.address_range
    plugin_type: filter
  - plugin: tenantry.sdn.subnets
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Give VLAN ids to networks, and see what to commit as the record
  vars:
    record: {web: 120, gone: 121}
    ids: "{{ ['web', 'db'] | tenantry.sdn.allocate('120-129', type='vlan', recorded=record) }}"
  ansible.builtin.assert:
    that:
      - ids == dict(web=120, db=122)
      - record | combine(ids) == dict(web=120, gone=121, db=122)

- name: Give networks to pods
  vars:
    pods: "{{ ['pod1', 'pod2', 'pod3'] | tenantry.sdn.allocate('10.1.0.0/16', prefix_length=21) }}"
    later: "{{ ['pod4', 'pod3', 'pod1'] | tenantry.sdn.allocate('10.1.0.0/16', prefix_length=21, recorded=pods) }}"
  ansible.builtin.assert:
    that:
      - pods == dict(pod1='10.1.112.0/21', pod2='10.1.208.0/21', pod3='10.1.56.0/21')
      - later.pod1 == pods.pod1
      - later.pod3 == pods.pod3
      - later.pod4 not in pods.values()

- name: Give addresses to machines
  vars:
    machines:
      vm1: {memory: 2048}
      vm2: {memory: 4096}
    addresses: "{{ machines | tenantry.sdn.allocate('10.1.1.0/24', exclude='10.1.1.1-10.1.1.9') }}"
  ansible.builtin.assert:
    that: addresses == dict(vm1='10.1.1.185', vm2='10.1.1.234')
"""

RETURN = r"""
_value:
  description: The value of each name, sorted by name.
  type: dict
  sample: {db: 122, web: 120}
"""

from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import Pool
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocate import allocate as allocated
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pools import (
    KINDS,
    address_pool,
    id_pool,
    parse_kind,
    subnet_pool,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, mapping, path_of, shown, text
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def allocate(
    names: Any, pool: Any, type: Any = "address", prefix_length: Any = None, exclude: Any = (), recorded: Any = None
) -> dict[str, Any]:
    kind = parse_kind(type, KINDS)
    faults = Faults()
    wanted = _names(faults, names)
    values = _pool(faults, pool, kind, prefix_length, exclude)
    record = {} if recorded is None else faults.parse("recorded", mapping, recorded) or {}
    numbers = {str(name): faults.parse(f"recorded.{name}", values.parse, value) for name, value in record.items()}
    faults.raise_any()
    taken = {name: number for name, number in numbers.items() if number is not None}
    found = allocated(wanted, values, taken)
    return {name: values.text(number) if kind == "address" else number for name, number in found.items()}


def _pool(faults: Faults, value: Any, kind: str, prefix_length: Any, exclude: Any) -> Pool:
    if kind == "address" and prefix_length is not None:
        return subnet_pool(faults, "pool", value, prefix_length, exclude)
    if kind == "address":
        return address_pool(faults, "pool", value, exclude)
    if prefix_length is not None:
        faults.add("prefix_length", f"belongs to addresses, and {kind} ids have none; leave it out")
    return id_pool(faults, "pool", value, kind, exclude)


def _names(faults: Faults, value: Any) -> list[str]:
    """Parse names from a list, the keys of a mapping, or whatever else Jinja makes that can be iterated."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        faults.add("names", f"{shown(value)} is not a list; write one name a line, each after '- '")
        return []
    names = [faults.parse(path_of("names", number), text, name) for number, name in enumerate(value)]
    return [name for name in names if name is not None]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"allocate": allocate}
