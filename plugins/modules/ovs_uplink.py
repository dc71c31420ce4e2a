#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_uplink
short_description: Network cards that are to become ports of a bridge
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - A network card that is a port of an Open vSwitch bridge no longer receives for the host itself. This module
    refuses a card that the host lives on, because it has an address, carries the default route or Ansible's own
    connection, and sets the others up.
  - It does not plug them; M(tenantry.sdn.ovs_bridge) does. Run it before.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.run
requirements:
  - iproute2
options:
  interfaces:
    description: The network cards.
    type: list
    elements: str
    required: true
  connection_address:
    description:
      - The address by which Ansible reaches the host, if it is known. The address of the present SSH connection is
        known in any case. A name is not looked up.
    type: str
  takeover:
    description:
      - Take cards that have addresses or routes all the same. The host loses them, and may become unreachable. Move
        addresses and routes to the bridge first.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Make sure that eth1 may become an uplink
  tenantry.sdn.ovs_uplink:
    interfaces: [eth1]
"""

RETURN = r"""
set_up:
  description: The cards that were down.
  returned: success
  type: list
  elements: str
  sample: [eth1]
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.links import Link, read_links, set_up
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

ARGUMENTS = {
    "interfaces": {"type": "list", "elements": "str", "required": True},
    "connection_address": {"type": "str"},
    "takeover": {"type": "bool", "default": False},
    **RUN,
}


def faults_of(link: Link, connection_addresses: set) -> list:
    """Say why the host would miss the card; nothing if it would not."""
    reasons = [f"has the address {address}" for address in link.addresses]
    if link.default_route:
        reasons.append("carries the default route")
    if connection_addresses.intersection(link.addresses):
        reasons.append("carries Ansible's own connection")
    if not reasons:
        return []
    return [
        f"{link.name}: it {' and '.join(reasons)}, which the host would lose; choose another card in uplinks, move "
        "them away first, or say takeover: true (hypervisor_uplink_takeover)"
    ]


def connection_addresses(given: str | None) -> set:
    """Return the addresses of this host that Ansible is connected to: SSH_CONNECTION is client, port, server, port."""
    ssh = os.environ.get("SSH_CONNECTION", "").split()
    return {address for address in [given, *ssh[2:3]] if address}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    names = module.params["interfaces"]
    with surfacing(module):
        with turn(module, alone=False) as own:
            links = read_links()
            faults = [f"{name}: no such network card; correct uplinks" for name in names if name not in links]
            known = [links[name] for name in names if name in links]
            if not module.params["takeover"]:
                addresses = connection_addresses(module.params["connection_address"])
                faults += [fault for link in known for fault in faults_of(link, addresses)]
            if faults:
                raise InvalidInput(faults)
            down = [link.name for link in known if not link.up]
            if down and not module.check_mode:
                own.claim()
                set_up(down)
        diff = {"before": dict.fromkeys(down, "down"), "after": dict.fromkeys(down, "up")}
        module.exit_json(changed=bool(down), set_up=down, diff=diff)


if __name__ == "__main__":
    main()
