# Copyright: (c) 2026, the tenantry.sdn authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forwarding ``controller``: br-int does what real controllers say, by TCP and SSL, and what it knows without them.

Each test points the switches where it needs them by the intent and ``site``, so the order does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from controllers import (
    ADDRESS,
    FAUCET_COOKIE,
    HOST,
    connected,
    faucet,
    flows,
    learning_switch,
    pings_told,
    snooping,
)
from key_pairs import KeyPair, key_pair
from lifecycle_fabric import Fabric, network, port, tenant
from packets import wait_until

SWITCHES = ("hv1", "hv2")
# One way from switch to switch, as these controllers flood by port: over a second one a broadcast would go round.
# And for the same reason other addresses: the wrong tenant would answer.
TENANTS = {
    "acme": tenant(network("gre"), "hv1", "hv2", "hv1"),
    "globex": {
        "networks": {"web": network("vxlan", subnet="10.2.2.0/24")},
        "ports": {"web-1": port("hv1", "web", "10.2.2.1"), "web-2": port("hv1", "web", "10.2.2.2")},
    },
}
TCP = {"targets": [f"tcp:{ADDRESS}:6653"], "max_backoff": 1000, "protocols": ["OpenFlow13"]}
TWO = {**TCP, "targets": [f"tcp:{ADDRESS}:6653", f"tcp:{ADDRESS}:6654"]}
FILES = {name: f"/etc/openvswitch/{name}.pem" for name in ("private_key", "certificate", "ca_cert")}
SSL = {**TCP, "targets": [f"ssl:{ADDRESS}:6653", "ssl:[::1]:6653"], "ssl": FILES}
LEARNS = "actions=CONTROLLER"


@pytest.fixture(scope="module")
def fabric(new_fabric: Callable[..., Fabric]) -> Fabric:
    """A fabric whose hypervisor without tenants has no controller to connect to, but lets one connect."""
    fabric = new_fabric(TENANTS)
    for hypervisor in fabric.fabric["hypervisors"].values():
        del hypervisor["uplinks"]
    fabric.fabric["hypervisors"][HOST]["controllers"] = {"targets": ["ptcp:6634"]}
    return fabric


def point(fabric: Fabric, **controllers: Any) -> None:
    """Point the switches at controllers by the intent."""
    if fabric.fabric.get("controllers") != controllers:
        fabric.fabric.update(forwarding="controller", controllers=controllers)
        fabric.run("site")


def obey(fabric: Fabric, flow: str) -> None:
    """Wait until a controller has put a flow into both switches."""
    assert wait_until(lambda: all(flow in "\n".join(flows(fabric, host)) for host in SWITCHES)), "no word of it"


def round_trips(fabric: Fabric, sender: str, address: str, count: int) -> list[float]:
    """Return the milliseconds that each of some pings took."""
    output = fabric.twin.attempt(sender, "ping", "-n", "-i0.05", f"-c{count}", "-W3", address).stdout
    return [float(time) for time in re.findall(r"time=([\d.]+) ms$", output, re.MULTILINE)]


def test_reactive_the_first_packet_goes_to_the_controller_and_the_others_by_its_flows(fabric: Fabric) -> None:
    with learning_switch(fabric):
        point(fabric, **TCP)
        obey(fabric, LEARNS)
        assert fabric.twin.pings("acme.web-3", "10.1.1.2"), "so that the underlay knows its addresses"
        with snooping(fabric, "hv1") as said:
            first = round_trips(fabric, "acme.web-1", "10.1.1.2", 1)
            assert wait_until(lambda: pings_told(said) == 2), "the echo and its reply"
            for host in SWITCHES:  # the datapath goes by what it knew for half a second more
                fabric.twin.run(host, "ovs-appctl", "--timeout=10", "revalidator/wait")
            later = round_trips(fabric, "acme.web-1", "10.1.1.2", 20)
            assert (len(first), len(later)) == (1, 20)
            assert pings_told(said) == 2, "once"
        assert first[0] > 2 * min(later)
        learned = [flows(fabric, host) for host in SWITCHES]
        assert [sum("icmp," in flow and "=10.1.1.1," in flow for flow in found) for found in learned] == [2, 2]
    # the controller is gone; fail_mode secure keeps what is there, and drops the rest
    assert len(round_trips(fabric, "acme.web-1", "10.1.1.2", 20)) == 20
    assert round_trips(fabric, "acme.web-3", "10.1.1.1", 3) == []
    assert [flows(fabric, host) for host in SWITCHES] == learned


def test_proactive_no_packet_goes_to_the_controller_and_normal_keeps_tenants_apart(fabric: Fabric) -> None:
    beforehand = fabric.folder / "flows"
    beforehand.write_text("priority=7,actions=NORMAL\n")
    with learning_switch(fabric, f"--with-flows={beforehand}", target="ptcp:6654"):
        with learning_switch(fabric, f"--with-flows={beforehand}"):
            point(fabric, **TWO)
            assert wait_until(lambda: all_have(fabric, {6653, 6654}))
            obey(fabric, "priority=7 actions=NORMAL")
            with snooping(fabric, "hv1") as said:
                trips = round_trips(fabric, "acme.web-1", "10.1.1.2", 20)
                fabric.prove()
                assert pings_told(said) == 0
        assert wait_until(lambda: all_have(fabric, {6654}))
        trips += round_trips(fabric, "acme.web-1", "10.1.1.2", 20)
        ofctl = partial(fabric.twin.run, "hv1", "ovs-ofctl", "-OOpenFlow13")
        ofctl("add-flow", "br-int", "table=9,priority=0,actions=CONTROLLER")
        ofctl("add-flow", "br-int", "priority=8,icmp,nw_dst=10.1.1.2,actions=goto_table:9")
        assert fabric.twin.pings("acme.web-1", "10.1.1.2"), "the other controller does not answer"
        ofctl("del-flows", "br-int", "icmp,nw_dst=10.1.1.2")
    assert len(trips) == 40
    fabric.prove()


def all_have(fabric: Fabric, controllers: set[int]) -> bool:
    """Say whether each switch is connected to these controllers and no others."""
    return all(connected(fabric, host) == controllers for host in SWITCHES)


def test_faucet_over_ssl_keeps_tenants_apart(fabric: Fabric, tmp_path_factory: pytest.TempPathFactory) -> None:
    switch, controller = (key_pair(tmp_path_factory.getbasetemp(), name) for name in ("switch", "controller"))
    for host in SWITCHES:
        install(fabric, host, switch, controller)
    with faucet(fabric, switch, controller):
        point(fabric, **SSL)
        obey(fabric, FAUCET_COOKIE)
        fabric.prove()
        with snooping(fabric, "hv1") as said:
            assert len(round_trips(fabric, "acme.web-1", "10.1.1.2", 20)) == 20
            assert pings_told(said) == 0, "it has learned both"
        assert [flow for flow in flows(fabric, "hv1") if "in_port=" in flow and "dl_src=" in flow]


def install(fabric: Fabric, host: str, own: KeyPair, authority: KeyPair) -> None:
    for path, file in zip(FILES.values(), (own.private_key, own.certificate, authority.certificate)):
        fabric.twin.run(host, "tee", path, stdin=file.read_text())
        fabric.twin.run(host, "chmod", "0600", path)


def test_a_standalone_switch_without_its_controller_is_a_plain_one(fabric: Fabric) -> None:
    point(fabric, **TCP, fail_mode="standalone")
    assert fabric.twin.pings("acme.web-1", "10.1.1.2", patience=15)
    fabric.prove()


def test_what_leaves_the_intent_leaves_the_hosts(fabric: Fabric) -> None:
    own = fabric.fabric["hypervisors"][HOST].pop("controllers")
    fabric.fabric.pop("controllers", None)
    fabric.fabric["forwarding"] = "plain"
    fabric.run("site")
    fabric.prove()
    assert fabric.traces("*: Controller*", "*: SSL*", "*disable-in-band*", "*datapath-id*", "* protocols=*") == []
    fabric.fabric["hypervisors"][HOST]["controllers"] = own
