# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter with_interfaces."""

from __future__ import annotations

DOCUMENTATION = r"""
name: with_interfaces
short_description: Tenants whose ports have the network devices that their guests were found with
version_added: 0.3.0
description:
  - Returns the tenants of an intent, where each port without C(interface) has that of its guest, if it was found on
    the port's hypervisor. Other ports are as they were.
  - A guest is known by the C(profileid) of its C(virtualport), if that is the port's name, as V(acme.web-1), else by
    its iface-id, else by its MAC address, which is the port's C(mac) or, without one, that which the port would get.
  - A guest that is found by profile or iface-id on another hypervisor than the port's is refused, and so are two with
    the same MAC address on a hypervisor.
positional: found, iface_ids
options:
  _input:
    description: The tenants, as in the intent.
    type: dict
    required: true
  found:
    description:
      - Each hypervisor and its C(interfaces), as M(tenantry.sdn.libvirt_interfaces_info) returns them.
    type: dict
    required: true
  iface_ids:
    description: The iface-id of ports by name, as P(tenantry.sdn.cloudstack_intent#filter) returns them.
    type: dict
    default: {}
seealso:
  - module: tenantry.sdn.libvirt_interfaces_info
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Find devices by MAC address and by iface-id
  vars:
    tenants:
      acme:
        networks: {web: {type: gre, subnet: 10.1.1.0/24}}
        ports:
          web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20, mac: "52:54:00:01:01:20"}
          web-2: {hypervisor: hv2, network: web, ip: 10.1.1.21}
          web-3: {hypervisor: hv2, network: web, ip: 10.1.1.22, interface: tap9}
    found:
      hv1: [{interface: vnet0, mac: "52:54:00:01:01:20"}]
      hv2: [{interface: vnet4, mac: "52:54:00:01:01:21", iface_id: 0b5c1f0e-8d4f-4d8e-a7f5-4a1a53e17a01}]
    ids: {acme.web-2: 0b5c1f0e-8d4f-4d8e-a7f5-4a1a53e17a01}
    ports: "{{ (tenants | tenantry.sdn.with_interfaces(found, iface_ids=ids)).acme.ports }}"
  ansible.builtin.assert:
    that:
      - ports['web-1'].interface == 'vnet0'
      - ports['web-2'].interface == 'vnet4'
      - ports['web-3'].interface == 'tap9'
"""

RETURN = r"""
_value:
  description: The tenants.
  type: dict
  sample:
    acme:
      networks: {web: {type: gre, subnet: 10.1.1.0/24}}
      ports: {web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20, interface: vnet0}}
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery import guests
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def with_interfaces(tenants: Any, found: Any, iface_ids: Any = None) -> dict[str, Any]:
    return guests.with_interfaces(tenants, found, {} if iface_ids is None else iface_ids)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"with_interfaces": with_interfaces}
