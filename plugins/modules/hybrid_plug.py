#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hybrid_plug
short_description: Linux bridges between guests and Open vSwitch, where iptables sees what passes
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Puts a Linux bridge and a cable (veth) between the interface of a guest and Open vSwitch, for
    M(tenantry.sdn.sg_rules) to judge what passes. What Open vSwitch itself has as a port iptables does not see.
  - The links are named by a hash of O(name), as RV(plugs) says. The bridge is C(qb-...), the end of the cable in it
    C(qv-...), and the other one C(qo-...), to be made a port by M(tenantry.sdn.ovs_bridge).
  - The bridge learns nothing, speaks no protocol, and hands IPv4 and IPv6 to iptables (C(nf_call_iptables),
    C(nf_call_ip6tables)), whatever C(net.bridge) says of the others. The host has no addresses there, and answers no
    ARP.
  - Make the rules before the plug. A guest is let in last.
  - All links are read by one call of ip(8), and whatever differs is set, a setting that somebody else has changed too.
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.named_ownership
  - tenantry.sdn.run
options:
  name:
    description: Name of the plug, from which those of its links come, as V(acme.web-1).
    type: str
  state:
    description: V(absent) takes the guest's interface out and removes the links.
    type: str
    choices: [present, absent]
    default: present
  interface: &interface
    description:
      - Interface of the guest, as V(tap0). One that is not there is awaited. Run the task again when it is, or have
        the hypervisor put it into the bridge.
    type: str
  mtu: &mtu
    description: MTU of the guest's interface and of the cable.
    type: int
  arp: &arp
    description:
      - What the guest may say by ARP that it has. Of it, it asks and answers with these addresses alone, and may ask
        whether one of them is free. Other frames of ARP are dropped, by a chain of ebtables(8) of this plug.
      - V([]) lets it say nothing. Without it the guest may say anything.
    type: list
    elements: dict
    suboptions:
      mac:
        description: MAC address.
        type: str
        required: true
      ip:
        description: IPv4 address, or a network of several.
        type: str
        required: true
  zone: &zone
    description:
      - Conntrack zone in which fragments of TCP, UDP, ICMP and ICMPv6 are put together. Give each plug one of its own,
        that of the rule of M(tenantry.sdn.sg_rules) with the target V(CT) for the rest of its packets.
      - The kernel puts datagrams together before it looks at such rules. Without it a fragment may become part of the
        datagram of another plug's guest that has the same addresses.
      - Fragments of other protocols are not put together, and not tracked.
    type: int
  plugs:
    description:
      - Several plugs at once, each with the options above.
      - With an O(owner), all plugs of the owner. Others of its plugs are removed.
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
      interface: *interface
      mtu: *mtu
      arp: *arp
      zone: *zone
  owner:
    description:
      - Whose these are. The bridge says it in its alias (C(ip link), C(alias)).
      - With an owner nothing of another owner is ever changed or removed.
      - Without an owner the task manages exactly what it names, and removes nothing else.
    type: str
  saved:
    description:
      - Keep the plugs in files, from which the units of the role C(tenantry.sdn.hypervisor) make them anew when the
        host boots, after the chains that M(tenantry.sdn.sg_rules) has saved. A guest whose interface is there by then
        is let in.
      - While a service restarts that flushes the chains of others, as nftables does, these plugs are down until the
        chains are back.
      - They are written when the host has been read back. A task that changes files alone is changed too.
      - V(false) removes them, as O(state=absent) does. By default there is one where there was one before.
    type: bool
  require_devices:
    description: Fail if the interface of a guest is not there, instead of warning.
    type: bool
    default: false
requirements:
  - iproute2 5.10 or later
  - nftables that prints JSON (tested with 1.0.6), for O(zone)
  - the kernel's module br_netfilter, which M(tenantry.sdn.sg_rules) loads with the first rule about a port of a bridge
notes:
  - Links do not survive a restart of the host, but can come back by themselves with O(saved).
  - One task at a time changes the plugs of a host. It holds the lock C(/run/tenantry.lock) as long.
seealso:
  - module: tenantry.sdn.sg_rules
  - module: tenantry.sdn.ovs_bridge
"""

EXAMPLES = r"""
- name: Let iptables see what the guest sends and gets
  tenantry.sdn.hybrid_plug:
    name: web-1
    interface: tap0
  register: plug

- name: Plug the other end of the cable into Open vSwitch
  tenantry.sdn.ovs_bridge:
    name: br-int
    ports:
      - {name: "{{ plug.plugs['web-1'].outer }}", tag: 120}

- name: Exactly these plugs of ours on this host
  tenantry.sdn.hybrid_plug:
    owner: dc1
    plugs:
      - {name: acme.web-1, interface: tap0, mtu: 1458}
      - {name: acme.db-1, interface: tap1, mtu: 1458, zone: 12, arp: [{mac: "52:54:00:00:00:12", ip: 10.1.1.12}]}
"""

RETURN = r"""
plugs:
  description: The links of each plug that is to be there.
  returned: success
  type: dict
  sample:
    acme.web-1: {bridge: qb-3f1f0cd1bd46, inner: qv-3f1f0cd1bd46, outer: qo-3f1f0cd1bd46}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.plugs import Plugs, diff, links_of
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.saved_plugs import saved_plugs
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import with_files
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import NAMED_OWNERSHIP, RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import NotConvergedError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.plug_input import LISTED, parse_plugs
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing, uncollected

IDENTITY = {"mac": {"type": "str", "required": True}, "ip": {"type": "str", "required": True}}
PLUG = {
    "interface": {"type": "str"},
    "mtu": {"type": "int"},
    "arp": {"type": "list", "elements": "dict", "options": IDENTITY},
    "zone": {"type": "int"},
}
LISTED_PLUG = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"]},
    **PLUG,
}
ARGUMENTS = {
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **PLUG,
    "plugs": {"type": "list", "elements": "dict", "options": LISTED_PLUG},
    "saved": {"type": "bool"},
    **NAMED_OWNERSHIP,
    "require_devices": {"type": "bool", "default": False},
    **RUN,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    with surfacing(module), uncollected():
        wanted = parse_plugs(params)
        owner, complete = params["owner"], LISTED.is_complete(params)
        with turn(module) as own:
            backend = Plugs(wanted, owner, complete)
            plan = own.reconcile(backend)
            files = own.reconcile(saved_plugs(wanted, owner, complete, params["saved"]))
        missing = ", ".join(backend.missing())
        if missing and params["require_devices"]:
            what = f"No such interfaces: {missing}. Start the guests that have them, and run the task again."
            raise NotConvergedError(what, changed=bool(plan or files))
        if missing:
            module.warn(f"Not there yet, run the task again when they are: {missing}")
        result = {"changed": bool(plan or files), "plugs": links_of(wanted)}
        if module._diff:
            result["diff"] = with_files(diff(plan), files)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
