# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mirrors and exports come to on each host, in any forwarding, and the VLANs that they keep from networks."""

from __future__ import annotations

from typing import Any

import pytest
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Id, Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

NOTHING = {"select_all": False, "select_vlan": [], "output_port": "", "output_vlan": "", "snaplen": ""}
IDS = {"external_ids": {"tenantry-mirror": "m"}}
COPIES = {"vlan_mode": "access", "tag": 4095, "trunks": [], **IDS}
RSPAN = "{vlan: 900, physical_network: physnet1, sniffer: {hypervisor: hv2, interface: tap9}}"


def compiled(mirror: str, host: str, forwarding: str = "plain", without: str = "") -> dict[str, Any]:
    fabric = f"forwarding: {forwarding}, monitoring: {{mirrors: {{m: {mirror}}}}}"
    intent = parse(raw(f"fabric: {{{fabric}}}"))
    allocations = allocate(intent, Record())[0]
    return compile_host(intent.without({without}), allocations, host)


def port(state: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [port for port in state["ports"] if port["name"] == name]
    return found


@pytest.mark.parametrize(
    ("direction", "sources", "destinations"),
    [("both", ["tap0"], ["tap0"]), ("from", ["tap0"], []), ("to", [], ["tap0"])],
)
def test_a_port_is_mirrored_where_it_is(direction: str, sources: list[str], destinations: list[str]) -> None:
    mirror = f"{{ports: acme.web-1, direction: {direction}, snaplen: 96, output: {{interface: tap9}}}}"
    state = compiled(mirror, "hv1")
    selected = {"select_src_port": sources, "select_dst_port": destinations}
    assert state["mirrors"] == [{"name": "m", **NOTHING, **selected, "output_port": "tap9", "snaplen": 96}]
    assert port(state, "tap9") == {"name": "tap9", **COPIES}
    elsewhere = compiled(mirror, "hv2")
    assert (elsewhere["mirrors"], [port["name"] for port in elsewhere["ports"]]) == ([], ["eth1", "br-int", "tap0"])


def test_a_network_is_all_of_its_ports_and_a_tenant_that_goes_takes_its_mirrors() -> None:
    mirror = "{networks: [acme.web, acme.dmz], ports: globex.app-1, output: {interface: tap9}}"
    (found,) = compiled(mirror, "hv1")["mirrors"]
    assert found["select_src_port"] == found["select_dst_port"] == ["tap0", "tap1", "tap2"]
    (found,) = compiled(mirror, "hv1", without="acme")["mirrors"]
    assert found["select_src_port"] == ["tap2"]
    state = compiled("{networks: acme.web, output: {interface: tap9}}", "hv1", without="acme")
    assert (state["mirrors"], [port["name"] for port in state["ports"]]) == ([], ["eth1", "br-int", "tap2"])


def test_copies_on_a_vlan_leave_by_the_wire_and_come_out_at_the_sniffer() -> None:
    here, there = (compiled(f"{{ports: acme.web-1, output: {RSPAN}}}", host) for host in ("hv1", "hv2"))
    assert here["mirrors"][0]["output_vlan"] == 900
    assert there["mirrors"] == []
    assert [state["bridge"]["flood_vlans"] for state in (here, there)] == [[900], [900]]
    assert [port(state, "eth1")["trunks"] for state in (here, there)] == [[120, 900], [900]]
    assert [state["uplinks"] for state in (here, there)] == [[port(state, "eth1")] for state in (here, there)]
    assert port(there, "tap9") == {"name": "tap9", "vlan_mode": "access", "tag": 900, "trunks": [], **IDS}
    gone = compiled(f"{{ports: acme.web-1, output: {RSPAN}}}", "hv2", without="acme")
    assert (gone["bridge"]["flood_vlans"], port(gone, "eth1")["trunks"]) == ([], [4095])


def test_copies_in_a_tunnel_have_a_port_that_says_where_they_go() -> None:
    state = compiled("{ports: acme.web-1, output: {tunnel: {type: gre, remote_ip: 192.0.2.7, key: 77}}}", "hv1")
    name = state["mirrors"][0]["output_port"]
    options = {"local_ip": "192.168.1.151", "remote_ip": "192.0.2.7", "key": 77}
    assert port(state, name) == {"name": name, "type": "gre", "options": options, **COPIES}
    other = compiled("{ports: acme.web-1, output: {tunnel: {type: gre, remote_ip: 192.0.2.8, key: 77}}}", "hv1")
    assert other["mirrors"][0]["output_port"] != name, "another tunnel is another port"


@pytest.mark.parametrize("forwarding", ["learning", "static"])
def test_a_port_of_the_pipeline_is_mirrored_though_it_is_dead_to_normal(forwarding: str) -> None:
    state = compiled("{ports: acme.web-1, output: {interface: tap9}}", "hv1", forwarding)
    assert [port(state, name)["trunks"] for name in ("tap0", "tap1")] == [[0], [4095]]


def test_exports_say_all_columns_and_call_a_host_by_its_vtep() -> None:
    exports = """
    netflow: {targets: "192.0.2.9:2055", active_timeout: 60},
    sflow: {targets: ["192.0.2.9:6343", "192.0.2.8:6343"], sampling: 64}
    """
    intent = parse(raw(f"fabric: {{monitoring: {{{exports}}}}}"))
    assert compile_host(intent, allocate(intent, Record())[0], "hv2")["exports"] == {
        "netflow": {
            "targets": ["192.0.2.9:2055"],
            "active_timeout": 60,
            "engine_type": "",
            "engine_id": "",
            "add_id_to_interface": False,
        },
        "sflow": {
            "targets": ["192.0.2.8:6343", "192.0.2.9:6343"],
            "agent": "192.168.1.152",
            "header": "",
            "sampling": 64,
            "polling": "",
        },
    }


def faults_of(change: str, record: Record) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        allocate(parse(raw(f"fabric: {{forwarding: plain, {change}}}")), record)
    return caught.value.faults


def test_no_network_gets_the_vlan_of_copies() -> None:
    copies = f"monitoring: {{mirrors: {{m: {{ports: acme.web-1, output: {RSPAN.replace('900', '4094')}}}}}}}"
    two_vlans_are_left = "segments: {vlan: 1-4092, tunnel: 5000-5999}"
    (fault,) = faults_of(f"{two_vlans_are_left}, {copies}", Record())
    assert fault.startswith(
        "fabric.segments.vlan: 1 of 1 ids are free outside of this range, where local VLANs come from"
    )


def test_copies_get_no_vlan_that_a_network_has_or_had() -> None:
    copies = f"monitoring: {{mirrors: {{m: {{ports: acme.web-1, output: {RSPAN}}}}}}}"
    path = "fabric.monitoring.mirrors.m.output.vlan"
    assert faults_of(copies, Record(networks={"acme.web": {"local_vlan": 900}})) == [
        f"{path}: 900 belongs to acme.web by the allocation record; write a VLAN that no network has"
    ]
    assert faults_of(copies, Record(retired={Id("vlan", 900): "acme.old"})) == [
        f"{path}: 900 belonged to acme.old by the allocation record; write a VLAN that no network has, or once site "
        "has run on all hosts, delete the line vlan/900 from the record"
    ]
