#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: outside_probe
short_description: Measures what answers at addresses beyond a router
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Runs on an endpoint, or on a host outside, as root. It asks all O(ways) at once, while the processes that
    M(tenantry.sdn.endpoint_probe) started listen on the endpoints and say who they are.
  - The playbook C(tenantry.sdn.verify) does so, and M(tenantry.sdn.reachability) judges.
  - Only measures. It does not know what should reach what.
options:
  run:
    description: The O(tenantry.sdn.endpoint_probe#module:run) of the verification.
    type: str
    required: true
  ways:
    description: What to ask.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description: An IPv4 address.
        type: str
        required: true
      port:
        description: A port of TCP. Without it the question is an ICMP echo request.
        type: int
  timeout:
    description: Seconds to wait for answers.
    type: int
    default: 3
extends_documentation_fragment:
  - tenantry.sdn.attributes
attributes:
  check_mode:
    description: Sends nothing, and returns no replies.
    support: full
  diff_mode:
    description: There is no state to compare.
    support: none
  idempotent:
    description: Measures anew each time. It never reports a change, as it leaves nothing behind.
    support: none
notes:
  - Needs nothing but Python on the host.
seealso:
  - module: tenantry.sdn.endpoint_probe
  - module: tenantry.sdn.reachability
"""

EXAMPLES = r"""
- name: Ask a port forward from outside, and whether the gateway answers
  tenantry.sdn.outside_probe:
    run: a1b2c3
    ways:
      - {address: 203.0.113.10, port: 2222}
      - {address: 203.0.113.1}
"""

RETURN = r"""
replies:
  description: What became of each, in order.
  returned: success, but for check mode
  type: list
  elements: dict
  contains:
    answered:
      description: Whether anybody answered.
      type: bool
    answerer:
      description: The endpoint that a probe's answer named.
      type: str
    note:
      description: Why there is no answer, or that it was not a probe's.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import family, unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.outside import ask
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, path_of

ARGUMENTS = {
    "run": {"type": "str", "required": True},
    "ways": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"address": {"type": "str", "required": True}, "port": {"type": "int"}},
    },
    "timeout": {"type": "int", "default": 3},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    faults = Faults()
    with surfacing(module):
        faults.parse("timeout", integer(1, 3600), module.params["timeout"])
        questions = []
        for at, way in enumerate(module.params["ways"]):
            address = faults.parse(path_of("ways", at, "address"), _ipv4, way["address"])
            port = None
            if way["port"] is not None:
                port = faults.parse(path_of("ways", at, "port"), integer(1, 65535), way["port"])
            questions.append((address or "", port))
        faults.raise_any()
        if module.check_mode:
            module.exit_json(changed=False)
        module.exit_json(changed=False, replies=ask(questions, module.params["run"], module.params["timeout"]))


def _ipv4(value: object) -> str:
    address = unicast_address(value)
    if family(address) != 4:
        raise ValueError(f"{address} is of IPv6, and routers meet the outside by IPv4; write such an address")
    return address


if __name__ == "__main__":
    main()
