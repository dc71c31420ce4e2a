#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virtual_router
short_description: The virtual routers of a hypervisor, network namespaces with services that systemd keeps
version_added: "0.3.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Makes each router a network namespace, with a cable to Open vSwitch for each of its networks, the rules of nftables,
    and the services that have a file. The role C(tenantry.sdn.virtual_router) installs the units that do so at boot.
  - A file is read by the service's own checker before it is used. What is in place is changed without cutting what
    passes; dnsmasq reads new guests, and HAProxy its file, without being started anew.
  - The routers given are all that the owner has. Others of the owner are removed, and those of other owners stay.
extends_documentation_fragment:
  - tenantry.sdn.attributes
options:
  owner:
    description: Whose these are. The file C(owner) in the router's folder says it.
    type: str
    required: true
  routers:
    description: The routers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its full name, as C(acme.edge). The namespace is called C(tenantry-acme.edge).
        type: str
        required: true
      interfaces:
        description: Its cables.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: The end in the namespace.
            type: str
            required: true
          port:
            description: The end on the host, to be plugged into Open vSwitch.
            type: str
            required: true
          network:
            description: The network that it leads to. The end in the namespace has it as its alias.
            type: str
            required: true
          mac:
            description: MAC address of the end in the namespace.
            type: str
            required: true
          mtu:
            description: MTU of both ends, in bytes.
            type: int
            required: true
          addresses:
            description: Addresses in the namespace, with prefix length.
            type: list
            elements: str
            default: []
          floating:
            description:
              - Addresses that keepalived gives to one of the two of a router. Whether they are there is not looked at,
                and they are taken away when keepalived stops.
            type: list
            elements: str
            default: []
      routes:
        description: Routes in the namespace beyond the networks of its interfaces.
        type: list
        elements: dict
        default: []
        suboptions:
          to:
            description: The network, as V(0.0.0.0/0).
            type: str
            required: true
          via:
            description: Address of the next hop.
            type: str
            required: true
          floating:
            description: It comes and goes with floating addresses, by keepalived.
            type: bool
            default: false
      files:
        description:
          - What the services read, as name and text. C(nftables.conf) must be there. C(dnsmasq.conf), C(dnsmasq.leases)
            and C(dnsmasq.names) are of dnsmasq, C(haproxy.cfg), C(keepalived.conf) and C(conntrackd.conf) of those.
          - They are used as they are, so they are not for values of a tenant that nobody has validated.
          - They are in C(/etc/tenantry/routers/) and the name of the router.
        type: dict
        required: true
  tx_checksumming:
    description:
      - Leave checksums to whoever sends a frame at last. Open vSwitch's datapath in userspace does not compute them, so
        there write V(false).
    type: bool
    default: true
  allow_empty:
    description: Take an empty list of routers for what is meant, and remove all of the owner.
    type: bool
    default: false
requirements:
  - systemd, iproute2, nftables, procps, ethtool; dnsmasq, haproxy, ... for a router that has a file of theirs
  - what the role C(tenantry.sdn.virtual_router) installs
notes:
  - One task at a time changes the routers of a host. It holds the lock C(/run/tenantry.lock) as long.
seealso:
  - module: tenantry.sdn.host_state
"""

EXAMPLES = r"""
- name: A router between two networks
  tenantry.sdn.virtual_router:
    owner: dc1
    routers:
      - name: acme.edge
        interfaces:
          - {name: web, port: rt-web, network: acme.web, mac: 52:54:00:00:00:01, mtu: 1458, addresses: [10.1.1.1/24]}
          - {name: db, port: rt-db, network: acme.db, mac: 52:54:00:00:00:02, mtu: 1458, addresses: [10.1.2.1/24]}
        files:
          nftables.conf: |
            table inet router
            delete table inet router
            table inet router {
              chain forward { type filter hook forward priority filter; policy accept; }
            }

- name: No routers of ours on this host
  tenantry.sdn.virtual_router:
    owner: dc1
    routers: []
    allow_empty: true
"""

RETURN = r"""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import host_lock
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.routers import Routers
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router_input import parse_routers
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import in_words, reconcile, surfacing

INTERFACE = {
    "name": {"type": "str", "required": True},
    "port": {"type": "str", "required": True},
    "network": {"type": "str", "required": True},
    "mac": {"type": "str", "required": True},
    "mtu": {"type": "int", "required": True},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "floating": {"type": "list", "elements": "str", "default": []},
}
ROUTE = {
    "to": {"type": "str", "required": True},
    "via": {"type": "str", "required": True},
    "floating": {"type": "bool", "default": False},
}
ROUTER = {
    "name": {"type": "str", "required": True},
    "interfaces": {"type": "list", "elements": "dict", "required": True, "options": INTERFACE},
    "routes": {"type": "list", "elements": "dict", "default": [], "options": ROUTE},
    "files": {"type": "dict", "required": True},
}
ARGUMENTS = {
    "owner": {"type": "str", "required": True},
    "routers": {"type": "list", "elements": "dict", "required": True, "options": ROUTER},
    "tx_checksumming": {"type": "bool", "default": True},
    "allow_empty": {"type": "bool", "default": False},
}
PATIENCE = 60  # seconds to wait for another task


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    with surfacing(module):
        owner, wanted = parse_routers(module.params)
        with host_lock(PATIENCE):
            plan = reconcile(Routers(wanted, owner, module.params["tx_checksumming"]), module.check_mode)
        result = {"changed": bool(plan)}
        if module._diff:
            result["diff"] = in_words(plan)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
