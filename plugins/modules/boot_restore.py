#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_restore
short_description: The units of systemd that give a host back what tasks have saved
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Puts files in place, has systemd take them up and enables units among them.
  - The role C(tenantry.sdn.hypervisor) installs with it what makes flows anew that M(tenantry.sdn.of_flow) has saved.
  - Does nothing on a host that was not booted with systemd.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.run
options:
  files:
    description: The files, as path and text. A text that starts with C(#!) is a program.
    type: dict
    required: true
  units:
    description: The units to enable. Of templates there are none, as each instance is enabled by itself.
    type: list
    elements: str
    required: true
  started:
    description:
      - Those of O(units) that are running as well, as they watch something. The others are run once, when something was
        changed.
    type: list
    elements: str
    default: []
  needed_by:
    description: The folder of what the units give back.
    type: str
    default: /var/lib/tenantry/sdn
  state:
    description:
      - V(absent) stops and disables the units and removes the files, unless there are files in O(needed_by), since
        what they are of would not come back then, as of another fabric.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: tenantry.sdn.of_flow
"""

EXAMPLES = r"""
- name: A script that runs when Open vSwitch was started
  tenantry.sdn.boot_restore:
    files:
      /etc/systemd/system/started.service: |
        [Service]
        Type=oneshot
        ExecStart=/usr/bin/logger Open vSwitch was started
        [Install]
        WantedBy=multi-user.target
      /etc/systemd/system/started.path: |
        [Path]
        PathChanged=/run/openvswitch/ovs-vswitchd.pid
        [Install]
        WantedBy=multi-user.target
    units: [started.service, started.path]
    started: [started.path]
"""

RETURN = r"""
"""

import os

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.boot_files import BOOTED, BootFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import ROOT, anything_in
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.boot_input import parse_boot_files
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import in_words, surfacing
from ansible_collections.tenantry.sdn.plugins.module_utils.unlogged import UnloggedModule

ARGUMENTS = {
    "files": {"type": "dict", "required": True},
    "units": {"type": "list", "elements": "str", "required": True},
    "started": {"type": "list", "elements": "str", "default": []},
    "needed_by": {"type": "str", "default": ROOT},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **RUN,
}


def main() -> None:
    module = UnloggedModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    with surfacing(module):
        files = parse_boot_files(module.params)
        present = module.params["state"] == "present"
        if not os.path.isdir(BOOTED):
            module.exit_json(changed=False)
        units = {unit: unit in module.params["started"] for unit in module.params["units"]}
        with turn(module, alone=False) as own:
            if not present and anything_in(module.params["needed_by"]):
                module.exit_json(changed=False)
            plan = own.reconcile(BootFiles(files, units, present))
        result = {"changed": bool(plan)}
        if module._diff:
            result["diff"] = in_words(plan)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
