# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports get the devices of their guests, and a guest that is elsewhere or twice is said."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.errors import InvalidInput
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.discovery.guests import with_interfaces
from ansible_collections.tenantry.sdn.plugins.module_utils.intent.ports import default_mac

MAC = "52:54:00:01:01:20"


def tenants(**port: Any) -> dict[str, Any]:
    return {"acme": {"ports": {"web-1": {"hypervisor": "hv1", "network": "web", "ip": "10.1.1.20", **port}}}}


def found(port: dict[str, Any], devices: dict[str, Any], ids: Any = None) -> Any:
    given = tenants(**port)
    result = with_interfaces(given, devices, ids or {})
    assert given == tenants(**port), "the tenants that were given are not touched"
    return result["acme"]["ports"]["web-1"].get("interface")


def fault(port: dict[str, Any], devices: Any, ids: Any = None) -> str:
    with pytest.raises(InvalidInput) as caught:
        with_interfaces(tenants(**port), devices, ids or {})
    return caught.value.message


def test_by_mac_as_written_and_as_computed() -> None:
    assert found({"mac": MAC.upper()}, {"hv1": [{"interface": "vnet3", "mac": MAC}]}) == "vnet3"
    assert found({}, {"hv1": [{"interface": "vnet3", "mac": default_mac("acme.web-1")}]}) == "vnet3"


def test_profile_and_iface_id_know_better_than_the_mac_address() -> None:
    devices = [
        {"interface": "vnet1", "mac": MAC, "iface_id": "u1"},
        {"interface": "vnet2", "mac": MAC, "iface_id": "u2", "port_profile": "globex.web-1"},
        {"interface": "vnet3", "mac": MAC, "port_profile": "acme.web-1"},
    ]
    assert found({"mac": MAC}, {"hv1": devices}) == "vnet3"
    assert found({"mac": MAC}, {"hv1": devices[:2]}, {"acme.web-1": "U2"}) == "vnet2"


def test_what_is_written_stays_and_what_is_not_found_is_left_out() -> None:
    assert found({"mac": MAC, "interface": "tap0"}, {"hv1": [{"interface": "vnet1", "mac": MAC}]}) == "tap0"
    assert found({"mac": MAC}, {"hv2": [{"interface": "vnet1", "mac": MAC}]}) is None, "addresses may be there twice"
    assert with_interfaces({"acme": {"ports": None}, "b": None}, {}, {}) == {"acme": {"ports": None}, "b": None}


def test_a_guest_that_is_elsewhere() -> None:
    told = "its guest runs on hv2 (iface_id u1); write hypervisor: hv2, or move the guest"
    devices = {"hv1": [], "hv2": [{"interface": "vnet0", "iface_id": "u1"}]}
    assert fault({}, devices, {"acme.web-1": "u1"}) == f"tenants.acme.ports.web-1.hypervisor: {told}"


def test_two_guests_with_one_address() -> None:
    told = f"vnet0 and vnet1 of hv1 have the same mac {MAC}; write interface, or give each an iface-id"
    devices = {"hv1": [{"interface": name, "mac": MAC} for name in ("vnet0", "vnet1")]}
    assert fault({"mac": MAC}, devices) == f"tenants.acme.ports.web-1: {told}"


@pytest.mark.parametrize(
    ("devices", "told"),
    [
        ([], "found: [] is not a mapping; write key: value pairs"),
        ({"hv1": {}}, "found.hv1: {} is not a list; write one item a line, each after '- '"),
        ({"hv1": [7]}, "found.hv1[0]: 7 is not a mapping; write key: value pairs"),
        ({"hv1": [{"mac": MAC}]}, "found.hv1[0].interface: None is not a string; put it in quotes"),
    ],
)
def test_what_is_no_list_of_devices(devices: Any, told: str) -> None:
    assert fault({}, devices) == told
