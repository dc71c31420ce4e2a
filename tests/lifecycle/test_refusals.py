# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What site refuses, it refuses before it changes anything, with one clear message, in check mode too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lifecycle_fabric import Fabric, network, port, tenant

TENANTS = {"acme": tenant(network("gre"), "hv1", "hv2")}
TENANTS["acme"]["ports"]["web-1"]["interface"] = "tap0"
LOSS = (
    "which the host would lose; choose another card in uplinks, move them away first, or say takeover: true "
    "(hypervisor_uplink_takeover)"
)
REMEDIES = "choose another name, remove it by hand, or take it over with adopt: true"


@pytest.fixture(scope="module")
def bare(new_fabric: Callable[..., Fabric]) -> Fabric:
    """A fabric on whose hosts there is nothing of ours yet."""
    return new_fabric(TENANTS, ["hv1", "hv2"])


@pytest.fixture
def fabric(bare: Fabric) -> Iterator[Fabric]:
    """The bare fabric; what a test puts in the way on hv1 is gone afterwards, and hv2 was not changed."""
    intent, before = (bare.fabric, bare.tenants), bare.dump("hv2")
    bare.fabric, bare.tenants = {**bare.fabric}, {**bare.tenants}
    yield bare
    bare.fabric, bare.tenants = intent
    for bridge in ("br-int", "br-ex"):
        bare.vsctl("hv1", f"--if-exists del-br {bridge}")
    assert bare.dump("hv2") == before


def refused(fabric: Fabric, *arguments: str, inventory: Path | None = None) -> str:
    """Return the only message of a run of site, which changed nothing, nor did it in check mode."""
    before = fabric.dumps()
    (message,) = fabric.refused("site", *arguments, inventory=inventory).values()
    (predicted,) = fabric.refused("site", "--check", *arguments, inventory=inventory).values()
    assert predicted == message
    assert fabric.dumps() == before
    return message


def test_a_bad_intent_is_told_whole_and_touches_no_host(fabric: Fabric) -> None:
    fabric.fabric["mtv"] = 1500
    fabric.tenants["acme"] = {
        "networks": {"web": network("gre", 99)},
        "ports": {"web-1": port("hv7", "web", "10.1.2.1")},
    }
    assert refused(fabric).splitlines() == [
        "4 faults, nothing was changed:",
        "- fabric.mtv (fabric.yml:12): unknown key; did you mean mtu?",
        "- tenants.acme.networks.web.segmentation_id (tenants/acme.yml:7): 99 is outside of fabric.segments.tunnel; "
        "write a number in 5000-9999, or widen it",
        "- tenants.acme.ports.web-1.hypervisor (tenants/acme.yml:10): 'hv7' is no hypervisor of this fabric; known are "
        "hv1, hv2",
        "- tenants.acme.ports.web-1.ip (tenants/acme.yml:12): 10.1.2.1 is outside of network acme.web; write an "
        "address in 10.1.1.0/24",
    ]


def test_a_host_that_the_intent_never_had_is_not_emptied(fabric: Fabric) -> None:
    slice_of_hv1 = fabric.inventory_of("hv1")
    slice_of_hv1.write_text(slice_of_hv1.read_text().replace('"hv1": {', '"hv11": {'))
    message = refused(fabric, inventory=slice_of_hv1)
    assert message == "hypervisor: 'hv11' is no hypervisor of this fabric; known are hv1, hv2"


def test_an_uplink_with_an_address_is_not_taken(fabric: Fabric) -> None:
    fabric.twin.run("hv1", "ip", "address", "add", "198.51.100.7/24", "dev", "eth1")
    try:
        message = refused(fabric, "--limit=hv1")
    finally:
        fabric.twin.run("hv1", "ip", "address", "flush", "dev", "eth1")
    assert message == f"eth1: it has the address 198.51.100.7, {LOSS}"


def test_an_uplink_with_the_default_route_is_not_taken(fabric: Fabric) -> None:
    fabric.twin.run("hv1", "ip", "link", "set", "eth1", "up")
    fabric.twin.run("hv1", "ip", "route", "add", "default", "dev", "eth1", "metric", "100")
    try:
        message = refused(fabric, "--limit=hv1")
    finally:
        fabric.twin.run("hv1", "ip", "route", "del", "default", "dev", "eth1")
    assert message == f"eth1: it carries the default route, {LOSS}"


def test_a_bridge_that_somebody_else_made_is_not_taken(fabric: Fabric) -> None:
    fabric.vsctl("hv1", "add-br br-int -- set bridge br-int datapath_type=netdev")
    assert refused(fabric, "--limit=hv1") == (
        "bridge br-int: it exists and belongs to nobody (no tenantry-owner in its external_ids); " + REMEDIES
    )


def test_a_port_of_another_owner_is_not_taken(fabric: Fabric) -> None:
    fabric.vsctl("hv1", "add-br br-ex -- set bridge br-ex datapath_type=netdev -- add-port br-ex tap0")
    fabric.vsctl("hv1", "set port tap0 external_ids:tenantry-owner=another")
    assert refused(fabric, "--limit=hv1") == (
        "port tap0: it exists on bridge br-ex and belongs to owner 'another'; " + REMEDIES
    )
