#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: of_trace
short_description: What a bridge would do to a packet, and by which rules
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Asks C(ovs-vswitchd) what it would do to packets that nobody sends (C(ofproto/trace)), and returns for each where
    it leaves, with which tags, through which tunnel, and the rules that it met in each table.
  - Changes nothing. No address is learned, no counter moves, no packet reaches a port or a guest. Only where the
    userspace datapath does not know the MAC address at the other end of a tunnel, the switch asks the underlay for it,
    as it would for the packet.
  - Says what the switch does; nothing of the guest, of what is between the hypervisors, of MTU, or of meters, which
    are taken to let everything pass. Connection tracking is not looked up but assumed, as O(packets[].ct_states) says.
extends_documentation_fragment:
  - tenantry.sdn.attributes.info
  - tenantry.sdn.ovsdb
options:
  bridge:
    description: Name of the bridge. It must exist.
    type: str
    required: true
  packets:
    description: The packets, at most 1000. Each takes ovs-vswitchd about 0.3 ms, and it has pauses for its other work.
    type: list
    elements: dict
    required: true
    suboptions:
      in_port:
        description: Name of the port by which it enters. Excludes O(packets[].tunnel).
        type: str
      tunnel:
        description:
          - The tunnel through which it arrives. Open vSwitch says which of its tunnel ports takes it.
          - Excludes O(packets[].in_port).
        type: dict
        suboptions:
          type:
            description: Type of the tunnel.
            type: str
            choices: [gre, vxlan, geneve]
            required: true
          tun_id:
            description: Key or VNI.
            type: int
            required: true
          tun_src:
            description: Address of the hypervisor that sent it.
            type: str
            required: true
          tun_dst:
            description: Address of this hypervisor.
            type: str
            required: true
      flow:
        description: All its fields, each with one value, as in ovs-fields(7), as C(tcp,nw_dst=10.1.1.20,tcp_dst=80).
        type: str
        required: true
      ct_states:
        description:
          - What connection tracking finds each time that it is asked, as V(trk,est,rpl). Once none is left, and without
            this option, it finds V(trk,new).
        type: list
        elements: str
        default: []
  database:
    description:
      - Where ovsdb-server listens, as an active OVSDB connection method (ovsdb(7)).
      - The control socket of C(ovs-vswitchd), which answers, is expected beside it.
    type: str
    default: unix:/run/openvswitch/db.sock
  timeout:
    description: Seconds to wait for all answers of C(ovs-vswitchd) together. After that the task fails and names it.
    type: int
    default: 10
seealso:
  - module: tenantry.sdn.trace
"""

EXAMPLES = r"""
- name: Where would it go?
  tenantry.sdn.of_trace:
    bridge: br-int
    packets:
      - in_port: tap0
        flow: tcp,dl_src=52:54:00:00:00:01,dl_dst=52:54:00:00:00:02,nw_src=10.1.1.20,nw_dst=10.1.1.21,tcp_dst=3306
      - tunnel: {type: gre, tun_id: 5001, tun_src: 192.168.1.151, tun_dst: 192.168.1.152}
        flow: icmp,dl_src=52:54:00:00:00:01,dl_dst=52:54:00:00:00:02,nw_src=10.1.1.20,nw_dst=10.1.1.21
  register: traced

- name: Show the ports by which they leave
  ansible.builtin.debug:
    msg: "{{ traced.traces | map(attribute='outputs') }}"
"""

RETURN = r"""
traces:
  description: What becomes of each packet, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    in_port:
      description: The port by which it enters; none if there is no such port, or no tunnel port that takes it.
      type: str
      sample: tap0
    outputs:
      description: Each copy of it that leaves. It is dropped if there is none.
      type: list
      elements: dict
      contains:
        port:
          description: The interface by which it leaves; none if it leaves through a tunnel.
          type: str
        tunnel:
          description: The tunnel through which it leaves, as O(packets[].tunnel) takes it; none if it does not.
          type: dict
          sample: {type: gre, tun_id: 5001, tun_src: 192.168.1.151, tun_dst: 192.168.1.152}
        vlans:
          description: Its VLAN tags, the outermost first.
          type: list
          elements: int
        dl_src:
          description: Its source MAC address, if that was changed.
          type: str
        dl_dst:
          description: Its destination MAC address, if that was changed.
          type: str
        rewritten:
          description: What else was changed, in the words of the datapath.
          type: list
          elements: str
          sample: ["ipv4(ttl=63)"]
    rules:
      description: The rules that it met, in this order.
      type: list
      elements: dict
      contains:
        bridge:
          description: The bridge; below a tunnel also that of the underlay.
          type: str
        table:
          description: Number of the table.
          type: int
        match:
          description: What the rule matches.
          type: str
        priority:
          description: Its priority; none if the packet met no rule in this table.
          type: int
        cookie:
          description: Its cookie.
          type: str
        steps:
          description: Its actions in the words of the switch and, behind C(->) or C(>>), the switch's remarks on them.
          type: list
          elements: str
    datapath_actions:
      description: What the datapath would do each time that the packet passes the tables.
      type: list
      elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.tracer import Tracer
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB
from ansible_collections.tenantry.sdn.plugins.module_utils.model.trace_input import parse_inquiries
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

TUNNEL = {
    "type": {"type": "str", "choices": ["gre", "vxlan", "geneve"], "required": True},
    "tun_id": {"type": "int", "required": True},
    "tun_src": {"type": "str", "required": True},
    "tun_dst": {"type": "str", "required": True},
}
PACKET = {
    "in_port": {"type": "str"},
    "tunnel": {"type": "dict", "options": TUNNEL},
    "flow": {"type": "str", "required": True},
    "ct_states": {"type": "list", "elements": "str", "default": []},
}
ARGUMENTS = {
    "bridge": {"type": "str", "required": True},
    "packets": {"type": "list", "elements": "dict", "required": True, "options": PACKET},
    **OVSDB,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    with surfacing(module):
        bridge, inquiries = parse_inquiries(module.params)
        tracer = Tracer(module.params["database"], bridge, module.params["timeout"])
        module.exit_json(changed=False, traces=tracer.trace(inquiries))


if __name__ == "__main__":
    main()
