#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_applied
short_description: Note which hosts were brought to their states of a plan
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Keeps in C(applied.json) of a plan directory the state that each host was brought to, so that later runs go to those
    alone whose state is another. The playbook C(site) does so at its end, for the hosts on which nothing failed.
  - Several runs, as slices of a job, may do so at once.
options:
  path:
    description: The directory of the plan. Relative to the playbook.
    type: path
    required: true
  hypervisors:
    description: The hosts. Those that the plan does not have are passed over.
    type: list
    elements: str
    required: true
  digest:
    description:
      - The plan that they were brought to, as RV(tenantry.sdn.plan_info#module:digest). If the directory has another by
        now, nothing is noted, so that the next run goes to them.
    type: str
  state:
    description: V(absent) notes that they are in no known state, so that the next run goes to them.
    type: str
    choices: [present, absent]
    default: present
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  async:
    description: Can be run in the background.
    support: none
  check_mode:
    description: Notes nothing.
    support: full
  diff_mode:
    description: There is nothing to show, no host is changed.
    support: none
  platform:
    description: The target operating systems.
    support: full
    platforms: posix
seealso:
  - module: tenantry.sdn.plan
"""

EXAMPLES = r"""
- name: Note the hosts that are as planned
  tenantry.sdn.plan_applied:
    path: "{{ inventory_dir }}/plan"
    digest: "{{ plan.digest }}"
    hypervisors: "{{ ansible_play_hosts }}"
  run_once: true
"""

RETURN = r"""
noted:
  description: Whether the directory has the plan of O(digest).
  returned: success
  type: bool
"""
