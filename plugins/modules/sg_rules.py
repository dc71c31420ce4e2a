#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_rules
short_description: Our own chains of iptables and the jumps to them
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Brings chains of iptables(8) and ip6tables(8) to the wanted rules, by one C(iptables-restore --noflush) for each
    family, and reads them back. What a task changes in a family is there whole or not at all.
  - Rules are values, never text. They are compared as iptables-save prints them, whatever has been counted. A chain
    that differs is replaced whole, another is not touched.
  - Jumps are rules of the kernel's own chains that lead to ours. Each is there once, in its place. Their comments begin
    with C(tenantry.sdn), by which tasks leave each other's jumps in place.
  - Other chains, other rules, policies and counters stay as they are.
  - What cannot be done is said before anything is changed, check mode included. That is a set or a chain which is not
    there, a chain to be removed that rules of others lead to, a circle of jumps, and what the kernel does not take.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.named_ownership
  - tenantry.sdn.run
options:
  table:
    description: The table that the chains are in.
    type: str
    choices: [filter, raw, mangle, nat]
    default: filter
  family:
    description:
      - IPv4, IPv6, or both. Of both, a rule goes to the one that its addresses, its protocol or its sets are of, and to
        both if they are of either.
    type: str
    choices: [ipv4, ipv6, both]
    default: ipv4
  backend:
    description:
      - Whether C(iptables-nft) or C(iptables-legacy) has the chains. By default C(iptables) does, whichever that is on
        the host.
      - A chain of the same name in the other backend is an error, since packets would pass through both.
    type: str
    choices: [nf_tables, legacy]
  name:
    description: Name of the chain, at most 28 bytes.
    type: str
  state:
    description:
      - V(absent) removes the chain and the jumps to it. That is refused while other rules lead to it.
    type: str
    choices: [present, absent]
    default: present
  rules: &rules
    description: The rules of the chain, in order. An empty list clears it, an omitted one leaves it alone.
    type: list
    elements: dict
    suboptions:
      target: &target
        description:
          - What becomes of a packet that the rule matches. It is V(ACCEPT), V(DROP), V(RETURN), V(REJECT) (table
            filter), V(LOG), V(CT) (table raw), V(MARK) (table mangle), or the name of a chain to go through.
        type: str
      goto:
        description: Instead of O(rules[].target), a chain to go through without coming back to this one.
        type: str
      reject_with:
        description: What C(REJECT) answers. The default is V(port-unreachable).
        type: str
        choices: [port-unreachable, admin-prohibited, host-unreachable, net-unreachable, tcp-reset]
      log_prefix:
        description: What C(LOG) starts the line with, at most 29 bytes.
        type: str
      log_level:
        description: The level that C(LOG) logs with. The default is V(warning).
        type: str
        choices: [emerg, alert, crit, error, warning, notice, info, debug]
      zone:
        description: The zone of conntrack that C(CT) puts packets in, from 1 to 65535.
        type: int
      notrack:
        description: Whether C(CT) keeps conntrack from packets.
        type: bool
      set_mark:
        description: The mark that C(MARK) gives packets, in hex, or some bits of it, as V(0x1/0xff).
        type: raw
      <<: &match
        family:
          description: The only family that the rule is for, if O(family=both).
          type: str
          choices: [ipv4, ipv6]
        protocol:
          description: Name or number of the protocol, as V(tcp), V(udp), V(icmp), V(icmpv6), V(sctp) or V(47).
          type: str
        source:
          description: The address or net that packets come from, as V(10.1.0.0/16).
          type: str
        destination:
          description: The address or net that packets go to.
          type: str
        source_ports:
          description: The ports that packets come from, as V(80) or V(8000-8080), at most 15, of which a range is two.
          type: list
          elements: raw
        destination_ports:
          description: The ports that packets go to, likewise.
          type: list
          elements: raw
        syn:
          description:
            - Whether packets open a TCP connection, by having SYN set and not ACK, RST and FIN.
          type: bool
        tcp_flags:
          description: Flags of TCP.
          type: dict
          suboptions:
            mask:
              description: Those to look at, of V(FIN), V(SYN), V(RST), V(PSH), V(ACK) and V(URG).
              type: list
              elements: str
              required: true
            set:
              description: Those of them that are set. The others are not.
              type: list
              elements: str
              required: true
        icmp_type:
          description: Type of ICMP or ICMPv6, by number or by name, as V(echo-request).
          type: raw
        icmp_code:
          description: Code of that type.
          type: int
        nd_target:
          description:
            - The IPv6 address, or net that it is in, that a neighbour solicitation or advertisement is about
              (O(rules[].icmp_type) 135 or 136). One behind extension headers matches no such rule.
          type: str
        sets:
          description: IP sets that packets are in, all of them.
          type: list
          elements: dict
          suboptions:
            set:
              description: Name of the set. It must be there.
              type: str
              required: true
            direction:
              description:
                - V(src) or V(dst) for each part of an element of the set, as V(src,dst), which says where in a packet
                  that part is.
              type: str
              required: true
            negate:
              description: Whether packets are not in it.
              type: bool
              default: false
        in_interface:
          description: Name of the interface that packets come in by, or its beginning and V(+).
          type: str
        out_interface:
          description: Name of the interface that packets go out by, likewise.
          type: str
        physdev_in:
          description: Name of the port of a Linux bridge that packets come in by, likewise.
          type: str
        physdev_out:
          description:
            - Name of the port of a Linux bridge that packets go out by, likewise. It is known only of packets that stay
              in a bridge.
          type: str
        physdev_is_bridged:
          description: Whether packets stay in a Linux bridge.
          type: bool
        ctstate:
          description:
            - States of conntrack of which packets have one, of V(NEW), V(ESTABLISHED), V(RELATED), V(INVALID),
              V(UNTRACKED), V(SNAT) and V(DNAT).
          type: list
          elements: str
        ctproto:
          description: Name or number of the protocol of the packet's connection, an error's that it is about.
          type: str
        ctorigsrc:
          description: The address or net that the first packet of the connection came from.
          type: str
        ctorigdst:
          description: The address or net that it went to.
          type: str
        ctorigdstport:
          description:
            - The port that it went to, or a range as V(8000-8080). Of ICMP, conntrack has 256 times the type plus the
              code there.
          type: str
        ctstatus:
          description:
            - What connections are, one of V(EXPECTED), V(SEEN_REPLY), V(ASSURED) and V(CONFIRMED), or V(NONE) of them.
          type: list
          elements: str
        ctdir:
          description: Whether packets go as the first of their connection did, or back.
          type: str
          choices: [ORIGINAL, REPLY]
        mac_source:
          description: The MAC address that packets come from.
          type: str
        fragment:
          description: Whether packets are second or further fragments. IPv4 only.
          type: bool
        limit:
          description: How often the rule matches on average, as V(5/second), or by minute, hour and day.
          type: str
        limit_burst:
          description: How often it matches before that counts. The default is 5.
          type: int
        mark:
          description: The mark that packets have, in hex, or some bits of it, as V(0x1/0xff).
          type: raw
        negate:
          description: Which of the values must not match for the rule to do.
          type: list
          elements: str
          choices:
            - source
            - destination
            - protocol
            - in_interface
            - out_interface
            - physdev_in
            - physdev_out
            - tcp_flags
            - ctstate
            - ctstatus
            - mac_source
            - mark
        comment:
          description: What to remember about the rule, at most 255 bytes.
          type: str
  chains:
    description:
      - Several chains at once, each with the options above.
      - With an O(owner), all chains of the owner in the table. Others of its chains are removed, and the jumps to them.
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
      rules: *rules
  jumps:
    description:
      - All jumps to the chains of the task, in order. An empty list removes them, an omitted one leaves them alone.
      - Where they differ, they are taken out and put in anew, by one change.
    type: list
    elements: dict
    suboptions:
      chain:
        description: The chain of the kernel that they are in, as V(FORWARD).
        type: str
        required: true
      position:
        description: Whether they are before or behind all rules of that chain but jumps of other tasks.
        type: str
        choices: [first, last]
        default: first
      target:
        description: The chain of the task that they lead to. The default is O(name).
        type: str
      <<: *match
  saved:
    description:
      - Keep the chains in files, with the jumps to them, from which the units of the role C(tenantry.sdn.hypervisor)
        make them anew when the host boots. Open vSwitch gets no flow back before that.
      - They are written when the host has been read back. A task that changes files alone is changed too.
      - V(false) removes them, as O(state=absent) does. By default there is one where there was one before.
    type: bool
    version_added: "0.3.0"
  coming_sets:
    description:
      - IP sets that a task before this one makes, and in check mode has not made. There they are taken to be there.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the set.
        type: str
        required: true
      type:
        description: Its type, as V(hash:net).
        type: str
        required: true
      family:
        description: The family of its addresses.
        type: str
        choices: [inet, inet6]
        default: inet
requirements:
  - iptables 1.8 or later
notes:
  - Rules do not survive a restart of the host, but can come back by themselves with O(saved).
  - One task at a time changes the rules of a host. It holds the lock C(/run/tenantry.lock) as long.
  - The programs of the legacy backend set what policies have counted to zero with every change, whoever makes it.
  - With O(family=both) IPv4 is changed first. A task that is killed may leave IPv6 as it was. Run it again.
  - Before anything is changed, check mode included, the kernel is asked in a network namespace of the task's own
    whether it takes the rules.
"""

EXAMPLES = r"""
- name: The talk's rules for a guest of the web group, at its port of a Linux bridge
  tenantry.sdn.sg_rules:
    name: web-1
    rules:
      - {ctstate: [ESTABLISHED, RELATED], target: RETURN}
      - {protocol: tcp, destination_ports: [80, 443], ctstate: [NEW], syn: true, target: RETURN, comment: "to the web"}
      - {protocol: icmp, icmp_type: echo-request, target: RETURN}
      - {target: DROP}
    jumps:
      - {chain: FORWARD, physdev_out: tap0, physdev_is_bridged: true}

- name: The set that the next rules look up
  tenantry.sdn.sg_ipset:
    name: dc1.web
    type: hash:ip
    members: [10.1.1.20, 10.1.1.21]

- name: Exactly these chains of ours, in IPv4 and IPv6
  tenantry.sdn.sg_rules:
    owner: dc1
    family: both
    chains:
      - name: dc1.forward
        rules:
          - {ctstate: [INVALID], target: DROP}
          - {out_interface: tap1, goto: dc1.db-1}
      - name: dc1.db-1
        rules:
          - {ctstate: [ESTABLISHED, RELATED], target: RETURN}
          - protocol: tcp
            destination_ports: [3306]
            sets: [{set: dc1.web, direction: src}]
            target: RETURN
            comment: "web may reach db"
          - {protocol: icmpv6, target: RETURN}
          - {limit: 5/minute, target: LOG, log_prefix: "db-1 refused "}
          - {target: REJECT, reject_with: admin-prohibited}
    jumps:
      - {chain: FORWARD, target: dc1.forward}

- name: A zone of conntrack for what a guest sends
  tenantry.sdn.sg_rules:
    name: zones
    table: raw
    rules:
      - {physdev_in: tap0, target: CT, zone: 7}
    jumps:
      - {chain: PREROUTING}

- name: The chain and the jumps to it are gone
  tenantry.sdn.sg_rules:
    name: web-1
    state: absent
"""

RETURN = r"""
counts:
  description: For each family, how many rules each chain of the task has.
  returned: success
  type: dict
  sample:
    ipv4: {dc1.forward: 2, dc1.db-1: 5}
"""

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.iptables import BACKENDS, Iptables
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.netfilter import Rules, diff
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.saved_rules import saved_rules
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import with_files
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import NAMED_OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.address_set_text import Listing as SetListing
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter import (
    FAMILIES,
    NEGATABLE,
    POSITIONS,
    TABLES,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_input import parse_rules
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_rule_input import CTDIRS, LOG_LEVELS
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_text import REJECTIONS
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected
from ansible_collections.tenantry.sdn.plugins.module_utils.unlogged import UnloggedModule

WORDS = {"type": "list", "elements": "str"}
SET = {
    "set": {"type": "str", "required": True},
    "direction": {"type": "str", "required": True},
    "negate": {"type": "bool", "default": False},
}
MATCH = {
    "family": {"type": "str", "choices": list(FAMILIES)},
    "protocol": {"type": "str"},
    "source": {"type": "str"},
    "destination": {"type": "str"},
    "source_ports": {"type": "list", "elements": "raw"},
    "destination_ports": {"type": "list", "elements": "raw"},
    "syn": {"type": "bool"},
    "tcp_flags": {"type": "dict", "options": {side: {**WORDS, "required": True} for side in ("mask", "set")}},
    "icmp_type": {"type": "raw"},
    "icmp_code": {"type": "int"},
    "nd_target": {"type": "str"},
    "sets": {"type": "list", "elements": "dict", "options": SET},
    "in_interface": {"type": "str"},
    "out_interface": {"type": "str"},
    "physdev_in": {"type": "str"},
    "physdev_out": {"type": "str"},
    "physdev_is_bridged": {"type": "bool"},
    "ctstate": WORDS,
    "ctproto": {"type": "str"},
    "ctorigsrc": {"type": "str"},
    "ctorigdst": {"type": "str"},
    "ctorigdstport": {"type": "str"},
    "ctstatus": WORDS,
    "ctdir": {"type": "str", "choices": list(CTDIRS)},
    "mac_source": {"type": "str"},
    "fragment": {"type": "bool"},
    "limit": {"type": "str"},
    "limit_burst": {"type": "int"},
    "mark": {"type": "raw"},
    "negate": {**WORDS, "choices": list(NEGATABLE)},
    "comment": {"type": "str"},
}
RULE = {
    **MATCH,
    "target": {"type": "str"},
    "goto": {"type": "str"},
    "reject_with": {"type": "str", "choices": list(REJECTIONS)},
    "log_prefix": {"type": "str"},
    "log_level": {"type": "str", "choices": list(LOG_LEVELS)},
    "zone": {"type": "int"},
    "notrack": {"type": "bool"},
    "set_mark": {"type": "raw"},
}
RULES = {"type": "list", "elements": "dict", "options": RULE}
CHAIN = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"]},
    "rules": RULES,
}
JUMP = {
    **MATCH,
    "chain": {"type": "str", "required": True},
    "position": {"type": "str", "choices": list(POSITIONS), "default": "first"},
    "target": {"type": "str"},
}
COMING_SET = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "required": True},
    "family": {"type": "str", "choices": ["inet", "inet6"], "default": "inet"},
}
ARGUMENTS = {
    "table": {"type": "str", "choices": list(TABLES), "default": "filter"},
    "family": {"type": "str", "choices": [*FAMILIES, "both"], "default": "ipv4"},
    "backend": {"type": "str", "choices": list(BACKENDS)},
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "rules": RULES,
    "chains": {"type": "list", "elements": "dict", "options": CHAIN},
    "jumps": {"type": "list", "elements": "dict", "options": JUMP},
    "saved": {"type": "bool"},
    "coming_sets": {"type": "list", "elements": "dict", "options": COMING_SET},
    **NAMED_OWNERSHIP,
    **RUN,
}


def main() -> None:
    # Not logged on the host: of a thousand rules that would be a megabyte with every run.
    module = UnloggedModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_rules(params)
        with turn(module) as own:
            programs = {
                family: Iptables(family, wanted.table, params["backend"], held=(own.lock,))
                for family in wanted.families
            }
            coming = params["coming_sets"] if module.check_mode else None
            backend = Rules(
                programs, wanted, {one["name"]: SetListing(one["type"], 0, one["family"]) for one in coming or ()}
            )
            plan = own.reconcile(backend)
            files = saved_rules(wanted, programs, backend.changes, params["saved"])
            written = own.reconcile(files)
        result = {"changed": bool(plan or written), "counts": backend.counts()}
        if module._diff:
            result["diff"] = with_files(diff(plan), written)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
