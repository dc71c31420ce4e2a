#!/usr/bin/python
# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: endpoint_probe
short_description: Measures with real packets what one endpoint reaches and what reaches it
version_added: "0.1.0"
author: the tenantry.sdn authors (@tenantry)
description:
  - Runs on an endpoint of a tenant network, a virtual machine or a namespace of the twin, as root.
  - Run O(phase=listen) on all endpoints, then O(phase=send) on all, then O(phase=collect) on all, with the same O(run).
    The playbook C(tenantry.sdn.verify) does so, and M(tenantry.sdn.reachability) judges the measurements.
  - O(phase=listen) starts a process that answers TCP connections with the endpoint's name and records all marked
    frames that arrive. It ends when it is collected or at its O(deadline), and leaves nothing behind.
  - O(phase=send) asks all O(targets) at once, by ICMP echo requests (small, of exactly the MTU, and one byte longer,
    all with DF) and by TCP. Then it floods the network three times with a frame of each kind that a switch may flood
    (broadcast, IPv4 and IPv6 multicast, unknown unicast, neighbour solicitation, gratuitous ARP, 802.1Q tags), and
    with echo requests made by hand to each target's MAC address.
  - Where O(endpoint.guarded) it attacks too, by forged MAC and IP addresses, in ARP and ND as well, as a server of
    DHCP, as a router, in fragments and behind extension headers, and by ethertypes and tags that no guest may send.
  - Only measures. It does not know what should reach what.
options:
  phase:
    description: What to do.
    type: str
    choices: [listen, send, collect]
    required: true
  run:
    description: A name of this verification, at most 32 letters and digits. Frames of another one are not counted.
    type: str
    required: true
  endpoint:
    description: This endpoint. Its interface is the one with its MAC address.
    type: dict
    required: true
    suboptions: &endpoint
      name:
        description: Name of the endpoint, C(tenant.port).
        type: str
        required: true
      mac:
        description: MAC address.
        type: str
        required: true
      addresses:
        description: IPv4 and IPv6 addresses, with or without prefix length.
        type: list
        elements: str
        required: true
      mtu:
        description: The largest IP packet in its network, in bytes.
        type: int
        required: true
      vlan:
        description: VLAN of its network on the hypervisors, if any. Used as the outer tag of double tagged frames.
        type: int
      services:
        description:
          - Protocols and ports that it answers at beside O(port), as V(tcp 80). One that something else has is left to
            it; whether that can be reached shows for TCP alone.
          - V(http 80) is what load balancers ask, and no endpoint does.
        type: list
        elements: str
        default: []
      guarded:
        description:
          - Whether its hypervisor lets it send nothing but its own. Then O(phase=send) also tries what that is to stop,
            a frame of each kind, with addresses that are nobody's.
        type: bool
        default: false
        version_added: "0.3.0"
      judged:
        description:
          - Whether security groups judge what it sends and receives. Then O(phase=send) also tries TCP segments of
            connections that nobody opened.
        type: bool
        default: false
        version_added: "0.3.0"
  targets:
    description: The other endpoints. Needed by O(phase=send).
    type: list
    elements: dict
    default: []
    suboptions: *endpoint
  vlans:
    description: VLAN ids to try as tags; those of all networks, this endpoint's own too. Used by O(phase=send).
    type: list
    elements: int
    default: []
  port:
    description: TCP port of the answering process, the same on all endpoints.
    type: int
    default: 47021
  timeout:
    description: Seconds to wait for answers in O(phase=send). All targets are asked at the same time.
    type: int
    default: 3
  deadline:
    description: Seconds after which the listening process ends by itself.
    type: int
    default: 300
extends_documentation_fragment:
  - tenantry.sdn.attributes
attributes:
  check_mode:
    description: Sends nothing, starts nothing, and returns no measurement.
    support: full
  diff_mode:
    description: There is no state to compare.
    support: none
  idempotent:
    description: Measures anew each time. It never reports a change, as it leaves nothing behind.
    support: none
notes:
  - Needs nothing but Python on the endpoint.
  - The sniffer puts the interface into promiscuous mode while it listens.
seealso:
  - module: tenantry.sdn.reachability
"""

EXAMPLES = r"""
- name: Listen
  tenantry.sdn.endpoint_probe:
    phase: listen
    run: a1b2c3
    endpoint: &web_1 {name: acme.web-1, mac: "02:00:00:00:00:01", addresses: [10.1.1.20/24], mtu: 1458, vlan: 12}

- name: Ask another endpoint, and flood
  tenantry.sdn.endpoint_probe:
    phase: send
    run: a1b2c3
    endpoint: *web_1
    targets:
      - {name: acme.web-2, mac: "02:00:00:00:00:02", addresses: [10.1.1.21/24], mtu: 1458, vlan: 12}
    vlans: [12, 120]

- name: Stop listening
  tenantry.sdn.endpoint_probe:
    phase: collect
    run: a1b2c3
    endpoint: *web_1
  register: collected
"""

RETURN = r"""
interface:
  description: The endpoint's interface.
  returned: phase=listen
  type: str
  sample: eth0
checks:
  description: How many checks were made, one for each target, address and kind.
  returned: phase=send
  type: int
  sample: 44
answered:
  description: How many of them were answered.
  returned: phase=send
  type: int
  sample: 12
frames:
  description: How many frames were flooded.
  returned: phase=send
  type: int
  sample: 96
measurement:
  description: All that was measured here, as M(tenantry.sdn.reachability) reads it.
  returned: phase=collect
  type: dict
  contains:
    interface:
      description: The endpoint's interface.
      type: str
    mtu:
      description: Its MTU.
      type: int
    replies:
      description: What became of each check of each target's address.
      type: list
      elements: dict
    sightings:
      description: How many marked frames of each sender and kind arrived, and how often the most frequent of them.
      type: list
      elements: dict
    sent:
      description: How many frames of each kind were flooded.
      type: dict
    departed:
      description: How many marked frames of each kind the sniffer saw leave.
      type: dict
    lost:
      description: How many frames the sniffer missed because they came too fast.
      type: int
    busy:
      description: Services whose port something else has.
      type: list
      elements: str
"""

import re
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.tenantry.sdn.plugins.module_utils.probe.phases import Job, collect, listen, send
from ansible_collections.tenantry.sdn.plugins.module_utils.probe.target import ENDPOINT_SPEC, parse_target
from ansible_collections.tenantry.sdn.plugins.module_utils.reconcile import surfacing
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults, integer, path_of, shown, vlan_id

PHASES = {"listen": listen, "send": send, "collect": collect}
ARGUMENTS = {
    "phase": {"type": "str", "choices": list(PHASES), "required": True},
    "run": {"type": "str", "required": True},
    "endpoint": {"type": "dict", "required": True, "options": ENDPOINT_SPEC},
    "targets": {"type": "list", "elements": "dict", "default": [], "options": ENDPOINT_SPEC},
    "vlans": {"type": "list", "elements": "int", "default": []},
    "port": {"type": "int", "default": 47021},
    "timeout": {"type": "int", "default": 3},
    "deadline": {"type": "int", "default": 300},
}


def run_name(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{1,32}", str(value)):
        raise ValueError(f"{shown(value)} is no name of a run; write at most 32 letters and digits")
    return str(value)


def parse_job(params: dict[str, Any]) -> Job:
    """Parse the module's options; InvalidInput with all faults at once."""
    faults = Faults()
    job = Job(
        run=faults.parse("run", run_name, params["run"]) or "",
        endpoint=parse_target(faults, "endpoint", params["endpoint"]),
        targets=[parse_target(faults, path_of("targets", index), item) for index, item in enumerate(params["targets"])],
        vlans=[faults.parse(path_of("vlans", index), vlan_id, item) or 0 for index, item in enumerate(params["vlans"])],
        port=faults.parse("port", integer(1, 65535), params["port"]) or 0,
        timeout=faults.parse("timeout", integer(1, 60), params["timeout"]) or 0,
        deadline=faults.parse("deadline", integer(1, 3600), params["deadline"]) or 0,
    )
    faults.raise_any()
    return job


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    with surfacing(module):
        job = parse_job(module.params)
        if module.check_mode:
            module.exit_json(changed=False)
        module.exit_json(changed=False, **PHASES[module.params["phase"]](job))


if __name__ == "__main__":
    main()
