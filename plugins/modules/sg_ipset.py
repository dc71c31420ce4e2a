#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_ipset
short_description: IP sets of the kernel and their members
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Brings IP sets (ipset(8)) to the wanted members and options by one C(ipset restore), whatever their number, and
    reads them back.
  - Members are compared as the kernel keeps them. V(10.0.0.7/24) in a set of nets is V(10.0.0.0/24), V(80) is
    V(tcp:80), V(icmp:8/0) is V(icmp:echo-request), a range is the addresses or nets that it stands for, also where
    ipset(8) takes none, and V(0.0.0.0/0) is two halves where a set cannot hold it. No name is ever resolved.
    V(localhost), V(1) and V(010.0.0.1), which ipset takes for something, are refused.
  - Only what differs is added and deleted. What permits less is done before what permits more.
  - Options that the kernel cannot change in a set are changed by building another one beside it, which takes its place
    at once and with all members, also for rules that match it. A set of another type or family cannot take the place
    of one that rules or lists refer to. That is an error which names them. Make the new set under another name then,
    let M(tenantry.sdn.sg_rules) replace the chain by one that matches it, which the kernel does at once, and remove
    the old set, as in the examples. Where nobody refers to it, the new one takes its name, which no set has between
    two calls of the kernel.
  - An omitted option is left alone. New sets get ipset's defaults, and what their members need.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.named_ownership
  - tenantry.sdn.run
options:
  name:
    description: Name of the set, at most 31 bytes.
    type: str
  state:
    description: V(absent) removes the set. That is refused while a rule or a list refers to it.
    type: str
    choices: [present, absent]
    default: present
  type: &type
    description:
      - Type of the set, needed for one that is not there yet. Of ipset's types a kernel may lack some. Then the task
        fails, and changes nothing.
    type: str
    choices:
      - hash:ip
      - hash:net
      - hash:mac
      - hash:ip,mac
      - hash:ip,mark
      - hash:ip,port
      - hash:net,port
      - hash:net,net
      - hash:ip,port,ip
      - hash:ip,port,net
      - hash:net,port,net
      - hash:net,iface
      - bitmap:ip
      - bitmap:ip,mac
      - bitmap:port
      - list:set
  family: &family
    description:
      - Family of the addresses in a set of type C(hash). A new set gets that of its members, or V(inet).
    type: str
    choices: [inet, inet6]
  range: &range
    description:
      - What a set of type C(bitmap) may hold, as V(10.1.0.0/16), V(10.1.0.1-10.1.0.99) or V(0-1023). At most 65536
        elements.
    type: str
  members: &members
    description:
      - The members, each as text of ipset(8) for C(add) without the name of the set, as V(10.1.1.20 timeout 60), or as
        a mapping of C(entry), the element, and what the set keeps beside it, C(timeout), C(nomatch), C(wildcard),
        C(packets), C(bytes), C(comment), C(skbmark), C(skbprio) and C(skbqueue).
      - A member whose timeout runs is as wanted until it has run out. Then it is added again.
      - Counters start with C(packets) and C(bytes), and are no difference later.
      - What is not written of a member is left alone. An empty comment removes it.
      - Sets in a list have no order.
    type: list
    elements: raw
  purge: &purge
    description: Remove members that are not listed. With V(false) they are only added. The default is V(true).
    type: bool
  timeout: &timeout
    description:
      - Seconds that a member stays which has no timeout of its own, 0 for ever, at most 2147483. Members can have
        timeouts only in sets that have one.
    type: int
  maxelem: &maxelem
    description:
      - How many elements a set of type C(hash) may hold. More members than that are refused.
      - When omitted, a set is made for the next power of two of its members, at least 65536, and grows when it must.
    type: int
  hashsize: &hashsize
    description:
      - With how many buckets a set of type C(hash) starts. The kernel takes the next power of two, and lets it grow.
    type: int
  comment: &comment
    description: Whether members can have comments.
    type: bool
  counters: &counters
    description: Whether packets and bytes are counted for each member.
    type: bool
  skbinfo: &skbinfo
    description: Whether members can have a mark, a class and a queue for packets.
    type: bool
  sets:
    description:
      - Several sets at once, each with the options above.
      - With an O(owner), all sets of the owner. Others of its sets are removed.
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
      type: *type
      family: *family
      range: *range
      members: *members
      purge: *purge
      timeout: *timeout
      maxelem: *maxelem
      hashsize: *hashsize
      comment: *comment
      counters: *counters
      skbinfo: *skbinfo
  hold_back:
    description:
      - Make only the sets that are not there yet, and remove members. What lets more pass by the rules that are there,
        and sets that they may still refer to, are left for a task after the one that changes the rules. So nothing
        passes that is allowed neither before nor afterwards.
    type: bool
    default: false
  saved:
    description:
      - Keep the sets in files, from which the units of the role C(tenantry.sdn.hypervisor) make
        them anew when the host boots. Open vSwitch gets no flow back before that.
      - They are written when the host has been read back. A task that changes files alone is changed too.
      - Elements are kept without counters, and with the whole timeout of the set.
      - V(false) removes them, as O(state=absent) does. By default there is one where there was one before.
    type: bool
    version_added: "0.3.0"
requirements:
  - ipset 7.0 or later
notes:
  - Sets do not survive a restart of the host, but can come back by themselves with O(saved).
  - One task at a time changes the sets of a host. It holds the lock C(/run/tenantry.lock) as long.
  - A set is built under a name that starts with C(tenantry-tmp-). What a killed task left of these, the next one
    removes.
  - Before a set is made, check mode included, the kernel is asked in a network namespace of the task's own whether it
    can make it.
  - A delta that is cut short, as when C(ipset) is killed, leaves a set without some members. Run the task again.
"""

EXAMPLES = r"""
- name: The talk's set (iptreemap, which ipset had then, is hash:ip today)
  tenantry.sdn.sg_ipset:
    name: web_sg
    type: hash:ip
    members: [10.1.16.31, 10.1.16.112, 10.1.189.5, 10.21.9.77]

- name: Web servers may reach these services, by IPv6
  tenantry.sdn.sg_ipset:
    name: services
    type: hash:ip,port
    family: inet6
    members: ["fd00:1::10,tcp:3306", "fd00:1::11,udp:53", "fd00:1::12,icmpv6:echo-request"]

- name: A net with an exception, and an address that is let in for an hour
  tenantry.sdn.sg_ipset:
    name: trusted
    type: hash:net
    members:
      - 10.1.0.0/16
      - {entry: 10.1.9.0/24, nomatch: true}
      - {entry: 192.0.2.7, timeout: 3600, comment: "until the audit"}

- name: Exactly these sets of ours on this host
  tenantry.sdn.sg_ipset:
    owner: dc1
    sets:
      - name: dc1.web
        type: hash:ip
        members: [10.1.1.20, 10.1.1.21]
      - name: dc1.ports
        type: bitmap:port
        range: 0-1023
        members: [80, 443]
      - name: dc1.all
        type: list:set
        members: [dc1.web]

- name: Let nets in where addresses were, for rules that match them without a gap (first the nets)
  tenantry.sdn.sg_ipset:
    name: web_nets
    type: hash:net
    members: [10.1.16.0/24, 10.21.9.77]

- name: (then the chain that matched web_sg)
  tenantry.sdn.sg_rules:
    name: db-1
    rules:
      - {protocol: tcp, destination_ports: [3306], sets: [{set: web_nets, direction: src}], target: RETURN}
      - {target: DROP}

- name: (then the addresses, which nobody matches any more)
  tenantry.sdn.sg_ipset:
    name: web_sg
    state: absent

- name: Let one more address in, and leave the others
  tenantry.sdn.sg_ipset:
    name: web_sg
    members: [10.1.16.32]
    purge: false
"""

RETURN = r"""
counts:
  description:
    - For each set of the task, by name, how many members it has, and how many were added, changed and removed.
  returned: success
  type: dict
  sample:
    dc1.web: {members: 2, added: 1, changed: 0, removed: 2}
held_back:
  description: Whether something is left for another task.
  returned: success, with O(hold_back)
  type: bool
"""

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.address_sets import AddressSets, diff
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ipset import Ipset
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.saved_sets import saved_sets
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import with_files
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import NAMED_OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.long_lists import LongListModule
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set import FAMILIES, TYPES
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_input import LISTED, parse_sets
from ansible_collections.tenantry.sdn.plugins.module_utils.names import set_mark
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected

OPTIONS = {
    "type": {"type": "str", "choices": list(TYPES)},
    "family": {"type": "str", "choices": list(FAMILIES)},
    "range": {"type": "str"},
    "members": {"type": "list", "elements": "raw"},
    "purge": {"type": "bool"},
    "timeout": {"type": "int"},
    "maxelem": {"type": "int"},
    "hashsize": {"type": "int"},
    "comment": {"type": "bool"},
    "counters": {"type": "bool"},
    "skbinfo": {"type": "bool"},
}
SET = {
    **OPTIONS,
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"]},
}
ARGUMENTS = {
    **OPTIONS,
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "sets": {"type": "list", "elements": "dict", "options": SET},
    "saved": {"type": "bool"},
    "hold_back": {"type": "bool", "default": False},
    **NAMED_OWNERSHIP,
    **RUN,
}


def main() -> None:
    # Not logged on the host: of a hundred thousand members that would be megabytes with every run.
    module = LongListModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_sets(params)
        mark = set_mark(params["owner"]) if LISTED.is_complete(params) else None
        with turn(module) as own:
            backend = AddressSets(Ipset(held=(own.lock,)), wanted, mark, params["hold_back"])
            plan = own.reconcile(backend)
            names = [one.name for one in wanted]
            files = own.reconcile(saved_sets(names, backend.states, params["saved"], mark))
        result = {"changed": bool(plan or files), "counts": backend.counts(plan)}
        if params["hold_back"]:
            result["held_back"] = backend.has_held_back
        if module._diff:
            result["diff"] = with_files(diff(plan), files)
        for one in [params, *(params["sets"] or ())]:  # Ansible would search all members for secrets, at length
            one["members"] = one.get("members") and f"{len(one['members'])} not shown"
        module.exit_json(**result)


if __name__ == "__main__":
    main()
