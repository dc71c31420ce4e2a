# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter cloudstack_intent."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cloudstack_intent
short_description: An intent from the answers of CloudStack's API
version_added: 0.3.0
description:
  - Builds C(fabric) and C(tenants) from answers of the calls listHosts, listNetworks, listVirtualMachines,
    listSecurityGroups and listVlanIpRanges. An account or project becomes a tenant, a host of type Routing a
    hypervisor, and each network interface of a machine that runs a port.
  - The result has passed the parser of the intent, or the filter tells all that is wrong with it.
  - What is selected of the answers is said by JMESPath expressions, each of which can be changed.
positional: fabric, mapping
options:
  _input:
    description: The answers, in any order, each as the API gives it in JSON. A call may have several, as of pages.
    type: list
    elements: dict
    required: true
  fabric:
    description:
      - What the API does not know of the fabric. Required are C(name) and, for each hypervisor, its C(vtep).
      - What is given here of a hypervisor is merged with what the answers say.
    type: dict
    required: true
  mapping:
    description:
      - JMESPath expressions to use instead of the filter's own, which the guide to discovery shows. Each gives a list
        of mappings.
      - Known are V(hypervisors), V(networks), V(ranges), V(machines) and V(groups).
    type: dict
    default: {}
notes:
  - Needs the Python package jmespath on the controller.
  - Hosts, networks, machines and groups whose names differ only by what a DNS label cannot have are refused.
seealso:
  - plugin: tenantry.sdn.with_interfaces
    plugin_type: filter
author:
  - The tenantry.sdn authors
"""

EXAMPLES = r"""
- name: Read a cloud of one host, with machines called as libvirt calls them
  vars:
    answers:
      - listhostsresponse:
          host: [{name: KVM1, type: Routing, zonename: Zone 1, podname: Pod 1, podid: p}]
      - listnetworksresponse:
          network:
            - {id: n, name: web, account: acme, domain: ROOT, traffictype: Guest, type: Isolated, cidr: 10.1.1.0/24,
               broadcasturi: "vxlan://5001"}
      - listvirtualmachinesresponse:
          virtualmachine:
            - name: web
              instancename: i-2-683-VM
              account: acme
              domain: ROOT
              hostname: KVM1
              nic: [{id: c, networkid: n, macaddress: "02:00:44:e1:00:05", ipaddress: 10.1.1.20, isdefault: true}]
    machines: >-
      [].listvirtualmachinesresponse.virtualmachine[].{name: instancename, owner: account, domain: domain,
      hypervisor: hostname, nics: nic[].{network: networkid, mac: macaddress, addresses: [ipaddress], first: isdefault}}
    fabric: {name: dc1, segments: {tunnel: 5000-5999}, hypervisors: {kvm1: {vtep: 192.168.1.151}}}
    intent: "{{ answers | tenantry.sdn.cloudstack_intent(fabric, mapping=dict(machines=machines)) }}"
  ansible.builtin.assert:
    that:
      - intent.fabric.hypervisors.kvm1 == dict(vtep='192.168.1.151', zone='zone-1', pod='pod-1')
      - intent.tenants.acme.networks.web == dict(type='vxlan', segmentation_id=5001, subnet=['10.1.1.0/24'])
      - intent.tenants.acme.ports['i-2-683-vm'].ip == ['10.1.1.20']
"""

RETURN = r"""
_value:
  description:
    - C(fabric) and C(tenants), as in the intent, and C(iface_ids), the id of each port's interface by the port's name.
  type: dict
  sample:
    fabric: {name: dc1, hypervisors: {kvm1: {vtep: 192.168.1.151, zone: zone-1, pod: pod-1}}}
    tenants: {acme: {networks: {web: {type: vxlan, segmentation_id: 5001, subnet: [10.1.1.0/24]}}}}
    iface_ids: {}
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.cloudstack import intent_of
from ansible_collections.tenantry.sdn.plugins.plugin_utils.filters import surfacing


@surfacing
def cloudstack_intent(answers: Any, fabric: Any, mapping: Any = None) -> dict[str, Any]:
    return intent_of(answers, fabric, {} if mapping is None else mapping)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cloudstack_intent": cloudstack_intent}
