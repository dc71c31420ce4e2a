#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: libvirt_interfaces_info
short_description: Which network devices the guests of libvirt have on this host
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Returns the network devices of all guests that run, with the MAC addresses of the guests, and with iface-id and
    profile of their C(virtualport), so that the device of a port need not be typed.
  - Nothing is changed.
extends_documentation_fragment:
  - tenantry.sdn.attributes.info
requirements:
  - C(virsh) on the host, of the package C(libvirt-clients)
options:
  uri:
    description: Where libvirt is, as C(virsh --connect) takes it.
    type: str
    default: qemu:///system
  timeout:
    description: Seconds that an answer may take.
    type: float
    default: 10
seealso:
  - plugin: tenantry.sdn.with_interfaces
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Which devices do the guests have?
  tenantry.sdn.libvirt_interfaces_info:
  register: guests

- name: Find that of a guest by its MAC address
  ansible.builtin.debug:
    msg: "{{ guests.interfaces | selectattr('mac', 'eq', '52:54:00:01:01:20') | map(attribute='interface') }}"
"""

RETURN = r"""
interfaces:
  description: The devices, sorted by name. What a device has not is left out.
  returned: success
  type: list
  elements: dict
  contains:
    interface:
      description: Name of the device.
      type: str
    domain:
      description: Name of the guest.
      type: str
    mac:
      description: MAC address of the guest, not of the device.
      type: str
    bridge:
      description: Bridge that it is plugged into.
      type: str
    network:
      description: Network of libvirt that it is plugged into.
      type: str
    iface_id:
      description: The C(interfaceid) of its C(virtualport), which Open vSwitch has as C(external_ids:iface-id).
      type: str
    port_profile:
      description: The C(profileid) of its C(virtualport), a good place for the name of the port, as V(acme.web-1).
      type: str
  sample:
    - interface: tap0
      domain: web-1
      mac: "52:54:00:01:01:20"
      bridge: br-int
      iface_id: 0b5c1f0e-8d4f-4d8e-a7f5-4a1a53e17a01
      port_profile: acme.web-1
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.libvirt import interfaces
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

ARGUMENTS = {
    "uri": {"type": "str", "default": "qemu:///system"},
    "timeout": {"type": "float", "default": 10},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    with surfacing(module):
        found = interfaces(module.params["uri"], module.params["timeout"])
        module.exit_json(changed=False, interfaces=found)


if __name__ == "__main__":
    main()
