#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_mirror_info
short_description: The mirrors of Open vSwitch bridges
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Returns the mirrors of bridges, each bridge as a task of M(tenantry.sdn.ovs_mirror).
  - Nothing is read but the database, and nothing is changed. What the module would refuse is left out, so that the
    result can be given back to it as it is, and then changes nothing.
extends_documentation_fragment:
  - tenantry.sdn.attributes.info
  - tenantry.sdn.ovsdb
options:
  bridge:
    description: The bridge; all if omitted. One that is not there is not returned.
    type: str
  owner:
    description: Return only what bears the mark of this owner.
    type: str
seealso:
  - module: tenantry.sdn.ovs_mirror
"""

EXAMPLES = r"""
- name: Which ports are mirrored?
  tenantry.sdn.ovs_mirror_info:
    bridge: br-int
  register: mirrored

- name: Bring the bridge back to that later
  tenantry.sdn.ovs_mirror:
    bridge: br-int
    mirrors: "{{ mirrored.bridges[0].mirrors }}"
"""

RETURN = r"""
bridges:
  description: The bridges, each with the options of M(tenantry.sdn.ovs_mirror) that describe its mirrors.
  returned: success
  type: list
  elements: dict
  sample:
    - bridge: br-int
      mirrors:
        - name: audit
          select_all: false
          select_src_port: [tap0]
          select_dst_port: []
          select_vlan: []
          output_port: tap9
          output_vlan: ""
          snaplen: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import snapshot_of
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.mirrors import TABLES, described
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

ARGUMENTS = {
    "bridge": {"type": "str"},
    "owner": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB}, supports_check_mode=True)
    params = module.params
    with surfacing(module):
        snapshot = snapshot_of(module, TABLES)
        names = sorted(snapshot.bridges) if params["bridge"] is None else [params["bridge"]]
        bridges = [described(snapshot, name, params["owner"]) for name in names if name in snapshot.bridges]
        module.exit_json(changed=False, bridges=[task for task in bridges if task])


if __name__ == "__main__":
    main()
