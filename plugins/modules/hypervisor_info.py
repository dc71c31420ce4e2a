#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hypervisor_info
short_description: What a host has of all that the role hypervisor would give it
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Looks at once whether programs and a service are there, the files and units of M(tenantry.sdn.boot_restore), and
    network cards as M(tenantry.sdn.ovs_uplink) leaves them. So a run over a host that has all of it needs one task
    instead of five.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.run
options:
  programs:
    description: Programs that are to be in the path of root.
    type: list
    elements: str
    default: []
  python_modules:
    description: Modules that the Python of this task is to find.
    type: list
    elements: str
    default: []
  services:
    description: Services of systemd, one of which is to be running, now and after the next boot.
    type: list
    elements: str
    default: []
  files:
    description: As for M(tenantry.sdn.boot_restore).
    type: dict
    default: {}
  units:
    description: As for M(tenantry.sdn.boot_restore).
    type: list
    elements: str
    default: []
  started:
    description: As for M(tenantry.sdn.boot_restore).
    type: list
    elements: str
    default: []
  interfaces:
    description: Network cards that are to be there and up, without an address and the default route.
    type: list
    elements: str
    default: []
seealso:
  - module: tenantry.sdn.boot_restore
  - module: tenantry.sdn.ovs_uplink
"""

EXAMPLES = r"""
- name: Look whether Open vSwitch is there and running
  tenantry.sdn.hypervisor_info:
    programs: [ovs-vsctl, ovs-vswitchd]
    python_modules: [ovs]
    services: [openvswitch-switch, openvswitch] # as distributions call it
  register: found

- name: Install Open vSwitch
  ansible.builtin.package:
    name: [openvswitch-switch, python3-openvswitch]
  when: found.missing | length > 0
"""

RETURN = r"""
missing:
  description: What is not there of O(programs) and O(python_modules).
  returned: success
  type: list
  elements: str
  sample: [ovs-vsctl, ovs]
serves:
  description: Whether one of O(services) is running and enabled; true if none is named.
  returned: success
  type: bool
restores:
  description: Whether O(files) and O(units) are as M(tenantry.sdn.boot_restore) makes them, or need not be.
  returned: success
  type: bool
linked:
  description: Whether O(interfaces) are as M(tenantry.sdn.ovs_uplink) leaves them.
  returned: success
  type: bool
os_family:
  description: V(Debian) or V(RedHat), by C(/etc/os-release), or the name of the distribution if it is of neither.
  returned: success
  type: str
  sample: Debian
"""

import importlib.util
import os
import shutil
import subprocess

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.boot_files import BOOTED, BootFiles
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.links import read_links
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.boot_input import parse_boot_files
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

NAMES = {"type": "list", "elements": "str", "default": []}
ARGUMENTS = {
    **dict.fromkeys(("programs", "python_modules", "services", "units", "started", "interfaces"), NAMES),
    "files": {"type": "dict", "default": {}},
    **RUN,
}
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
FAMILIES = {"debian": "Debian", "rhel": "RedHat", "fedora": "RedHat"}
RELEASES = ("/etc/os-release", "/usr/lib/os-release")
SECONDS = 20


def missing(programs: list, modules: list) -> list:
    return [
        *(name for name in programs if shutil.which(name, path=PATH) is None),
        *(name for name in modules if importlib.util.find_spec(name) is None),
    ]


def serves(services: list) -> bool:
    if services and not os.path.isdir(BOOTED):
        return False
    return not services or any(_says("is-active", name) and _says("is-enabled", name) for name in services)


def _says(question: str, service: str) -> bool:
    asked = ["systemctl", "--quiet", question, service]
    return subprocess.run(asked, timeout=SECONDS, check=False).returncode == 0


def restores(files: dict, params: dict) -> bool:
    if not files or not os.path.isdir(BOOTED):
        return True
    return not BootFiles(files, {unit: unit in params["started"] for unit in params["units"]}, True).plan()


def linked(names: list) -> bool:
    links = read_links() if names and not missing(["ip"], []) else {}
    known = [links[name] for name in names if name in links]
    return len(known) == len(names) and all(link.up and not link.addresses and not link.default_route for link in known)


def os_family() -> str:
    """Return the family of the distribution (os-release(5))."""
    words: dict = {}
    for path in RELEASES:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                lines = [line.strip().partition("=") for line in file]
            words = {key: value.strip("\"'") for key, _sign, value in lines}
            break
    names = [words.get("ID", "linux"), *words.get("ID_LIKE", "").split()]
    return next((FAMILIES[name] for name in names if name in FAMILIES), names[0])


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    with surfacing(module):
        files = parse_boot_files(params) if params["files"] else {}
        with turn(module, alone=False):
            module.exit_json(
                changed=False,
                missing=missing(params["programs"], params["python_modules"]),
                serves=serves(params["services"]),
                restores=restores(files, params),
                linked=linked(params["interfaces"]),
                os_family=os_family(),
            )


if __name__ == "__main__":
    main()
