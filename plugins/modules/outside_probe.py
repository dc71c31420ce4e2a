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
      protocol:
        description:
          - V(icmp) is an echo request.
          - V(http) is for load balancers, whatever their mode. It is a request to V(/), which one of their members
            answers.
        type: str
        choices: [icmp, tcp, udp, http]
        required: true
      address:
        description: An IP address.
        type: str
        required: true
      port:
        description: The port, but for V(icmp).
        type: int
      settles:
        description:
          - Seconds to wait for its answer beyond O(timeout). A load balancer finds out after a while only which of its
            members serve. It is asked again meanwhile.
        type: int
        default: 0
      answerers:
        description:
          - With V(http), the endpoints that shall all be heard. It is asked, up to 32 times at once and twice a second,
            until they were or time is up. Without, the first answer is enough.
        type: list
        elements: str
        default: []
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
      - {protocol: tcp, address: 203.0.113.10, port: 2222}
      - {protocol: icmp, address: 203.0.113.1}
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
    answerers:
      description: The endpoints that probes' answers named. There may be several with V(http) alone.
      type: list
      elements: str
    note:
      description: Why there is no answer, or that it was not a probe's.
      type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.addresses import unicast_address
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.outside import Question, ask
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, path_of

WAY = {
    "protocol": {"type": "str", "choices": ["icmp", "tcp", "udp", "http"], "required": True},
    "address": {"type": "str", "required": True},
    "port": {"type": "int"},
    "settles": {"type": "int", "default": 0},
    "answerers": {"type": "list", "elements": "str", "default": []},
}
ARGUMENTS = {
    "run": {"type": "str", "required": True},
    "ways": {"type": "list", "elements": "dict", "required": True, "options": WAY},
    "timeout": {"type": "int", "default": 3},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    faults = Faults()
    with surfacing(module):
        faults.parse("timeout", integer(1, 3600), module.params["timeout"])
        asked = [parse_question(faults, path_of("ways", at), way) for at, way in enumerate(module.params["ways"])]
        faults.raise_any()
        if module.check_mode:
            module.exit_json(changed=False)
        module.exit_json(changed=False, replies=ask(asked, module.params["run"], module.params["timeout"]))


def parse_question(faults: Faults, path: str, way: dict[str, Any]) -> Question:
    """Parse one of the ways; what is wrong goes to ``faults``."""
    port = way["port"]
    if way["protocol"] == "icmp" and port is not None:
        faults.add(f"{path}.port", "icmp has no ports; leave it out, or write protocol as tcp or udp")
    elif way["protocol"] != "icmp" and port is None:
        faults.add(f"{path}.port", f"is missing; write the port that is asked by {way['protocol']}")
    if way["answerers"] and way["protocol"] != "http":
        faults.add(f"{path}.answerers", f"by {way['protocol']} one answers; leave it out, or write protocol as http")
    return Question(
        way["protocol"],
        faults.parse(f"{path}.address", unicast_address, way["address"]) or "",
        0 if port is None else faults.parse(f"{path}.port", integer(1, 65535), port) or 0,
        faults.parse(f"{path}.settles", integer(0, 3600), way["settles"]) or 0,
        tuple(way["answerers"]),
    )


if __name__ == "__main__":
    main()
