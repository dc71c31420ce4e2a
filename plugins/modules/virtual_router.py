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
  - tenantry.sdn.run
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
      wireguard:
        description: Its WireGuard, if it has one. The kernel's is used where it has it, else C(wireguard-go).
        type: dict
        suboptions:
          name:
            description: What it is called.
            type: str
            required: true
          interface:
            description: Its device, C(wg-) and 12 hex digits. All routers of a host have different ones.
            type: str
            required: true
          port:
            description: The UDP port that it listens on.
            type: int
            required: true
          mtu:
            description: MTU of the device, in bytes.
            type: int
            required: true
          addresses:
            description: The router's addresses in the tunnel, with prefix length.
            type: list
            elements: str
            required: true
          private_key:
            description:
              - Which of O(secrets) is the private key.
              - Without it the host makes one at first use, which stays as long as the tunnel does.
            type: str
          peers:
            description: All who may send through it. Others are refused from the moment that they are left out.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description: What it is called.
                type: str
                required: true
              public_key:
                description: Its public key, as C(wg pubkey) prints it.
                type: str
                required: true
              allowed_ips:
                description: The networks behind it. It sends from them alone, and what goes to them goes to it.
                type: list
                elements: str
                required: true
              endpoint:
                description: Where it is called, as V(198.51.100.7:51820). Without it, it calls.
                type: str
              preshared_key:
                description: Which of O(secrets) is the key that both know beside their own.
                type: str
              persistent_keepalive:
                description: Seconds between packets that keep NAT in between open; 0 is none.
                type: int
                default: 0
      ipsec:
        description:
          - Its IPsec, if it has any, by strongSwan, which encrypts in user space and sends ESP in UDP.
          - Let the rules of O(routers[].files) hold back what leaves for these networks by any device but C(ipsec0),
            which, as the routes to it, is there while a tunnel is up alone.
        type: dict
        suboptions:
          address:
            description: Its address outside. While it is on another host, strongSwan waits here.
            type: str
            required: true
          mtu:
            description: MTU of C(ipsec0), in bytes.
            type: int
            required: true
          sites:
            description: All that it has tunnels to. One that is left out is cut, and others stay.
            type: list
            elements: dict
            required: true
            suboptions:
              name:
                description: What it is called.
                type: str
                required: true
              remote:
                description: Its IPv4 address outside.
                type: str
                required: true
              local_id:
                description: What the router calls itself.
                type: str
                required: true
              remote_id:
                description: What the other end calls itself.
                type: str
                required: true
              local_subnets:
                description: The networks here that are joined with those there.
                type: list
                elements: str
                required: true
              remote_subnets:
                description: The networks there.
                type: list
                elements: str
                required: true
              psk:
                description: Which of O(secrets) is the key that both ends have. When it changes the tunnel is cut.
                type: str
                required: true
              ike_proposals:
                description: How keys are agreed on, as V(aes256gcm16-prfsha384-ecp384), the best first.
                type: list
                elements: str
                required: true
              esp_proposals:
                description: How packets are encrypted, as V(aes256gcm16-ecp384), the best first.
                type: list
                elements: str
                required: true
      files:
        description:
          - What the services read, as name and text. C(nftables.conf) must be there. C(dnsmasq.conf), C(dnsmasq.leases)
            and C(dnsmasq.names) are of dnsmasq, C(haproxy.cfg), C(keepalived.conf) and C(conntrackd.conf) of those.
          - They are used as they are, so they are not for values of a tenant that nobody has validated.
          - They are in C(/etc/tenantry/routers/) and the name of the router.
        type: dict
        required: true
  secrets:
    description:
      - Keys that tunnels name, as name and value. Others are ignored.
      - Each is a file on the host, which root alone reads. None is shown, nor given to a program as an argument.
    type: dict
    default: {}
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
  - C(charon-systemd) and C(swanctl), with kernel-libipsec, for a router with O(routers[].ipsec)
  - C(wg) for a router with O(routers[].wireguard), and C(wireguard-go) where the kernel has no WireGuard
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
            table inet router {
            }
            flush table inet router
            table inet router {
              chain forward { type filter hook forward priority filter; policy accept; }
            }

- name: A router that a laptop reaches from anywhere
  tenantry.sdn.virtual_router:
    owner: dc1
    routers:
      - name: acme.edge
        interfaces:
          - {name: web, port: rt-web, network: acme.web, mac: 52:54:00:00:00:01, mtu: 1458, addresses: [10.1.1.1/24]}
        wireguard:
          name: office
          interface: wg-0f31a070bafa
          port: 51820
          mtu: 1440
          addresses: [10.99.0.1/24]
          peers:
            - name: laptop
              public_key: xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
              allowed_ips: [10.99.0.2/32]
              preshared_key: acme-laptop
        files:
          nftables.conf: "{{ lookup('ansible.builtin.file', 'edge.nft') }}"
    secrets:
      acme-laptop: "{{ vault_acme_laptop }}"

- name: No routers of ours on this host
  tenantry.sdn.virtual_router:
    owner: dc1
    routers: []
    allow_empty: true
"""

RETURN = r"""
public_keys:
  description:
    - The public key of each router's WireGuard, to be given to its peers.
    - In check mode without those that the host has not made yet.
  returned: success
  type: dict
  sample: {acme.edge: HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.lock import turn
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.router_tunnels import public_key
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.routers import Routers
from ansible_collections.tenantry.sdn.plugins.module_utils.arguments import RUN
from ansible_collections.tenantry.sdn.plugins.module_utils.model.router_input import parse_routers
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import in_words, surfacing

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
PEER = {
    "name": {"type": "str", "required": True},
    "public_key": {"type": "str", "required": True, "no_log": False},
    "allowed_ips": {"type": "list", "elements": "str", "required": True},
    "endpoint": {"type": "str"},
    "preshared_key": {"type": "str", "no_log": False},  # its name
    "persistent_keepalive": {"type": "int", "default": 0},
}
SITE = {
    "name": {"type": "str", "required": True},
    "remote": {"type": "str", "required": True},
    "local_id": {"type": "str", "required": True},
    "remote_id": {"type": "str", "required": True},
    "local_subnets": {"type": "list", "elements": "str", "required": True},
    "remote_subnets": {"type": "list", "elements": "str", "required": True},
    "psk": {"type": "str", "required": True, "no_log": False},  # its name
    "ike_proposals": {"type": "list", "elements": "str", "required": True},
    "esp_proposals": {"type": "list", "elements": "str", "required": True},
}
IPSEC = {
    "address": {"type": "str", "required": True},
    "mtu": {"type": "int", "required": True},
    "sites": {"type": "list", "elements": "dict", "required": True, "options": SITE},
}
WIREGUARD = {
    "name": {"type": "str", "required": True},
    "interface": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "mtu": {"type": "int", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "private_key": {"type": "str", "no_log": False},  # its name
    "peers": {"type": "list", "elements": "dict", "default": [], "options": PEER},
}
ROUTER = {
    "name": {"type": "str", "required": True},
    "interfaces": {"type": "list", "elements": "dict", "required": True, "options": INTERFACE},
    "routes": {"type": "list", "elements": "dict", "default": [], "options": ROUTE},
    "wireguard": {"type": "dict", "options": WIREGUARD},
    "ipsec": {"type": "dict", "options": IPSEC},
    "files": {"type": "dict", "required": True},
}
ARGUMENTS = {
    "owner": {"type": "str", "required": True},
    "routers": {"type": "list", "elements": "dict", "required": True, "options": ROUTER},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
    "tx_checksumming": {"type": "bool", "default": True},
    "allow_empty": {"type": "bool", "default": False},
    **RUN,
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    with surfacing(module):
        owner, wanted = parse_routers(module.params)
        with turn(module) as own:
            plan = own.reconcile(Routers(wanted, owner, module.params["tx_checksumming"]))
        keys = {wish.name: key for wish in wanted if (key := public_key(wish))}
        result = {"changed": bool(plan), "public_keys": keys}
        if module._diff:
            result["diff"] = in_words(plan)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
