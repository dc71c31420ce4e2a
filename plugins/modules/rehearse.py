#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rehearse
short_description: Run a playbook over another inventory, and show it as it runs
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Runs C(ansible-playbook) on the controller over the given inventory alone, as the rehearsal in a twin does. The
    hosts of the present inventory cannot be reached by it, whatever their names.
  - What the playbook prints is shown line by line while it runs.
options:
  inventory:
    description: Path of the inventory.
    type: path
    required: true
  playbook:
    description: The playbook, as V(tenantry.sdn.site) or a path.
    type: str
    required: true
  variables:
    description: Extra variables for that run. They are in no argument of a process.
    type: dict
    default: {}
    version_added: "0.2.0"
  unchanged:
    description: Fail if any host reports a change, as the second run of an idempotent playbook must not.
    type: bool
    default: false
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  check_mode:
    description: Does nothing in check mode.
    support: full
  diff_mode:
    description: The playbook that is run shows its own diff.
    support: none
  platform:
    description: The target operating systems.
    support: full
    platforms: posix
"""

EXAMPLES = r"""
- name: Converge the twin a second time; nothing may change
  tenantry.sdn.rehearse:
    inventory: /run/tenantry/twin/demo/inventory.yml
    playbook: tenantry.sdn.site
    unchanged: true
"""

RETURN = r"""
changes:
  description: How many tasks changed something, by host.
  returned: success
  type: dict
  sample: {hv1: 0, hv2: 0}
"""
