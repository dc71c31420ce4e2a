# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What QoS profiles come to: the arguments of ovs_qos, which the module takes, and in which each direction is said."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping import POLICING
from ansible_collections.tenantry.sdn.plugins.module_utils.model.shaping_input import parse_limits

PROFILES = [
    (
        "{ingress: {rate: 100Mbit, burst: 80Mbit}, egress: {max_rate: 0.2Gbit, min_rate: 50Mbit}}",
        {
            "ingress_policing_rate": "100Mbit",
            "ingress_policing_burst": "80Mbit",
            "ingress_policing_kpkts_rate": 0,
            "type": "linux-htb",
            "max_rate": "200Mbit",
            "queues": {"0": {"max_rate": "200Mbit", "min_rate": "50Mbit"}},
        },
    ),
    (
        "{ingress: {rate: 5MB/s, kpkts_rate: 10, kpkts_burst: 9}}",
        {
            "ingress_policing_rate": "40Mbit",
            "ingress_policing_kpkts_rate": 10,
            "ingress_policing_kpkts_burst": 9,
        },
    ),
    ("{egress: {max_rate: 1Gbit}}", {"type": "linux-htb", "max_rate": "1Gbit", "queues": {}}),
    (
        "{egress: {max_rate: 1Gbit, burst: 64KiB}}",
        {
            "type": "linux-htb",
            "max_rate": "1Gbit",
            "queues": {"0": {"max_rate": "1Gbit", "burst": "524288bit"}},
        },
    ),
]


def limits(profile: str) -> list[dict[str, Any]]:
    change = {
        "fabric": {"qos_profiles": {"gold": yaml.safe_load(profile)}, "hypervisors": {"hv1": {"link_rate": "1Gbit"}}},
        "tenants": {"acme": {"ports": {"web-1": {"qos": "gold"}}}},
    }
    intent = parse(raw(yaml.safe_dump(change)))
    assert compile_host(intent, allocate(intent, Record())[0], "hv2")["qos"] == []
    found: list[dict[str, Any]] = compile_host(intent, allocate(intent, Record())[0], "hv1")["qos"]
    return found


@pytest.mark.parametrize(("profile", "expected"), PROFILES, ids=[profile for profile, expected in PROFILES])
def test_a_profile_says_each_direction(profile: str, expected: dict[str, Any]) -> None:
    (found,) = limits(profile)
    assert found == {"interface": "tap0", **expected}
    (parsed,) = parse_limits(
        {"owner": "dc1", "adopt": False, "allow_empty": False, "state": "present", "ports": [found]}
    )
    policing = {name for name in POLICING if "ingress_policing_rate" in expected}
    assert parsed.policing.keys() == policing, "nothing is left of what an earlier profile said"
    assert parsed.qos.keys() == ({"type", "other_config"} if "type" in expected else set())
