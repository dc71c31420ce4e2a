# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of network devices that become ports of the integration bridge."""

from __future__ import annotations

from typing import Any

from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import is_router_link
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.values import BRIDGE
from ansible_collections.tenantry.sdn.plugins.module_utils.names import is_plug_link, is_tunnel_name
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import interface_name


def host_interface(value: Any) -> str:
    """Parse the name of a NIC or tap that is to become a port of the integration bridge."""
    name = interface_name(value)
    if (
        name in (BRIDGE, "lo", "ovs-system", "ovs-netdev")
        or is_tunnel_name(name)
        or is_plug_link(name)
        or is_router_link(name)
    ):
        raise ValueError(f"'{name}' is a name that the host or Open vSwitch uses itself; write another interface")
    return name
