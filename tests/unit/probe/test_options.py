# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.validate import Faults
from ansible_collections.tenantry.sdn.plugins.modules.endpoint_probe import parse_job
from ansible_collections.tenantry.sdn.plugins.modules.outside_probe import parse_question

OWN = {"name": "acme.a", "mac": "02:00:00:00:00:0A", "addresses": ["10.1.1.1/24", "fd00::1"], "mtu": 1400, "vlan": 10}
JOB = {
    "phase": "send",
    "run": "a1b2",
    "endpoint": OWN,
    "targets": [],
    "vlans": [],
    "port": 1,
    "timeout": 1,
    "deadline": 9,
}


def test_values_become_canonical() -> None:
    own = parse_job(JOB).endpoint
    assert (own.mac, own.addresses) == ("02:00:00:00:00:0a", ("10.1.1.1", "fd00::1"))
    assert (own.addresses_of(4), own.addresses_of(6)) == (("10.1.1.1",), ("fd00::1",))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"run": "a b"}, "run: 'a b' is no name of a run; write at most 32 letters and digits"),
        ({"run": "x" * 33}, f"run: '{'x' * 33}' is no name of a run; write at most 32 letters and digits"),
        ({"port": 65536}, "port: 65536 is out of range; write a number from 1 to 65535"),
        ({"timeout": 0}, "timeout: 0 is out of range; write a number from 1 to 60"),
        ({"deadline": 3601}, "deadline: 3601 is out of range; write a number from 1 to 3600"),
        ({"vlans": [10, 4095]}, "vlans[1]: 4095 is out of range; write a number from 1 to 4094"),
        (
            {"endpoint": {**OWN, "name": "../etc"}},
            "endpoint.name: '../etc' is no name of an endpoint; write tenant.port, as acme.web-1",
        ),
        (
            {"endpoint": {**OWN, "mac": "01:00:00:00:00:01"}},
            "endpoint.mac: '01:00:00:00:00:01' is no unicast MAC address; "
            "its first byte must be even, and not all zero",
        ),
        ({"endpoint": {**OWN, "mtu": 575}}, "endpoint.mtu: 575 is out of range; write a number from 576 to 65535"),
        ({"endpoint": {**OWN, "vlan": 0}}, "endpoint.vlan: 0 is out of range; write a number from 1 to 4094"),
        (
            {"targets": [OWN, {**OWN, "addresses": ["10.1.1.256/24"]}]},
            "targets[1].addresses[0]: '10.1.1.256/24' is no IP address; write it as '10.1.1.20/24' or 'fd00::20/64'",
        ),
    ],
)
def test_each_wrong_option_has_its_message(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_job({**JOB, **changes})
    assert caught.value.faults == [fault]


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_job({**JOB, "port": 0, "timeout": 99, "endpoint": {**OWN, "mac": "", "mtu": 1}})
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "endpoint.mac",
        "endpoint.mtu",
        "port",
        "timeout",
    ]


WAY = {"protocol": "tcp", "address": "203.0.113.10", "port": 80, "settles": 0, "answerers": []}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"address": "here"},
            "address: 'here' is no IP address; write one as '10.1.1.20' (no leading zeros) or 'fd00::20'",
        ),
        ({"port": None}, "port: is missing; write the port that is asked by tcp"),
        ({"protocol": "icmp"}, "port: icmp has no ports; leave it out, or write protocol as tcp or udp"),
        ({"port": 0}, "port: 0 is out of range; write a number from 1 to 65535"),
        ({"answerers": ["acme.a"]}, "answerers: by tcp one answers; leave it out, or write protocol as http"),
        ({"settles": -1}, "settles: -1 is out of range; write a number from 0 to 3600"),
    ],
)
def test_each_wrong_way_has_its_message(changes: dict[str, Any], fault: str) -> None:
    faults = Faults()
    parse_question(faults, "ways[0]", {**WAY, **changes})
    with pytest.raises(InvalidInput) as caught:
        faults.raise_any()
    assert caught.value.faults == [f"ways[0].{fault}"]
