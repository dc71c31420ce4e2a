#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Compile an intent once, for all hosts and runs
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Checks the whole intent as M(tenantry.sdn.intent) does, and compiles the state of every hypervisor into a directory,
    from which M(tenantry.sdn.host_state) takes that of each. So an intent of any size is read once, by one machine.
  - C(plan.json) in it names the states by the hashes of their files. It is replaced in one step, last of all. A run
    that is killed leaves the plan that was there; who reads a plan finds the old or the new one whole.
  - The same intent and record give the same files, byte for byte.
  - What the last plan in the directory has is not compiled again, if nothing that it follows from has changed. A change
    of a tenant compiles the hosts that have ports of it; a change of C(fabric), or of the collection, all of them.
  - Values of Ansible's vault, in variables or files of the intent, are decrypted to compile. With one in the intent all
    states are encrypted with the vault's password, since what follows from a secret is not told from what does not.
    Names of hosts and figures are not. The task's result is not logged then, nor are the values that a message would
    quote.
extends_documentation_fragment:
  - tenantry.sdn.intent
options:
  path:
    description:
      - The directory, which is made if it is not there. Relative to the playbook.
      - Without it the plan is for this run alone, in a folder that Ansible removes when it ends.
    type: path
  hypervisors:
    description: Of a plan for this run alone, compile only these. Names that the intent does not have are passed over.
    type: list
    elements: str
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  async:
    description: Can be run in the background.
    support: none
  check_mode:
    description: Computes the same, and writes neither the allocation record nor O(path).
    support: full
  diff_mode:
    description: Shows the allocation record before and after.
    support: full
  platform:
    description: The target operating systems.
    support: full
    platforms: posix
seealso:
  - module: tenantry.sdn.plan_info
  - module: tenantry.sdn.plan_applied
  - module: tenantry.sdn.host_state
"""

EXAMPLES = r"""
- name: Compile the intent into a plan that stays
  tenantry.sdn.plan:
    directory: "{{ inventory_dir }}/intent"
    path: "{{ inventory_dir }}/plan"
  run_once: true
  register: plan

- name: Tell what it comes to
  ansible.builtin.debug:
    msg: "{{ plan.words }}"
  run_once: true

- name: Take the state of this host
  tenantry.sdn.host_state:
    plan: "{{ plan.path }}"
    hypervisor: "{{ inventory_hostname }}"
  register: compiled
"""

RETURN = r"""
path:
  description: The directory of the plan.
  returned: success
  type: str
  sample: /srv/dc1/plan
digest:
  description: Tells the plan from any other.
  returned: success
  type: str
fabric:
  description: Name of the fabric.
  returned: success
  type: str
  sample: dc1
encrypted:
  description: Whether the states are, as the intent has values of Ansible's vault.
  returned: success
  type: bool
  sample: false
changes:
  description: The hosts whose state the last plan in the directory did not have, or had otherwise, or alone.
  returned: success
  type: dict
  sample: {added: [], changed: [hv1, hv2], removed: []}
concerned:
  description:
    - The hosts that no run has brought to their state of this plan since it became what it is, sorted, as noted by
      M(tenantry.sdn.plan_applied).
  returned: success
  type: list
  elements: str
  sample: [hv1, hv2]
summary:
  description:
    - How many there are of each kind in the fabric, and how they spread over the hosts. Tunnels are ports, those to all
      peers among them. Sets are IP sets. Elements and rules are those of IP sets and iptables, or the flows that stand
      for them.
  returned: success
  type: dict
  sample:
    hypervisors: 3
    tenants: 2
    networks: 4
    ports: 9
    per_host:
      tunnels: {min: 2, mean: 2.33, p99: 3, max: 3}
      flows: {min: 95, mean: 105.67, p99: 120, max: 120}
      sets: {min: 0, mean: 0.0, p99: 0, max: 0}
      elements: {min: 0, mean: 0.0, p99: 0, max: 0}
      rules: {min: 0, mean: 0.0, p99: 0, max: 0}
warnings:
  description: What the intent may ask for and still deserves a thought.
  returned: success
  type: list
  elements: str
  sample: []
words:
  description: RV(concerned) and RV(summary) for people.
  returned: success
  type: list
  elements: str
  sample:
    - "2 of 3 hosts are not as planned: hv1, hv2"
    - "tunnels of a host: 2 to 3, 2.33 on average, 99 % have at most 3"
faults:
  description: What is wrong with the intent, sorted.
  returned: failure
  type: list
  elements: str
"""
