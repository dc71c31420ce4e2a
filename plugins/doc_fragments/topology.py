# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters about tunnels have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  _input:
    description:
      - The hypervisors by name. Each is a mapping with its C(vtep), the address at which its tunnels end, and whatever
        else you keep there, as C(fabric.hypervisors) of the intent is; or the address alone.
      - Write it as data. A table that is made of C(groups) or C(hostvars) loses hypervisors when Ansible sees a part of
        the inventory only, and then their tunnels are removed.
      - Two hypervisors with the same VTEP, and VTEPs of both IP families, are refused.
    type: dict
    required: true
  hubs:
    description:
      - Hypervisors that have tunnels to all others, which then have tunnels to the hubs alone. Traffic between two
        spokes passes a hub, so the tunnels of a hub must not be C(protected). With several hubs that makes loops, which
        only RSTP or flows prevent.
      - Without it and O(placement) every hypervisor has a tunnel to every other.
    type: list
    elements: str
  placement:
    description:
      - Each network and the hypervisors that have ports on it. Two hypervisors have a tunnel only if they share a
        network.
      - Excludes O(hubs).
    type: dict
  within:
    description:
      - A key of each hypervisor, such as V(zone) or V(pod). Two hypervisors have a tunnel only if its value is
        the same.
    type: str
"""
