#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gateway_address
short_description: Addresses of a hypervisor by which it is the gateway of networks
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Gives addresses to ports of type internal, which Open vSwitch makes and M(tenantry.sdn.ovs_bridge) asks it for, and
    sets them up. On such a port the hypervisor has IPv4 alone, and answers ARP for its address there alone.
  - What may come in there says M(tenantry.sdn.sg_rules), in a chain of table mangle. Make its rules before, since the
    hypervisor answers on any interface for all of its addresses.
  - They are kept in files, from which the units of the role C(tenantry.sdn.hypervisor) give a port that Open vSwitch
    made anew its address back.
  - The gateways given are all that the owner has. Others of the owner lose their addresses and files.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.run
options:
  owner:
    description: Whose these are. The folder of their files says it.
    type: str
    required: true
  gateways:
    description: The gateways.
    type: list
    elements: dict
    required: true
    suboptions:
      interface:
        description: The port. It must be there, but in check mode.
        type: str
        required: true
      addresses:
        description: Its IPv4 addresses, with prefix length. Others of the port are removed.
        type: list
        elements: str
        required: true
  allow_empty:
    description: Take an empty list of gateways for what is meant, and remove all of the owner.
    type: bool
    default: false
requirements:
  - iproute2
notes:
  - One task at a time changes the gateways of a host. It holds the lock C(/run/tenantry.lock) as long.
seealso:
  - module: tenantry.sdn.ovs_bridge
  - module: tenantry.sdn.sg_rules
  - module: tenantry.sdn.virtual_router
"""

EXAMPLES = r"""
- name: A port for the hypervisor itself
  tenantry.sdn.ovs_bridge:
    name: br-int
    ports:
      - {name: gw-web, type: internal, tag: 120}

- name: Guests may ping it, and ask it for names, and nothing else of the hypervisor
  tenantry.sdn.sg_rules:
    table: mangle
    name: gateways
    rules:
      - {source: 10.1.1.0/24, destination: 10.1.1.1, protocol: icmp, icmp_type: echo-request, target: RETURN}
      - {source: 10.1.1.0/24, destination: 10.1.1.1, protocol: udp, destination_ports: [53], target: RETURN}
      - {target: DROP}
    jumps:
      - {chain: PREROUTING, in_interface: gw-web}
    saved: true

- name: The hypervisor is the gateway 10.1.1.1
  tenantry.sdn.gateway_address:
    owner: dc1
    gateways:
      - {interface: gw-web, addresses: [10.1.1.1/24]}
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.gateways import Gateways, saved_gateways
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.gateway import parse_gateways
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import in_words, surfacing

GATEWAY = {
    "interface": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
}
ARGUMENTS = {
    "owner": {"type": "str", "required": True},
    "gateways": {"type": "list", "elements": "dict", "required": True, "options": GATEWAY},
    "allow_empty": {"type": "bool", "default": False},
    **RUN,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    with surfacing(module):
        owner, wanted = parse_gateways(module.params)
        with turn(module) as own:
            plan = own.reconcile(Gateways(wanted, owner))
            files = own.reconcile(saved_gateways(wanted, owner))
        result = {"changed": bool(plan or files)}
        if module._diff:
            result["diff"] = in_words(plan) + in_words(files)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
