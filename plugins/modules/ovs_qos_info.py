#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_qos_info
short_description: What ports of Open vSwitch may send and receive
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Returns the limits of interfaces and ports, as O(tenantry.sdn.ovs_qos#module:ports) of a task.
  - Nothing is read but the database, and nothing is changed. What the module would refuse is left out, so that the
    result can be given back to it as it is, and then changes nothing.
extends_documentation_fragment:
  - tenantry.sdn.attributes.info
  - tenantry.sdn.ovsdb
options:
  interfaces:
    description: Return these alone, even if they have no limits. One that is not there is not returned.
    type: list
    elements: str
  owner:
    description: Return only what bears the mark of this owner.
    type: str
seealso:
  - module: tenantry.sdn.ovs_qos
"""

EXAMPLES = r"""
- name: What is limited on this host?
  tenantry.sdn.ovs_qos_info:
  register: limits

- name: Bring that back later
  tenantry.sdn.ovs_qos:
    ports: "{{ limits.ports }}"
"""

RETURN = r"""
ports:
  description: The interfaces, each with the options of O(tenantry.sdn.ovs_qos#module:ports) that describe its limits.
  returned: success
  type: list
  elements: dict
  sample:
    - interface: tap0
      ingress_policing_rate: 100Mbit
      ingress_policing_burst: 80Mbit
      ingress_policing_kpkts_rate: 0
      ingress_policing_kpkts_burst: 0
      type: linux-htb
      max_rate: 200Mbit
      queues: {"0": {min_rate: 50Mbit, max_rate: 200Mbit, dscp: 46, external_ids: {}}}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.described_limits import described
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.description import snapshot_of
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.shaping import TABLES
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

ARGUMENTS = {
    "interfaces": {"type": "list", "elements": "str"},
    "owner": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB}, supports_check_mode=True)
    params = module.params
    with surfacing(module):
        ports = described(snapshot_of(module, TABLES), params["interfaces"], params["owner"])
        module.exit_json(changed=False, ports=ports)


if __name__ == "__main__":
    main()
