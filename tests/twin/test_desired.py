# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module is told: every fault at once, with its place; nothing is built of a wrong list."""

from __future__ import annotations

from typing import Any

import pytest
from module_runner import run_module
from twin_lab import TwinLab, endpoint, hypervisor

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.twin.desired import parse_wanted

HV1, HV2 = hypervisor(1, physnet1="eth1"), hypervisor(2)
WEB1 = endpoint(1, on=1)

WRONG = {  # hypervisors, endpoints, faults
    "no hypervisor": ([], [], ["hypervisors: is empty; list at least one, or write state: absent"]),
    "keys are missing": (
        [{"name": "hv1"}],
        [{"name": "acme.web-1", "hypervisor": "hv1"}],
        [
            "endpoints[0].addresses: is missing; write it",
            "endpoints[0].interface: is missing; write it",
            "endpoints[0].mac: is missing; write it",
            "endpoints[0].mtu: is missing; write it",
            "hypervisors[0].vtep: is missing; write it",
        ],
    ),
    "two hypervisors of one name and VTEP": (
        [HV1, HV1],
        [],
        [
            "hypervisors[1].name: hv1 is taken by hypervisors[0].name; write another",
            "hypervisors[1].uplinks.physnet1: eth1 on hv1 is taken by hypervisors[0].uplinks.physnet1; write another",
            "hypervisors[1].vtep: 192.168.1.151 is taken by hypervisors[0].vtep; write another",
        ],
    ),
    "one address in two spellings": (
        [hypervisor(1, "fd00::1"), hypervisor(2, "fd00:0::0001")],
        [],
        ["hypervisors[1].vtep: fd00::1 is taken by hypervisors[0].vtep; write another"],
    ),
    "one NIC for two physical networks": (
        [hypervisor(1, physnet1="eth1", physnet2="eth1")],
        [],
        ["hypervisors[0].uplinks: one NIC serves two physical networks; write one NIC for each"],
    ),
    "a device of the twin itself": (
        [hypervisor(1, physnet1="underlay0")],
        [{**WEB1, "interface": "br-phy"}],
        [
            "endpoints[0].interface: 'br-phy' is a device of the twin itself; write another name",
            "hypervisors[0].uplinks: 'underlay0' is a device of the twin itself; write another name",
        ],
    ),
    "an interface twice": (
        [HV1],
        [WEB1, {**endpoint(2, on=1), "interface": "tap1"}, {**endpoint(3, on=1), "interface": "eth1"}],
        [
            "endpoints[1].interface: tap1 on hv1 is taken by endpoints[0].interface; write another",
            "endpoints[2].interface: eth1 on hv1 is taken by hypervisors[0].uplinks.physnet1; write another",
        ],
    ),
    "an endpoint nowhere, and twice": (
        [HV1],
        [WEB1, {**WEB1, "hypervisor": "hv9"}],
        [
            "endpoints[1].hypervisor: there is no hypervisor 'hv9'; write one of the list hypervisors",
            "endpoints[1].name: acme.web-1 is taken by endpoints[0].name; write another",
        ],
    ),
    "values of the wrong kind": (
        ["hv1", {**HV2, "name": "../hv2", "uplinks": ["eth1"]}],
        [{**WEB1, "hypervisor": 1, "mac": "01:00:5e:00:00:01", "mtu": 67, "addresses": ["10.1.1.1", "10.1.1.x/24"]}],
        [
            "endpoints[0].addresses: '10.1.1.1' is no address with a prefix length; write it as '10.1.1.20/24'",
            "endpoints[0].hypervisor: the name 1 is not a string; put it in quotes",
            "endpoints[0].mac: '01:00:5e:00:00:01' is no unicast MAC address; its first byte must be even, and not all "
            "zero",
            "endpoints[0].mtu: 67 is out of range; write a number from 68 to 65521",
            "hypervisors[0]: 'hv1' is not a mapping; write key: value pairs",
            "hypervisors[1].name: the name '' is no DNS label; write at most 63 lower-case letters, digits and '-', "
            "starting and ending with a letter or digit",
            "hypervisors[1].uplinks: ['eth1'] is not a mapping; write key: value pairs",
        ],
    ),
}


@pytest.mark.parametrize(("hypervisors", "endpoints", "faults"), WRONG.values(), ids=WRONG.keys())
def test_every_fault_is_named_at_once(hypervisors: list[Any], endpoints: list[Any], faults: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_wanted(1500, hypervisors, endpoints, [])
    assert caught.value.faults == faults


def test_gateways_are_of_segments_and_have_prefix_lengths() -> None:
    gateways = [
        {"segment": "physnet1@p1", "addresses": ["10.1.0.1"]},
        {"segment": "physnet1@p1", "addresses": []},
        {"segment": "physnet1@p1@p2", "routes": {"fd00::/64": "here"}},
    ]
    with pytest.raises(InvalidInput) as caught:
        parse_wanted(1500, [{**HV1, "segments": {"physnet1": 7}}], [{**WEB1, "gateways": ["x"]}], [], gateways=gateways)
    assert caught.value.faults == [
        "endpoints[0].gateways: 'x' is no address with a prefix length; write it as '10.1.1.20/24'",
        "gateways[0].addresses: '10.1.0.1' is no address with a prefix length; write it as '10.1.1.20/24'",
        "gateways[1].segment: physnet1@p1 is taken by gateways[0].segment; write another",
        "gateways[2].addresses: is missing; write it",
        "gateways[2].routes: 'here' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'",
        "gateways[2].segment: the name 'p1@p2' is no DNS label; write at most 63 lower-case letters, digits and '-', "
        "starting and ending with a letter or digit",
        "hypervisors[0].segments: the name 7 is not a string; put it in quotes",
    ]


def test_nothing_is_built_of_a_wrong_list(twin: TwinLab) -> None:
    message = "mtu: 99999 is out of range; write a number from 68 to 65521"
    assert twin.call(hypervisors=[HV1], mtu=99999)["msg"] == message
    assert twin.leftovers() == []


@pytest.mark.parametrize("name", ["hello-", "--force-yes", "a b", "", 7])
def test_a_package_is_a_name_and_no_option_of_apt(name: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_wanted(1500, [HV1], [], ["g++", "hello=2.10-3", name])
    assert caught.value.faults == [f"packages[2]: {name!r} is no package; write a name, or name=version"]


@pytest.mark.parametrize("name", ["", "..", "a/b", "Demo", "x" * 64])
def test_the_name_of_a_twin_is_a_dns_label(name: str) -> None:
    for state in ("present", "absent"):
        answer = run_module("twin", {"name": name, "state": state, "hypervisors": [HV1]})
        assert answer.message.startswith(f"name: the name '{name}"[:40])


def test_present_needs_hypervisors() -> None:
    answer = run_module("twin", {"name": "demo"}, check=True)
    assert answer.message == "state is present but all of the following are missing: hypervisors"


def test_keys_that_a_twin_has_no_use_for_are_ignored() -> None:
    wanted = parse_wanted("9000", [{**HV1, "pod": None}], [{**WEB1, "network": "acme.web"}], [])
    assert (wanted.mtu, wanted.hypervisors[0].uplinks) == (9000, {"physnet1": "eth1"})
    assert wanted.endpoints[0].addresses == ("10.1.1.1/24",)
