#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: of_flow
short_description: The OpenFlow flows of an owner on a bridge, in one bundle
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Brings the flows of one owner on a bridge to the wanted state, in one bundle, and reads them back.
extends_documentation_fragment:
  - tenantry.sdn.attributes
options:
  bridge:
    description: Name of the bridge. It must exist.
    type: str
    required: true
  cookie:
    description: Value and mask of the cookie that marks the owner's flows.
    type: str
    required: true
  flows:
    description: All flows of the owner, each as in ovs-flows(7).
    type: list
    elements: raw
  purge:
    description: Remove the owner's flows that are not listed.
    type: bool
    default: true
  state:
    description: V(absent) removes the owner's flows.
    type: str
    choices: [present, absent]
    default: present
  protocol:
    description: The OpenFlow version to speak. The default is the newest that the bridge speaks.
    type: str
    choices: [OpenFlow10, OpenFlow11, OpenFlow12, OpenFlow13, OpenFlow14, OpenFlow15]
  allow_empty:
    description: Take an empty list for what it says.
    type: bool
    default: false
  database:
    description: Where ovsdb-server listens. The sockets of the bridges are beside its own.
    type: str
    default: unix:/run/openvswitch/db.sock
  timeout:
    description: Seconds to wait for an answer.
    type: int
    default: 10
"""

EXAMPLES = r"""
- name: Two rules
  tenantry.sdn.of_flow:
    bridge: br0
    cookie: "0x7e4a000000000000/0xffff000000000000"
    flows:
      - priority=100,in_port=1,actions=output:2
      - priority=0,actions=drop
"""

RETURN = r"""
flows:
  description: How many flows the task manages.
  returned: success
  type: int
  sample: 2
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import host_lock
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow import OpenFlow
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow_input import parse_program
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import reconcile, surfacing, uncollected

PROTOCOLS = ["OpenFlow10", "OpenFlow11", "OpenFlow12", "OpenFlow13", "OpenFlow14", "OpenFlow15"]
ARGUMENTS = {
    "bridge": {"type": "str", "required": True},
    "cookie": {"type": "str", "required": True},
    "flows": {"type": "list", "elements": "raw"},
    "groups": {"type": "list", "elements": "raw"},
    "meters": {"type": "list", "elements": "raw"},
    "group_ids": {"type": "str"},
    "meter_ids": {"type": "str"},
    "purge": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "protocol": {"type": "str", "choices": PROTOCOLS},
    "allow_empty": {"type": "bool", "default": False},
    "database": {"type": "str", "default": "unix:/run/openvswitch/db.sock"},
    "timeout": {"type": "int", "default": 10},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_program(params)
        with host_lock(params["timeout"]) as lock:
            ofctl = OfCtl(wanted.bridge, params["database"], params["protocol"], params["timeout"], (lock,))
            may_lack_bridge = module.check_mode or params["state"] == "absent"
            backend = OpenFlow(ofctl, wanted, may_lack_bridge)
            plan = reconcile(backend, module.check_mode)
        result = {"changed": bool(plan), "counts": backend.counts(plan)}
        if module._diff:
            sides = {"before": plan.before, "after": plan.after}
            result["diff"] = {side: "".join(f"{flow}\n" for flow in sorted(sides[side].values())) for side in sides}
        module.exit_json(**result)


if __name__ == "__main__":
    main()
