#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_mirror
short_description: Mirrors of an Open vSwitch bridge (SPAN and RSPAN)
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Copies frames of ports and VLANs of a bridge to a port (SPAN), which may be a tunnel, or to a VLAN (RSPAN). Brings
    one mirror, or all of an owner, to the wanted state in one OVSDB transaction, waits until C(ovs-vswitchd) has
    applied it, and reads it back.
  - Options are named as the columns of ovs-vswitchd.conf.db(5) that they set.
  - An omitted option is left alone. An empty string or list clears the column.
  - Removing a mirror takes away that one alone.
  - Open vSwitch does not let traffic that flows already follow a change of mirrors. The module makes it do so, by its
    control socket beside that of the database, and warns where it cannot.
  - What Open vSwitch would take and not do is refused, as a mirror that selects nothing, one whose ports are not
    there (a port that leaves a bridge silently leaves its mirrors too), or one that selects its own output.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.ovsdb
  - tenantry.sdn.ovsdb.ownership
  - tenantry.sdn.run
options:
  bridge:
    description: The bridge. All ports that a mirror names are of this bridge.
    type: str
    required: true
  name:
    description: Name of the mirror, by which it is known on its bridge.
    type: str
  state:
    description: Whether the mirror shall exist.
    type: str
    choices: [present, absent]
    default: present
  select_all: &select_all
    description: Select every frame that arrives or leaves by any port.
    type: bool
  select_src_port: &select_src_port
    description: Select what arrives by these ports.
    type: list
    elements: str
  select_dst_port: &select_dst_port
    description: Select what leaves by these ports.
    type: list
    elements: str
  select_vlan: &select_vlan
    description:
      - Of the frames that are selected by their ports, take those of these VLANs alone. An empty list takes all.
      - By itself it selects nothing; for a whole VLAN add O(select_all).
    type: list
    elements: int
  output_port: &output_port
    description:
      - The port that the copies go to. It carries nothing else from then on, and what it receives is dropped.
      - Giving one clears O(output_vlan).
    type: str
  output_vlan: &output_vlan
    description:
      - The VLAN that the copies travel on, 1 to 4094, out of all ports that carry it. Their own tag is lost.
      - Each bridge on the way has to have it in C(flood_vlans), see M(tenantry.sdn.ovs_bridge), and each switch that
        is not ours must not learn addresses on it. That the bridge itself lacks it is warned of.
      - Giving one clears O(output_port).
    type: str
  snaplen: &snaplen
    description: Cut the copies to so many bytes, 14 to 65535. An empty string leaves them whole.
    type: str
  mirrors:
    description:
      - Several mirrors in one transaction, each with the options above. With an O(owner), all that the owner has on the
        bridge.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
        required: true
      state:
        description: As O(state), whose value is the default.
        type: str
        choices: [present, absent]
      select_all: *select_all
      select_src_port: *select_src_port
      select_dst_port: *select_dst_port
      select_vlan: *select_vlan
      output_port: *output_port
      output_vlan: *output_vlan
      snaplen: *snaplen
seealso:
  - module: tenantry.sdn.ovs_bridge
  - module: tenantry.sdn.ovs_mirror_info
"""

EXAMPLES = r"""
- name: SPAN, what tap0 sends and receives goes to tap9 too
  tenantry.sdn.ovs_mirror:
    bridge: br-int
    name: audit
    select_src_port: [tap0]
    select_dst_port: [tap0]
    output_port: tap9

- name: Everything on VLAN 120, the first 128 bytes of each frame
  tenantry.sdn.ovs_mirror:
    bridge: br-int
    name: dmz
    select_all: true
    select_vlan: [120]
    output_port: tap9
    snaplen: 128

- name: RSPAN, the copies travel on VLAN 900, on which no bridge may learn addresses
  tenantry.sdn.ovs_bridge:
    name: br-int
    flood_vlans: [900]

- name: RSPAN, what tap0 receives
  tenantry.sdn.ovs_mirror:
    bridge: br-int
    name: far
    select_dst_port: [tap0]
    output_vlan: 900

- name: Exactly these mirrors of ours, others stay
  tenantry.sdn.ovs_mirror:
    bridge: br-int
    owner: dc1
    mirrors:
      - name: audit
        select_src_port: [tap0, tap1]
        output_port: tap9

- name: Take one mirror away
  tenantry.sdn.ovs_mirror:
    bridge: br-int
    name: audit
    state: absent
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.mirrors import Mirrors
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_task import run
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB, OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.mirror import parse_mirrors
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected

MIRROR = {
    "select_all": {"type": "bool"},
    "select_src_port": {"type": "list", "elements": "str"},
    "select_dst_port": {"type": "list", "elements": "str"},
    "select_vlan": {"type": "list", "elements": "int"},
    "output_port": {"type": "str"},
    "output_vlan": {"type": "str"},
    "snaplen": {"type": "str"},
}
LISTED_MIRROR = {
    **MIRROR,
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"]},
}
ARGUMENTS = {
    **MIRROR,
    "bridge": {"type": "str", "required": True},
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "mirrors": {"type": "list", "elements": "dict", "options": LISTED_MIRROR},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB, **OWNERSHIP, **RUN}, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_mirrors(params)
        claim = Claim(params["owner"], adopt=params["adopt"])
        exists = not module.check_mode
        dummy, result = run(module, lambda ovsdb: Mirrors(ovsdb, wanted, claim, "ovs_mirror", exists))
        module.exit_json(**result)


if __name__ == "__main__":
    main()
