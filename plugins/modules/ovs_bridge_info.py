#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_bridge_info
short_description: The bridges of Open vSwitch with their ports
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Returns the bridges of a host with their controllers and ports, each as a task of M(tenantry.sdn.ovs_bridge).
  - Nothing is read but the database, and nothing is changed. What the module would refuse is left out, so that the
    result can be given back to it as it is, and then changes nothing.
  - Pre-shared keys of tunnels are not returned.
extends_documentation_fragment:
  - tenantry.sdn.attributes.info
  - tenantry.sdn.ovsdb
options:
  name:
    description: The bridge; all if omitted. One that is not there is not returned.
    type: str
  owner:
    description: Return only the bridges and ports that bear the mark of this owner.
    type: str
seealso:
  - module: tenantry.sdn.ovs_bridge
"""

EXAMPLES = r"""
- name: Remember the bridges of this host
  tenantry.sdn.ovs_bridge_info:
  register: remembered

- name: Look whether they are still as they were
  tenantry.sdn.ovs_bridge:
    name: "{{ item.name }}"
    fail_mode: "{{ item.fail_mode }}"
    ports: "{{ item.ports }}"
  loop: "{{ remembered.bridges }}"
  loop_control:
    label: "{{ item.name }}"
  check_mode: true
"""

RETURN = r"""
bridges:
  description: The bridges, each with the options of M(tenantry.sdn.ovs_bridge) that describe it.
  returned: success
  type: list
  elements: dict
  sample:
    - name: br-int
      datapath_type: ""
      fail_mode: secure
      controllers: []
      ports:
        - name: tap0
          tag: 12
          trunks: []
          type: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.described_bridges import described
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import snapshot_of
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB
from ansible_collections.tenantry.sdn.plugins.module_utils.model.columns import TABLES
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

ARGUMENTS = {
    "name": {"type": "str"},
    "owner": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB}, supports_check_mode=True)
    params = module.params
    with surfacing(module):
        snapshot = snapshot_of(module, TABLES)
        wanted = {name for name in snapshot.bridges if params["name"] in (None, name)}
        if params["owner"] is not None:
            wanted = {name for name in wanted if snapshot.bridges[name].owner == params["owner"]}
        bridges = [described(snapshot, name, params["owner"]) for name in sorted(wanted)]
        module.exit_json(changed=False, bridges=[task for task in bridges if task])


if __name__ == "__main__":
    main()
