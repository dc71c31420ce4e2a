#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: trace
short_description: What happens to a packet of a tenant, and why
version_added: "0.2.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Follows a packet from the port that sends to the port that it is for, and the answer back, and says in the names of
    the intent which tables it passes on each hypervisor, where it goes, and why it does not get further.
  - Runs on the controller, and M(tenantry.sdn.of_trace) on the hypervisor that the task is delegated to. The first task
    only says whom to ask. Each other one asks what it can, and returns the answers for the next. The playbook
    C(tenantry.sdn.trace) does all of that. A packet to one guest concerns two hypervisors at most, and one more for
    each router between the two.
  - Nothing is sent, and the guests are not touched. It says what the switches do, as of now; nothing of the guests, of
    the network between the hypervisors, and of MTU. Before a switch has learned an address, it says that it floods.
  - Where a packet goes next is read from what the hypervisors say, not from the intent. But what a router does to it is
    what the intent says, and what is outside is not asked.
  - Fails if a hypervisor could not be asked, and names it. A packet that does not arrive is no failure.
extends_documentation_fragment:
  - tenantry.sdn.intent
  - tenantry.sdn.intent.attributes
options:
  from:
    description:
      - The port that sends, as C(tenant.port). Required.
      - An IP address is for who has it outside, or behind a VPN. It is followed from the router that takes it.
    type: raw
  to:
    description:
      - The port that it is for, as C(tenant.port). Required.
      - The name of an external network is for who routes there. It is followed to the router of the sender's network.
      - An IP address is followed to where the routers of the intent lead it, that is to a guest, as by its public one,
        or the outside, or a VPN.
    type: raw
  proto:
    description: V(tcp), V(udp), V(icmp) (an echo request), V(arp) or V(nd) (who has the address?).
    type: raw
    default: icmp
  port:
    description: TCP or UDP port that it is for.
    type: raw
  family:
    description: V(4) or V(6). The default is IPv4, if both ports have an address of it.
    type: raw
  src_ip:
    description: Another source address than its own, to see what becomes of it.
    type: raw
  src_mac:
    description: Another source MAC address than its own.
    type: raw
  vlan:
    description: A VLAN tag that it sends.
    type: raw
  answers:
    description: The C(answers) of the task before.
    type: list
    elements: dict
  tell:
    description: Show the story if it is complete.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for ovs-vswitchd.
    type: int
    default: 10
attributes:
  action:
    description: Runs on the controller, and a module on the host that it is delegated to.
    support: full
  check_mode:
    description: Does the same, as it changes nothing.
    support: full
  diff_mode:
    description: Changes nothing.
    support: none
seealso:
  - module: tenantry.sdn.of_trace
"""

EXAMPLES = r"""
- name: Who has to be asked first?
  tenantry.sdn.trace: &packet
    directory: "{{ inventory_dir }}/intent"
    from: acme.web-1
    to: acme.web-2
    proto: tcp
    port: 3306
  register: trace

- name: Ask there
  tenantry.sdn.trace:
    <<: *packet
    answers: "{{ trace.answers }}"
  delegate_to: "{{ trace.ask }}"
  register: trace
"""

RETURN = r"""
answers:
  description: What was answered so far.
  returned: success
  type: list
  elements: dict
ask:
  description: The hypervisor that has to be asked next; none if there is nothing more to ask.
  returned: success
  type: str
  sample: hv1
reaches:
  description: Whether it arrives, and the answer to it; none if that is not known.
  returned: with O(tell=true)
  type: bool
verdict:
  description: The same in a sentence, and why.
  returned: with O(tell=true)
  type: str
  sample: acme.web-1 reaches acme.web-2, and the answer comes back.
there:
  description: The way of the packet.
  returned: with O(tell=true)
  type: dict
  contains: &leg
    packet:
      description: What is sent.
      type: str
      sample: tcp from 10.1.1.20 port 40000 to 10.1.1.21 port 3306
    reaches:
      description: Whether it arrives.
      type: bool
    routers:
      description: The routers that are between the two.
      type: list
      elements: str
    elsewhere:
      description: Where else copies of it go.
      type: list
      elements: str
    hops:
      description: What each hypervisor does, with C(hypervisor), C(enters), C(tables) and C(leaves).
      type: list
      elements: dict
back:
  description: The way of the answer, if the packet arrives.
  returned: with O(tell=true)
  type: dict
  contains: *leg
faults:
  description: What is wrong with the intent or with the question, sorted.
  returned: failure
  type: list
  elements: str
"""
