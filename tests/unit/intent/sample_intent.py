# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small right intent, and how tests change it."""

from __future__ import annotations

from typing import Any

import yaml

RIGHT = """
fabric:
  name: dc1
  segments: {vlan: 100-199, tunnel: 5000-5999}
  hypervisors:
    hv1: {vtep: 192.168.1.151, uplinks: {physnet1: eth1}}
    hv2: {vtep: 192.168.1.152, uplinks: {physnet1: eth1}}
tenants:
  acme:
    networks:
      web: {type: gre, segmentation_id: 5001, subnet: 10.1.1.0/24}
      dmz: {type: vlan, segmentation_id: 120, physical_network: physnet1, subnet: 10.1.2.0/24}
    ports:
      web-1: {hypervisor: hv1, network: web, ip: 10.1.1.20, interface: tap0}
      web-2: {hypervisor: hv2, network: web, ip: 10.1.1.21, interface: tap0}
      dmz-1: {hypervisor: hv1, network: dmz, ip: 10.1.2.20, interface: tap1}
  globex:
    networks:
      app: {type: vxlan, subnet: 10.1.1.0/24}
    ports:
      app-1: {hypervisor: hv1, network: app, ip: 10.1.1.20, interface: tap2}
"""


def raw(change: str = "{}") -> dict[str, Any]:
    """Return the right intent with a change merged into it, in which <removed> takes a key away."""
    return merged(yaml.safe_load(RIGHT), yaml.safe_load(change))


def merged(base: Any, change: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    result = {key: value for key, value in base.items() if change.get(key) != "<removed>"}
    return {
        **result,
        **{key: merged(base.get(key), value) for key, value in change.items() if value != "<removed>"},
    }
