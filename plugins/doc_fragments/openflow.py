# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules that speak OpenFlow to a bridge; mirrors module_utils/arguments.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  bridge:
    description:
      - Name of the bridge.
      - Its socket is expected beside that of O(database), or in C(/run/openvswitch) if that is not on this host.
    type: str
    required: true
  group_ids:
    description:
      - The numbers of groups that are the owner's, as V(100-199,300), whoever made them.
    type: str
  meter_ids:
    description: As O(group_ids), for meters.
    type: str
  protocol:
    description:
      - The OpenFlow version to speak. The default is the newest that the bridge speaks.
      - Flows with C(send_flow_rem) need V(OpenFlow13), with C(importance) V(OpenFlow14), groups with
        C(selection_method) V(OpenFlow15) or V(OpenFlow10), meters V(OpenFlow13).
      - V(OpenFlow10) has most of what Open vSwitch adds to it, and V(OpenFlow12) all of what needs no later version.
        V(OpenFlow11) lacks most of both, as matches of registers, conntrack and IPv6. V(OpenFlow10) has no
        C(push_vlan), C(write_actions) and C(clear_actions), and C(resubmit) for C(goto_table). What a task may not use
        is told by its name.
    type: str
    choices: [OpenFlow10, OpenFlow11, OpenFlow12, OpenFlow13, OpenFlow14, OpenFlow15]
"""
