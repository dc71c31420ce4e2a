# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a twin: an ordinary Ansible inventory whose hosts are the namespaces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import CONTAINER, Wanted

_EVERY_HOST = {
    "ansible_connection": "tenantry.sdn.netns",
    "ansible_become": False,  # the connection is root already, and a small machine has no sudo
    "ansible_pipelining": True,  # half the entries into the host
    "ansible_python_interpreter": "/usr/bin/python3",
}
_HYPERVISORS = {
    **_EVERY_HOST,
    "hypervisor_manage_packages": False,  # a twin has those of the machine
    "tenant_network_require_effect": False,  # the datapath in userspace polices nothing, which a warning says
}


def render(
    hypervisors: Mapping[str, str],
    endpoints: Mapping[str, str],
    core: str,
    wanted: Wanted,
    variables: Mapping[str, Any],
) -> str:
    """Return the inventory as JSON, which is YAML, of hosts given as name: pid file, and of the core's pid file."""
    external = [its for segment, its in wanted.gateways.items() if "@" not in segment]  # which those of pods have
    addresses = sorted(address.partition("/")[0] for its in external for address in its.addresses)
    of_hypervisors = {  # without the driver of containers there is no systemd
        **_HYPERVISORS,
        "hypervisor_datapath_type": wanted.datapath_type,
        **dict.fromkeys(("hypervisor_manage_service", "hypervisor_manage_restore"), wanted.driver == CONTAINER),
    }
    inventory = {
        "all": {
            "vars": variables,
            "children": {
                "hypervisors": {"hosts": _hosts(hypervisors), "vars": of_hypervisors},
                "endpoints": {"hosts": _hosts(endpoints), "vars": _EVERY_HOST},
                "outside": {
                    "hosts": _hosts({"outside-1": core}),
                    "vars": {**_EVERY_HOST, "tenantry_outside": addresses},
                },
            },
        }
    }
    return json.dumps(inventory, indent=2, sort_keys=True) + "\n"


def _hosts(pid_files: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"tenantry_netns_pid_file": pid_file} for name, pid_file in pid_files.items()}
