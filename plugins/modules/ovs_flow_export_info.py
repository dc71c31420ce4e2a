#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_flow_export_info
short_description: NetFlow, sFlow and IPFIX of Open vSwitch bridges
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Returns what bridges report to collectors, each bridge as a task of M(tenantry.sdn.ovs_flow_export).
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
  - module: tenantry.sdn.ovs_flow_export
"""

EXAMPLES = r"""
- name: Which collectors does this host report to?
  tenantry.sdn.ovs_flow_export_info:
  register: exported

- name: Show them
  ansible.builtin.debug:
    msg: "{{ exported.bridges | map(attribute='sflow.targets', default=[]) | flatten }}"
"""

RETURN = r"""
bridges:
  description: The bridges, each with the options of M(tenantry.sdn.ovs_flow_export) that describe its exports.
  returned: success
  type: list
  elements: dict
  sample:
    - bridge: br-int
      netflow: {}
      sflow: {targets: ["192.0.2.9:6343"], agent: eth0, header: 128, sampling: 64, polling: 10}
      ipfix: {}
      samples: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import snapshot_of
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.flow_exports import TABLES, described
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
