# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read out of what ovs-vswitchd reports of an interface."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.health import Ailments, ailments
from ansible_collections.tenantry.sdn.plugins.module_utils.adapters.snapshot import Row, Snapshot
from ansible_collections.tenantry.sdn.plugins.module_utils.device_names import plug_links
from ansible_collections.tenantry.sdn.plugins.module_utils.model.switch import Interface

WELL = {"error": None, "ofport": 3, "mtu": 1500}


def examine(report: dict[str, Any], name: str = "p", **wanted: Any) -> Ailments:
    rows = {name: Row("I", name, {**WELL, **report}, {}, {})}
    snapshot = Snapshot(1, 1, {}, {}, rows, {}, {}, {}, {})
    return ailments(snapshot, [Interface(name, wanted), Interface("not yet made")])


@pytest.mark.parametrize(
    ("report", "wanted"),
    [
        ({}, {}),
        ({}, {"ofport_request": 3, "mtu_request": 1500}),
        ({"mtu": None}, {"mtu_request": 9000}),  # not every type of interface reports one
        ({"ofport": 65534}, {"ofport_request": None, "mtu_request": None}),
    ],
)
def test_well(report: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert examine(report, **wanted) == Ailments()


@pytest.mark.parametrize(
    ("report", "wanted", "found"),
    [
        (
            {"ofport": -1, "error": "could not open network device p (No such device)"},
            {},
            Ailments(missing=["interface p: could not open network device p (No such device)"]),
        ),
        (
            {"error": "No usable peer 'q' exists in 'system' datapath."},
            {},
            Ailments(unpaired=["interface p: No usable peer 'q' exists in 'system' datapath"]),
        ),
        (
            {"ofport": -1, "error": "p: bad gre 'remote_ip'\np: gre type requires valid 'remote_ip' argument"},
            {},
            Ailments(
                broken=["interface p: p: bad gre 'remote_ip' p: gre type requires valid 'remote_ip' argument"],
            ),
        ),
        (
            {"ofport": -1},
            {},
            Ailments(broken=["interface p: Open vSwitch could not add it; see ovs-vswitchd.log"]),
        ),
        (
            {"ofport": 4},
            {"ofport_request": 3},
            Ailments(broken=["interface p: it got ofport 4, not 3, which is taken"]),
        ),
        (
            {"ofport": None},
            {},
            Ailments(
                unsettled=["interface p: Open vSwitch has no datapath for it; see datapath_type and ovs-vswitchd.log"]
            ),
        ),
        (
            {"mtu": 1500},
            {"mtu_request": 9000},
            Ailments(unsettled=["interface p: its MTU is 1500, as the device does not take 9000"]),
        ),
    ],
)
def test_ill(report: dict[str, Any], wanted: dict[str, Any], found: Ailments) -> None:
    assert examine(report, **wanted) == found


def test_a_cable_of_a_plug_is_made_by_a_later_task() -> None:
    cable = plug_links("acme.web-1").outer
    missing = f"could not open network device {cable} (No such device)"
    assert examine({"ofport": -1, "error": missing}, cable) == Ailments()
    assert examine({"ofport": -1, "error": "Device or resource busy"}, cable).broken
