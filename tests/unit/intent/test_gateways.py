# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hypervisor that is the gateway of a network lets its guests reach."""

from __future__ import annotations

from typing import Any

import yaml

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.model.gateway import parse_gateways
from ansible_collections.tenantry.sdn.plugins.module_utils.model.netfilter_input import parse_rules

INTENT = """
fabric:
  name: dc1
  segments: {tunnel: 5000-5999}
  hypervisors: {hv1: {vtep: 192.168.1.151}, hv2: {vtep: 192.168.1.152}}
tenants:
  acme:
    networks:
      lan:
        type: vxlan
        subnet: 10.7.1.0/24
        gateway: {hypervisor: hv1, services: [{protocol: udp, port: 53}, {protocol: tcp, port: 8000-8010}]}
    ports: {lan-2: {hypervisor: hv2, network: lan, ip: 10.7.1.12}}
"""


def gateways_of(host: str) -> dict[str, Any]:
    intent = parse(yaml.safe_load(INTENT))
    found: dict[str, Any] = compile_host(intent, allocate(intent, Record())[0], host)["gateways"]
    return found


def test_what_the_intent_opens_is_let_in_and_the_rest_is_dropped() -> None:
    found = gateways_of("hv1")
    ((interface, addresses),) = [tuple(one.values()) for one in found["addresses"]]
    assert addresses == ["10.7.1.1/24"]
    ((chain, rules),) = [tuple(one.values()) for one in found["rules"]["chains"]]
    assert found["rules"]["jumps"] == [{"chain": "PREROUTING", "target": chain, "in_interface": interface}]
    own = {"in_interface": interface, "source": "10.7.1.0/24", "destination": "10.7.1.1"}
    about = {"target": "RETURN", "comment": "network acme.lan"}
    assert rules == [
        {**own, "protocol": "icmp", "icmp_type": 8, **about},
        {**own, "protocol": "udp", "destination_ports": ["53"], **about},
        {**own, "protocol": "tcp", "destination_ports": ["8000-8010"], **about},
        {**own, "ctstate": ["ESTABLISHED", "RELATED"], "ctdir": "REPLY", **about},
        {"target": "DROP"},
    ]


def test_the_modules_take_it() -> None:
    for host, count in (("hv1", 1), ("hv2", 0)):
        found, options = gateways_of(host), {"owner": "dc1", "allow_empty": True}
        assert len(parse_gateways({**options, "gateways": found["addresses"]})[1]) == count
        task = {**options, "table": "mangle", "family": "both", **found["rules"]}
        assert len(parse_rules(task).chains) == count
