# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled flows in a real switch: it keeps them word for word, and in a crowd everybody gets one copy."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from host import Host

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.limits import JUDGED_MAXIMUM, PEERS_MAXIMUM
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.model.flow_text import dumped

GOLDEN = Path(__file__).parents[1] / "unit/golden"
CROWD = 1000  # guests of one network on one hypervisor
IPV6 = """
fabric:
  name: dc1
  segments: {tunnel: 5000-5999}
  forwarding: static
  hypervisors: {hv1: {vtep: "fd00::1"}, hv2: {vtep: "fd00::2"}}
tenants:
  acme:
    networks: {web: {type: vxlan, subnet: ["fd00:1::/64", 10.1.1.0/24]}}
    ports:
      web-1: {hypervisor: hv1, network: web, ip: ["fd00:1::1", "fd00:1::2"]}
      web-2: {hypervisor: hv1, network: web, ip: 10.1.1.2, port_security: false}
      web-3: {hypervisor: hv2, network: web, ip: "fd00:1::3", port_security: false}
"""

SECURITY = """
fabric:
  name: dc1
  segments: {tunnel: 5000-5999, vlan: 100-199}
  hypervisors:
    hv1: {vtep: 192.168.1.1, uplinks: {physnet1: eth1, physnet2: eth2}}
    hv2: {vtep: 192.168.1.2, uplinks: {physnet1: eth1, physnet2: eth2}}
tenants:
  acme:
    address_groups: {office: [192.0.2.0/24, 10.1.1.0/28, "2001:db8::/32", "2001:db8::1"]}
    security_groups:
      web:
        rules:
          - {direction: ingress, protocol: tcp, port: 80}
          - {direction: ingress, protocol: tcp, port: 8000-8101, remote_cidr: [10.0.0.0/8, "fd00::/8", 10.9.9.9/32]}
          - {direction: ingress, protocol: icmp, icmp_type: 8, icmp_code: 0}
          - {direction: ingress, protocol: icmpv6, icmp_type: 128, remote_group: db}
          - {direction: ingress, protocol: 112, remote_group: web}
          - {direction: ingress, protocol: sctp, port: 5000-5001, family: 6, remote_cidr: "fd00:1::/64"}
          - {direction: egress, protocol: udp, port: 53, remote_address_group: office}
          - {direction: egress, remote_group: db}
          - {direction: egress, remote_cidr: 203.0.113.0/24}
      db: {rules: [{direction: ingress, protocol: tcp, port: 3306, remote_group: web}]}
    networks:
      app: {type: geneve, subnet: [10.1.1.0/24, "fd00:1::/64"]}
      wire: {type: vlan, physical_network: physnet1, subnet: 10.1.2.0/24}
      flat: {type: flat, physical_network: physnet2, subnet: 10.1.3.0/24}
    ports:
      web-1:
        hypervisor: hv1
        network: app
        ip: [10.1.1.10, "fd00:1::10"]
        security_groups: web
        allowed_address_pairs:
          - {ip: 10.1.1.100}
          - {ip: "fd00:1:0:0:1::/80", mac: "00:00:5e:00:01:07"}
          - {ip: 10.1.1.128/25, mac: "00:00:5e:00:01:07"}
      db-1: {hypervisor: hv1, network: app, ip: [10.1.1.11, "fd00:1::11"], security_groups: [db, web]}
      web-2:
        hypervisor: hv2
        network: app
        ip: [10.1.1.12, "fd00:1::12"]
        security_groups: web
        allowed_address_pairs: [{ip: 10.1.1.101, mac: "00:00:5e:00:01:07"}]
      any-1: {hypervisor: hv1, network: wire, ip: 10.1.2.10}
      any-2: {hypervisor: hv2, network: wire, ip: 10.1.2.11, port_security: false}
      any-3: {hypervisor: hv1, network: wire, ip: 10.1.2.12, port_security: false}
      none-1: {hypervisor: hv1, network: flat, ip: 10.1.3.10, security_groups: []}
"""


def compiled(intent: dict[str, Any]) -> dict[str, Any]:
    parsed = parse(intent)
    return compile_host(parsed, allocate(parsed, Record())[0], "hv1")


def with_mode(intent: dict[str, Any], mode: str) -> dict[str, Any]:
    return {**intent, "fabric": {**intent["fabric"], "forwarding": mode}}


def states() -> dict[str, dict[str, Any]]:
    golden = {
        f"{mode} {host}": GOLDEN / mode / f"{host}.yml" for mode in ("learning", "static") for host in ("hv1", "hv3")
    }
    judged = yaml.safe_load(SECURITY)
    return {
        "IPv6": compiled(yaml.safe_load(IPV6)),
        **{f"security {mode}": compiled(with_mode(judged, mode)) for mode in ("learning", "static")},
        **{name: yaml.safe_load(path.read_text()) for name, path in golden.items()},
    }


LONGEST = [  # what a flow has just room for: hypervisors and guests on each, of IPv4 or IPv6 underlays
    ("static", 4, 1365, 1, {}, False),
    ("static", 6, 1024, 1, {}, False),
    ("static", 4, 1, 1365, {}, False),
    ("static", 4, 1364, 1, {"port_security": False}, False),
    ("static", 6, 1022, 2, {"port_security": False}, False),
    ("static", 4, 1363, 1, {"port_security": False}, True),
    ("static", 4, 1364, 1, {"allowed_address_pairs": [{"ip": "10.1.200.1", "mac": "00:00:5e:00:01:01"}]}, False),
    ("learning", 4, 1, 1364, {"port_security": False}, False),
]


def program(host: Host, state: dict[str, Any]) -> None:
    """Install the flows; with a crowd of them another test may hold the machine's lock for a while."""
    result = host.run("of_flow", bridge="br-int", cookie=state["cookie"], flows=state["flows"], timeout=60)
    assert result.get("changed"), result


@pytest.mark.parametrize("state", states().values(), ids=states().keys())
def test_the_switch_keeps_the_flows_word_for_word(host: Host, state: dict[str, Any]) -> None:
    """So a task that has nothing to change need not have them read by Open vSwitch again."""
    host.bridge(name="br-int", fail_mode="secure")
    program(host, state)
    dump = host.ovs.ofctl("dump-flows", "br-int", "--no-stats", "--no-names")
    assert sorted(dumped(dump)) == sorted(state["flows"])


@pytest.mark.parametrize(("mode", "family", "hosts", "guests", "settings", "judged"), LONGEST)
def test_the_longest_flow_of_an_intent_is_the_longest_that_open_vswitch_takes(
    mode: str, family: int, hosts: int, guests: int, settings: dict[str, Any], judged: bool
) -> None:
    intent = crowd(mode, hosts, guests, "10.9.{}.{}" if family == 4 else "fd00::{}:{}")
    acme = intent["tenants"]["acme"]
    acme.update({"security_groups": {}} if judged else {})
    for port in acme["ports"].values():
        port.update(settings)
    flow = max(compiled(intent)["flows"], key=lambda text: text.count("set_field:"))
    assert refusal(flow) is None
    assert "input too big" in (refusal(f"{flow}{flow[flow.rindex(',set_field:') :]}") or ""), "one copy more"


def test_the_longest_flow_gets_into_the_switch(host: Host) -> None:
    """Word for word, beside those that are about each of so many guests."""
    state = compiled(crowd("static", PEERS_MAXIMUM[4] + 1, 1, "10.9.{}.{}"))
    host.bridge(name="br-int", fail_mode="secure")
    program(host, state)
    dump = host.ovs.ofctl("dump-flows", "br-int", "--no-stats", "--no-names")
    assert sorted(dumped(dump)) == sorted(state["flows"])


def refusal(flow: str) -> str | None:
    """Return what Open vSwitch says of a flow that it does not take."""
    command = ["ovs-ofctl", "--protocols=OpenFlow15", "parse-flow", flow]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else None


def crowd(mode: str, hosts: int, guests: int, vtep: str) -> dict[str, Any]:
    """Return an intent of one network with so many guests on each of so many hypervisors."""
    names = [f"hv{number + 1}" for number in range(hosts)]
    ports = {
        f"p{n}": {
            "hypervisor": names[n // guests],
            "network": "web",
            "ip": f"10.1.{n // 250}.{n % 250 + 1}",
            "interface": f"tap{n}",
        }
        for n in range(hosts * guests)
    }
    fabric = {"name": "dc1", "segments": {"tunnel": "1-9"}, "forwarding": mode}
    fabric["hypervisors"] = {name: {"vtep": vtep.format(n // 250, n % 250 + 1)} for n, name in enumerate(names)}
    web = {"networks": {"web": {"type": "gre", "subnet": "10.1.0.0/16"}}, "ports": ports}
    return {"fabric": fabric, "tenants": {"acme": web}}


@pytest.mark.parametrize("judged", [False, True])
@pytest.mark.parametrize("mode", ["learning", "static"])
def test_in_a_crowd_everybody_but_the_sender_gets_one_copy(host: Host, mode: str, judged: bool) -> None:
    count = JUDGED_MAXIMUM if judged else CROWD
    intent = crowd(mode, 1, count, "10.9.{}.{}")
    intent["tenants"]["acme"].update({"security_groups": {}} if judged else {})
    state = compiled(intent)
    host.bridge(
        name="br-int",
        fail_mode="secure",
        ports=[{**port, "mtu_request": ""} for port in state["ports"] if port["name"] != "gr-flow"],
    )
    program(host, state)
    (sender,) = [port for port in state["ports"] if port["name"] == "tap7"]
    (mac,) = {
        text.split("dl_dst=")[1][:17]
        for text in state["flows"]
        if f"set_field:{sender['ofport_request']:#x}->reg3,goto_table:80" in text
    }
    packet = Packet("udp", mac, "ff:ff:ff:ff:ff:ff", "10.1.0.8", "255.255.255.255", 5, 5)
    trace = host.ovs.appctl("ofproto/trace", "br-int", f"in_port=tap7,{packet.flow}{packet.connection}")
    outputs = Counter(re.findall(r"\d+", trace.rpartition("Datapath actions: ")[2]))
    assert len(outputs) == sum(outputs.values()) == count - 1
