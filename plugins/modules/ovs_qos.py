#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ovs_qos
short_description: What ports of Open vSwitch may send and receive
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Polices what a virtual machine sends, and shapes what it receives by a QoS with queues, in one OVSDB transaction,
    waits until C(ovs-vswitchd) has applied it, and reads it back.
  - Options are named as the columns of ovs-vswitchd.conf.db(5) that they set, and as the keys of C(other_config) of
    QoS and Queue rows.
  - An omitted option is left alone. An empty one clears. In a mapping only the given keys are managed, and a key with
    C(null) is removed. O(queues) is complete, though, as is each queue in it.
  - Rates and amounts are a number in the column's own unit, or a text with a unit, as V(100Mbit), V(100Mbit/s),
    V(1.5Gbit), V(10kbit), V(64kB) or V(5MB/s). Prefixes are those of SI, V(Ki) and so on those of IEC, in either
    case. V(100Mbps) is refused, since tc(8) reads it as bytes a second and most people as bits.
  - QoS and Queue rows stay in the database when nothing refers to them. Those that this module made bear the name of
    their port (C(external_ids:tenantry-qos)) and are deleted in the transaction that takes them off it, or, where
    another program orphaned them, by the next task that names the port. A row that several ports share is never
    changed; the port gets its own copy.
  - What is proven is that the database holds the limits, that C(ovs-vswitchd) has gone through them, and that the
    kernel shapes the port by the wanted type, if the control socket of C(ovs-vswitchd) is beside that of the
    database. Nobody tells whether it polices; see tc(8) and C(ovs-vswitchd.log) on the host. What is known to do
    nothing is refused, see O(require_effect).
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.ovsdb
  - tenantry.sdn.ovsdb.ownership
  - tenantry.sdn.run
options:
  interface:
    description:
      - The interface whose frames are policed, which is also the name of the port that is shaped. It must be on a
        bridge.
      - Of a bond the port is shaped and its members are policed, each by its own name.
    type: str
  state:
    description: V(absent) removes all limits of the interface, and does not need it to exist.
    type: str
    choices: [present, absent]
    default: present
  ingress_policing_rate: &rate
    description:
      - What the switch takes from the interface, that is what the virtual machine may send. A number counts kilobits a
        second. V(0) or an empty string lifts the limit.
      - Frames beyond it are dropped.
    type: str
  ingress_policing_burst: &burst
    description:
      - How much may come at once. A number counts kilobits. V(0) or an empty string is Open vSwitch's default of 8000.
      - When a rate is given without it, it becomes 80 percent of the rate, at least a packet of 1500 bytes, which is
        what ovs-vswitchd.conf.db(5) advises for TCP. Smaller ones are warned of.
    type: str
  ingress_policing_kpkts_rate: &kpkts_rate
    description: The same in thousands of packets a second.
    type: str
  ingress_policing_kpkts_burst: &kpkts_burst
    description: Thousands of packets that may come at once; 80 percent of the rate when a rate is given without it.
    type: str
  type: &type
    description:
      - What shapes the frames that leave the switch by the port, that is what the virtual machine receives. An empty
        string removes the QoS with its queues.
      - A port that gets its first QoS without this option gets V(linux-htb).
      - V(egress-policer) works on DPDK ports alone, the others on all but DPDK ports.
    type: str
    choices:
      - linux-htb
      - linux-hfsc
      - linux-sfq
      - linux-codel
      - linux-fq_codel
      - linux-netem
      - linux-noop
      - egress-policer
      - ""
  max_rate: &max_rate
    description:
      - What the port may carry in all. A number counts bits a second, not kilobits. For V(linux-htb) and V(linux-hfsc).
      - Without it Open vSwitch takes the speed of the link, or 100Mbit where it knows none; this is warned of.
    type: str
  other_config: &other_config
    description: Further keys of the QoS, as C(latency) of V(linux-netem), to set, or with C(null) to remove.
    type: dict
  queues: &queues
    description:
      - All queues of the port by their number, 0 to 61439, for V(linux-htb) and V(linux-hfsc). An empty mapping removes
        them. What no flow sends to another queue takes queue 0.
      - Each is a mapping of C(min_rate), C(max_rate) and C(burst) (numbers count bits), C(priority) (0 to 7, lower is
        served first; C(burst) and C(priority) are for V(linux-htb)), C(dscp) (0 to 63, written into the packets),
        C(other_config) and C(external_ids). A queue has what is listed and nothing else.
    type: dict
  ports:
    description:
      - Several interfaces in one transaction, each with the options above.
      - With an O(owner), all that the owner polices and shapes. Policing and QoS of the owner that the list does not
        speak of are removed.
    type: list
    elements: dict
    suboptions:
      interface:
        description: As O(interface).
        type: str
        required: true
      state:
        description: As O(state), whose value is the default.
        type: str
        choices: [present, absent]
      ingress_policing_rate: *rate
      ingress_policing_burst: *burst
      ingress_policing_kpkts_rate: *kpkts_rate
      ingress_policing_kpkts_burst: *kpkts_burst
      type: *type
      max_rate: *max_rate
      other_config: *other_config
      queues: *queues
  require_effect:
    description:
      - Refuse what the datapath of the bridge is known to take and not do. In the userspace datapath
        (C(datapath_type) is V(netdev)) policing and queues other than 0 have no effect; limit by an OpenFlow meter
        there.
      - With V(false) the configuration is recorded all the same, and each limit without effect is warned of.
    type: bool
    default: true
seealso:
  - module: tenantry.sdn.ovs_bridge
"""

EXAMPLES = r"""
# The rate alone would do, and better. The burst of 10 % keeps TCP far below the rate, so the module warns and says that
# 800 is the least.
- name: ovs-vsctl set Interface tap0 ingress_policing_rate=1000; set Interface tap0 ingress_policing_burst=100
  tenantry.sdn.ovs_qos:
    interface: tap0
    ingress_policing_rate: 1000
    ingress_policing_burst: 100

- name: A virtual machine sends at most 100 Mbit/s, and receives at most 200
  tenantry.sdn.ovs_qos:
    interface: tap0
    ingress_policing_rate: 100Mbit
    max_rate: 200Mbit

- name: Of what it receives, what flows send to queue 7 is guaranteed 50 Mbit/s and served first
  tenantry.sdn.ovs_qos:
    interface: tap0
    type: linux-htb
    max_rate: 200Mbit
    queues:
      0: {max_rate: 200Mbit, priority: 1}
      7: {min_rate: 50Mbit, max_rate: 200Mbit, priority: 0, dscp: 46}

- name: Exactly these limits of ours on this host
  tenantry.sdn.ovs_qos:
    owner: dc1
    ports:
      - interface: tap0
        ingress_policing_rate: 100Mbit
        ingress_policing_burst: 80Mbit
      - interface: tap1
        max_rate: 1Gbit

- name: Lift all limits of tap0, and leave nothing in the database
  tenantry.sdn.ovs_qos:
    interface: tap0
    state: absent
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ownership import Claim
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.shaping import Shaping
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.switch_task import run
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OVSDB, OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping_input import LISTED, parse_limits
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected

TYPES = [
    "linux-htb",
    "linux-hfsc",
    "linux-sfq",
    "linux-codel",
    "linux-fq_codel",
    "linux-netem",
    "linux-noop",
    "egress-policer",
    "",
]
LIMITS = {
    "ingress_policing_rate": {"type": "str"},
    "ingress_policing_burst": {"type": "str"},
    "ingress_policing_kpkts_rate": {"type": "str"},
    "ingress_policing_kpkts_burst": {"type": "str"},
    "type": {"type": "str", "choices": TYPES},
    "max_rate": {"type": "str"},
    "other_config": {"type": "dict"},
    "queues": {"type": "dict"},
}
PORT = {
    **LIMITS,
    "interface": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"]},
}
ARGUMENTS = {
    **LIMITS,
    "interface": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "ports": {"type": "list", "elements": "dict", "options": PORT},
    "require_effect": {"type": "bool", "default": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**ARGUMENTS, **OVSDB, **OWNERSHIP, **RUN}, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_limits(params)
        claim = Claim(params["owner"], purge=LISTED.is_complete(params), adopt=params["adopt"])
        effect, exists = params["require_effect"], not module.check_mode
        dummy, result = run(module, lambda ovsdb: Shaping(ovsdb, wanted, claim, "ovs_qos", effect, exists))
        module.exit_json(**result)


if __name__ == "__main__":
    main()
