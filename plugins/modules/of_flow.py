#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: of_flow
short_description: The OpenFlow flows, groups and meters of an owner on a bridge, in one bundle
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Brings the flows and groups that one owner has on a bridge to the wanted state in one OpenFlow bundle, which the
    switch takes as a whole or not at all, and reads them back.
  - The lists are complete for the owner, whose flows are those with its O(cookie). Flows of others are never changed.
    One with the table, priority and match of a wanted flow is an error.
  - Open vSwitch's own parser reads what is wanted, before anything is changed. What it would lose or change without a
    word is refused by its name, as C(nw_src) without C(ip), or C(dl_vlan=4096), which would be VLAN 0.
  - Flows that stay as they are keep their counters. Groups and meters that stay as they are do as well; a group that
    changes starts anew.
  - Bundles are there from OpenFlow 1.3. If C(protocols) of the bridge are of OpenFlow 1.0 to 1.2 alone, the changes go
    one after the other, and a warning says so. New flows come from the highest priority down, then old ones go from the
    lowest up, so that of each table a packet meets at every moment what was there or what is to be there. Flows and
    groups are there before what sends to them. But of several tables and groups a packet can meet both meanwhile.
  - If the switch refuses one of these changes, the task fails with what was made before, which stays. The next run
    makes the rest.
  - What a version of OpenFlow cannot carry is refused by its name, with the versions that can.
  - Meters cannot be part of a bundle. New ones are added before, and old ones go after it. If the switch refuses the
    bundle they are set back.
  - Groups and meters have no cookie. Those are the owner's whose number is one of O(group_ids) or O(meter_ids).
  - An omitted list is left alone, an empty one removes what the owner has, if O(allow_empty) says so.
  - In check mode the bridge may not be there yet, as when an earlier task of the play would make it.
  - Flows do not survive a restart of C(ovs-vswitchd), but can come back by themselves with O(saved).
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.openflow
  - tenantry.sdn.ovsdb
  - tenantry.sdn.run
options:
  cookie:
    description:
      - The mark on the owner's flows, as C(value/mask), 64 bits each. Flows are the owner's whose cookie is the value
        in the bits of the mask. Without a mask all bits are the mark.
      - Each owner on a bridge needs a mark of its own.
    type: str
    required: true
  flows:
    description:
      - The flows, each as text of ovs-ofctl(8) for C(add-flow), or as a mapping of C(table), C(priority), C(match),
        C(actions), C(idle_timeout), C(hard_timeout), C(importance) and C(cookie). C(match) is a text or a mapping of
        fields, where a protocol has no value. C(actions) is a text or a list.
      - Ports are numbers or names. Names are resolved when the task runs, so run it again when a port got another
        number.
      - A cookie of its own may set bits that the mark leaves free, and says nothing of the owner's.
      - A text in the form that M(tenantry.sdn.of_flow_info) returns costs the least CPU when nothing is to be done.
      - Flows that C(learn()) makes need a cookie without the owner's mark, or they are removed by the next run.
    type: list
    elements: raw
  groups:
    description:
      - The groups, each as text of ovs-ofctl(8) for C(add-group), or as a mapping of C(group_id), C(type) (V(all),
        V(select), V(indirect), V(fast_failover)), C(selection_method), C(selection_method_param), C(fields) and
        C(buckets). A bucket is a text, or a mapping of C(bucket_id), C(weight), C(watch_port), C(watch_group) and
        C(actions).
      - Needs O(group_ids).
    type: list
    elements: raw
  meters:
    description:
      - The meters, each as text of ovs-ofctl(8) for C(add-meter), or as a mapping of C(meter_id), C(flags) (V(kbps) or
        V(pktps), V(burst), V(stats)) and C(bands), a list of mappings of C(type) (V(drop)), C(rate) and C(burst_size).
      - Rates are kbit/s with V(kbps) and packets/s with V(pktps); bursts are kbit and packets.
      - Needs O(meter_ids) and OpenFlow 1.3 or later.
    type: list
    elements: raw
  purge:
    description: Remove flows, groups and meters of the owner that are not listed.
    type: bool
    default: true
  state:
    description:
      - V(absent) removes all flows of the owner, its groups if O(group_ids) are given, and its meters if O(meter_ids)
        are. The lists are ignored.
    type: str
    choices: [present, absent]
    default: present
  saved:
    description:
      - Keep what the owner has on the bridge in a file, from which the units of the role C(tenantry.sdn.hypervisor)
        make it anew whenever C(ovs-vswitchd) starts. The bridge needs C(fail_mode=secure), so that nothing passes
        until then.
      - The file is written when the switch has been read back. A task whose file alone differs is changed too.
      - V(false) removes the file, as O(state=absent) does. Where no list is given, nothing else is done. By default
        there is one if there was one before.
      - Ports are kept by their numbers. Give them with C(ofport_request) of M(tenantry.sdn.ovs_bridge), so that each
        has its own again after a restart.
      - With O(purge=false), and of a list that is omitted, what the file had stays in it.
    type: bool
    version_added: "0.3.0"
  allow_empty:
    description:
      - An empty list is refused, since a mistyped variable must not empty a bridge.
      - Set this to V(true) to remove everything that the owner has of that kind.
    type: bool
    default: false
notes:
  - What only the switch can refuse, as an action that its datapath does not have, fails the task and changes nothing.
    Check mode does not see it.
  - Between the reading and the change another program can add a flow with the table, priority and match of a wanted
    one. OpenFlow has no word for adding only where nothing is, so that one is overwritten.
  - One task at a time changes the flows of a host. It holds the lock C(/run/tenantry.lock) as long.
seealso:
  - module: tenantry.sdn.of_flow_info
  - module: tenantry.sdn.ovs_bridge
"""

EXAMPLES = r"""
- name: The talk's OpenFlow page, as proactive rules of one owner
  tenantry.sdn.of_flow:
    bridge: br0
    cookie: 0x7a1c000000000000/0xffff000000000000
    flows:
      - priority=200,ip,nw_src=10.0.0.66,actions=drop # drop
      - priority=100,in_port=tap0,actions=output:tap1 # forward
      - priority=100,in_port=tap1,ip,actions=mod_nw_src:10.0.0.1,output:tap0 # rewrite
      - priority=50,arp,actions=controller # ask the controller
      - priority=0,actions=NORMAL # switch the rest as usual

- name: The same kind of rules as data, in a table of their own
  tenantry.sdn.of_flow:
    bridge: br0
    cookie: 0x7a1c000000000000/0xffff000000000000
    flows:
      - table: 0
        priority: 10
        match: {ip: null, nw_dst: 10.0.0.0/24}
        actions: goto_table:10
      - table: 10
        priority: 100
        match: {in_port: tap0, tcp: null, tp_dst: 80}
        actions: ["set_field:52:54:00:00:00:01->eth_dst", "output:tap1"]
        cookie: "0x1"

- name: Fail over between two ports, and let no more than 10 Mbit/s through
  tenantry.sdn.of_flow:
    bridge: br0
    cookie: 0x7a1c000000000000/0xffff000000000000
    group_ids: 100-199
    meter_ids: 100-199
    groups:
      - group_id: 100
        type: fast_failover
        buckets:
          - {watch_port: eth1, actions: "output:eth1"}
          - {watch_port: eth2, actions: "output:eth2"}
    meters:
      - meter=100,kbps,burst,bands=type=drop,rate=10000,burst_size=1000
    flows:
      - priority=100,in_port=tap0,actions=meter:100,group:100

- name: Remove what the owner has
  tenantry.sdn.of_flow:
    bridge: br0
    cookie: 0x7a1c000000000000/0xffff000000000000
    group_ids: 100-199
    meter_ids: 100-199
    state: absent
"""

RETURN = r"""
counts:
  description: For each of C(flows), C(groups) and C(meters), how many are wanted, and were added, changed and removed.
  returned: success
  type: dict
  sample:
    flows: {wanted: 5, added: 1, changed: 0, removed: 2}
    groups: {wanted: 0, added: 0, changed: 0, removed: 0}
    meters: {wanted: 0, added: 0, changed: 0, removed: 0}
made:
  description: The changes that were made before the one that the switch refused, where no bundle could hold all.
  returned: failure on a bridge without bundles
  type: list
  elements: str
  sample: ["groups[0]", "flow table=0,priority=5,ip"]
"""

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow import OpenFlow
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.saved_flows import saved_flows
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import in_words
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import OPENFLOW, OVSDB, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow_input import parse_program
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected
from ansible_collections.tenantry.sdn.plugins.module_utils.unlogged import UnloggedModule

ARGUMENTS = {
    "cookie": {"type": "str", "required": True},
    "flows": {"type": "list", "elements": "raw"},
    "groups": {"type": "list", "elements": "raw"},
    "meters": {"type": "list", "elements": "raw"},
    "purge": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "saved": {"type": "bool"},
    "allow_empty": {"type": "bool", "default": False},
}


def lines(side: dict) -> str:
    return "".join(f"{line}\n" for line in sorted(side.values()))


def main() -> None:
    # Not logged on the host: of ten thousand flows that would be a megabyte with every run.
    module = UnloggedModule(argument_spec={**ARGUMENTS, **OPENFLOW, **OVSDB, **RUN}, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_program(params)
        has_opinion = any(listed is not None for listed in wanted.lists.values())
        may_lack_bridge = module.check_mode or params["state"] == "absent" or not has_opinion
        with turn(module, params["timeout"]) as own:
            ofctl = OfCtl(wanted.bridge, params["database"], params["protocol"], params["timeout"], held=(own.lock,))
            backend = OpenFlow(ofctl, wanted, may_lack_bridge)
            plan = own.reconcile(backend)
            # After the switch, which has been read back: what comes back is what has worked.
            file = own.reconcile(saved_flows(wanted, backend.normal, ofctl.protocol))
        for warning in backend.warnings(plan):
            module.warn(warning)
        result = {"changed": bool(plan or file), "counts": backend.counts(plan)}
        if module._diff:
            result["diff"] = {
                "before": lines(plan.before) + in_words(file.before),
                "after": lines(plan.after) + in_words(file.after),
            }
        for option in ("flows", "groups", "meters"):  # Ansible would search thousands of texts for secrets, at length
            params[option] = params[option] and f"{len(params[option])} not shown"
        module.exit_json(**result)


if __name__ == "__main__":
    main()
