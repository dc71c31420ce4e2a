#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twin
short_description: A rehearsal of a fabric in network namespaces of this machine
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Builds every hypervisor as a set of namespaces with its own Open vSwitch, and every endpoint as a set of namespaces
    that is cabled to its hypervisor, so that the roles of this collection converge it and real packets prove it.
  - Writes an ordinary Ansible inventory of it, with the groups C(hypervisors) and C(endpoints).
  - With O(state=present) adds what is missing, removes what is no longer listed, starts what has died, and leaves the
    rest running. A crash in the middle is cleaned up by the next run.
  - Runs as root on the machine that is to hold the twin. The machine's own Open vSwitch, bridges, interfaces and files
    are never touched. A host sees the machine's files, and keeps its changes to them to itself.
extends_documentation_fragment:
  - tenantry.sdn.attributes
requirements:
  - openvswitch-switch
  - iproute2
  - ethtool
  - util-linux
  - procps
options:
  name:
    description: Name of the twin, a DNS label. Several twins run beside each other and never meet.
    type: str
    required: true
  state:
    description: Whether the twin shall exist. V(absent) leaves nothing of it.
    type: str
    choices: [present, absent]
    default: present
  mtu:
    description: MTU in bytes of the underlay and of the physical networks, which pass an 802.1Q tag on top of it.
    type: int
    default: 1500
  hypervisors:
    description:
      - All hypervisors, each with C(name), C(vtep) (an address) and optionally C(uplinks) (physical network to NIC) and
        C(next_hop) (an address of the other IP family, beside the VTEP's).
        Other keys are ignored, so this takes what M(tenantry.sdn.intent) returns.
      - C(segments) (physical network to the name of a segment) says where a physical network is not one link layer for
        all, as V(physnet1@p1) in pod V(p1).
      - The VTEP address is on the bridge C(br-phy), whose NIC is C(underlay0). All VTEPs share one link.
      - The NIC of an uplink is on a switch that it shares with the same physical network of the other hypervisors. It
        is in no bridge.
      - Required with O(state=present).
    type: list
    elements: dict
  endpoints:
    description:
      - All endpoints, each with C(name), C(hypervisor), C(interface) (of the hypervisor, the other end of the
        endpoint's C(eth0)), C(mac), C(addresses) (with prefix length), C(mtu), and optionally C(gateways) (with prefix
        length), the next hop of its default routes, as far as it has an address of the same IP family.
        Other keys are ignored, so this takes what M(tenantry.sdn.intent) returns.
    type: list
    elements: dict
    default: []
  gateways:
    description:
      - What the L3 core of the twin joins, a C(segment) and its C(addresses) there (with prefix length) each. It routes
        between all of them. Optionally, C(routes) are the networks beyond, and by which address in the segment each of
        them is reached.
      - Takes what M(tenantry.sdn.intent) returns.
    type: list
    elements: dict
    default: []
    version_added: "0.3.0"
  datapath_type:
    description:
      - Datapath of the hypervisors' switches. V(netdev) is Open vSwitch's own, in userspace, and needs nothing of the
        kernel. What it cannot prove are ingress policing and queues.
      - V(system) is the kernel's, as on most real hypervisors. It needs the kernel module C(openvswitch), and loads it
        if the machine has it. There is no C(br-phy) then; the VTEP address is on C(underlay0).
      - The inventory sets C(hypervisor_datapath_type) to it. A changed one starts all hypervisors anew, without the
        state that they had.
    type: str
    choices: [netdev, system]
    default: netdev
    version_added: "0.2.0"
  driver:
    description:
      - What a hypervisor is. V(netns) is a set of namespaces in which Open vSwitch runs and nothing else.
      - V(systemd) is booted by systemd-nspawn(1), with the units of its Open vSwitch. It may be restarted by
        C(systemctl poweroff) and this module, which starts what is down, with what it has on its disk. It needs control
        groups of version 2, and the package C(systemd-container).
      - A changed one starts all hypervisors anew, without the state that they had.
    type: str
    choices: [netns, systemd]
    default: netns
    version_added: "0.3.0"
  packages:
    description:
      - Debian packages that all hosts shall have beyond those of the machine, which does not get them. They are
        installed once, from the machine's repositories, into memory. C(NAME=VERSION) pins a version.
      - A changed list starts all hosts anew, without the state that they had.
    type: list
    elements: str
    default: []
  intent:
    description: Variables for all hosts of the inventory, as the fabric and its tenants.
    type: dict
    default: {}
seealso:
  - plugin: tenantry.sdn.netns
    plugin_type: connection
"""

EXAMPLES = r"""
- name: Two hypervisors, and a guest on each
  tenantry.sdn.twin:
    name: demo
    hypervisors:
      - {name: hv1, vtep: 192.168.1.151, uplinks: {physnet1: eth1}}
      - {name: hv2, vtep: 192.168.1.152, uplinks: {physnet1: eth1}}
    endpoints:
      - name: acme.web-1
        hypervisor: hv1
        interface: tap0
        mac: "52:54:00:12:34:56"
        addresses: [10.1.1.20/24]
        mtu: 1458
      - name: acme.web-2
        hypervisor: hv2
        interface: tap0
        mac: "52:54:00:12:34:57"
        addresses: [10.1.1.21/24]
        mtu: 1458

- name: Remove it
  tenantry.sdn.twin:
    name: demo
    state: absent
"""

RETURN = r"""
state_dir:
  description:
    - Folder of the twin. C(KIND/NAME/pid) in it is the process ID of a host, where KIND is C(hypervisor), C(endpoint)
      or C(fabric). C(nsenter --target PID --all) enters the host.
    - Host C(fabric/underlay) has the bridges that stand for the switches, C(underlay) for that between the VTEPs.
  returned: always
  type: str
  sample: /run/tenantry/twin/demo
inventory:
  description: Path of the inventory.
  returned: when O(state=present)
  type: str
  sample: /run/tenantry/twin/demo/inventory.yml
"""

import os
from contextlib import nullcontext
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import reconcile, surfacing
from ansible_collections.tenantry.sdn.plugins.module_utils.twin import cgroups
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.backend import Twin, TwinPlan, remove
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import (
    CONTAINER,
    NAMESPACES,
    NETDEV,
    SYSTEM,
    parse_name,
    parse_wanted,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.programs import require_programs
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.state import State
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.switch import require_datapath

OPTIONS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "mtu": {"type": "int", "default": 1500},
    "hypervisors": {"type": "list", "elements": "dict"},
    "endpoints": {"type": "list", "elements": "dict", "default": []},
    "gateways": {"type": "list", "elements": "dict", "default": []},
    "datapath_type": {"type": "str", "choices": [NETDEV, SYSTEM], "default": NETDEV},
    "driver": {"type": "str", "choices": [NAMESPACES, CONTAINER], "default": NAMESPACES},
    "packages": {"type": "list", "elements": "str", "default": []},
    "intent": {"type": "dict", "default": {}},
}


def main() -> None:
    module = AnsibleModule(OPTIONS, supports_check_mode=True, required_if=[("state", "present", ["hypervisors"])])
    with surfacing(module):
        if os.geteuid() != 0:
            raise BackendError("A twin is made of namespaces, and only root may make them. Run the task as root.")
        state = State(parse_name(module.params["name"]))
        act = present if module.params["state"] == "present" else absent
        module.exit_json(state_dir=state.folder, **act(module, state))


def present(module: AnsibleModule, state: State) -> dict[str, Any]:
    params = module.params
    if params["driver"] == CONTAINER:
        require_programs(**{"systemd-nspawn": "systemd-container"})
        cgroups.require()
    else:
        require_programs()
    options = ("mtu", "hypervisors", "endpoints", "packages", "datapath_type", "gateways", "driver")
    wanted = parse_wanted(*(params[name] for name in options))
    require_datapath(wanted.datapath_type)
    twin = Twin(state, wanted, params["intent"])
    with nullcontext() if module.check_mode else state.locked():
        plan = reconcile(twin, module.check_mode)
    diff = {"diff": _diff(plan)} if module._diff else {}
    return {"changed": bool(plan), "inventory": state.inventory, **diff}


def absent(module: AnsibleModule, state: State) -> dict[str, Any]:
    exists = os.path.isdir(state.folder) or bool(state.strays())
    if exists and not module.check_mode:
        with state.locked():
            remove(state)
    return {"changed": exists}


def _diff(plan: TwinPlan) -> dict[str, Any]:
    return {
        "before": {" ".join(thing): text for thing, text in sorted(plan.before.items())},
        "after": {" ".join(thing): text for thing, text in sorted(plan.after.items())},
    }


if __name__ == "__main__":
    main()
