# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options by which an action takes an intent, and the attributes of one that runs on the controller alone."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  fabric:
    description:
      - What all tenants share, as a variable. Unknown keys are errors, here and in O(tenants).
      - Needs O(tenants) too; not with O(directory).
    type: dict
    suboptions:
      name:
        description: Owner mark of everything that is made; a DNS label.
        type: str
        required: true
      mtu:
        description: MTU in bytes of the network between the VTEPs, from which those of the tenants are computed.
        type: int
        default: 1500
      segments:
        description:
          - Ranges of segmentation ids, as C(100-199,300). C(vlan) is for networks of type V(vlan), C(tunnel) for
            V(gre), V(vxlan) and V(geneve), which share one space of ids.
          - Needed for the types that the tenants use. An id is in its range, whether pinned or allocated.
          - VLANs outside of C(vlan) are used inside the hosts, as local VLANs.
        type: dict
      forwarding:
        description:
          - How hypervisors switch. V(learning) guards what guests send and delivers to them by flows, and leaves the
            way to other hypervisors to NORMAL. V(static) does that by flows too, through one tunnel port, and answers
            ARP. V(plain) is NORMAL switching with a local VLAN per network, without OpenFlow and port security.
          - A fabric can be moved from any to any other while it is used.
        type: str
        choices: [learning, static, plain]
        default: learning
      security_driver:
        description:
          - What enforces security groups. V(openflow) are flows of V(learning) and V(static) forwarding. V(ipset) are
            IP sets and iptables, in any forwarding, at a Linux bridge between each guest and Open vSwitch.
        type: str
        choices: [openflow, ipset]
        default: openflow
      hypervisors:
        description:
          - By name, each a mapping of C(vtep), the IP address at which its tunnels end, and if wanted C(zone), C(pod),
            and C(uplinks), a mapping of physical networks to the NICs that are plugged into them.
          - All VTEPs are of one IP family. C(next_hop) is an address of the other one, for networks that hypervisors
            route. An uplink NIC becomes a port of the bridge C(br-int).
        type: dict
        required: true
  tenants:
    description:
      - By name, each a mapping of C(networks), C(ports) and, if wanted, C(security_groups) and C(address_groups), as a
        variable. V({}) if there are none.
      - A network, by name, has C(type) (V(gre), V(vxlan), V(geneve), V(vlan), V(flat)), C(subnet), one or a list that
        does not overlap with others of the tenant, C(segmentation_id) unless one shall be allocated, and for V(vlan)
        and V(flat) C(physical_network).
      - A port, by name, has C(hypervisor), C(network), C(ip), one or a list, and if wanted C(interface), C(mac),
        C(port_security), C(false) to let the guest send as anybody, and C(ofport), its OpenFlow port number. Without
        C(interface) the guest's tap is expected as C(tap-) and a hash of C(tenant.port). Without C(mac) a locally
        administered address is computed from that name, the same on every machine. C(allowed_address_pairs) is a list
        of C(ip) and C(mac) that the guest may send with beside its own.
      - A security group, by name, has C(rules), each with a C(direction) (V(ingress), V(egress)) and if wanted
        C(protocol), C(port), C(icmp_type), C(icmp_code), C(family), and one of C(remote_group),
        C(remote_address_group) and C(remote_cidr). A port has C(security_groups), or is in the group C(default).
      - Two tenants may use the same addresses.
    type: dict
  directory:
    description:
      - The intent as files, instead of variables. C(fabric.yml) has the key C(fabric), and each of C(tenants/*.yml) the
        key C(tenants) with one or more tenants. Other YAML files in the directory are errors.
      - Relative to the playbook.
    type: path
  allocations:
    description:
      - YAML file that keeps allocated ids, so that later runs and other machines agree. Commit it beside the intent.
      - The default is C(allocations.yml) in O(directory), or in the folder of the first inventory.
      - An id of a network that is gone stays reserved as I(retired), since hosts that have not converged still carry
        it; delete its line from the file to use it again.
    type: path
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  action:
    description: Runs on the controller alone.
    support: full
  async:
    description: Can be run in the background.
    support: none
  check_mode:
    description: Computes the same, and does not write the allocation record.
    support: full
  diff_mode:
    description: Shows the allocation record before and after.
    support: full
  platform:
    description: The target operating systems.
    support: full
    platforms: posix
"""
