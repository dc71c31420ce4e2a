#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_bridge
short_description: An Open vSwitch bridge and its ports, in one transaction
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Brings a bridge, its ports, interfaces and OpenFlow controllers to the wanted state in one OVSDB transaction,
    waits until C(ovs-vswitchd) has applied it, and reads it back.
  - Where ports come and others leave, those that leave go in a second transaction. In one, a new port would get the
    number of one that left in the datapath, and for a moment the frames that were meant for it.
  - Options are named as the columns of ovs-vswitchd.conf.db(5) that they set.
  - An omitted option is left alone. An empty string, list or mapping clears the column. In a mapping only the given
    keys are managed, and a key with C(null) is removed.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.ovsdb
  - tenantry.sdn.ovsdb.ownership
  - tenantry.sdn.run
options:
  name:
    description: Name of the bridge, at most 15 bytes.
    type: str
    required: true
  state:
    description: Whether the bridge shall exist. V(absent) removes it with all its ports.
    type: str
    choices: [present, absent]
    default: present
  datapath_type:
    description: V(system) is the kernel's datapath, V(netdev) the one in userspace.
    type: str
    choices: [system, netdev, ""]
  fail_mode:
    description:
      - What the bridge does without a controller. V(standalone) switches as an ordinary switch, V(secure) forwards
        by flows alone. An empty string unsets it.
      - Set in the same transaction that creates the bridge, so that it is never open for a moment.
      - Changing it on a bridge drops all its flows.
    type: str
    choices: [standalone, secure, ""]
  protocols:
    description: OpenFlow versions to speak, as V(OpenFlow13). An empty list is Open vSwitch's default.
    type: list
    elements: str
  rstp_enable:
    description: Rapid Spanning Tree Protocol.
    type: bool
  stp_enable:
    description: Spanning Tree Protocol.
    type: bool
  mcast_snooping_enable:
    description: IGMP and MLD snooping.
    type: bool
  flood_vlans:
    description:
      - VLANs on which the bridge learns no addresses, so that all their frames are flooded. An empty list is none.
      - For a VLAN that mirrored frames travel on (M(tenantry.sdn.ovs_mirror)), on every bridge on the way.
    type: list
    elements: int
    version_added: "0.2.0"
  external_ids:
    description: Keys to set, or with C(null) to remove.
    type: dict
  other_config:
    description: Keys to set, or with C(null) to remove.
    type: dict
  controllers:
    description:
      - All OpenFlow controllers of the bridge. An empty list removes them.
      - A change drops all flows of the bridge.
    type: list
    elements: dict
    suboptions:
      target:
        description: Connection method, as V(tcp:192.0.2.33:6653), V(ssl:192.0.2.33:6653) or V(ptcp:6653).
        type: str
        required: true
      connection_mode:
        description: Whether the connection runs over the bridge itself.
        type: str
        choices: [in-band, out-of-band, ""]
      inactivity_probe:
        description: Milliseconds of silence before the connection is probed. V(0) turns it off.
        type: str
      max_backoff:
        description: The most milliseconds between two attempts to connect; at least 1000.
        type: str
      controller_rate_limit:
        description: Packets sent to the controller per second, at most.
        type: str
      controller_burst_limit:
        description: Packets that O(controllers[].controller_rate_limit) may save up.
        type: str
  ports:
    description:
      - The ports to manage. Ports that are not listed stay, unless O(owner) and O(purge) say otherwise.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the port, and of its interface unless O(ports[].interfaces) is given; at most 15 bytes.
        type: str
        required: true
      state:
        description: Whether the port shall exist on this bridge.
        type: str
        choices: [present, absent]
        default: present
      type:
        description: Type of the interface. An empty string or V(system) is a network device of the host.
        type: str
      tag:
        description: VLAN of an access port, or native VLAN of a trunk, 0 to 4095. An empty string clears it.
        type: str
      trunks:
        description: VLANs that a trunk carries. An empty list is all of them.
        type: list
        elements: int
      vlan_mode:
        description: How VLANs are handled; an empty string lets Open vSwitch choose by tag and trunks.
        type: str
        choices: [access, trunk, native-tagged, native-untagged, dot1q-tunnel, ""]
      interfaces:
        description:
          - The interfaces of a bond, each a name or a mapping with C(name) and the columns C(type), C(options),
            C(mac), C(mtu_request), C(ofport_request), C(bfd), C(external_ids) and C(other_config) of the interface.
          - With one member of the port's own name it is a way to set columns of a single interface, as
            C(external_ids:iface-id).
          - Omitted, a port that exists keeps the interfaces that it has, and a new one gets the interface of its own
            name.
        type: list
        elements: raw
      bond_mode:
        description: How a bond spreads its load.
        type: str
        choices: [active-backup, balance-slb, balance-tcp, ""]
      lacp:
        description: Link Aggregation Control Protocol (IEEE 802.1AX).
        type: str
        choices: [active, passive, "off", ""]
      bond_updelay:
        description: Milliseconds a link must be up before it is used.
        type: int
      bond_downdelay:
        description: Milliseconds a link must be down before it is given up.
        type: int
      options:
        description:
          - Options of the interface's type, as C(peer) of a patch port or C(remote_ip) of a tunnel.
          - A patch port whose peer is not there yet is a warning, since one of the two is always first.
          - A pre-shared key is refused here, as it would show in logs. M(tenantry.sdn.ovs_gre_mesh) keeps it secret.
        type: dict
      mac:
        description: MAC address of an internal interface. An empty string lets Open vSwitch choose.
        type: str
      mtu_request:
        description: MTU in bytes. An empty string lets Open vSwitch choose.
        type: str
      ofport_request:
        description: OpenFlow port number. The task fails if Open vSwitch gives another.
        type: str
      protected:
        description: Protected ports of a bridge do not hear each other.
        type: bool
      external_ids:
        description: Keys of the port's row to set, or with C(null) to remove.
        type: dict
      other_config:
        description: Keys of the port's row to set, or with C(null) to remove.
        type: dict
  purge:
    description:
      - With O(owner) and O(ports), remove the owner's ports of this bridge that are not listed.
      - The default is V(true) with an owner and V(false) without.
    type: bool
  require_devices:
    description:
      - Fail if a port's network device does not exist. With V(false) it is a warning, for ports of guests that are
        not running; Open vSwitch takes the device in as soon as it appears.
    type: bool
    default: true
seealso:
  - module: tenantry.sdn.ovs_gre_mesh
"""

EXAMPLES = r"""
- name: ovs-vsctl add-br br0
  tenantry.sdn.ovs_bridge:
    name: br0

- name: ovs-vsctl add-port br0 eth0; add-port br0 tap0 tag=1; add-port br0 tap1 tag=2
  tenantry.sdn.ovs_bridge:
    name: br0
    ports:
      - name: eth0
      - name: tap0
        tag: 1
      - name: tap1
        tag: 2

- name: ovs-vsctl add-port br1 gre1 -- set interface gre1 type=gre options:remote_ip=192.168.1.152
  tenantry.sdn.ovs_bridge:
    name: br1
    ports:
      - name: gre1
        type: gre
        options:
          remote_ip: 192.168.1.152

- name: ovs-vsctl set-controller br0 tcp:192.168.1.33:6633
  tenantry.sdn.ovs_bridge:
    name: br0
    controllers:
      - target: tcp:192.168.1.33:6633

- name: An integration bridge that forwards nothing until it has flows, and exactly these ports of ours
  tenantry.sdn.ovs_bridge:
    name: br-int
    fail_mode: secure
    protocols: [OpenFlow13, OpenFlow15]
    owner: dc1
    ports:
      - name: uplink
        interfaces: [eth1, eth2]
        bond_mode: balance-tcp
        lacp: active
        vlan_mode: trunk
        trunks: [120, 121]
      - name: tap0
        tag: 120
        interfaces:
          - name: tap0
            external_ids: {iface-id: web-1}

- name: Take one port away
  tenantry.sdn.ovs_bridge:
    name: br0
    ports:
      - name: tap1
        state: absent

- name: Remove the bridge
  tenantry.sdn.ovs_bridge:
    name: br0
    state: absent
"""

RETURN = r"""
ofports:
  description: OpenFlow port number of each wanted interface, V(null) while its device is missing.
  returned: success
  type: dict
  sample: {tap0: 3}
owned:
  description:
    - How many rows of the database, plugs and routers bear the mark of O(owner) and were made by other modules, by
      module. Where it is 0 and nothing is wanted, that module has nothing to do.
    - For C(of_flow), how many owners' flows the bridge comes back with after a restart.
  returned: success, with O(owner)
  type: dict
  sample:
    ovs_gre_mesh: 2
    ovs_qos: 0
    ovs_mirror: 0
    ovs_flow_export: 0
    ovs_ssl: 0
    of_flow: 1
    hybrid_plug: 0
    routed_port: 0
    virtual_router: 0
    gateway_address: 0
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.bridges import Bridges
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_task import run
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB, OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch_input import parse_bridge
from ansible_collections.tenantry.sdn.plugins.module_utils.names import MESH_KEY, OWNER_KEY
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected

VLAN_MODES = ["access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel", ""]

CONTROLLER = {
    "target": {"type": "str", "required": True},
    "connection_mode": {"type": "str", "choices": ["in-band", "out-of-band", ""]},
    "inactivity_probe": {"type": "str"},
    "max_backoff": {"type": "str"},
    "controller_rate_limit": {"type": "str"},
    "controller_burst_limit": {"type": "str"},
}
PORT = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "type": {"type": "str"},
    "tag": {"type": "str"},
    "trunks": {"type": "list", "elements": "int"},
    "vlan_mode": {"type": "str", "choices": VLAN_MODES},
    "interfaces": {"type": "list", "elements": "raw"},
    "bond_mode": {"type": "str", "choices": ["active-backup", "balance-slb", "balance-tcp", ""]},
    "lacp": {"type": "str", "choices": ["active", "passive", "off", ""]},
    "bond_updelay": {"type": "int"},
    "bond_downdelay": {"type": "int"},
    "options": {"type": "dict"},
    "mac": {"type": "str"},
    "mtu_request": {"type": "str"},
    "ofport_request": {"type": "str"},
    "protected": {"type": "bool"},
    "external_ids": {"type": "dict"},
    "other_config": {"type": "dict"},
}
BRIDGE = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "datapath_type": {"type": "str", "choices": ["system", "netdev", ""]},
    "fail_mode": {"type": "str", "choices": ["standalone", "secure", ""]},
    "protocols": {"type": "list", "elements": "str"},
    "rstp_enable": {"type": "bool"},
    "stp_enable": {"type": "bool"},
    "mcast_snooping_enable": {"type": "bool"},
    "flood_vlans": {"type": "list", "elements": "int"},
    "external_ids": {"type": "dict"},
    "other_config": {"type": "dict"},
    "controllers": {"type": "list", "elements": "dict", "options": CONTROLLER},
    "ports": {"type": "list", "elements": "dict", "options": PORT},
    "purge": {"type": "bool"},
    "require_devices": {"type": "bool", "default": True},
}


def claim_of(owner: str | None, purge: bool, adopt: bool) -> Claim:
    def is_ours(external_ids):
        return owner is None or (external_ids.get(OWNER_KEY) == owner and MESH_KEY not in external_ids)

    return Claim(owner, is_ours, purge=purge, adopt=adopt)


def main() -> None:
    module = AnsibleModule(argument_spec={**BRIDGE, **OVSDB, **OWNERSHIP, **RUN}, supports_check_mode=True)
    params = module.params
    if params["purge"] is None:
        params["purge"] = params["owner"] is not None
    with surfacing(module), uncollected():
        wanted = parse_bridge(params)
        claim = claim_of(params["owner"], params["purge"] and wanted.ports is not None, params["adopt"])
        present = params["state"] == "present"
        dummy, result = run(module, lambda ovsdb: Bridges(ovsdb, wanted, claim, "ovs_bridge", present))
        module.exit_json(**result)


if __name__ == "__main__":
    main()
