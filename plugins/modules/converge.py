#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: converge
short_description: Bring a hypervisor to its compiled state, by the modules that it takes, in one task
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Runs the modules of this collection that a host needs, one after another, with what M(tenantry.sdn.host_state)
    returned, in the order in which nothing passes meanwhile that neither the old nor the new intent allows. Modules
    that would have nothing to do, by the intent and by what the host has of ours, are not run.
  - The roles of the collection use it. A task for each module would do the same, but each task costs the controller a
    process for each host, also where there is nothing to do.
  - Says by a line which step has changed something, and with C(--diff) what. The first step that fails ends the task.
  - What C(module_defaults) has for the modules, or for their action groups, holds.
  - One run of Ansible at a time changes a host. While another does so, or if another has since this run came first,
    the task fails and changes nothing more.
extends_documentation_fragment:
  - tenantry.sdn.attributes
options:
  state:
    description: What M(tenantry.sdn.host_state) returned as C(state). Give either it, or O(plan) and O(hypervisor).
    type: dict
  plan:
    description:
      - Directory of a plan that M(tenantry.sdn.plan) made, from which the state of O(hypervisor) is taken. So it need
        not go through Ansible's variables, which takes a large state longer than all else.
      - Relative to the playbook.
    type: path
  hypervisor:
    description: Name of the hypervisor in the plan.
    type: str
  parts:
    description:
      - V(hypervisor), by M(tenantry.sdn.hypervisor_info), M(tenantry.sdn.boot_restore) and M(tenantry.sdn.ovs_uplink).
      - V(routers), by M(tenantry.sdn.boot_restore) and M(tenantry.sdn.virtual_router). They go before V(networks),
        which plugs them in.
      - V(networks), by M(tenantry.sdn.ovs_bridge), M(tenantry.sdn.ovs_gre_mesh), M(tenantry.sdn.of_flow) and, where
        there is need, M(tenantry.sdn.ovs_qos), M(tenantry.sdn.ovs_ssl), M(tenantry.sdn.sg_rules) and
        M(tenantry.sdn.gateway_address).
      - V(flows), by M(tenantry.sdn.of_flow) alone. It is a part of V(networks), for changes of members.
      - V(security_groups), by M(tenantry.sdn.sg_ipset), M(tenantry.sdn.sg_rules), M(tenantry.sdn.hybrid_plug) and
        M(tenantry.sdn.routed_port). They come after V(networks).
      - V(monitoring), by M(tenantry.sdn.ovs_mirror) and M(tenantry.sdn.ovs_flow_export). It comes after V(networks).
      - V(former_routers), by M(tenantry.sdn.virtual_router) and M(tenantry.sdn.boot_restore), where the host shall have
        no routers. It comes after V(networks), which lets go of their cables.
      - V(former_hypervisor), by M(tenantry.sdn.boot_restore), where the host shall have nothing of ours.
    type: list
    elements: str
    choices: [hypervisor, routers, networks, flows, security_groups, monitoring, former_routers, former_hypervisor]
    required: true
  owned:
    description:
      - What the host has of this owner, as C(owned) of M(tenantry.sdn.ovs_bridge) says it. The part V(networks) finds
        it out, and the parts after it know it.
      - What is not in it may be there, and is looked for.
    type: dict
    default: {}
  datapath_type:
    description: V(netdev) for the datapath in userspace; empty or V(system) for the kernel's.
    type: str
    choices: ["", system, netdev]
    default: ""
  require_devices:
    description: Fail if the network device of a port does not exist (yet), instead of warning.
    type: bool
    default: false
  require_effect:
    description: Fail if the datapath is known to take a limit of a QoS profile and not do it, instead of warning.
    type: bool
    default: true
  packages_of:
    description:
      - Parts whose programs are looked for first, V(hypervisor) for those of Open vSwitch and, where the host is to
        have rules of it, of iptables. If the host lacks some, RV(missing) says so and nothing is done.
    type: list
    elements: str
    choices: [hypervisor, routers]
    default: []
  services:
    description:
      - Services of systemd, one of which is to be running, now and after the next boot, as distributions call Open
        vSwitch. If none is, RV(serves) says so and nothing is done. They belong to the part V(hypervisor).
    type: list
    elements: str
    default: []
  restore:
    description:
      - What M(tenantry.sdn.boot_restore) is given of C(files), C(units) and C(started) in the part V(hypervisor), so
        that flows come back with Open vSwitch, and in the part V(former_hypervisor), so that they do not. If it is
        empty, V(hypervisor) leaves that as it is.
    type: dict
    default: {}
  connection_address:
    description: As for M(tenantry.sdn.ovs_uplink), for the part V(hypervisor).
    type: str
  takeover:
    description: As for M(tenantry.sdn.ovs_uplink), for the part V(hypervisor).
    type: bool
    default: false
  router_files:
    description: Files by which a boot makes the routers anew, by their paths, as for M(tenantry.sdn.boot_restore).
    type: dict
    default: {}
  secrets:
    description:
      - Keys of VPNs of the part V(routers), by the names that the intent has for them. The host is given those alone
        that its routers need.
      - If its routers need some and this is left out, RV(stopped) says so and nothing is done. So a play may decrypt
        them for those hosts alone that need them.
    type: dict
seealso:
  - module: tenantry.sdn.host_state
"""

EXAMPLES = r"""
- name: Compile
  tenantry.sdn.host_state:
    directory: "{{ inventory_dir }}/intent"
    hypervisor: "{{ inventory_hostname }}"
  register: compiled

- name: Have all but routers
  tenantry.sdn.converge:
    state: "{{ compiled.state }}"
    parts: [networks, security_groups, monitoring]

- name: Or have it taken out of a plan
  tenantry.sdn.converge:
    plan: "{{ inventory_dir }}/plan"
    hypervisor: "{{ inventory_hostname }}"
    parts: [networks, security_groups, monitoring]
"""

RETURN = r"""
steps:
  description: The modules that ran, in their order, with what each changed.
  returned: always
  type: list
  elements: dict
  sample:
    - {name: Dig the tunnels of the tenants, module: tenantry.sdn.ovs_gre_mesh, changed: true, diff: []}
step:
  description: The name of the step that failed.
  returned: failure
  type: str
  sample: Dig the tunnels of the tenants
owned:
  description:
    - What the host has of this owner, as M(tenantry.sdn.ovs_bridge) says it, or O(owned) without the part V(networks).
  returned: success
  type: dict
stopped:
  description: Whether nothing was done, as RV(missing) or RV(serves) say, or O(secrets) were not given and are needed.
  returned: success
  type: bool
missing:
  description: What the host lacks of the programs and Python modules that were looked for.
  returned: success
  type: list
  elements: str
  sample: [haproxy]
serves:
  description: Whether one of O(services) is running and enabled; true if none is named.
  returned: success
  type: bool
os_family:
  description: As of M(tenantry.sdn.hypervisor_info).
  returned: where something was looked for
  type: str
  sample: Debian
public_keys:
  description: The public keys of the routers that have WireGuard, by their names.
  returned: with the part V(routers), if there are any
  type: dict
"""
