# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cables a twin has for each datapath, and what their ends are told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.twin import inventory, survey
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.cables import Cable, cables_of, near_lines
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import parse_wanted

WEB = {"name": "acme.web-1", "hypervisor": "hv1", "interface": "tap0", "mac": "52:54:00:00:00:01", "mtu": 1458}


def cables(datapath_type: str, vtep: str = "192.168.1.151", **more: str) -> dict[str, Cable]:
    hypervisor = {"name": "hv1", "vtep": vtep, "uplinks": {"physnet1": "eth1"}, **more}
    gateways = ["169.254.1.1/32", "fe80::1/128", "10.1.1.1/24", "198.51.100.1/27"]
    endpoint = {**WEB, "addresses": ["10.1.1.20/24"], "gateways": gateways}
    wanted = parse_wanted(1500, [hypervisor], [endpoint], [], datapath_type)
    return {cable.near.interface: cable for cable in cables_of(wanted)}


@pytest.mark.parametrize(
    ("vtep", "address", "everything"),
    [("192.168.1.151", "192.168.1.151/32", "0.0.0.0/0"), ("fd00:a::1", "fd00:a::1/128", "::/0")],
)
def test_the_kernel_has_the_vtep_on_the_nic(vtep: str, address: str, everything: str) -> None:
    assert list(near_lines(cables("system", vtep)["underlay0"])) == [
        f"address add {address} dev underlay0",
        "link set underlay0 up",
        f"route replace {everything} dev underlay0",
        f'link set underlay0 alias "to the underlay, {address}"',
    ]


def test_the_kernel_has_the_next_hop_there_too() -> None:
    lines = list(near_lines(cables("system", next_hop="fd00:5::1")["underlay0"]))
    assert [line for line in lines if "fd00:5::1/128" in line or "::/0" in line] == [
        "address add fd00:5::1/128 dev underlay0",
        "route replace ::/0 dev underlay0",
        'link set underlay0 alias "to the underlay, 192.168.1.151/32, fd00:5::1/128"',
    ]


def test_an_endpoint_has_gateways_of_its_subnets_and_those_of_its_ip_families_that_are_in_none() -> None:
    assert cables("netdev")["eth0"].gateways == ("169.254.1.1/32", "10.1.1.1/24")


def test_in_userspace_the_nic_has_no_address() -> None:
    lines = list(near_lines(cables("netdev")["underlay0"]))
    assert lines == ["link set underlay0 up", 'link set underlay0 alias "to the underlay"']


@pytest.mark.parametrize(("gateway", "how"), [("10.1.1.1/24", ""), ("169.254.1.1/32", " onlink")])
def test_a_gateway_is_on_the_link_whatever_the_subnet_is(gateway: str, how: str) -> None:
    lines = near_lines(replace(cables("netdev")["eth0"], gateways=(gateway,)))
    assert f"route replace default via {gateway.partition('/')[0]} dev eth0{how}" in lines


def test_other_cables_are_the_same_but_for_checksums() -> None:
    kernel, userspace = cables("system"), cables("netdev")
    assert kernel["eth1"] == userspace["eth1"]
    assert (kernel["eth0"].checksums, userspace["eth0"].checksums) == (False, True)
    assert kernel["eth0"].description == userspace["eth0"].description


def test_another_datapath_is_another_host() -> None:
    texts = {survey.running(packages, kind) for packages in ((), ("tcpdump",)) for kind in ("", "netdev", "system")}
    assert len(texts) == 6
    assert survey.running((), "system") == "running with datapath_type system"
    assert survey.running(("tcpdump",), "netdev", "systemd") == (
        "running with driver systemd, datapath_type netdev, tcpdump"
    )


@pytest.mark.parametrize("datapath_type", ["netdev", "system"])
@pytest.mark.parametrize("driver", ["netns", "systemd"])
def test_the_inventory_tells_the_roles(datapath_type: str, driver: str) -> None:
    gateways = [
        {"segment": "physnet1", "addresses": ["203.0.113.1/24"]},
        {"segment": "x@p1", "addresses": ["10.0.0.1/8"]},
    ]
    hosts = [{"name": "hv1", "vtep": "192.168.1.151"}]
    wanted = parse_wanted(1500, hosts, [], [], datapath_type, gateways, driver)
    told = json.loads(inventory.render({"hv1": "/pid"}, {}, "/core", wanted, {}))
    variables = told["all"]["children"]["hypervisors"]["vars"]
    assert told["all"]["children"]["outside"]["vars"]["tenantry_outside"] == ["203.0.113.1"]
    assert variables["hypervisor_datapath_type"] == datapath_type
    assert variables["hypervisor_manage_service"] == (driver == "systemd")
