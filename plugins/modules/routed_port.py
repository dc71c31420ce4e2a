#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: routed_port
short_description: Guests that the host itself routes to, without a bridge
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Gives each guest a way by the host's own routing, and no link layer that others are on. The guest has its addresses
    without a subnet (as C(10.9.0.11/32) and C(fd00:9::11/128)) and V(169.254.1.1) and V(fe80::1) as its gateways, for
    which the host answers at the guest's interface.
  - Routes lead to the addresses at the interfaces of this host, and by the other hosts to those that are there.
  - All routes are in a table of the owner's own (C(ip rule), C(ip route show table)), where what has no route is
    unreachable. It is used for what guests send, for what comes from the other hosts, and for O(subnets) whoever sends
    there. So a host that was no router before forwards to these guests and between them alone.
  - Linux forwards IPv6 between all interfaces or none. Where C(net.ipv6.conf.all.forwarding) was off, it is switched on
    while there are guests of IPv6, and a rule leads what comes from others than them and the other hosts to a table of
    its own (the number of the first one and 16777216), where all is unreachable. No interface hears routers less than
    before.
  - The MAC address of each guest is set (C(ip neighbour), C(PERMANENT)), so that neither ARP nor neighbour discovery
    can lie. A packet of IPv4 whose source another interface leads to is dropped (C(rp_filter)). Linux does not do that
    for IPv6, so there the rules alone tell who sends what.
  - This opens the ways. Make the rules that judge what passes them before, by M(tenantry.sdn.sg_rules) for C(FORWARD)
    and C(INPUT).
extends_documentation_fragment:
  - tenantry.sdn.attributes
  - tenantry.sdn.run
options:
  owner:
    description: Whose these are. The number of the table comes from it, by which the kernel tells what is the owner's.
    type: str
    required: true
  subnets:
    description: The networks that the addresses are of, as V(10.9.0.0/24) and V(fd00:9::/64).
    type: list
    elements: str
    default: []
  ports:
    description: All guests of the owner at this host. Others of its are removed.
    type: list
    elements: dict
    required: true
    suboptions:
      interface:
        description:
          - The guest's interface on this host, as V(tap0). One that is not there is awaited. Run the task again when
            it is.
        type: str
        required: true
      mac:
        description: MAC address of the guest.
        type: str
        required: true
      addresses:
        description: Addresses of the guest, as V(10.9.0.11) and V(fd00:9::11).
        type: list
        elements: str
        required: true
      mtu:
        description: MTU of the interface.
        type: int
  routes:
    description: All guests of the owner's fabric at other hosts.
    type: list
    elements: dict
    default: []
    suboptions:
      destination:
        description: Address of the guest.
        type: str
        required: true
      via:
        description:
          - Address of its host, of the same IP family. Where that is behind a router, the route leads to the router,
            which then has to know the way to the guests itself.
        type: str
        required: true
  hold_back:
    description:
      - Only take away what is to go, routes that are to lead elsewhere too. Run the task again without it when the
        rules for what comes are there.
    type: bool
    default: false
  saved:
    description:
      - Keep the ports and routes in a file, from which the units of the role C(tenantry.sdn.hypervisor) make them anew
        when the host boots, after the chains that M(tenantry.sdn.sg_rules) has saved. A guest whose interface is there
        by then is reached again.
      - While a service restarts that flushes the chains of others, as nftables does, nothing is forwarded to or from
        these guests.
      - V(false) removes the file. By default there is one where there was one before. O(hold_back) leaves it as it is.
    type: bool
  require_devices:
    description: Fail if the interface of a guest is not there, instead of warning.
    type: bool
    default: false
  allow_empty:
    description:
      - An empty list O(ports) is refused, since a mistyped variable must not empty a host.
      - Set this to V(true) to remove all that the owner has.
    type: bool
    default: false
requirements:
  - iproute2 5.10 or later
notes:
  - Routes do not survive a restart of the host, but can come back by themselves with O(saved). Where the interface of a
    guest was made anew, run the task again.
  - IPv6 is switched off at the interfaces of guests that have no address of it. The others need their neighbour
    solicitations for V(fe80::1) to be let in (C(INPUT)), and nothing else.
  - One task at a time changes the routes of a host. It holds the lock C(/run/tenantry.lock) as long.
seealso:
  - module: tenantry.sdn.sg_rules
  - module: tenantry.sdn.hybrid_plug
"""

EXAMPLES = r"""
- name: Route to the guests of this host, and to those of the others
  tenantry.sdn.routed_port:
    owner: dc1
    subnets: [10.9.0.0/24]
    ports:
      - {interface: tap0, mac: "52:54:00:00:00:11", addresses: [10.9.0.11]}
      - {interface: tap1, mac: "52:54:00:00:00:12", addresses: [10.9.0.12]}
    routes:
      - {destination: 10.9.0.21, via: 192.168.1.152}

- name: Of both IP families
  tenantry.sdn.routed_port:
    owner: dc1
    subnets: [10.9.0.0/24, "fd00:9::/64"]
    ports:
      - {interface: tap0, mac: "52:54:00:00:00:11", addresses: [10.9.0.11, "fd00:9::11"]}
    routes:
      - {destination: 10.9.0.21, via: 192.168.1.152}
      - {destination: "fd00:9::21", via: "fd00:5::152"}

- name: Take away all of these
  tenantry.sdn.routed_port:
    owner: dc1
    ports: []
    allow_empty: true
"""

RETURN = r"""
table:
  description: Number of the owner's table, as C(ip route show table) takes it.
  returned: success
  type: int
  sample: 1951238407
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.routes import RoutedPorts
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.saved_routes import saved_routes
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.sealed import SealedFiles, with_files
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import routing_table
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import NotConvergedError
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port import in_diff
from ansible_collections.tenantry.sdn.plugins.module_utils.model.routed_port_input import parse_routed_ports
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing

PORT = {
    "interface": {"type": "str", "required": True},
    "mac": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "mtu": {"type": "int"},
}
ROUTE = {"destination": {"type": "str", "required": True}, "via": {"type": "str", "required": True}}
ARGUMENTS = {
    "owner": {"type": "str", "required": True},
    "subnets": {"type": "list", "elements": "str", "default": []},
    "ports": {"type": "list", "elements": "dict", "required": True, "options": PORT},
    "routes": {"type": "list", "elements": "dict", "default": [], "options": ROUTE},
    "hold_back": {"type": "bool", "default": False},
    "saved": {"type": "bool"},
    "require_devices": {"type": "bool", "default": False},
    "allow_empty": {"type": "bool", "default": False},
    **RUN,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    with surfacing(module):
        wanted, owner = parse_routed_ports(params), params["owner"]
        backend = RoutedPorts(wanted, owner, params["hold_back"])
        kept = SealedFiles({}) if params["hold_back"] else saved_routes(wanted, owner, params["saved"])
        with turn(module) as own:
            plan = own.reconcile(backend)
            files = own.reconcile(kept)
        missing = "" if params["hold_back"] else ", ".join(backend.missing())
        if missing and params["require_devices"]:
            what = f"No such interfaces: {missing}. Start the guests that have them, and run the task again."
            raise NotConvergedError(what, changed=bool(plan or files))
        if missing:
            module.warn(f"Not there yet, run the task again when they are: {missing}")
        result = {"changed": bool(plan or files), "table": routing_table(owner)}
        if module._diff:
            result["diff"] = with_files(in_diff(plan), files)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
