# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Laws of the compiled flows, whatever the intent; the example's are in golden/ word for word."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_intent import raw
from test_compiler import HOSTS, compiled, intents

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_fabric, compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.limits import (
    GUESTS_MAXIMUM,
    JUDGED_MAXIMUM,
    PEERS_IN_USERSPACE,
    PEERS_MAXIMUM,
)
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.pipeline import COOKIE_MASK, COOKIE_OWNER, Table
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

FLOW = re.compile(r"cookie=(0x[0-9a-f]{16})(?:,table=([0-9]+))?,priority=([0-9]+),(.*?),?actions=(.+)")
modes = st.sampled_from(["learning", "static"])


def read(text: str) -> tuple[int, int, str, str]:
    """Return table, priority, match and actions, after a look at the cookie."""
    match = FLOW.fullmatch(text)
    assert match, text
    mark, table = int(match[1], 16), int(match[2] or 0)
    assert (mark & COOKIE_MASK, mark >> 40 & 0xFF) == (COOKIE_OWNER, table)
    return table, int(match[3]), match[4], match[5]


def flows_of(intent: dict[str, Any], mode: str, host: str = "hv1") -> list[tuple[int, int, str, str]]:
    intent["fabric"]["forwarding"] = mode
    return [read(text) for text in compile_host(*compiled(intent), host)["flows"]]


@given(intents(), modes, st.sampled_from(HOSTS))
@settings(deadline=None)
def test_flows_are_in_order_and_no_two_are_for_the_same_packets(intent: dict[str, Any], mode: str, host: str) -> None:
    flows = flows_of(intent, mode, host)
    assert [flow[:2] for flow in flows] == sorted((flow[:2] for flow in flows), key=lambda key: (key[0], -key[1]))
    assert [key for key, count in Counter(flow[:3] for flow in flows).items() if count > 1] == []


@given(intents(), modes, st.sampled_from(HOSTS))
@settings(deadline=None)
def test_a_table_is_only_left_for_a_later_one_that_has_flows(intent: dict[str, Any], mode: str, host: str) -> None:
    flows = flows_of(intent, mode, host)
    filled = {table for table, *_rest in flows}
    assert filled <= set(Table)
    for table, _priority, _match, actions in flows:
        for target in map(int, re.findall(r"(?:goto_table:|resubmit\(,)(\d+)", actions)):
            assert target > table
            assert target in filled or not has_guests(intent, host)


def has_guests(intent: dict[str, Any], host: str) -> bool:
    return any(port["hypervisor"] == host for tenant in intent["tenants"].values() for port in tenant["ports"].values())


@given(intents(), modes, st.sampled_from(HOSTS))
@settings(deadline=None)
def test_every_port_that_flows_speak_of_is_asked_for(intent: dict[str, Any], mode: str, host: str) -> None:
    intent["fabric"]["forwarding"] = mode
    state = compile_host(*compiled(intent), host)
    asked = {port["ofport_request"] for port in state["ports"] if "ofport_request" in port}
    assert len(asked) == len(state["ports"]) - 1, "all but the bridge's own"
    text = "\n".join(state["flows"])
    spoken = {int(number) for number in re.findall(r"(?:in_port=|output:)(\d+)", text)}
    spoken |= {int(number, 16) for number in re.findall(r"set_field:(0x[0-9a-f]+)->reg3", text)}
    assert spoken <= asked
    assert {port["ofport_request"] for port in state["ports"] if "external_ids" in port} <= spoken


@given(intents(), st.sampled_from(HOSTS))
@settings(deadline=None)
def test_static_sends_to_hypervisors_of_the_network_alone(intent: dict[str, Any], host: str) -> None:
    intent["fabric"]["forwarding"] = "static"
    parsed, allocations = compiled(intent)
    flows = [read(text) for text in compile_host(parsed, allocations, host)["flows"]]
    vteps = {name: hypervisor.vtep for name, hypervisor in parsed.fabric.hypervisors.items()}
    for network in {port.network for port in parsed.ports if port.hypervisor == host}:
        number = allocations[network].segmentation_id
        if parsed.networks[network].type not in ("gre", "vxlan"):
            continue
        peers = {vteps[port.hypervisor] for port in parsed.ports if port.network == network} - {vteps[host]}
        key = f"set_field:{number:#x}->tun_id"
        ends = [re.findall(r"([0-9.]+)->tun_dst", actions) for *_rest, actions in flows if key in actions]
        assert {vtep for found in ends for vtep in found} == peers
        assert all(len(found) == len(set(found)) for found in ends), "one copy each"
        received = {match.split("tun_src=")[1] for _t, _p, match, _a in flows if f"tun_id={number:#x},tun_src" in match}
        assert received == peers


def test_a_port_without_a_guard_sends_what_is_untagged_and_gets_what_is_for_nobody_known() -> None:
    """Whom nobody knows may be behind it, as a bridge in a guest."""
    change = "tenants: {acme: {ports: {web-1: {port_security: false}}}}"
    for mode in ("learning", "static"):
        guarded, opened = set(flows_of(raw(), mode)), set(flows_of(raw(change), mode))
        assert {flow for flow in opened - guarded if flow[0] != Table.SWITCH} == {
            (Table.GUARD, 130, "in_port=51376,dl_type=0x9100", "drop"),
            (Table.GUARD, 120, "in_port=51376,vlan_tci=0x0000/0x1fff", "goto_table:30"),
        }
        assert {table for table, *_rest in guarded - opened} <= {Table.GUARD, Table.GUARD_SOURCE, Table.SWITCH}
        unknown = [actions for table, priority, _m, actions in opened - guarded if priority == 70]
        assert all(actions.startswith("set_field:0xc8b0->reg3,resubmit(,80)") for actions in unknown)
        assert len(unknown) == 2, "from outside, and from other guests here"
    far = flows_of(raw(change), "static", "hv2")
    (actions,) = [actions for table, priority, _m, actions in far if priority == 70]
    assert actions == "set_field:0x1389->tun_id,set_field:192.168.1.151->tun_dst,output:65152"


def test_ipv6_underlays_have_fields_of_their_own() -> None:
    change = "fabric: {hypervisors: {hv1: {vtep: 'fd00::1'}, hv2: {vtep: 'fd00::2'}}}"
    flows = flows_of(raw(change), "static")
    assert [match for _t, _p, match, _a in flows if "tun_id" in match] == [
        "tun_id=0x1389,tun_ipv6_src=fd00::2",
        "tun_id=0x1389,vlan_tci=0x0000/0x1fff",
    ]
    assert sum("set_field:fd00::2->tun_ipv6_dst" in actions for *_rest, actions in flows) == 2


def crowd(count: int, hosts: int, mode: str, family: int = 4) -> dict[str, Any]:
    """Return an intent of one network with so many ports, spread over so many hypervisors."""
    names = [f"h{number}" for number in range(hosts)]
    address = "10.9.{}.{}" if family == 4 else "fd00::{:x}:{:x}"
    vteps = {name: {"vtep": address.format(n // 250, n % 250 + 1)} for n, name in enumerate(names)}
    ports = {
        f"p{n}": {"hypervisor": names[n % hosts], "network": "web", "ip": f"10.1.{n // 250}.{n % 250 + 1}"}
        for n in range(count)
    }
    web = {"networks": {"web": {"type": "gre", "subnet": "10.1.0.0/16"}}, "ports": ports}
    fabric = {"name": "dc1", "segments": {"tunnel": "1-9"}, "hypervisors": vteps, "forwarding": mode}
    return {"fabric": fabric, "tenants": {"acme": web}}


@pytest.mark.parametrize("mode", ["learning", "static"])
def test_more_guests_than_a_broadcast_can_be_copied_to_are_refused(mode: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(crowd(GUESTS_MAXIMUM + 1, 1, mode))
    assert caught.value.faults == [
        "tenants.acme.networks.web: 1366 ports on h0; Open vSwitch copies a broadcast to at most 1365, so spread them "
        "over more hypervisors, or split the network"
    ]
    parse(crowd(GUESTS_MAXIMUM + 1, 1, "plain"))


def test_fewer_guests_where_security_groups_judge_each_copy() -> None:
    intent = crowd(JUDGED_MAXIMUM, 1, "learning")
    intent["tenants"]["acme"]["security_groups"] = {}
    parse(intent)
    intent = crowd(JUDGED_MAXIMUM + 1, 1, "learning")
    intent["tenants"]["acme"]["security_groups"] = {}
    with pytest.raises(InvalidInput) as caught:
        parse(intent)
    assert caught.value.faults == [
        "tenants.acme.networks.web: 501 ports on h0; Open vSwitch copies a broadcast, judged for each, to at most 500, "
        "so spread them over more hypervisors, or split the network"
    ]


@pytest.mark.parametrize("family", PEERS_MAXIMUM)
def test_more_hypervisors_than_static_can_copy_a_broadcast_to_are_refused(family: int) -> None:
    most = PEERS_MAXIMUM[family]
    with pytest.raises(InvalidInput) as caught:
        parse(crowd(most + 2, most + 2, "static", family))
    assert caught.value.faults == [
        f"tenants.acme.networks.web: is on {most + 2} hypervisors; forwarding static copies a broadcast to at most "
        f"{most} others, so split the network, or have it on fewer"
    ]
    parse(crowd(most + 2, most + 2, "learning", family))


OPEN = {"port_security": False}
SHARED = {"allowed_address_pairs": [{"ip": "10.1.200.1", "mac": "00:00:5e:00:01:01"}]}


@pytest.mark.parametrize(
    ("ports", "intent", "judged", "fault"),
    [
        (OPEN, (1365, 1, "learning"), False, "1365 on h0; a flow has room for 1364"),
        (
            OPEN,
            (1365, 1365, "static"),
            False,
            "on h0 to 1 of its own and 1364 other hypervisors; a flow has room for 1363",
        ),
        (
            OPEN,
            (2046, 1023, "static", 6),
            False,
            "on h0 to 2 of its own and 1022 other hypervisors; a flow has room for 1021",
        ),
        (
            OPEN,
            (1364, 1364, "static"),
            True,
            "on h0 to 1 of its own and 1363 other hypervisors; a flow has room for 1362",
        ),
        (
            SHARED,
            (1365, 1365, "static"),
            False,
            "on h0 to 1 of its own and 1364 other hypervisors; a flow has room for 1363",
        ),
        (SHARED, (1365, 1, "learning"), False, "1365 on h0; a flow has room for 1364"),
    ],
)
def test_more_ports_that_may_have_a_mac_address_than_a_flow_has_copies_for_are_refused(
    ports: dict[str, Any], intent: tuple[Any, ...], judged: bool, fault: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(alike(crowd(*intent), ports, judged))
    whose = "an unknown MAC address" if ports is OPEN else "00:00:5e:00:01:01"
    remedy = "secure more ports" if ports is OPEN else "let fewer ports have it"
    assert caught.value.faults == [
        f"tenants.acme.networks.web: what is for {whose} is copied to all ports that may have it, "
        f"{fault + ' others' * ('other' in fault)}, so {remedy}, or split the network"
    ]


def test_fewer_hypervisors_where_security_groups_judge_each_copy_for_a_shared_mac_address() -> None:
    """So many resubmits remain of those that Open vSwitch allows for a packet."""
    intent = alike(crowd(JUDGED_MAXIMUM + 251, 252, "static"), SHARED, judged=True)
    for number, port in enumerate(intent["tenants"]["acme"]["ports"].values()):
        port["hypervisor"] = f"h{max(0, number + 1 - JUDGED_MAXIMUM)}"
    with pytest.raises(
        InvalidInput, match="on h0 to 500 of its own and 251 other hypervisors; a flow has room for 250 others"
    ):
        parse(intent)


def alike(intent: dict[str, Any], ports: dict[str, Any], judged: bool) -> dict[str, Any]:
    acme = intent["tenants"]["acme"]
    acme.update({"security_groups": {}} if judged else {})
    for port in acme["ports"].values():
        port.update(ports)
    return intent


def test_a_broadcast_that_the_userspace_datapath_would_cut_short_is_warned_of() -> None:
    wide = PEERS_IN_USERSPACE + 2
    assert compile_fabric(*compiled(crowd(wide - 1, wide - 1, "static")))["warnings"] == []
    assert compile_fabric(*compiled(crowd(wide, wide, "static")))["warnings"] == [
        "More than 600 hypervisors get a copy of each broadcast in acme.web (602). The userspace datapath (netdev) has "
        "room for about as many, and sends none to the others; the kernel's sends them all, slowly. ARP and ND are "
        "answered without broadcasts. Split the network if its guests need others."
    ]
