#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan_info
short_description: What a plan directory holds, and whether it is the plan of today's intent
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Reads the directory that M(tenantry.sdn.plan) made. One that is not whole, or made by a newer version of the
    collection, is an error.
  - If the intent is given, one of another fabric is an error too, and one of another intent or allocation record than
    those of today. The intent is compared as text; it is not checked.
extends_documentation_fragment:
  - tenantry.sdn.intent
  - tenantry.sdn.intent.attributes
options:
  path:
    description: The directory of the plan. Relative to the playbook.
    type: path
    required: true
seealso:
  - module: tenantry.sdn.plan
"""

EXAMPLES = r"""
- name: Check that the plan is that of the intent
  tenantry.sdn.plan_info:
    path: "{{ inventory_dir }}/plan"
    directory: "{{ inventory_dir }}/intent"
  run_once: true
  register: plan

- name: Show which hosts a run would go to
  ansible.builtin.debug:
    var: plan.concerned
  run_once: true
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
concerned:
  description: As M(tenantry.sdn.plan) returns it.
  returned: success
  type: list
  elements: str
  sample: [hv1, hv2]
summary:
  description: As M(tenantry.sdn.plan) returns it.
  returned: success
  type: dict
warnings:
  description: As M(tenantry.sdn.plan) returns them.
  returned: success
  type: list
  elements: str
  sample: []
words:
  description: As M(tenantry.sdn.plan) returns them.
  returned: success
  type: list
  elements: str
"""
