#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_state
short_description: The complete desired state of one hypervisor, compiled from an intent
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Checks the whole intent as M(tenantry.sdn.intent) does, and returns what one hypervisor needs of it, in the
    arguments of M(tenantry.sdn.ovs_bridge), M(tenantry.sdn.ovs_gre_mesh), M(tenantry.sdn.of_flow),
    M(tenantry.sdn.ovs_qos), M(tenantry.sdn.ovs_mirror), M(tenantry.sdn.ovs_flow_export), M(tenantry.sdn.ovs_ssl) and
    M(tenantry.sdn.virtual_router).
  - Other hosts are known from the intent alone, not from the inventory. A run that is limited to some hosts, or a job
    slice, leaves each host exactly as a whole run does.
  - A hypervisor gets tunnels only to hosts with which it shares a network.
extends_documentation_fragment:
  - tenantry.sdn.intent
  - tenantry.sdn.intent.attributes
options:
  hypervisor:
    description:
      - Name of the hypervisor in the intent.
      - One that the intent no longer has, but the allocation record still lists, gets a state in which it is empty.
        Any other name is an error, since a typing error must not empty a host.
    type: str
    required: true
  plan:
    description:
      - Directory of a plan that M(tenantry.sdn.plan) made. The state is taken from it, and the intent not read. It is
        not used with O(without_tenants) or O(emptied).
      - Relative to the playbook.
    type: path
    version_added: "0.3.0"
  without_tenants:
    description: Tenants to leave out as if the intent did not have them. The allocation record is not written then.
    type: list
    elements: str
    default: []
  emptied:
    description:
      - Return the state of a hypervisor that has nothing, though the intent has something for it. The allocation record
        is not written then.
    type: bool
    default: false
    version_added: "0.3.0"
seealso:
  - module: tenantry.sdn.plan
  - module: tenantry.sdn.intent
  - module: tenantry.sdn.ovs_bridge
  - module: tenantry.sdn.ovs_gre_mesh
  - module: tenantry.sdn.of_flow
  - module: tenantry.sdn.ovs_flow_export
  - module: tenantry.sdn.ovs_mirror
  - module: tenantry.sdn.ovs_qos
  - module: tenantry.sdn.ovs_ssl
  - module: tenantry.sdn.virtual_router
"""

EXAMPLES = r"""
- name: Compile
  tenantry.sdn.host_state:
    directory: "{{ inventory_dir }}/intent"
    hypervisor: "{{ inventory_hostname }}"
  register: compiled

- name: Or take what was compiled before
  tenantry.sdn.host_state:
    plan: "{{ inventory_dir }}/plan"
    hypervisor: "{{ inventory_hostname }}"
  register: compiled

- name: Plug ports and uplinks
  tenantry.sdn.ovs_bridge:
    name: "{{ compiled.state.bridge.name }}"
    fail_mode: "{{ compiled.state.bridge.fail_mode }}"
    controllers: "{{ compiled.state.bridge.controllers }}"
    owner: "{{ compiled.state.owner }}"
    ports: "{{ compiled.state.ports }}"

- name: Dig tunnels
  tenantry.sdn.ovs_gre_mesh:
    bridge: "{{ compiled.state.bridge.name }}"
    local_ip: "{{ compiled.state.vtep }}"
    owner: "{{ compiled.state.owner }}"
    networks: "{{ compiled.state.networks }}"

- name: Program the switch, in static forwarding before digging tunnels
  tenantry.sdn.of_flow:
    bridge: "{{ compiled.state.bridge.name }}"
    cookie: "{{ compiled.state.cookie }}"
    flows: "{{ compiled.state.flows }}"
  when: compiled.state.forwarding != 'plain'
"""

RETURN = r"""
state:
  description: What the host needs.
  returned: success
  type: dict
  contains:
    hypervisor:
      description: Its name.
      type: str
      sample: hv1
    owner:
      description: Name of the fabric, with which everything that is made is marked.
      type: str
      sample: dc1
    vtep:
      description: The address at which its tunnels end; none if the host is to be emptied.
      type: str
      sample: 192.168.1.151
    forwarding:
      description: How the fabric switches, V(learning), V(static), V(plain) or V(controller).
      type: str
      sample: learning
    security_driver:
      description: What enforces security groups, V(openflow) or V(ipset).
      type: str
      sample: openflow
    cookie:
      description: Value and mask of the cookies of all flows.
      type: str
      sample: "0x7e4a000000000000/0xffff000000000000"
    flows:
      description: The flows, as the switch prints them, sorted by table; none in V(plain) and V(controller).
      type: list
      elements: str
      sample:
        - cookie=0x7e4a280000000000,table=40,priority=0,actions=goto_table:70
    firewall:
      description:
        - What the role C(tenantry.sdn.security_group) gives M(tenantry.sdn.sg_ipset) (C(sets)),
          M(tenantry.sdn.sg_rules) (C(zones) in table raw, and C(rules)) and M(tenantry.sdn.hybrid_plug) (C(plugs)).
          Nothing of it if the groups are enforced by flows.
      type: dict
      sample:
        plugs:
          - {name: acme.web-1, interface: tap0, mtu: 1458}
        sets:
          - {name: dc1.s4-c586fbbe5ea9, type: hash:net, family: inet, members: [10.1.1.20]}
        zones: {chains: [], jumps: []}
        rules: {chains: [], jumps: [], coming_sets: []}
    routed:
      description:
        - What the role C(tenantry.sdn.security_group) gives M(tenantry.sdn.routed_port) of ports in routed networks.
      type: dict
      sample:
        subnets: [10.9.0.0/24]
        ports:
          - {interface: tap1, mac: "02:0f:31:a0:70:bb", addresses: [10.9.0.11], mtu: 1500}
        routes:
          - {destination: 10.9.0.12, via: 192.168.1.152}
    routers:
      description: The virtual routers that stand here, in the arguments of M(tenantry.sdn.virtual_router).
      type: list
      elements: dict
      sample:
        - name: acme.edge
          interfaces:
            - name: rn-0f31a070bafa
              port: rt-0f31a070bafa
              network: acme.web
              mac: "02:0f:31:a0:70:ba"
              mtu: 1458
              addresses: [10.1.1.1/24]
          routes: []
          files: {nftables.conf: "table inet router {...}"}
    gateways:
      description:
        - The gateways that this host is, in the arguments of M(tenantry.sdn.gateway_address) (C(addresses)), and what
          guests may reach there in those of M(tenantry.sdn.sg_rules) (C(rules) in table mangle).
      type: dict
      sample:
        addresses:
          - {interface: gw-0f31a070bafa, addresses: [10.1.1.1/24]}
        rules: {chains: [], jumps: []}
    ssl:
      description: Where the key for controllers is, in the arguments of M(tenantry.sdn.ovs_ssl); none without them.
      type: dict
      sample: null
    bridge:
      description: The integration bridge, without its ports. C(state) is V(absent) if the host is to be emptied.
      type: dict
      sample:
        name: br-int
        state: present
        fail_mode: secure
        protocols: []
        controllers: []
        other_config: {datapath-id: null, disable-in-band: null}
        flood_vlans: []
    uplinks:
      description: The ports that are NICs.
      type: list
      elements: dict
      sample:
        - {name: eth1, vlan_mode: trunk, tag: "", trunks: [120], ofport_request: 65115}
    ports:
      description: All ports but the tunnels to single peers, uplinks among them.
      type: list
      elements: dict
      sample:
        - {name: eth1, vlan_mode: trunk, tag: "", trunks: [120], ofport_request: 65115}
        - name: tap0
          vlan_mode: trunk
          tag: ""
          trunks: [4095]
          ofport_request: 51376
          mtu_request: 1458
          external_ids: {tenantry-port: acme.web-1, tenantry-network: acme.web}
    networks:
      description: Meshes of tunnels to single peers, one for each network that is elsewhere too; none in V(static).
      type: list
      elements: dict
      sample:
        - {name: acme.web, type: gre, key: 5001, tag: 3615, remotes: [192.168.1.152], protected: true}
    qos:
      description: What ports with a QoS profile may send and receive, in the arguments of M(tenantry.sdn.ovs_qos).
      type: list
      elements: dict
      sample:
        - interface: tap0
          ingress_policing_rate: 100Mbit
          ingress_policing_kpkts_rate: 0
          type: linux-htb
          max_rate: 200Mbit
          queues: {}
    mirrors:
      description: Mirrors of ports that are here, in the arguments of M(tenantry.sdn.ovs_mirror).
      type: list
      elements: dict
      sample:
        - name: audit
          select_all: false
          select_src_port: [tap0]
          select_dst_port: [tap0]
          select_vlan: []
          output_port: tap9
          output_vlan: ""
          snaplen: ""
    exports:
      description: What is reported to collectors, in the arguments of M(tenantry.sdn.ovs_flow_export).
      type: dict
      sample:
        netflow:
          targets: ["192.0.2.9:2055"]
          active_timeout: 60
          engine_type: ""
          engine_id: ""
          add_id_to_interface: false
faults:
  description: What is wrong with the intent, sorted.
  returned: failure
  type: list
  elements: str
"""
