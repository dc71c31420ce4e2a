#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_flow_export
short_description: NetFlow, sFlow and IPFIX of an Open vSwitch bridge
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Brings what a bridge reports to collectors to the wanted state in one OVSDB transaction, waits until
    C(ovs-vswitchd) has applied it, and reads it back.
  - Options are named as the columns of ovs-vswitchd.conf.db(5) that they set.
  - An omitted option is left alone, be it a whole export. An empty string clears a column, an empty mapping stops an
    export.
  - A row that several bridges share is never changed; the bridge gets its own copy.
  - What is proven is that C(ovs-vswitchd) has the configuration. It does not report whether a collector listens or
    understands.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.ovsdb
  - tenantry.sdn.ovsdb.ownership
  - tenantry.sdn.run
options:
  bridge:
    description: The bridge.
    type: str
    required: true
  state:
    description: V(absent) stops all exports of the bridge; with an O(owner), all that are the owner's.
    type: str
    choices: [present, absent]
    default: present
  netflow:
    description: NetFlow version 5. An empty mapping stops it.
    type: dict
    suboptions:
      targets: &targets
        description: The collectors, each as V(192.0.2.9:2055) or V([fd00::9]:2055). Names are not looked up.
        type: list
        elements: str
      active_timeout:
        description: Seconds after which a lasting flow is reported. V(0) is the default of 600, V(-1) is never.
        type: str
      engine_type:
        description: What the records say of the engine, 0 to 255. An empty string lets Open vSwitch choose.
        type: str
      engine_id:
        description: What the records say of the engine, 0 to 255. An empty string lets Open vSwitch choose.
        type: str
      add_id_to_interface:
        description: Put the lower 7 bits of the engine's id into the interface numbers, which leaves 9 bits for these.
        type: bool
  sflow:
    description: sFlow version 5. An empty mapping stops it.
    type: dict
    suboptions:
      targets: *targets
      agent:
        description:
          - The address that the reports bear, or the network device whose address it is.
          - Without it Open vSwitch takes the device that reaches the first collector. Where it finds no address, it
            reports nothing, and only its log says so.
        type: str
      header:
        description: Bytes of each sampled frame that are sent, 14 to 65535. Open vSwitch's default is 128.
        type: str
      sampling:
        description: One frame in so many is sampled. Open vSwitch's default is 400.
        type: str
      polling:
        description: Seconds between two reports of the interfaces' counters. Open vSwitch's default is 30.
        type: str
  ipfix:
    description:
      - IPFIX (RFC 7011) of what the bridge forwards. An empty mapping stops it.
      - Open vSwitch sends the templates when it starts to report, and later only now and then. A collector that is
        started later waits for them, so start it first.
    type: dict
    suboptions:
      targets: *targets
      sampling:
        description: One frame in so many is sampled. Open vSwitch's default is 400.
        type: str
      obs_domain_id:
        description: Observation domain. Open vSwitch's default is 0.
        type: str
      obs_point_id:
        description: Observation point. Open vSwitch's default is 0.
        type: str
      cache_active_timeout: &cache_active_timeout
        description: Seconds for which a flow is gathered before it is reported, at most 4200.
        type: str
      cache_max_flows: &cache_max_flows
        description: How many flows are gathered at once. V(0) reports each frame.
        type: str
      other_config: &other_config
        description: Further keys, as C(enable-tunnel-sampling), to set, or with C(null) to remove.
        type: dict
  samples:
    description:
      - Where the packets go that C(sample) actions of flows choose, one for each C(collector_set_id). With an
        O(owner), all of the owner on this bridge.
    type: list
    elements: dict
    suboptions:
      id:
        description: The C(collector_set_id) of the actions.
        type: str
        required: true
      state:
        description: Whether it shall exist.
        type: str
        choices: [present, absent]
        default: present
      ipfix:
        description: The collectors. Probability, observation domain and point are said by the actions.
        type: dict
        suboptions:
          targets: *targets
          cache_active_timeout: *cache_active_timeout
          cache_max_flows: *cache_max_flows
          other_config: *other_config
  purge:
    description:
      - With O(owner), stop those of the owner's O(netflow), O(sflow) and O(ipfix) that the task does not speak of.
    type: bool
    default: false
seealso:
  - module: tenantry.sdn.ovs_flow_export_info
"""

EXAMPLES = r"""
- name: NetFlow of br-int, flows that last reported every minute
  tenantry.sdn.ovs_flow_export:
    bridge: br-int
    netflow:
      targets: ["192.0.2.9:2055"]
      active_timeout: 60

- name: sFlow of one frame in 64, and the counters every 10 seconds
  tenantry.sdn.ovs_flow_export:
    bridge: br-int
    sflow:
      targets: ["192.0.2.9:6343"]
      agent: eth0
      header: 128
      sampling: 64
      polling: 10

- name: IPFIX of every frame, and of what flows choose by sample(collector_set_id=1)
  tenantry.sdn.ovs_flow_export:
    bridge: br-int
    owner: dc1
    ipfix:
      targets: ["192.0.2.9:4739", "[fd00::9]:4739"]
      sampling: 1
    samples:
      - id: 1
        ipfix:
          targets: ["192.0.2.10:4739"]

- name: Stop sFlow, leave the others alone
  tenantry.sdn.ovs_flow_export:
    bridge: br-int
    sflow: {}

- name: Stop everything
  tenantry.sdn.ovs_flow_export:
    bridge: br-int
    state: absent
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.flow_exports import FlowExports
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_task import run
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB, OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_export import parse_exports
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected

TARGETS = {"type": "list", "elements": "str"}
NETFLOW = {
    "targets": TARGETS,
    "active_timeout": {"type": "str"},
    "engine_type": {"type": "str"},
    "engine_id": {"type": "str"},
    "add_id_to_interface": {"type": "bool"},
}
SFLOW = {
    "targets": TARGETS,
    "agent": {"type": "str"},
    "header": {"type": "str"},
    "sampling": {"type": "str"},
    "polling": {"type": "str"},
}
PER_FLOW = {
    "targets": TARGETS,
    "cache_active_timeout": {"type": "str"},
    "cache_max_flows": {"type": "str"},
    "other_config": {"type": "dict"},
}
IPFIX = {
    **PER_FLOW,
    "sampling": {"type": "str"},
    "obs_domain_id": {"type": "str"},
    "obs_point_id": {"type": "str"},
}
SAMPLE = {
    "id": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "ipfix": {"type": "dict", "options": PER_FLOW},
}
ARGUMENTS = {
    "bridge": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "netflow": {"type": "dict", "options": NETFLOW},
    "sflow": {"type": "dict", "options": SFLOW},
    "ipfix": {"type": "dict", "options": IPFIX},
    "samples": {"type": "list", "elements": "dict", "options": SAMPLE},
    "purge": {"type": "bool", "default": False},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB, **OWNERSHIP, **RUN}, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_exports(params)
        claim = Claim(params["owner"], adopt=params["adopt"])
        exists = not module.check_mode
        dummy, result = run(module, lambda ovsdb: FlowExports(ovsdb, wanted, claim, "ovs_flow_export", exists))
        module.exit_json(**result)


if __name__ == "__main__":
    main()
