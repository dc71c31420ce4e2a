# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge's flows in a real switch against the rules themselves, for groups and packets that nobody thought of."""

from __future__ import annotations

import random
from typing import Any

import pytest
from host import Host

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.ofctl import OfCtl
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.openflow import OpenFlow
from ansible_collections.tenantry.sdn.plugins.module_utils.errors import BackendError
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.permission import Connection, End, allowed
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.security import ICMP, ICMPV6, TCP, UDP
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.tracing.packet import Packet
from ansible_collections.tenantry.sdn.plugins.module_utils.model.openflow_input import parse_program

GROUPS = ("default", "web", "db", "admin")
LISTS = {"office": ["10.1.0.0/29", "10.1.0.4/30", "fd00::/126"], "all": ["0.0.0.0/0"], "one": ["10.1.0.2", "fd00::5"]}
PORTS = (1, 21, 22, 80, 443, 8000, 8080, 65535)
COUNT = 8  # guests
PACKETS = 60
SEEDS = (0, 1, 3, 4, 5, 6)  # of which some packets pass, and some do not


def rule(dice: random.Random) -> dict[str, Any]:
    protocol = dice.choice(["tcp", "udp", "icmp", "icmpv6", None, 112])
    found: dict[str, Any] = {"direction": dice.choice(["ingress", "egress"])}
    if protocol:
        found["protocol"] = protocol
    if protocol in ("tcp", "udp") and dice.random() < 0.8:
        low, high = sorted(dice.choices(PORTS, k=2))
        found["port"] = dice.choice([low, f"{low}-{high}"])
    if protocol in ("icmp", "icmpv6") and dice.random() < 0.5:
        found["icmp_type"] = {"icmp": dice.choice([8, 13]), "icmpv6": dice.choice([128, 140])}[protocol]
        if dice.random() < 0.5:
            found["icmp_code"] = dice.choice([0, 1])
    version = {"icmp": 4, "icmpv6": 6}.get(str(protocol)) or dice.choice([4, 6, None])
    if version and protocol not in ("icmp", "icmpv6"):
        found["family"] = version
    remote = dice.choice(["remote_group", "remote_address_group", "remote_cidr", None])
    if remote == "remote_group":
        found[remote] = dice.choice(GROUPS)
    elif remote == "remote_address_group":
        found[remote] = dice.choice(list(LISTS))
    elif remote == "remote_cidr":
        choices = {4: ["10.1.0.0/30", "0.0.0.0/0", "10.1.0.5"], 6: ["fd00::/127", "::/0", "fd00::3"]}
        found[remote] = dice.choice(choices[version or 4])
    return found


def intent(dice: random.Random, stateless: bool) -> dict[str, Any]:
    groups = {
        name: {"rules": [rule(dice) for dummy in range(dice.randint(1, 9))], "open_egress": dice.random() < 0.6}
        for name in GROUPS
    }
    for described in groups.values() if stateless else ():
        described["stateless"] = True
    ports = {
        f"p{number}": {
            **{"hypervisor": "hv1", "network": "net", "ip": [f"10.1.0.{number}", f"fd00::{number}"]},
            **{"interface": f"tap{number}", "security_groups": dice.sample(GROUPS, dice.randint(1, 3))},
        }
        for number in range(1, COUNT + 1)
    }
    network = {"type": "gre", "subnet": ["10.1.0.0/24", "fd00::/64"]}
    tenant = {"networks": {"net": network}, "ports": ports, "security_groups": groups, "address_groups": LISTS}
    hosts = {"hv1": {"vtep": "192.168.1.151"}}
    fabric = {"name": "dc1", "segments": {"tunnel": "1-9"}, "hypervisors": hosts, "forwarding": "static"}
    return {"fabric": fabric, "tenants": {"acme": tenant}}


@pytest.mark.parametrize(("seed", "stateless"), [*((seed, False) for seed in SEEDS), (0, True), (4, True)])
def test_flows_and_rules_are_of_one_mind(host: Host, seed: int, stateless: bool) -> None:
    dice = random.Random(seed)
    parsed = parse(intent(dice, stateless))
    state = compile_host(parsed, allocate(parsed, Record())[0], "hv1")
    ports = [{**port, "mtu_request": ""} for port in state["ports"] if port["name"] != "gr-flow"]
    host.bridge(name="br-int", fail_mode="secure", ports=ports)
    assert host.run("of_flow", bridge="br-int", cookie=state["cookie"], flows=state["flows"], timeout=60)["changed"]
    tenant, wrong, passing = parsed.tenants["acme"], [], 0
    answers = [question(dice, list(tenant.ports.values())) for dummy in range(PACKETS)]
    for sender, receiver, packet, connection in answers:
        ends = [
            End("acme", tenant.security, port.groups or (), [item.partition("/")[0] for item in port.addresses])
            for port in (sender, receiver)
        ]
        expected = allowed(*ends, connection)
        passing += expected
        flow = f"in_port={sender.interface},{packet.flow}{packet.connection}"
        trace = host.ovs.appctl("ofproto/trace", "br-int", flow, "--ct-next", "trk,new")
        done = trace.rpartition("Datapath actions: ")[2]
        assert not (stateless and "ct(commit" in done), trace
        if (done.strip() != "drop") != expected if stateless else ("ct(commit" in done) != expected:
            wrong.append((sender.groups, receiver.groups, packet.words, expected))
    assert wrong == []
    assert 2 < passing < PACKETS - 2


def test_a_datapath_that_cannot_track_connections_is_refused_with_its_own_line(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line alone is pretended: the switch here can."""
    host.bridge(name="br-int", fail_mode="secure")
    monkeypatch.setattr(OfCtl, "datapath_features", lambda _self: "CT state: Yes\nCT zone: No\n")
    options = {"bridge": "br-int", "cookie": "0x7e4a000000000000/0xffff000000000000", "purge": True}
    task = {**options, "state": "present", "allow_empty": False, "groups": None, "meters": None, "protocol": None}

    def plan(flow: str) -> object:
        wanted = parse_program({**task, "flows": [flow], "timeout": 10, "database": host.ovs.remote})
        return OpenFlow(OfCtl("br-int", host.ovs.remote, None, 10), wanted).plan()

    assert plan("cookie=0x7e4a000000000000,ip,actions=NORMAL")
    with pytest.raises(BackendError) as caught:
        plan("cookie=0x7e4a000000000000,ip,actions=ct(table=1,zone=7)")
    assert caught.value.message == (
        "The datapath of bridge br-int cannot track connections as these flows ask: CT zone: No (ovs-appctl "
        "dpif/show-dp-features br-int). Judging connections needs one that can, as that of Linux with "
        "CONFIG_NF_CONNTRACK_ZONES, or Open vSwitch's own."
    )


def question(dice: random.Random, ports: list[Any]) -> tuple[Any, Any, Packet, Connection]:
    sender, receiver = dice.sample(ports, 2)
    family = dice.choice([0, 1])
    source, target = (port.addresses[family].partition("/")[0] for port in (sender, receiver))
    protocol = dice.choice(["tcp", "udp", "icmp"])
    number = dice.choice(PORTS)
    packet = Packet(protocol, sender.mac, receiver.mac, source, target, 40000, number if protocol != "icmp" else 0)
    kind = {"tcp": (TCP, number), "udp": (UDP, number), "icmp": ((ICMP, 8), (ICMPV6, 128))[family]}[protocol]
    return sender, receiver, packet, Connection(kind[0], source, target, kind[1])
