#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_gre_mesh
short_description: All GRE, VXLAN or Geneve tunnels of a host, in one transaction
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Brings the tunnels of one mesh, or of all networks of a bridge, to the wanted state in one OVSDB transaction,
    waits until C(ovs-vswitchd) has applied it, and reads it back. Ten thousand tunnels are one task.
  - The list of remotes is complete. A tunnel of the same mesh to a host that is not listed is removed.
  - Tunnel ports are protected by default, so that what came out of one tunnel never goes into another. That is the
    split horizon without which a full mesh of three hosts is a loop.
  - Names of tunnel interfaces are made from mesh, addresses and key. They are the same on every run.
  - An omitted option is left alone on tunnels that exist, but for those that tell tunnels apart, O(type), O(local_ip),
    O(key) and O(dst_port). With others, or without, it is another tunnel.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.ovsdb
  - tenantry.sdn.ovsdb.ownership
  - tenantry.sdn.run
options:
  bridge:
    description: The bridge that the tunnels are ports of. It must exist.
    type: str
    required: true
  name:
    description: Name of the mesh. Needed unless O(networks) is given.
    type: str
  state:
    description: V(absent) removes the tunnels of the mesh, or of each of O(networks).
    type: str
    choices: [present, absent]
    default: present
  type:
    description: Encapsulation.
    type: str
    choices: [gre, vxlan, geneve]
    default: gre
  local_ip:
    description: The VTEP of this host, IPv4 or IPv6. Omitted, the kernel's routes choose the source address.
    type: str
  remotes:
    description: The VTEPs of the other hosts of the mesh.
    type: list
    elements: str
  key:
    description:
      - Tunnel key. Up to 32 bits for GRE, 24 bits for VXLAN (VNI) and Geneve, or V(flow) to let flows set it.
    type: str
  tag:
    description: VLAN of the bridge that the tunnels carry, as access ports. An empty string clears it.
    type: str
  protected:
    description: Do not pass on from one tunnel into another (split horizon).
    type: bool
    default: true
  csum:
    description: Checksums in the outer header.
    type: bool
  df_default:
    description: Set the Don't Fragment bit of the outer header. Open vSwitch's default is V(true).
    type: bool
  dst_port:
    description: UDP port of VXLAN or Geneve.
    type: int
  bfd:
    description: Keys of Bidirectional Forwarding Detection, as V(enable) or V(min_rx).
    type: dict
  psk:
    description: Pre-shared key, for C(openvswitch-ipsec) to encrypt the tunnels with.
    type: str
  networks:
    description:
      - All meshes of the bridge in one list, each with a name and its own values; the task's values are their defaults.
      - With O(owner) the list is complete, so that meshes of the owner that are not listed are removed.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the mesh.
        type: str
        required: true
      type:
        description: As O(type).
        type: str
        choices: [gre, vxlan, geneve]
      local_ip:
        description: As O(local_ip).
        type: str
      remotes:
        description: As O(remotes).
        type: list
        elements: str
      key:
        description: As O(key).
        type: str
      tag:
        description: As O(tag).
        type: str
      protected:
        description: As O(protected).
        type: bool
      csum:
        description: As O(csum).
        type: bool
      df_default:
        description: As O(df_default).
        type: bool
      dst_port:
        description: As O(dst_port).
        type: int
      bfd:
        description: As O(bfd).
        type: dict
      psk:
        description: As O(psk).
        type: str
  max_removed:
    description:
      - Refuse to remove more tunnels than this in one task. The time that C(ovs-vswitchd) needs to remove tunnels
        grows with the square of their number, and it does nothing else meanwhile.
    type: int
    default: 1000
seealso:
  - module: tenantry.sdn.ovs_bridge
"""

EXAMPLES = r"""
- name: The talk's tunnel, ovs-vsctl add-port br1 gre1 -- set interface gre1 type=gre options:remote_ip=192.168.1.152
  tenantry.sdn.ovs_gre_mesh:
    bridge: br1
    name: talk
    remotes: [192.168.1.152]

- name: A keyed mesh of three hypervisors, seen from the first
  tenantry.sdn.ovs_gre_mesh:
    bridge: br-int
    name: web
    local_ip: 192.168.1.151
    remotes: [192.168.1.152, 192.168.1.153]
    key: 5001
    tag: 12
    bfd:
      enable: true

- name: All tunnels of a hypervisor, whatever was there before
  tenantry.sdn.ovs_gre_mesh:
    bridge: br-int
    owner: dc1
    local_ip: 192.168.1.151
    networks:
      - name: acme.web
        key: 5001
        tag: 12
        remotes: [192.168.1.152, 192.168.1.153]
      - name: globex.lab
        type: vxlan
        key: 5002
        tag: 13
        remotes: [192.168.1.153]

- name: Remove the mesh
  tenantry.sdn.ovs_gre_mesh:
    bridge: br1
    name: talk
    state: absent
"""

RETURN = r"""
tunnels:
  description: How many tunnels the task manages on this host.
  returned: success
  type: int
  sample: 3
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.bridges import Bridges
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_task import run
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB, OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.mesh_input import meshes_of, parse_meshes
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected

ENCAPSULATIONS = ["gre", "vxlan", "geneve"]
MESH = {
    "local_ip": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "tag": {"type": "str"},
    "csum": {"type": "bool"},
    "df_default": {"type": "bool"},
    "dst_port": {"type": "int"},
    "bfd": {"type": "dict"},
    "psk": {"type": "str", "no_log": True},
}
NETWORK = {
    **MESH,
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "choices": ENCAPSULATIONS},
    "remotes": {"type": "list", "elements": "str"},
    "protected": {"type": "bool"},
}
ARGUMENTS = {
    **MESH,
    "bridge": {"type": "str", "required": True},
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "type": {"type": "str", "choices": ENCAPSULATIONS, "default": "gre"},
    "remotes": {"type": "list", "elements": "str"},
    "protected": {"type": "bool", "default": True},
    "networks": {"type": "list", "elements": "dict", "options": NETWORK},
    "max_removed": {"type": "int", "default": 1000},
}


def claim_of(params: dict) -> Claim:
    """Our tunnels: of the named meshes, or with an owner and ``networks`` all meshes of that owner."""
    owner = params["owner"]
    names = {mesh["name"] for path, mesh in meshes_of(params)}
    all_meshes = owner is not None and params["networks"] is not None and params["state"] == "present"

    def is_ours(external_ids):
        mesh = external_ids.get(MESH_KEY)
        mine = owner in (None, external_ids.get(OWNER_KEY))
        return mine and mesh is not None and (all_meshes or mesh in names)

    return Claim(owner, is_ours, purge=True, adopt=params["adopt"], bridge=False, max_removed=params["max_removed"])


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB, **OWNERSHIP, **RUN}, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_meshes(params)
        must_exist = params["state"] == "present" and not module.check_mode
        claim = claim_of(params)
        backend, result = run(
            module, lambda ovsdb: Bridges(ovsdb, wanted, claim, "ovs_gre_mesh", must_exist=must_exist)
        )
        module.exit_json(**result, tunnels=len(backend.wanted_interfaces()))


if __name__ == "__main__":
    main()
