# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controllers come to on each host: the fabric's, a hypervisor's own, and none."""

from __future__ import annotations

from typing import Any

from sample_intent import raw

from ansible_collections.tenantry.sdn.plugins.module_utils.intent.allocation import allocate
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.compiler import compile_host
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.record import Record
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.schema import parse

CONTROLLED = """
fabric:
  forwarding: controller
  controllers: {targets: [tcp:192.0.2.33:6653, tcp:192.0.2.34:6653], inactivity_probe: 0, protocols: OpenFlow13}
  hypervisors:
    hv2:
      controllers:
        targets: ssl:192.0.2.35
        datapath_id: "00000000000000a2"
        connection_mode: in-band
        fail_mode: standalone
        ssl: {private_key: /etc/k.pem, certificate: /etc/c.pem, ca_cert: /etc/ca.pem}
"""


def compiled(change: str, host: str) -> dict[str, Any]:
    intent = parse(raw(change))
    return compile_host(intent, allocate(intent, Record())[0], host)


def test_a_host_has_the_fabrics_controllers() -> None:
    state = compiled(CONTROLLED, "hv1")
    columns = {"connection_mode": "out-of-band", "inactivity_probe": 0, "max_backoff": ""}
    assert state["bridge"] == {
        "name": "br-int",
        "state": "present",
        "fail_mode": "secure",
        "protocols": ["OpenFlow13"],
        "controllers": [
            {"target": "tcp:192.0.2.33:6653", **columns},
            {"target": "tcp:192.0.2.34:6653", **columns},
        ],
        "other_config": {"datapath-id": "103522eaab0491a9", "disable-in-band": "true"},
        "flood_vlans": [],
    }
    assert state["ssl"] is None


def test_what_a_hypervisor_says_itself_is_instead_key_by_key() -> None:
    state = compiled(CONTROLLED, "hv2")
    assert state["bridge"] == {
        "name": "br-int",
        "state": "present",
        "fail_mode": "standalone",
        "protocols": ["OpenFlow13"],
        "controllers": [
            {"target": "ssl:192.0.2.35", "connection_mode": "in-band", "inactivity_probe": 0, "max_backoff": ""},
        ],
        "other_config": {"datapath-id": "00000000000000a2", "disable-in-band": None},
        "flood_vlans": [],
    }
    assert state["ssl"] == {"private_key": "/etc/k.pem", "certificate": "/etc/c.pem", "ca_cert": "/etc/ca.pem"}


def test_the_rest_is_as_in_plain_forwarding_with_port_numbers_that_stay() -> None:
    plain, controlled = compiled("fabric: {forwarding: plain}", "hv2"), compiled(CONTROLLED, "hv2")
    numbers = {port["name"]: port.pop("ofport_request") for port in controlled["ports"] if port["name"] != "br-int"}
    assert numbers == {port["name"]: port.pop("ofport_request") for port in controlled["uplinks"]} | {"tap0": 60536}
    assert {**controlled, "bridge": plain["bridge"], "ssl": None, "forwarding": "plain"} == plain


def test_a_bridge_of_another_forwarding_keeps_nothing_of_a_controller() -> None:
    for forwarding in ("plain", "learning", "static"):
        bridge = compiled(f"fabric: {{forwarding: {forwarding}}}", "hv2")["bridge"]
        assert bridge.keys() == compiled(CONTROLLED, "hv2")["bridge"].keys()
        assert [bridge["protocols"], bridge["controllers"], set(bridge["other_config"].values())] == [[], [], {None}]


def test_a_host_gets_the_fabrics_key_where_a_target_of_its_own_needs_it() -> None:
    ssl = """
    fabric:
      forwarding: controller
      controllers: {targets: tcp:192.0.2.33, ssl: {private_key: /k, certificate: /c, ca_cert: /a}}
      hypervisors: {hv2: {controllers: {targets: ssl:192.0.2.33}}}
    """
    assert compiled(ssl, "hv1")["ssl"] is None
    assert compiled(ssl, "hv2")["ssl"] == {"private_key": "/k", "certificate": "/c", "ca_cert": "/a"}
