#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: of_flow_info
short_description: The OpenFlow flows, groups and meters of a bridge
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Returns the flows, groups and meters of a bridge, or those of one owner, as M(tenantry.sdn.of_flow) takes them.
  - Changes nothing.
extends_documentation_fragment:
  - tenantry.sdn.attributes.info
  - tenantry.sdn.openflow
  - tenantry.sdn.ovsdb
options:
  cookie:
    description:
      - The owner's mark, as for M(tenantry.sdn.of_flow). Only its flows are returned, without the mark.
      - Without it all flows are, with their whole cookies.
    type: str
  group_ids:
    description: Return groups with these numbers alone, as V(100-199,300).
  meter_ids:
    description: Return meters with these numbers alone.
seealso:
  - module: tenantry.sdn.of_flow
"""

EXAMPLES = r"""
- name: Remember what an owner has on a bridge
  tenantry.sdn.of_flow_info:
    bridge: br0
    cookie: 0x7a1c000000000000/0xffff000000000000
  register: before

- name: Bring it back
  tenantry.sdn.of_flow:
    bridge: br0
    cookie: 0x7a1c000000000000/0xffff000000000000
    flows: "{{ before.flows }}"
    allow_empty: true

- name: Everything that the bridge forwards by
  tenantry.sdn.of_flow_info:
    bridge: br0
"""

RETURN = r"""
flows:
  description: The flows, sorted, without what the switch counts.
  returned: success
  type: list
  elements: str
  sample: ["table=10,priority=100,arp,in_port=1,actions=output:2"]
groups:
  description: The groups, sorted.
  returned: success
  type: list
  elements: str
  sample: ["group_id=100,type=select,bucket=bucket_id:0,actions=output:1"]
meters:
  description: The meters, sorted; none with a version before OpenFlow 1.3.
  returned: success
  type: list
  elements: str
  sample: ["meter=100,kbps,bands=type=drop,rate=10000"]
protocol:
  description: The OpenFlow version that was spoken.
  returned: success
  type: str
  sample: OpenFlow15
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow_tables import owned
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OPENFLOW, OVSDB
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow_input import parse_selection
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing


def main() -> None:
    module = AnsibleModule(argument_spec={"cookie": {"type": "str"}, **OPENFLOW, **OVSDB}, supports_check_mode=True)
    params = module.params
    with surfacing(module):
        selection = parse_selection(params)
        ofctl = OfCtl(selection.bridge, params["database"], params["protocol"], params["timeout"])
        found = owned(ofctl, selection)
        module.exit_json(changed=False, protocol=ofctl.protocol, **found)


if __name__ == "__main__":
    main()
