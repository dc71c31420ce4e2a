# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bridge reports to collectors, on a real Open vSwitch: rows, owners, and datagrams that arrive."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest
from flow_lab import COOKIE
from host import Host
from ipfix import Ipfix
from module_runner import Result

from ansible_collections.tenantry.sdn.plugins.module_utils.probe.frames import IPV4, ethernet, udp_packet

TARGET, OTHER = "192.0.2.9:2055", "[fd00::9]:2055"
NETFLOW = {"targets": [TARGET], "active_timeout": 60, "engine_type": 1, "engine_id": 2, "add_id_to_interface": True}
SFLOW = {"targets": [TARGET, OTHER], "agent": "eth0", "header": 128, "sampling": 64, "polling": 10}
IPFIX = {
    **{"targets": [TARGET], "sampling": 1, "obs_domain_id": 3, "obs_point_id": 4, "cache_active_timeout": 60},
    **{"cache_max_flows": 100, "other_config": {"enable-tunnel-sampling": True}},
}
TO = {"targets": [TARGET]}


@pytest.fixture
def bridge(host: Host) -> Host:
    for name in ("br0", "br1"):
        host.bridge(name=name, ports=[{"name": f"tap-{name}"}])
    return host


def converge(host: Host, bridge: str = "br0", **options: Any) -> Result:
    return host.converge("ovs_flow_export", bridge=bridge, **options)


def sample(number: int, *targets: str, **options: Any) -> dict[str, Any]:
    return {"id": number, "ipfix": {"targets": list(targets) or [TARGET], **options}}


def only(host: Host, table: str) -> dict[str, Any]:
    """Return what is set in the one row of a table."""
    (row,) = host.ovs.rows(table)
    shown = {column: value for column, value in row.items() if column not in ("_uuid", "_version", "external_ids")}
    return {column: value for column, value in shown.items() if value not in (["set", []], ["map", []])}


def samples(host: Host) -> set[int]:
    return {row["id"] for row in host.ovs.rows("Flow_Sample_Collector_Set")}


def test_every_export_with_all_that_it_can_have(bridge: Host) -> None:
    before = bridge.ovs.state()
    converge(bridge, netflow=NETFLOW, sflow=SFLOW, ipfix=IPFIX, samples=[sample(1, OTHER, cache_max_flows=0)])
    assert only(bridge, "NetFlow") == {**NETFLOW, "targets": TARGET}
    assert only(bridge, "sFlow") == {**SFLOW, "targets": ["set", [TARGET, OTHER]]}
    rows = {row["targets"]: row for row in bridge.ovs.rows("IPFIX")}
    assert [rows[TARGET][name] for name in ("sampling", "obs_domain_id", "obs_point_id")] == [1, 3, 4]
    assert rows[TARGET]["other_config"] == ["map", [["enable-tunnel-sampling", "true"]]]
    assert rows[OTHER]["cache_max_flows"] == 0
    assert samples(bridge) == {1}
    converge(bridge, state="absent")
    assert bridge.ovs.state() == before


def test_an_omitted_export_is_left_alone_and_an_empty_one_stops(bridge: Host) -> None:
    converge(bridge, netflow=NETFLOW, sflow=SFLOW)
    converge(bridge, netflow={"active_timeout": ""}, ipfix=TO)
    assert only(bridge, "NetFlow")["active_timeout"] == 0
    converge(bridge, sflow={"agent": "", "sampling": "", "header": "", "polling": ""})
    assert only(bridge, "sFlow") == {"targets": ["set", [TARGET, OTHER]]}
    converge(bridge, sflow={})
    assert [len(bridge.ovs.rows(table)) for table in ("NetFlow", "sFlow", "IPFIX")] == [1, 0, 1]
    assert not converge(bridge, sflow={}, samples=[])["changed"]


def test_samples_of_flows_come_and_go_by_their_number(bridge: Host) -> None:
    converge(bridge, samples=[sample(1), sample(2)])
    converge(bridge, samples=[sample(2, OTHER), {"id": 1, "state": "absent"}])
    assert samples(bridge) == {2}
    assert only(bridge, "IPFIX") == {"targets": OTHER}
    converge(bridge, "br1", samples=[sample(2)])
    converge(bridge, samples=[{"id": 2, "state": "absent"}])
    assert samples(bridge) == {2}


def test_an_owners_samples_are_complete_for_the_owner_alone(bridge: Host) -> None:
    converge(bridge, samples=[sample(1)])
    converge(bridge, owner="dc2", samples=[sample(2)], sflow=TO)
    converge(bridge, owner="dc1", samples=[sample(3), sample(4)], netflow=TO)
    converge(bridge, owner="dc1", samples=[sample(4)])
    assert samples(bridge) == {1, 2, 4}
    message = bridge.run("ovs_flow_export", bridge="br0", owner="dc1", sflow=TO, samples=[sample(1), sample(4)]).message
    assert "sflow: it exists on bridge br0 and belongs to owner 'dc2'; remove it by hand, or take it over" in message
    assert "sample 1: it exists on bridge br0 and belongs to nobody" in message
    converge(bridge, owner="dc1", state="absent")
    assert (samples(bridge), bridge.ovs.rows("NetFlow"), len(bridge.ovs.rows("sFlow"))) == ({1, 2}, [], 1)
    converge(bridge, owner="dc1", adopt=True, samples=[sample(1)], sflow={"sampling": 5})
    converge(bridge, owner="dc1", samples=[], allow_empty=True)
    assert samples(bridge) == {2}


def test_a_purge_stops_the_owners_exports_that_the_task_does_not_speak_of(bridge: Host) -> None:
    converge(bridge, sflow=TO, samples=[sample(1)])
    converge(bridge, owner="dc1", netflow=TO, ipfix=TO, samples=[sample(2)])
    assert not converge(bridge, owner="dc1", netflow=TO)["changed"]
    converge(bridge, owner="dc1", netflow=TO, purge=True)
    assert [len(bridge.ovs.rows(table)) for table in ("NetFlow", "sFlow", "IPFIX")] == [1, 1, 2], "two are of samples"
    converge(bridge, owner="dc1", purge=True)
    assert [len(bridge.ovs.rows(table)) for table in ("NetFlow", "sFlow", "IPFIX")] == [0, 1, 2]


@pytest.mark.parametrize("owner", [{}, {"owner": "dc1", "adopt": True}])
def test_what_bridges_share_is_copied(bridge: Host, owner: dict[str, Any]) -> None:
    before = bridge.ovs.state()
    share = (
        "set Bridge br0 sflow=@s -- set Bridge br1 sflow=@s -- --id=@s create sFlow sampling=10 external_ids:by=hand"
    )
    bridge.ovs.vsctl(*share.split(), 'targets="192.0.2.9:6343"')
    converge(bridge, sflow={"sampling": 5}, **owner)
    rows = {row["sampling"]: dict(row["external_ids"][1]) for row in bridge.ovs.rows("sFlow")}
    assert rows == {10: {"by": "hand"}, 5: {"tenantry-owner": "dc1"} if owner else {}}
    for name in ("br0", "br1"):
        converge(bridge, name, state="absent")
    assert bridge.ovs.state() == before


def test_a_bridge_goes_although_samples_refer_to_it(bridge: Host) -> None:
    converge(bridge, samples=[sample(1)])
    converge(bridge, "br1", samples=[sample(1)])
    message = bridge.bridge(name="br0", state="absent", owner="dc1").message
    assert "samples of flows that are not of owner 'dc1' refer to it: 1; remove them first" in message
    result = bridge.converge("ovs_bridge", name="br0", state="absent")
    assert set(result["diff"]["before"]["bridges"]["br0"]["samples"]) == {"1"}
    assert [row["name"] for row in bridge.ovs.rows("Bridge")] == ["br1"]
    assert len(bridge.ovs.rows("IPFIX")) == 1


LISTEN = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
    collector.settimeout(20)
    collector.bind(("127.0.0.1", int(sys.argv[1])))
    print("ready", flush=True)
    while True:
        print(collector.recv(65536).hex(), flush=True)
"""


@contextmanager
def collecting(host: Host, port: int) -> Iterator[Iterator[bytes]]:
    """Yield the datagrams that come to a port of the host."""
    host.ovs.run("ip", "link", "set", "lo", "up")
    enter = ["nsenter", f"--net=/proc/{host.ovs.pid('ovs-vswitchd')}/ns/net"]
    command = [*enter, sys.executable, "-c", LISTEN, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as collector:
        assert collector.stdout
        assert collector.stdout.readline() == "ready\n"
        try:
            yield (bytes.fromhex(line) for line in collector.stdout)
        finally:
            collector.terminate()


def test_the_datagrams_arrive(real_host: Host) -> None:
    """sFlow is what says something by itself: the counters of the interfaces, every second."""
    real_host.bridge(name="br0", datapath_type="netdev")
    with collecting(real_host, 6343) as datagrams:
        converge(real_host, sflow={"targets": ["127.0.0.1:6343"], "agent": "lo", "polling": 1})
        datagram = next(datagrams)
    assert int.from_bytes(datagram[:4], "big") == 5  # the version: sflow_version_5.txt, sample_datagram_type
    assert datagram[8:12] == bytes([127, 0, 0, 1]), "the agent is lo"


def test_packets_of_a_flow_that_samples_are_reported(real_host: Host) -> None:
    """Each in a record of its own, at the point that the flow names; what another flow takes is not."""
    real_host.bridge(name="br0", datapath_type="netdev", fail_mode="secure")
    sampling = "udp,tp_dst=53,actions=sample(probability=65535,collector_set_id=7,obs_domain_id=5,obs_point_id=6),LOCAL"
    with collecting(real_host, 4739) as datagrams:
        converge(real_host, samples=[{"id": 7, "ipfix": {"targets": ["127.0.0.1:4739"], "cache_max_flows": 0}}])
        real_host.run("of_flow", bridge="br0", cookie=COOKIE, flows=[sampling, "priority=1,udp,actions=LOCAL"])
        for source, port in ((7001, 53), (7002, 123), (7003, 53)):
            packet = udp_packet("10.1.1.1", "10.1.1.2", source, b"", port)
            frame = ethernet("52:54:00:00:00:01", "52:54:00:00:00:02", IPV4, packet)
            real_host.ovs.ofctl("packet-out", "br0", f"in_port=CONTROLLER packet={frame.hex()} actions=table")
        reader = Ipfix()
        reported = (record for datagram in datagrams for record in reader.records(datagram))
        flows = [*islice((record for record in reported if "sourceTransportPort" in record), 2)]
    names = ("observationPointId", "sourceTransportPort", "destinationTransportPort")
    assert [[int.from_bytes(record[name], "big") for name in names] for record in flows] == [
        [6, 7001, 53],
        [6, 7003, 53],
    ]
